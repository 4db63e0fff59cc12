/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_content.c - streams cut into lines, and what was counted in them.
 *
 * Bytes become lines of lower-case text without their ends.  A line that is longer than
 * the buffer is given to its reader in pieces; each piece but the first begins with the
 * end of the one before, so that a word is found wherever it is cut.  How the meter
 * cuts the stream makes no difference: a piece ends where the buffer is full.
 *
 *     bytes -> content_data -> side_line ---> reader->line (FTP, HTTP, ...)
 *                   |  |
 *                   |  `-------------------> reader->byte (Telnet, rlogin, rsh)
 *                   `-- skip: bodies, of which nothing is counted
 *
 * All of it is in a state of fixed size.  Counters stop at 65,535; the data set's
 * largest is 7,479.
 */
#include "base/assert.h"
#include "base/span.h"
#include "feature/kdd_content_priv.h"
#include "feature/kdd_names.h"

#include <math.h>
#include <string.h>

_Static_assert(sizeof(struct kdd_content) <= 304,
               "there may be a state for each of a million connections");

static const struct content_reader *const readers[LW_N_APPS] = {
    [LW_APP_FTP] = &content_ftp,       [LW_APP_SMTP] = &content_smtp,
    [LW_APP_POP3] = &content_pop3,     [LW_APP_IMAP] = &content_imap,
    [LW_APP_HTTP] = &content_http,     [LW_APP_FINGER] = &content_finger,
    [LW_APP_IRC] = &content_irc,       [LW_APP_TELNET] = &content_telnet,
    [LW_APP_RLOGIN] = &content_rlogin, [LW_APP_RSH] = &content_rsh,
    [LW_APP_REXEC] = &content_rsh,
};

/* Of a connection that is read. */
static const struct content_reader *reader_of(const struct kdd_content *c)
{
    const struct content_reader *reader = readers[c->app];

    LW_ASSERT(reader != NULL);
    return reader;
}

void content_count(uint16_t *counter)
{
    if (*counter < UINT16_MAX)
        (*counter)++;
}

void content_login(struct kdd_content *c)
{
    c->facts |= FACT_LOGGED_IN;
    if (c->user == USER_GUEST)
        c->facts |= FACT_GUEST_LOGIN;
    if (c->user == USER_HOST || c->user == USER_ROOT)
        c->facts |= FACT_HOST_LOGIN;
    if (c->user == USER_ROOT)
        content_count(&c->root);
}

void content_seal(struct kdd_content *c)
{
    c->facts |= FACT_SEALED;
}

void content_skip(struct kdd_content *c, unsigned from, uint64_t look, uint64_t n)
{
    LW_DEBUG_ASSERT(look <= UINT16_MAX);
    c->side[from].look = (uint16_t)look;
    c->side[from].skip = n;
}

/* Its user's number, or the first line of the file of passwords. */
void content_look(struct kdd_content *c, const struct text *t)
{
    if (text_words(t, WORD_ROOT_OUTPUT) != 0 ||
        (t->first && text_begins(t, "root:") && text_has(t, ":0:")))
        c->facts |= FACT_ROOT_SHELL;
}

/* ---- questions that wait ----------------------------------------------------------
 */

enum { ASKED_MAX = sizeof(uint64_t) };

void content_ask(struct kdd_content *c, uint8_t what)
{
    if (c->n_asked == ASKED_MAX || c->n_asked_more > 0) {
        content_count(&c->n_asked_more);
        return;
    }
    c->asked &= ~(UINT64_C(0xff) << (8 * c->n_asked));
    c->asked |= (uint64_t)what << (8 * c->n_asked);
    c->n_asked++;
}

uint8_t content_answer(struct kdd_content *c)
{
    uint8_t what = 0;

    if (c->n_asked > 0) {
        what = (uint8_t)c->asked;
        c->asked >>= 8;
        c->n_asked--;
    } else if (c->n_asked_more > 0) {
        c->n_asked_more--;
    }
    return what;
}

void content_ask_more(struct kdd_content *c, uint8_t bits)
{
    if (c->n_asked > 0 && c->n_asked_more == 0)
        c->asked |= (uint64_t)bits << (8 * (c->n_asked - 1));
}

void content_forget(struct kdd_content *c)
{
    c->n_asked = 0;
    c->n_asked_more = 0;
}

unsigned content_reply(const struct text *t, bool *goes_on)
{
    unsigned code = 0;

    if (t->n < 3)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (t->p[i] < '0' || t->p[i] > '9')
            return 0;
        code = code * 10 + (unsigned)(t->p[i] - '0');
    }
    if (t->n > 3 && t->p[3] != ' ' && t->p[3] != '-')
        return 0;
    *goes_on = t->n > 3 && t->p[3] == '-';
    return code;
}

