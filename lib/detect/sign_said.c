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
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

/* Lower case, escapes of URLs resolved.  out (in.n); returns how many. */
static size_t resolve(struct span in, uint8_t *out)
{
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = in.p[i];
        int high = c == '%' ? hex_of(span_u8(in, i + 1)) : -1;
        int low = high >= 0 ? hex_of(span_u8(in, i + 2)) : -1;

        if (low >= 0) {
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[n++] = lower(c);
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

static void count_refusals(struct said *s, struct span text, size_t n_before)
{
    unsigned n = s->refusals;

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].app != s->app)
            continue;
        n += count_of(text, refusals[i].words);
        n -= count_of(span_first(text, n_before), refusals[i].words);
    }
    s->refusals = (uint8_t)(n < UINT8_MAX ? n : UINT8_MAX);
}

/* `text` begins with n_before bytes that were read before. */
static void read_text(struct said *s, unsigned from, struct span text, size_t n_before)
{
    if (from == 1)
        count_refusals(s, text, n_before);
    if (from == 0 && s->app == LW_APP_HTTP)
        note(s, words_to_web(text));
    if (from == 0 && s->app == LW_APP_TELNET)
        note(s, words_to_shell(text));
    if (s->app == LW_APP_UNKNOWN && words_of_shell(text))
        note(s, SIGN_SAID_SHELL);
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
    if (from == 1)
        return;
    if (s->app == LW_APP_SMB)
        read_smb_request(s, all);
    /* Heads that may be cut off wait for the next piece. */
    note(s, rpc_read(&s->rpc, all, all.n > RPC_HEAD ? all.n - RPC_HEAD : 0));
    keep(s, from, all, RPC_HEAD);
}

static void data(void *state, unsigned from, const uint8_t *bytes, size_t n)
{
    struct said *s = state;
    const uint32_t most = is_text(s) ? READ_MAX : RPC_READ_MAX;

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

    if (!is_text(s))
        note(s, rpc_read(&s->rpc, span_of(s->carry[0], s->n_carry[0]), s->n_carry[0]));
    s->n_carry[0] = 0;
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

/* The last two labels of a name are its domain, as good as ever: what is asked of
 * co.uk may be of several.  15 bits of FNV-1a. */
static uint32_t hash_of_domain(struct span name, size_t from)
{
    uint32_t h = 2166136261U;

    for (size_t i = from; i < name.n; i++)
        h = (h ^ lower(span_u8(name, i))) * 16777619U;
    return (h ^ h >> 15) & 0x7fff;
}

/* A question (RFC 1035, 4.1) as far as the first bytes of the flow show it. */
static uint32_t dns_tag(const struct lw_record *rec)
{
    enum { HEADER = 12, TYPE_NULL = 10, TYPE_TXT = 16, TYPE_PRIVATE = 65280 };
    unsigned from = lw_record_initiator(rec);
    size_t label[2] = {HEADER, HEADER}; /* where the last two begin */
    size_t at = HEADER;
    uint16_t type;
    struct span head;

    if (rec->stats == NULL || rec->app != LW_APP_DNS)
        return 0;
    head = span_of(rec->stats->start.head[from], rec->stats->start.n_head[from]);
    while (span_u8(head, at) > 0 && span_u8(head, at) < 64) {
        label[0] = label[1];
        label[1] = at;
        at += 1U + span_u8(head, at);
    }
    if (!span_get_be16(head, at + 1, &type))
        return 0;
    return (type == TYPE_NULL || type == TYPE_TXT || type >= TYPE_PRIVATE ? 1U : 0U) |
           hash_of_domain(span_first(head, at), label[0]) << 1;
}

uint32_t sign_said_tag(const struct lw_record *rec)
{
    const struct said *s = rec->tapped;
    unsigned n = kerberos_refusal(rec);

    if (s == NULL)
        return n << 8 | dns_tag(rec) << 16;
    n += s->refusals;
    n = n < UINT8_MAX ? n : UINT8_MAX;
    return s->gravest | n << 8;
}
