/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_content_word.c - the lists.
 *
 * They follow what the scripts of Bro looked for at the time of the data set (hot-ids,
 * login, ftp and http of its policies), from which its features were made, as far as
 * that is not about one site or one tool that nobody remembers; and what has taken
 * the same part since.
 */
#include "feature/kdd_content_word.h"

#include <string.h>

#define WORD(text, kind)                                                               \
    {                                                                                  \
        text, sizeof(text) - 1, kind                                                   \
    }

static const struct {
    const char *text;
    size_t n;
    unsigned kind;
} words[] = {
    WORD("/passwd", WORD_ACCESS_FILE),
    WORD("master.passwd", WORD_ACCESS_FILE),
    WORD("/shadow", WORD_ACCESS_FILE),
    WORD("pwd.db", WORD_ACCESS_FILE),
    WORD("/etc/group", WORD_ACCESS_FILE),
    WORD("/etc/sudoers", WORD_ACCESS_FILE),
    WORD(".rhosts", WORD_ACCESS_FILE),
    WORD("hosts.equiv", WORD_ACCESS_FILE),
    WORD("hosts.allow", WORD_ACCESS_FILE),
    WORD("hosts.deny", WORD_ACCESS_FILE),
    WORD(".netrc", WORD_ACCESS_FILE),
    WORD(".forward", WORD_ACCESS_FILE),
    WORD("authorized_keys", WORD_ACCESS_FILE),
    WORD(".htaccess", WORD_ACCESS_FILE),
    WORD(".htpasswd", WORD_ACCESS_FILE),
    WORD("../", WORD_SYSTEM_DIR),
    WORD("..\\", WORD_SYSTEM_DIR),
    WORD("..%2f", WORD_SYSTEM_DIR),
    WORD("..%5c", WORD_SYSTEM_DIR),
    WORD("%2e%2e", WORD_SYSTEM_DIR),
    WORD("/etc/", WORD_SYSTEM_DIR),
    WORD("/winnt/", WORD_SYSTEM_DIR),
    WORD("/system32/", WORD_SYSTEM_DIR),
    WORD("/bin/", WORD_RUN),
    WORD("%0a", WORD_RUN),
    WORD("/phf?", WORD_RUN),
    WORD("cmd.exe", WORD_RUN),
    WORD("root.exe", WORD_RUN),
    WORD("xp_cmdshell", WORD_RUN),
    WORD("$(", WORD_RUN),
    WORD("() {", WORD_RUN),
    WORD("////////////////", WORD_SLASHES),
    WORD("exploit", WORD_EXPLOIT),
    WORD("xploit_code", WORD_EXPLOIT),
    WORD("shellcode", WORD_EXPLOIT),
    WORD("shell_code", WORD_EXPLOIT),
    WORD("execshell", WORD_EXPLOIT),
    WORD("loadmodule", WORD_EXPLOIT),
    WORD("/bin/eject", WORD_EXPLOIT),
    WORD("ffbconfig", WORD_EXPLOIT),
    WORD("fdformat", WORD_EXPLOIT),
    WORD("rootkit", WORD_EXPLOIT),
    WORD("eggdrop", WORD_EXPLOIT),
    WORD("sniffit", WORD_EXPLOIT),
    WORD("unset histfile", WORD_EXPLOIT),
    WORD("jumping to address", WORD_EXPLOIT | WORD_JUMP),
    WORD("jumping address", WORD_EXPLOIT | WORD_JUMP),
    WORD("not found", WORD_NOT_FOUND),
    WORD("no such file", WORD_NOT_FOUND),
    WORD("cannot find the path", WORD_NOT_FOUND),
    WORD("uid=0(root)", WORD_ROOT_OUTPUT),
};

enum { N_WORDS = sizeof words / sizeof words[0] };

/* Which two bytes stand side by side, by a hash of both: hardly any word begins and
 * ends with pairs that a line has, and only these are looked for. */
struct pairs {
    uint64_t has[16];
};

static unsigned pair_hash(const char *p)
{
    return ((unsigned char)p[0] * 37U ^ (unsigned char)p[1]) % 1024;
}

static void pairs_of(struct pairs *out, const char *p, size_t n)
{
    *out = (struct pairs){{0}};
    for (size_t i = 0; i + 1 < n; i++) {
        unsigned hash = pair_hash(p + i);

        out->has[hash / 64] |= UINT64_C(1) << (hash % 64);
    }
}

