/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sign_said.h"

#include <lapwing/flow_stats.h>

#include <string.h>

/* CARRY: so much of what came before is looked at again, as a word may be cut in two.
 * READ_MAX: what an attack has to say to a service, it says early. */
enum { CARRY = 63, PIECE = 448, READ_MAX = 16384, RPC_READ_MAX = 524288 };

struct said {
    uint8_t app;
    uint8_t gravest; /* enum sign_said */
    uint8_t refusals;
    uint8_t requests;
    uint8_t not_found;
    uint8_t n_carry[2];
    struct rpc_reader rpc;
    uint32_t read[2];
    uint8_t carry[2][CARRY + 1];
};

static bool wants(enum lw_app app)
{
    switch ((int)app) {
    case LW_APP_UNKNOWN:
    case LW_APP_HTTP:
    case LW_APP_FTP:
    case LW_APP_POP3:
    case LW_APP_IMAP:
    case LW_APP_SMTP:
    case LW_APP_TELNET:
    case LW_APP_SMB:
    case LW_APP_DCERPC:
    case LW_APP_KERBEROS:
    case LW_APP_IRC:
    case LW_APP_LDAP:
        return true;
    default:
        return false;
    }
}

static void begin(void *state, enum lw_app app, const struct lw_stream_start *start)
{
    struct said *s = state;

    (void)start;
    s->app = (uint8_t)app;
}

static void note(struct said *s, enum sign_said said)
{
    if (said > s->gravest)
        s->gravest = (uint8_t)said;
}

/* ---- text ------------------------------------------------------------------------ */

static int hex_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static uint8_t lower(uint8_t c)
{
    return (uint8_t)(c | ((unsigned)c - 'A' <= 'Z' - 'A' ? 0x20 : 0));
}

/* The bytes before the first one that may be part of an escape. */
static size_t plain_bytes(struct span in)
{
    const uint8_t *escape;

    if (in.n == 0)
        return 0;
    escape = memchr(in.p, '%', in.n);
    if (escape != NULL)
        in = span_first(in, (size_t)(escape - in.p));
    escape = in.n == 0 ? NULL : memchr(in.p, '+', in.n);
    return escape != NULL ? (size_t)(escape - in.p) : in.n;
}

/* What an escape, or what looks like the beginning of one, stands for. */
static uint8_t take_escape(struct span *in)
{
    uint8_t c = span_u8(*in, 0);
    int high = c == '%' ? hex_of(span_u8(*in, 1)) : -1;
    int low = high >= 0 ? hex_of(span_u8(*in, 2)) : -1;

    *in = span_from(*in, low >= 0 ? 3 : 1);
    if (low >= 0)
        return (uint8_t)(high << 4 | low);
    return c == '+' ? ' ' : c;
}

/* Lower case, escapes of URLs resolved.  out (in.n); returns how many. */
static size_t resolve(struct span in, uint8_t *restrict out)
{
    size_t n = 0;

    while (in.n > 0) {
        size_t plain = plain_bytes(in);

        for (size_t i = 0; i < plain; i++)
            out[n + i] = lower(in.p[i]);
        n += plain;
        in = span_from(in, plain);
        if (in.n > 0)
            out[n++] = lower(take_escape(&in));
    }
    return n;
}

static unsigned count_of(struct span text, const char *word)
{
    unsigned n = 0;
    size_t length = strlen(word);
    const uint8_t *p;

    while (text.n >= length && (p = memmem(text.p, text.n, word, length)) != NULL) {
        n++;
        text = span_from(text, (size_t)(p - text.p) + length);
    }
    return n;
}

/* "Wrong password", as each protocol says it. */
static const struct {
    uint8_t app;
    const char *words;
} refusals[] = {
    {LW_APP_FTP, "530 "},           {LW_APP_POP3, "-err"},
    {LW_APP_IMAP, " no "},          {LW_APP_SMTP, "535 "},
    {LW_APP_TELNET, "incorrect"},   {LW_APP_TELNET, "login failed"},
    {LW_APP_HTTP, "http/1.1 401 "}, {LW_APP_HTTP, "http/1.0 401 "},
};

/* A password in a form: who logs in sends one, who guesses sends many. */
static const char *const forms[] = {"password=", "passwd=", "pass=", "pwd="};

/* How often the word is in what is new of the text. */
static void count_new(uint8_t *n, struct span text, size_t n_before, const char *word)
{
    unsigned now =
        *n + count_of(text, word) - count_of(span_first(text, n_before), word);

    *n = (uint8_t)(now < UINT8_MAX ? now : UINT8_MAX);
}

static void count_refusals(struct said *s, struct span text, size_t n_before)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (refusals[i].app == s->app)
            count_new(&s->refusals, text, n_before, refusals[i].words);
}

