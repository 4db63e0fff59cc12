/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_content_ftp.c - what is counted on FTP's control connection (RFC 959).
 *
 * A command counts when the server accepts it (1xx or 2xx):
 *
 *     login                230, 232 or 202 to USER, PASS or ACCT
 *     failed login         4xx or 5xx to PASS or ACCT, 530 to USER
 *     file creation        STOR, STOU, APPE, MKD
 *     access control file  any command that names one
 *     hot                  a file that is stored, or fetched by a guest; a command that
 *                          names an access control file; a change to a directory of
 *                          the system's; SITE EXEC
 *     compromised          a file or directory that is not there (5xx)
 *     root                 each command of root
 *     outbound             PORT or EPRT that names another host than the client
 *
 * In the data set, the sessions that store four files have hot 4 and four creations,
 * the one that stores .rhosts has hot 2, and guests who only fetch have 3 to 30.
 */
#include "feature/kdd_content_priv.h"

#include <string.h>

/* What waits for an answer: one of these, and bits. */
enum {
    FTP_OTHER = 1,
    FTP_USER,
    FTP_PASS,
    FTP_FETCH,
    FTP_STORE,
    FTP_MAKE_DIR,
    FTP_CHANGE_DIR,
    FTP_EXEC,
    FTP_AUTH,
    FTP_PORT,
    FTP_PORT_ELSEWHERE,
    FTP_KINDS = 0x0f,
    FTP_ACCESS_FILE = 0x10,
    FTP_SYSTEM_DIR = 0x20
};

static const struct {
    const char *verb;
    uint8_t kind;
} verbs[] = {
    {"user", FTP_USER},      {"pass", FTP_PASS},       {"acct", FTP_PASS},
    {"retr", FTP_FETCH},     {"stor", FTP_STORE},      {"stou", FTP_STORE},
    {"appe", FTP_STORE},     {"mkd", FTP_MAKE_DIR},    {"xmkd", FTP_MAKE_DIR},
    {"cwd", FTP_CHANGE_DIR}, {"xcwd", FTP_CHANGE_DIR}, {"auth", FTP_AUTH},
};

static uint8_t kind_of(const struct text *verb)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (text_is(verb, verbs[i].verb))
            return verbs[i].kind;
    }
    return FTP_OTHER;
}

/* h1,h2,h3,h4,p1,p2 or |1|h1.h2.h3.h4|port| (RFC 2428); no IPv6. */
static bool parse_port(const struct text *arg, uint8_t host[4])
{
    struct text left = text_begins(arg, "|1|") ? text_from(arg, 3) : *arg;

    for (unsigned i = 0; i < 4; i++) {
        uint64_t v;
        size_t n = 0;

        if (!text_number(&left, 10, &v) || v > UINT8_MAX)
            return false;
        host[i] = (uint8_t)v;
        while (n < left.n && left.p[n] >= '0' && left.p[n] <= '9')
            n++;
        if (n == left.n)
            return false;
        left = text_from(&left, n + 1);
    }
    return true;
}

/* The first host that is named is most likely the client's own; who it was is compared
 * when the record is there. */
static uint8_t port_kind(struct kdd_content *c, const struct text *arg)
{
    static const uint8_t none[4];
    uint8_t host[4];

    if (!parse_port(arg, host))
        return FTP_OTHER;
    if (memcmp(c->first_host, none, 4) == 0)
        memcpy(c->first_host, host, 4);
    return memcmp(c->first_host, host, 4) == 0 ? FTP_PORT : FTP_PORT_ELSEWHERE;
}

