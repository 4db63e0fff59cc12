/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <lapwing/dataset.h>

#include <cmocka.h>

/* All names of the official mapping, class by class. */
static const char *const names[LW_N_KDD_CLASSES][16] = {
    {"normal", "Normal", "NORMAL", "normal."},
    {"apache2", "back", "land", "mailbomb", "neptune", "pod", "processtable", "smurf",
     "teardrop", "udpstorm", "dos", "DoS", "neptune."},
    {"ipsweep", "mscan", "nmap", "portsweep", "saint", "satan", "probe", "Probe"},
    {"ftp_write", "guess_passwd", "imap", "multihop", "named", "phf", "sendmail",
     "snmpgetattack", "snmpguess", "spy", "warezclient", "warezmaster", "worm", "xlock",
     "xsnoop", "r2l"},
    {"buffer_overflow", "httptunnel", "loadmodule", "perl", "ps", "rootkit",
     "sqlattack", "xterm", "u2r", "U2R"},
};

static void every_name_has_its_class(void **state)
{
    (void)state;
    for (int c = 0; c < LW_N_KDD_CLASSES; c++)
        for (size_t i = 0; i < 16 && names[c][i] != NULL; i++)
            assert_int_equal(lw_kdd_class_of(names[c][i]), c);
}

static void other_names_have_none(void **state)
{
    static const char *const others[] = {
        "", ".", "anomaly", "norma", "normals", "ps..", "neptune ", "0", "attack"};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(lw_kdd_class_of(others[i]), -1);
}

static void classes_have_names_in_order(void **state)
{
    (void)state;
    assert_string_equal(lw_kdd_class_name(LW_KDD_NORMAL), "Normal");
    assert_string_equal(lw_kdd_class_name(LW_KDD_DOS), "DoS");
    assert_string_equal(lw_kdd_class_name(LW_KDD_PROBE), "Probe");
    assert_string_equal(lw_kdd_class_name(LW_KDD_R2L), "R2L");
    assert_string_equal(lw_kdd_class_name(LW_KDD_U2R), "U2R");
    assert_string_equal(lw_kdd_class_name(LW_N_KDD_CLASSES), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_has_its_class),
        cmocka_unit_test(other_names_have_none),
        cmocka_unit_test(classes_have_names_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