/* Requests and answers of the web, by what stands in each line of theirs. */
static void count_web(struct said *s, unsigned from, struct span text, size_t n_before)
{
    if (from == 1) {
        count_new(&s->not_found, text, n_before, "http/1.1 404 ");
        count_new(&s->not_found, text, n_before, "http/1.0 404 ");
        return;
    }
    count_new(&s->requests, text, n_before, " http/1.");
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        count_new(&s->refusals, text, n_before, forms[i]);
}

/* `text` begins with n_before bytes that were read before. */
static void read_text(struct said *s, unsigned from, struct span text, size_t n_before)
{
    if (from == 1)
        count_refusals(s, text, n_before);
    if (s->app == LW_APP_HTTP)
        count_web(s, from, text, n_before);
    if (from == 0 && s->app == LW_APP_HTTP)
        note(s, words_to_web(text));
    if (from == 0 && s->app == LW_APP_TELNET)
        note(s, words_to_shell(text));
    if (s->app == LW_APP_IRC)
        note(s, words_to_bot(text));
    if (from == 1 && s->app == LW_APP_LDAP)
        note(s, words_of_directory(text));
    if (s->app == LW_APP_UNKNOWN)
        note(s, words_of_shell(text));
}

/* ---- SMB ------------------------------------------------------------------------- */

#define WRONG_LOGIN UINT32_C(0xc000006d)

enum { SESSION_SETUP = 1, SESSION_SETUP_1 = 0x73 };

/* MS-SMB2 2.2.1, MS-CIFS 2.2.3.1 */
static void read_smb_answer(struct said *s, struct span bytes)
{
    uint32_t status = 0;
    uint16_t command = 0;
    bool wrong = false;

    for (size_t at = 0; at + 16 <= bytes.n && at < 8; at++) {
        struct span h = span_from(bytes, at);

        if (span_begins(h, "\xfeSMB", 4))
            wrong = span_get_le32(h, 8, &status) && span_get_le16(h, 12, &command) &&
                    status == WRONG_LOGIN && command == SESSION_SETUP;
        else if (span_begins(h, "\xffSMB", 4))
            wrong = span_get_le32(h, 5, &status) && span_u8(h, 4) == SESSION_SETUP_1 &&
                    status == WRONG_LOGIN;
    }
    if (wrong && s->refusals < UINT8_MAX)
        s->refusals++;
}

/* A compressed message longer than can be (CVE-2020-0796), and the subcommand by which
 * the back door of 2017 is asked (Trans2 SESSION_SETUP). */
static void read_smb_request(struct said *s, struct span bytes)
{
    const uint8_t *p = memmem(bytes.p, bytes.n, "SMB", 3);
    uint32_t size = 0;
    uint32_t offset = 0;
    uint16_t subcommand = 0;
    struct span h;

    if (p == NULL || p == bytes.p)
        return;
    h = span_from(bytes, (size_t)(p - bytes.p) - 1);
    if (span_u8(h, 0) == 0xfc && span_get_le32(h, 4, &size) &&
        span_get_le32(h, 12, &offset) && (size > 0x1000000 || offset > 0x1000000))
        note(s, SIGN_SAID_SMB_EXPLOIT);
    if (span_u8(h, 0) == 0xff && span_u8(h, 4) == 0x32 &&
        span_get_le16(h, 61, &subcommand) && subcommand == 0x0e)
        note(s, SIGN_SAID_SMB_EXPLOIT);
}

/* ---- pieces ---------------------------------------------------------------------- */

static bool is_text(const struct said *s)
{
    return s->app != LW_APP_SMB && s->app != LW_APP_DCERPC && s->app != LW_APP_KERBEROS;
}

static void keep(struct said *s, unsigned from, struct span bytes, size_t n)
{
    n = n < CARRY ? n : CARRY;
    n = n < bytes.n ? n : bytes.n;
    memcpy(s->carry[from], bytes.p + bytes.n - n, n);
    s->n_carry[from] = (uint8_t)n;
}

/* Bytes to or from Windows.  Who asks may be the side that was heard second, where the
 * beginning was not captured: calls are told by their heads. */
static void read_calls(struct said *s, unsigned from, struct span all, size_t n_new)
{
    uint8_t narrow[CARRY + PIECE];
    size_t n = 0;

    if (from == 0 && s->app == LW_APP_SMB)
        read_smb_request(s, all);
    /* Heads that may be cut off wait for the next piece. */
    note(s, rpc_read(&s->rpc, all, all.n > RPC_HEAD ? all.n - RPC_HEAD : 0));
    if (s->read[from] + n_new > READ_MAX)
        return;
    for (size_t i = 0; i < all.n; i++)
        if (all.p[i] != 0)
            narrow[n++] = lower(all.p[i]);
    note(s, words_to_windows(span_of(narrow, n)));
}

