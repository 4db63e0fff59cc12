/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that have no other use than an attack, or none that a stranger should have.
 * They are in lower case, and what is searched has been brought to it, with the escapes
 * of URLs resolved.
 */
#include "detect/sign_said.h"

#include <string.h>

static const char *const exploits[] = {
    "${jndi:",      /* Log4Shell */
    "() { :",       /* Shellshock */
    "union select", /* SQL injection */
    "union all select",
    "' or '1'='1",
    "' or 1=1",
    "' and 1=1",
    "information_schema",
    "xp_cmdshell",
    "waitfor delay",
    "../../../", /* out of the server's directory */
    "..\\..\\..\\",
    "/etc/passwd",
    "/etc/shadow",
    "/winnt/system32",
    "cmd.exe",
    ";wget ", /* commands where none belong */
    "; wget ",
    "|wget ",
    "`wget ",
    "; curl ",
    "/bin/busybox",
    "chmod 777",
    "/gponform/",
    "setup.cgi?next_file",
    "invokefunction&function=call_user_func",
    "php://input",
    "allow_url_include",
    "eval(base64_decode",
    "class.module.classloader",
    "#_memberaccess", /* OGNL */
    "@ognl.ognlcontext",
    "/wls-wsat/",
    "<script>", /* a script where a word belongs */
    "document.cookie",
    "onerror=alert",
    "javascript:alert",
    " or 1=1",
    "' or 'a'='a",
    "' or ''='",
    "' order by ",
    "sleep(5)",
    "pg_sleep(",
    "benchmark(",
    "extractvalue(",
    "updatexml(",
    "concat(0x",
    "group_concat(",
    "load_file(",
    "into outfile",
    "${${", /* look-ups in disguise */
    "${lower:",
    "${upper:",
    "${::-",
    "%{(#",
    "${(#",
    "#post_render",
    "runtime.getruntime",
    "<!entity",
    "/.git/config",
    "/wp-config.php",
    "/phpunit/",
    "eval-stdin.php",
    "/_ignition/execute",
    "/hnap1",
    "/boaform",
    "/tmunblock.cgi",
    "/shell?cd",
    "/cgi-bin/..",
    "/..;/",
    "/dana-na/..",
    "autodiscover.json?@",
    "cmd=whoami", /* a shell on the web, put there or asked for */
    "cmd=id",
    "cmd=cat ",
    "cmd=ls",
    "cmd=dir",
    "cmd=uname",
    "eval($_",
    "system($_",
    "passthru(",
    "shell_exec(",
    "/bin/sh -c",
    "/bin/bash -",
    "/dev/tcp/",
    "nc -e ",
    "powershell -",
    "powershell.exe",
    "certutil -urlcache",
};

static const char *const scanners[] = {
    "nmap scripting engine",
    "nice ports,/trinity",
    "nikto/",
    "sqlmap/",
    "masscan/",
    "zgrab",
    "dirbuster",
    "gobuster",
    "feroxbuster",
    "fuzz faster",
    "wpscan",
    "nessus",
    "openvas",
    "acunetix",
    "(hydra)",
    "nuclei -",
    "muieblackcat",
    "whatweb/",
    "w3af.",
    "arachni/",
    "dirsearch",
    "wfuzz/",
    "joomscan",
    "skipfish",
    "netsparker",
    "zmeu",
    "morfeus",
    "jorgee",
    "havij",
    "sqlninja",
    "l9explore",
    "l9tcpid",
    "sipvicious",
    "friendly-scanner",
};

static const char *const droppers[] = {
    "/bin/busybox", "busybox mirai",    "; wget http", ";wget http",
    "&& wget http", "; tftp -g",        "; curl http", "; curl -o",
    "chmod 777 ",   "cat /proc/mounts", "tftp -l",     "ftpget -",
};

/* Files, services and secrets that have no other use. */
static const struct {
    const char *word;
    uint8_t said;
} windows[] = {
    {"g$bckupkey", SIGN_SAID_RPC_SECRETS},
    {"ntds.dit", SIGN_SAID_RPC_SECRETS},
    {"lsass.dmp", SIGN_SAID_RPC_SECRETS},
    {"mimikatz", SIGN_SAID_RPC_SECRETS},
    {"psexesvc", SIGN_SAID_RPC_RUN},
    {"paexec", SIGN_SAID_RPC_RUN},
    {"remcom_", SIGN_SAID_RPC_RUN},
    {"winexesvc", SIGN_SAID_RPC_RUN},
    {"%comspec%", SIGN_SAID_RPC_RUN},
    {"\\__output", SIGN_SAID_RPC_RUN},
    {"system32\\cmd.exe", SIGN_SAID_RPC_RUN},
    {"executeshellcommand", SIGN_SAID_RPC_RUN},
};