/* ---- lines ------------------------------------------------------------------------
 */

static void line_give(struct kdd_content *c, const struct content_reader *reader,
                      unsigned from, bool last)
{
    struct content_side *s = &c->side[from];
    bool goes_on = (s->flags & LINE_GOES_ON) != 0;
    struct text t = {.p = s->line,
                     .n = s->n,
                     .fresh = goes_on ? CONTENT_OVERLAP : 0,
                     .first = !goes_on,
                     .last = last};

    if (s->flags & LINE_IGNORED || c->facts & FACT_SEALED)
        return;
    if (last && t.n > t.fresh && t.p[t.n - 1] == '\r')
        t.n--;
    if (s->look > 0) {
        content_look(c, &t);
        return;
    }
    reader->line(c, from, &t);
}

/* The end of the piece is looked at again with what follows. */
static void line_cut(struct kdd_content *c, const struct content_reader *reader,
                     unsigned from)
{
    struct content_side *s = &c->side[from];

    line_give(c, reader, from, false);
    memmove(s->line, s->line + s->n - CONTENT_OVERLAP, CONTENT_OVERLAP);
    s->n = CONTENT_OVERLAP;
    s->flags |= LINE_GOES_ON;
}

static void line_reset(struct content_side *s)
{
    s->n = 0;
    s->flags &= (uint8_t) ~(LINE_GOES_ON | LINE_IGNORED);
    s->seen = 0;
}

static uint8_t lower(uint8_t b)
{
    return b >= 'A' && b <= 'Z' ? (uint8_t)(b - 'A' + 'a') : b;
}

/* The bytes of a line, its end not among them. */
static void line_add(struct kdd_content *c, const struct content_reader *reader,
                     unsigned from, struct span text)
{
    struct content_side *s = &c->side[from];

    while (text.n > 0 && !(s->flags & LINE_IGNORED) && !(c->facts & FACT_SEALED)) {
        struct span part;

        if (s->n == CONTENT_LINE_BYTES) {
            line_cut(c, reader, from);
            continue;
        }
        part = span_first(text, (size_t)(CONTENT_LINE_BYTES - s->n));
        for (size_t i = 0; i < part.n; i++)
            s->line[s->n + i] = lower(part.p[i]);
        s->n = (uint8_t)(s->n + part.n);
        text = span_from(text, part.n);
    }
}

/* Up to the end of a line or of the bytes; returns what is left.  Bytes that are only
 * looked at end where `look` says, whatever line they are in. */
static struct span side_line(struct kdd_content *c, const struct content_reader *reader,
                             unsigned from, struct span bytes)
{
    struct content_side *s = &c->side[from];
    struct span part = s->look > 0 ? span_first(bytes, s->look) : bytes;
    const uint8_t *end = memchr(part.p, '\n', part.n);
    size_t n = end == NULL ? part.n : (size_t)(end - part.p);
    bool looked = s->look > 0;

    line_add(c, reader, from, span_first(part, n));
    if (end != NULL) {
        line_give(c, reader, from, true);
        line_reset(s);
        n++;
    }
    if (looked) {
        s->look = (uint16_t)(s->look - n);
        if (s->look == 0)
            line_reset(s);
    }
    return span_from(bytes, n);
}

/* ---- the tap ----------------------------------------------------------------------
 */

static bool content_wants(enum lw_app app)
{
    return (unsigned)app < LW_N_APPS && readers[app] != NULL;
}

static void content_begin(void *state, enum lw_app app,
                          const struct lw_stream_start *start)
{
    struct kdd_content *c = state;

    c->app = (uint8_t)app;
    if (!start->whole[0] || !start->whole[1])
        c->facts |= FACT_NO_BEGIN;
}

static void content_data(void *state, unsigned from, const uint8_t *bytes, size_t n)
{
    struct kdd_content *c = state;
    const struct content_reader *reader = reader_of(c);
    struct content_side *s = &c->side[from];
    struct span left = span_of(bytes, n);

    c->heard |= (uint8_t)(1u << from);
    while (left.n > 0 && !(c->facts & FACT_SEALED)) {
        if (reader->byte != NULL) {
            reader->byte(c, from, left.p[0]);
            left = span_from(left, 1);
        } else if (s->skip > 0 && s->look == 0) {
            size_t passed = s->skip < left.n ? (size_t)s->skip : left.n;

            s->skip -= passed;
            left = span_from(left, passed);
        } else {
            left = side_line(c, reader, from, left);
        }
    }
    if (c->facts & FACT_SEALED)
        line_reset(s);
}