static bool pairs_have(const struct pairs *s, const char *p)
{
    unsigned hash = pair_hash(p);

    return (s->has[hash / 64] >> (hash % 64) & 1) != 0;
}

unsigned text_words(const struct text *t, unsigned kinds)
{
    const char *all = (const char *)t->p;
    unsigned found = 0;
    struct pairs pairs;

    pairs_of(&pairs, all, t->n);
    for (size_t i = 0; i < N_WORDS; i++) {
        size_t length = words[i].n;
        /* A word that begins here ends in the fresh part. */
        size_t from = t->fresh >= length ? t->fresh - length + 1 : 0;

        if ((words[i].kind & kinds & ~found) != 0 && t->n >= from + length &&
            pairs_have(&pairs, words[i].text) &&
            pairs_have(&pairs, words[i].text + length - 2) &&
            memmem(all + from, t->n - from, words[i].text, length) != NULL)
            found |= words[i].kind & kinds;
    }
    return found;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

struct text text_from(const struct text *t, size_t at)
{
    size_t skip = at < t->n ? at : t->n;

    return (struct text){.p = t->p + skip, .n = t->n - skip};
}

struct text text_trim(const struct text *t)
{
    struct text out = *t;

    while (out.n > 0 && is_blank(out.p[out.n - 1]))
        out.n--;
    return out;
}

struct text text_next(const struct text *t, size_t *at)
{
    size_t begin = *at;
    size_t end;

    while (begin < t->n && is_blank(t->p[begin]))
        begin++;
    for (end = begin; end < t->n && !is_blank(t->p[end]);)
        end++;
    *at = end;
    return (struct text){.p = t->p + begin, .n = end - begin};
}

bool text_is(const struct text *t, const char *word)
{
    return t->n == strlen(word) && memcmp(t->p, word, t->n) == 0;
}

bool text_begins(const struct text *t, const char *word)
{
    size_t n = strlen(word);

    return t->n >= n && memcmp(t->p, word, n) == 0;
}

bool text_ends(const struct text *t, const char *word)
{
    size_t n = strlen(word);

    return t->n >= n && memcmp(t->p + t->n - n, word, n) == 0;
}

bool text_has(const struct text *t, const char *word)
{
    return memmem(t->p, t->n, word, strlen(word)) != NULL;
}

static int digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

bool text_number(const struct text *t, unsigned base, uint64_t *out)
{
    const uint64_t max = UINT64_C(1) << 53;
    uint64_t v = 0;
    size_t i;

    for (i = 0; i < t->n && (unsigned)digit_value(t->p[i]) < base; i++) {
        v = v * base + (unsigned)digit_value(t->p[i]);
        if (v > max)
            v = max;
    }
    *out = v;
    return i > 0;
}

/* ---- users ------------------------------------------------------------------------
 */

static bool is_one_of(const struct text *t, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text_is(t, list[i]))
            return true;
    }
    return false;
}

#define IS_ONE_OF(t, list) is_one_of(t, list, sizeof(list) / sizeof(list)[0])

/* "guest_ids" of Bro's ftp.bro, and what is usual elsewhere. */
static const char *const guests[] = {"anonymous", "ftp", "guest", "visitor", "demo"};

/* Those of Bro's hot_ids that name a role, and those of today. */
static const char *const hosts[] = {
    "toor", "adm",      "admin",     "administrator", "bin",     "daemon",
    "sys",  "system",   "sysadm",    "sysop",         "sysdiag", "diag",
    "lp",   "operator", "uucp",      "nuucp",         "sync",    "backup",
    "smtp", "super",    "superuser", "sysadmin",      "sysoper",
};

enum content_user text_user(const struct text *t)
{
    if (text_is(t, "root"))
        return USER_ROOT;
    if (IS_ONE_OF(t, guests))
        return USER_GUEST;
    return IS_ONE_OF(t, hosts) ? USER_HOST : USER_OTHER;
}

/* ---- directories ------------------------------------------------------------------
 */

static const char *const system_dirs[] = {
    "/etc",     "/bin",      "/sbin",    "/dev",     "/lib",    "/boot", "/root",
    "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/etc", "/kernel", "/proc", "/sys",
};

bool text_is_system_dir(const struct text *t)
{
    for (size_t i = 0; i < sizeof system_dirs / sizeof system_dirs[0]; i++) {
        size_t n = strlen(system_dirs[i]);

        if (text_begins(t, system_dirs[i]) && (t->n == n || t->p[n] == '/'))
            return true;
    }
    return false;
}