/* What masters tell bots in their channel. */
static const char *const orders[] = {
    "advscan ",  "!ddos",          ".ddos",        "!synflood",  ".synflood",
    "!udpflood", ".udpflood",      "!httpflood",   ".httpflood", "!udp ",
    "!scan ",    ".download http", ".update http", "[ddos]",     "[scan]:",
};

/* What a directory answers to a look-up that shall load a class (JNDI). */
static const char *const classes[] = {"javacodebase", "javafactory",
                                      "javaserializeddata"};

static const char *const shells[] = {
    "microsoft windows [version",   "windows powershell\r",
    "no job control in this shell", "job control turned off",
    "c:\\windows\\system32>",       "nt authority\\system",
};

/* A text, and which pairs of letters it has, or others of the same place here.  Nearly
 * every word has one that the text has not, and needs no search then. */
struct searched {
    struct span text;
    uint8_t pairs[1 << 11];
};

static unsigned place_of(uint8_t a, uint8_t b)
{
    return ((unsigned)a << 5 ^ b) & ((1U << 11) - 1);
}

static void search_in(struct searched *t, struct span text)
{
    t->text = text;
    memset(t->pairs, 0, sizeof t->pairs);
    for (size_t i = 0; i + 1 < text.n; i++)
        t->pairs[place_of(text.p[i], text.p[i + 1])] = 1;
}

static bool may_have(const struct searched *t, const char *word)
{
    for (; word[1] != '\0'; word++) {
        if (!t->pairs[place_of((uint8_t)word[0], (uint8_t)word[1])])
            return false;
    }
    return true;
}

static bool has(const struct searched *t, const char *word)
{
    return t->text.n > 0 && may_have(t, word) &&
           memmem(t->text.p, t->text.n, word, strlen(word)) != NULL;
}

static bool has_any(const struct searched *t, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (has(t, words[i]))
            return true;
    return false;
}

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum sign_said words_to_web(struct span text)
{
    struct searched t;

    search_in(&t, text);
    /* A shell of Windows over its remote management; events are sent elsewhere. */
    if (has(&t, "post /wsman http") || has(&t, "post /wsman?psversion"))
        return SIGN_SAID_RPC_RUN;
    if (has_any(&t, exploits, COUNT(exploits)))
        return SIGN_SAID_WEB_EXPLOIT;
    return has_any(&t, scanners, COUNT(scanners)) ? SIGN_SAID_WEB_SCANNER
                                                  : SIGN_SAID_NOTHING;
}

/* What any of the words means. */
static enum sign_said said_by(struct span text, const char *const *words, size_t n,
                              enum sign_said said)
{
    struct searched t;

    search_in(&t, text);
    return has_any(&t, words, n) ? said : SIGN_SAID_NOTHING;
}

enum sign_said words_to_shell(struct span text)
{
    return said_by(text, droppers, COUNT(droppers), SIGN_SAID_DROPPER);
}

enum sign_said words_to_windows(struct span text)
{
    struct searched t;

    search_in(&t, text);
    for (size_t i = 0; i < COUNT(windows); i++)
        if (has(&t, windows[i].word))
            return (enum sign_said)windows[i].said;
    return SIGN_SAID_NOTHING;
}

enum sign_said words_to_bot(struct span text)
{
    return said_by(text, orders, COUNT(orders), SIGN_SAID_BOT_ORDER);
}

enum sign_said words_of_directory(struct span text)
{
    return said_by(text, classes, COUNT(classes), SIGN_SAID_WEB_EXPLOIT);
}

enum sign_said words_of_shell(struct span text)
{
    struct searched t;

    search_in(&t, text);
    return (has(&t, "uid=") && has(&t, "gid=")) || has_any(&t, shells, COUNT(shells))
               ? SIGN_SAID_SHELL
               : SIGN_SAID_NOTHING;
}