static void ftp_command(struct kdd_content *c, const struct text *t)
{
    size_t at = 0;
    struct text verb = text_next(t, &at);
    struct text arg = text_next(t, &at);
    uint8_t what = kind_of(&verb);

    if (verb.n == 0)
        return;
    if (what == FTP_USER)
        c->user = (uint8_t)text_user(&arg);
    if (text_is(&verb, "port") || text_is(&verb, "eprt"))
        what = port_kind(c, &arg);
    if (text_is(&verb, "site") && text_is(&arg, "exec"))
        what = FTP_EXEC;
    /* PASS may be anything. */
    if (what != FTP_PASS && text_words(t, WORD_ACCESS_FILE) != 0)
        what |= FTP_ACCESS_FILE;
    if (what == FTP_CHANGE_DIR && text_is_system_dir(&arg))
        what |= FTP_SYSTEM_DIR;
    if (c->user == USER_ROOT && (c->facts & FACT_LOGGED_IN))
        content_count(&c->root);
    c->side[CLIENT].seen = what;
    content_ask(c, what);
}

/* The rest of a long command. */
static void ftp_command_more(struct kdd_content *c, const struct text *t)
{
    if (c->side[CLIENT].seen != FTP_PASS && text_words(t, WORD_ACCESS_FILE) != 0)
        content_ask_more(c, FTP_ACCESS_FILE);
}

static void ftp_accepted(struct kdd_content *c, uint8_t what, unsigned code)
{
    switch (what & FTP_KINDS) {
    case FTP_USER:
    case FTP_PASS:
        if (code == 230 || code == 232 || code == 202)
            content_login(c);
        break;
    case FTP_STORE:
        content_count(&c->creations);
        content_count(&c->hot);
        break;
    case FTP_FETCH:
        if (c->facts & FACT_GUEST_LOGIN)
            content_count(&c->hot);
        break;
    case FTP_MAKE_DIR:
        content_count(&c->creations);
        break;
    case FTP_EXEC:
        content_count(&c->hot);
        break;
    case FTP_AUTH: /* RFC 4217: TLS begins */
        content_seal(c);
        break;
    case FTP_PORT:
        content_count(&c->ports[0]);
        break;
    case FTP_PORT_ELSEWHERE:
        content_count(&c->ports[1]);
        break;
    default:
        break;
    }
    if (what & FTP_ACCESS_FILE) {
        content_count(&c->access_files);
        content_count(&c->hot);
    }
    if (what & FTP_SYSTEM_DIR)
        content_count(&c->hot);
}

static void ftp_refused(struct kdd_content *c, uint8_t what, unsigned code,
                        const struct text *t)
{
    unsigned kind = what & FTP_KINDS;

    if ((kind == FTP_PASS && code != 421) || (kind == FTP_USER && code == 530))
        content_count(&c->failed_logins);
    if (kind != FTP_PASS && text_words(t, WORD_NOT_FOUND) != 0)
        content_count(&c->compromised);
}

/* The codes below 200 are followed by another; what was accepted is taken out with
 * them, and put back as something that does not count again. */
static void ftp_reply(struct kdd_content *c, unsigned code, const struct text *t)
{
    bool greeting = c->stage == 0;
    uint8_t what;

    c->stage = 1;
    if (greeting && c->n_asked == 0)
        return;
    what = content_answer(c);
    if (code < 300)
        ftp_accepted(c, what, code);
    else if (code >= 400)
        ftp_refused(c, what, code, t);
    if (code < 200) {
        c->asked = c->asked << 8 | FTP_OTHER;
        c->n_asked++;
    }
}

static void ftp_line(struct kdd_content *c, unsigned from, const struct text *t)
{
    bool goes_on;
    unsigned code;

    if (from == CLIENT) {
        if (t->first)
            ftp_command(c, t);
        else
            ftp_command_more(c, t);
        return;
    }
    if (!t->first)
        return;
    content_look(c, t);
    code = content_reply(t, &goes_on);
    /* Within a reply of several lines only its own code and a blank end it; the code
     * is kept in a byte. */
    if (c->multi != 0 && (code == 0 || goes_on || (code & 0xff) != c->multi))
        return;
    c->multi = code != 0 && goes_on ? (uint8_t)(code & 0xff) : 0;
    if (code >= 100 && code < 600 && !goes_on)
        ftp_reply(c, code, t);
}

const struct content_reader content_ftp = {.line = ftp_line};