static void read_piece(struct said *s, unsigned from, const uint8_t *bytes, size_t n)
{
    uint8_t buf[CARRY + PIECE];
    size_t before = s->n_carry[from];
    struct span all;

    memcpy(buf, s->carry[from], before);
    if (is_text(s)) {
        size_t resolved = resolve(span_of(bytes, n), buf + before);

        all = span_of(buf, before + resolved);
        read_text(s, from, all, before);
        keep(s, from, all, CARRY);
        return;
    }
    memcpy(buf + before, bytes, n);
    all = span_of(buf, before + n);
    read_calls(s, from, all, n);
    keep(s, from, all, RPC_HEAD);
}

static void data(void *state, unsigned from, const uint8_t *bytes, size_t n)
{
    struct said *s = state;
    const uint32_t most = is_text(s) || from == 1 ? READ_MAX : RPC_READ_MAX;

    if (s->app == LW_APP_SMB && from == 1)
        read_smb_answer(s, span_of(bytes, n));
    while (n > 0 && s->read[from] < most) {
        size_t piece = n < PIECE ? n : PIECE;

        read_piece(s, from, bytes, piece);
        s->read[from] += (uint32_t)piece;
        bytes += piece;
        n -= piece;
    }
}

static void gap(void *state, unsigned from, uint64_t n_bytes)
{
    struct said *s = state;

    (void)n_bytes;
    s->n_carry[from] = 0;
}

/* What waited for more. */
static void end(void *state)
{
    struct said *s = state;

    for (unsigned i = 0; i < 2 && !is_text(s); i++) {
        note(s, rpc_read(&s->rpc, span_of(s->carry[i], s->n_carry[i]), s->n_carry[i]));
        s->n_carry[i] = 0;
    }
}

const struct lw_stream_tap sign_tap = {
    .name = "signs",
    .state_bytes = (sizeof(struct said) + 7) / 8 * 8,
    .wants = wants,
    .begin = begin,
    .data = data,
    .gap = gap,
    .end = end,
};

/* ---- what a record says ---------------------------------------------------------- */

/* KRB-ERROR (RFC 4120, 5.9.1) that a password or a user is wrong: error-code [6] is 24
 * or 6, 18 of one that is locked. */
static unsigned kerberos_refusal(const struct lw_record *rec)
{
    static const uint8_t code[] = {0xa6, 3, 2, 1};
    const struct lw_flow_start *start;

    if (rec->stats == NULL || rec->app != LW_APP_KERBEROS)
        return 0;
    start = &rec->stats->start;
    for (unsigned side = 0; side < 2; side++) {
        struct span head = span_of(start->head[side], start->n_head[side]);
        const uint8_t *p =
            head.n > 0 ? memmem(head.p, head.n, code, sizeof code) : NULL;
        uint8_t what = p == NULL ? 0 : span_u8(head, (size_t)(p - head.p) + 4);

        if (what == 24 || what == 6 || what == 18)
            return 1;
    }
    return 0;
}

/* BindResponse (RFC 4511, 4.2.2) with the result that the password is wrong. */
static unsigned ldap_refusal(const struct lw_record *rec)
{
    static const uint8_t result[] = {0x0a, 1, 49};
    unsigned to = 1 - lw_record_initiator(rec);
    struct span head;
    const uint8_t *p;

    if (rec->stats == NULL || rec->app != LW_APP_LDAP)
        return 0;
    head = span_of(rec->stats->start.head[to], rec->stats->start.n_head[to]);
    p = head.n > 0 ? memmem(head.p, head.n, result, sizeof result) : NULL;
    return p != NULL && memchr(head.p, 0x61, (size_t)(p - head.p)) != NULL ? 1 : 0;
}

/* Where the name at `at` ends (RFC 1035, 3.1); its last two labels begin at *domain. */
static size_t end_of_name(struct span head, size_t at, size_t *domain)
{
    size_t last = at;

    *domain = at;
    while (span_u8(head, at) > 0 && span_u8(head, at) < 64) {
        *domain = last;
        last = at;
        at += 1U + span_u8(head, at);
    }
    return at;
}

/* A SIG record (RFC 2535) is asked for by nobody but CVE-2020-1350. */
static bool asks_for_signature(const struct lw_record *rec)
{
    enum { HEADER = 12, TYPE_SIG = 24 };
    unsigned from = lw_record_initiator(rec);
    size_t at = rec->kind == LW_FLOW_TCP ? HEADER + 2 : HEADER;
    size_t domain;
    uint16_t type = 0;
    struct span head;

    if (rec->stats == NULL || rec->app != LW_APP_DNS)
        return false;
    head = span_of(rec->stats->start.head[from], rec->stats->start.n_head[from]);
    at = end_of_name(head, at, &domain);
    return span_get_be16(head, at + 1, &type) && type == TYPE_SIG;
}