/* What was lost within a body is no loss.  Otherwise the line is damaged, and which
 * answer belongs to which question is not known any more. */
static void content_gap(void *state, unsigned from, uint64_t n_bytes)
{
    struct kdd_content *c = state;
    struct content_side *s = &c->side[from];
    uint64_t look = s->look < n_bytes ? s->look : n_bytes;
    uint64_t skip = s->skip < n_bytes - look ? s->skip : n_bytes - look;

    if (s->look > 0)
        line_reset(s);
    s->look = (uint16_t)(s->look - look);
    s->skip -= skip;
    if (look + skip == n_bytes)
        return;
    line_reset(s);
    s->flags |= LINE_IGNORED;
    s->state = STATE_LOST;
    s->escape = 0;
    c->multi = 0;
    content_forget(c);
}

static void content_end(void *state)
{
    struct kdd_content *c = state;
    const struct content_reader *reader = reader_of(c);

    if (c->facts & FACT_SEALED)
        return;
    for (unsigned from = 0; reader->line != NULL && from < 2; from++) {
        /* A last line without an end. */
        if (c->side[from].n > 0)
            line_give(c, reader, from, true);
        line_reset(&c->side[from]);
    }
    if (reader->end != NULL)
        reader->end(c);
}

const struct lw_stream_tap kdd_content_tap = {
    .name = "kdd content",
    .state_bytes = sizeof(struct kdd_content),
    .wants = content_wants,
    .begin = content_begin,
    .data = content_data,
    .gap = content_gap,
    .end = content_end,
};

/* ---- the features -----------------------------------------------------------------
 */

/* Nothing was said, so nothing was done: the data set has zeros here, and in UDP and
 * ICMP, whose content it never looks at. */
static bool says_nothing(const struct lw_record *rec)
{
    return rec->kind != LW_FLOW_TCP ||
           (!(rec->lacks & LW_LACKS_PAYLOAD) && rec->side[0].payload_bytes == 0 &&
            rec->side[1].payload_bytes == 0);
}

/* Both sides were heard as far as they spoke. */
static bool is_known(const struct kdd_content *c, const struct lw_record *rec)
{
    unsigned client = lw_record_initiator(rec);

    if (c == NULL || (c->facts & FACT_SEALED))
        return false;
    if ((c->facts & FACT_NO_BEGIN) && !reader_of(c)->stands_alone)
        return false;
    return (rec->side[client].payload_bytes == 0 || (c->heard & 1)) &&
           (rec->side[1 - client].payload_bytes == 0 || (c->heard & 2));
}

/* FTP's PORT to somebody else than the client. */
static float outbound(const struct kdd_content *c, const struct lw_record *rec)
{
    const struct lw_addr *client = &rec->addr[lw_record_initiator(rec)];
    bool own = rec->ip_version == 4 && memcmp(client->bytes, c->first_host, 4) == 0;

    return (float)(c->ports[1] + (own ? 0 : c->ports[0]));
}

static float su_attempted(const struct kdd_content *c)
{
    if (c->facts & FACT_SU_WORKED)
        return 2;
    return c->facts & FACT_SU ? 1 : 0;
}

static float fact(const struct kdd_content *c, unsigned bit)
{
    return c->facts & bit ? 1 : 0;
}

void kdd_content_values(const struct kdd_content *c, const struct lw_record *rec,
                        float *values)
{
    bool known = is_known(c, rec);
    float otherwise = says_nothing(rec) ? 0.0f : NAN;

    for (int i = KDD_hot; i <= KDD_is_guest_login; i++)
        values[i] = otherwise;
    if (!known || otherwise == 0.0f)
        return;
    values[KDD_hot] = c->hot;
    values[KDD_num_failed_logins] = c->failed_logins;
    values[KDD_logged_in] = fact(c, FACT_LOGGED_IN);
    if (c->requests > c->refused)
        values[KDD_logged_in] = 1;
    values[KDD_num_compromised] = c->compromised;
    values[KDD_root_shell] = fact(c, FACT_ROOT_SHELL);
    values[KDD_su_attempted] = su_attempted(c);
    values[KDD_num_root] = c->root;
    values[KDD_num_file_creations] = c->creations;
    values[KDD_num_shells] = c->shells;
    values[KDD_num_access_files] = c->access_files;
    values[KDD_num_outbound_cmds] = outbound(c, rec);
    values[KDD_is_host_login] = fact(c, FACT_HOST_LOGIN);
    values[KDD_is_guest_login] = fact(c, FACT_GUEST_LOGIN);
}
