/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The official mapping of attack names to the five classes: training_attack_types of
 * the KDD Cup 1999 and the list that came with its test labels (httptunnel is U2R,
 * worm is R2L).  Other mappings are in use; results are comparable only under one.
 */
#include <lapwing/dataset.h>

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum lw_kdd_class class_of;
} attacks[] = {
    {"normal", LW_KDD_NORMAL},
    {"apache2", LW_KDD_DOS},
    {"back", LW_KDD_DOS},
    {"land", LW_KDD_DOS},
    {"mailbomb", LW_KDD_DOS},
    {"neptune", LW_KDD_DOS},
    {"pod", LW_KDD_DOS},
    {"processtable", LW_KDD_DOS},
    {"smurf", LW_KDD_DOS},
    {"teardrop", LW_KDD_DOS},
    {"udpstorm", LW_KDD_DOS},
    {"ipsweep", LW_KDD_PROBE},
    {"mscan", LW_KDD_PROBE},
    {"nmap", LW_KDD_PROBE},
    {"portsweep", LW_KDD_PROBE},
    {"saint", LW_KDD_PROBE},
    {"satan", LW_KDD_PROBE},
    {"ftp_write", LW_KDD_R2L},
    {"guess_passwd", LW_KDD_R2L},
    {"imap", LW_KDD_R2L},
    {"multihop", LW_KDD_R2L},
    {"named", LW_KDD_R2L},
    {"phf", LW_KDD_R2L},
    {"sendmail", LW_KDD_R2L},
    {"snmpgetattack", LW_KDD_R2L},
    {"snmpguess", LW_KDD_R2L},
    {"spy", LW_KDD_R2L},
    {"warezclient", LW_KDD_R2L},
    {"warezmaster", LW_KDD_R2L},
    {"worm", LW_KDD_R2L},
    {"xlock", LW_KDD_R2L},
    {"xsnoop", LW_KDD_R2L},
    {"buffer_overflow", LW_KDD_U2R},
    {"httptunnel", LW_KDD_U2R},
    {"loadmodule", LW_KDD_U2R},
    {"perl", LW_KDD_U2R},
    {"ps", LW_KDD_U2R},
    {"rootkit", LW_KDD_U2R},
    {"sqlattack", LW_KDD_U2R},
    {"xterm", LW_KDD_U2R},
};

static const char *const class_names[] = {
#define CLASS_NAME(name, text) text,
    LW_KDD_CLASS_LIST(CLASS_NAME)
#undef CLASS_NAME
};

const char *lw_kdd_class_name(enum lw_kdd_class c)
{
    return (unsigned)c < LW_N_KDD_CLASSES ? class_names[c] : "?";
}

int lw_kdd_class_of(const char *attack)
{
    size_t n = strlen(attack);

    if (n > 0 && attack[n - 1] == '.')
        n--;
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++)
        if (strlen(attacks[i].name) == n &&
            strncasecmp(attacks[i].name, attack, n) == 0)
            return (int)attacks[i].class_of;
    for (int c = 0; c < LW_N_KDD_CLASSES; c++)
        if (strlen(class_names[c]) == n && strncasecmp(class_names[c], attack, n) == 0)
            return c;
    return -1;
}