/* Time servers' lists of whom they talked to and a cache's statistics: requests that
 * have been sent for years for no other reason than that the answer goes to another. */
static bool asks_to_amplify(const struct lw_record *rec)
{
    enum { MODE_PRIVATE = 7, MONLIST = 42, MONLIST_OLD = 20 };
    const struct lw_flow_start *start;

    if (rec->stats == NULL || rec->kind != LW_FLOW_UDP)
        return false;
    start = &rec->stats->start;
    for (unsigned side = 0; side < 2; side++) {
        struct span head = span_of(start->head[side], start->n_head[side]);
        uint16_t port = rec->port[1 - side];

        if (port == 123 && (span_u8(head, 0) & 7) == MODE_PRIVATE &&
            (span_u8(head, 3) == MONLIST || span_u8(head, 3) == MONLIST_OLD))
            return true;
        if (port == 11211 && span_begins(span_from(head, 8), "stats", 5))
            return true;
    }
    return false;
}

/* FNV-1a. */
static uint32_t hash_of_name(struct span name, size_t from)
{
    uint32_t h = 2166136261U;

    for (size_t i = from; i < name.n; i++)
        h = (h ^ lower(span_u8(name, i))) * 16777619U;
    return (h ^ h >> 13) & 0x1fff;
}

static unsigned dns_type(uint16_t type)
{
    enum { TYPE_NULL = 10, TYPE_TXT = 16, TYPE_ANY = 255, TYPE_PRIVATE = 65280 };

    if (type == TYPE_ANY)
        return SIGN_DNS_ANY;
    return type == TYPE_NULL || type == TYPE_TXT || type >= TYPE_PRIVATE ? SIGN_DNS_TEXT
                                                                         : 0;
}

/* A question (RFC 1035, 4.1) as far as the first bytes of the flow show it.  The last
 * two labels of a name are its domain, as good as ever: what is asked of co.uk may be
 * of several. */
static uint32_t dns_tag(const struct lw_record *rec)
{
    enum { HEADER = 12, NO_SUCH_NAME = 3 };
    unsigned from = lw_record_initiator(rec);
    bool local = rec->app == LW_APP_LLMNR || rec->app == LW_APP_NBNS;
    size_t domain;
    size_t at;
    unsigned bits;
    uint16_t type;
    struct span head;
    struct span answer;

    if (rec->stats == NULL || (rec->app != LW_APP_DNS && !local))
        return 0;
    head = span_of(rec->stats->start.head[from], rec->stats->start.n_head[from]);
    answer =
        span_of(rec->stats->start.head[1 - from], rec->stats->start.n_head[1 - from]);
    bits = (span_u8(answer, 3) & 15) == NO_SUCH_NAME ? SIGN_DNS_NO_NAME : 0;
    at = end_of_name(head, HEADER, &domain);
    if (!span_get_be16(head, at + 1, &type))
        return bits;
    return bits | dns_type(type) |
           hash_of_name(span_first(head, at), local ? HEADER : domain) << SIGN_DNS_BITS;
}

/* Of HTTP. */
static uint32_t web_tag(const struct lw_record *rec, const struct said *s)
{
    unsigned from = lw_record_initiator(rec);
    bool no_room = rec->stats != NULL && rec->stats->side[from].zero_windows > 0;

    if (s->app != LW_APP_HTTP)
        return 0;
    return s->requests | (s->not_found < 0x7f ? s->not_found : 0x7fU) << 8 |
           (no_room ? 1U : 0U) << 15;
}

static enum sign_said question_of(const struct lw_record *rec)
{
    if (asks_to_amplify(rec))
        return SIGN_SAID_AMPLIFIER;
    return asks_for_signature(rec) ? SIGN_SAID_DNS_EXPLOIT : SIGN_SAID_NOTHING;
}

uint32_t sign_said_tag(const struct lw_record *rec)
{
    const struct said *s = rec->tapped;
    unsigned n = kerberos_refusal(rec) + ldap_refusal(rec);

    if (s == NULL)
        return question_of(rec) | n << 8 | dns_tag(rec) << 16;
    n += s->refusals;
    n = n < UINT8_MAX ? n : UINT8_MAX;
    if (!is_text(s))
        return s->gravest | n << 8 | (uint32_t)s->rpc.challenges << 16;
    return s->gravest | n << 8 | web_tag(rec, s) << 16;
}
