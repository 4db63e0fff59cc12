/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_content_http.c - HTTP/1 (RFC 9112) and the request line of 0.9.
 *
 *     login          a request that is not refused with 401 or 407
 *     failed login   a refusal of a request with credentials
 *     hot            each request that names an access control file or a system
 *                    directory, or leads out of its own; that has the server run a
 *                    program; that has 16 slashes in a row; each answer 404
 *     access file    each request that names one
 *     compromised    each answer 404
 *     root shell     what only root is shown, at the beginning of an answer
 *
 * In the data set nearly every connection with a request is logged in; phf ("GET
 * /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd") has hot 2, one access file and a
 * root shell, back (thousands of slashes, not found) hot 2 and compromised 1, and
 * compromised equals hot where a normal row has any.
 *
 * Bodies are passed over by their length: of an answer's the first 512 bytes are looked
 * at.  Where the length is not known (a gap in the header), the next line that can be a
 * request or a status line begins anew.
 *
 *     REQUEST -> HEADER -> [body] -> REQUEST
 *                       -> CHUNK -> [part] -> CHUNK_END -> CHUNK ... -> TRAILER ->
 * REQUEST
 */
#include "feature/kdd_content_priv.h"

enum { LOOK_BYTES = 512 };

/* content_side.state */
enum {
    HTTP_BEGIN, /* of a message */
    HTTP_LINE,  /* in the request or status line */
    HTTP_HEADER,
    HTTP_CHUNK,
    HTTP_CHUNK_END,
    HTTP_TRAILER,
    HTTP_DOCUMENT,         /* of 0.9: to the end of the connection */
    HTTP_LOST = STATE_LOST /* wait for a line that can begin a message */
};

/* content_side.escape: what the present header said. */
enum { HEADER_LENGTH = 1, HEADER_CHUNKED = 2, HEADER_NO_BODY = 4 };

/* What a request wants, until it is answered. */
enum { ASKED = 1, ASKED_AUTH = 2, ASKED_HEAD = 4, ASKED_CONNECT = 8 };

/* ---- requests ---------------------------------------------------------------------
 */

/* Once for each kind in a request. */
static void request_words(struct kdd_content *c, const struct text *t)
{
    struct content_side *s = &c->side[CLIENT];
    unsigned kinds = WORD_ACCESS_FILE | WORD_SYSTEM_DIR | WORD_RUN | WORD_SLASHES;
    unsigned before = s->seen;
    unsigned now;

    s->seen |= (uint16_t)text_words(t, kinds & ~before);
    now = s->seen & ~before;
    if (now & WORD_ACCESS_FILE)
        content_count(&c->access_files);
    /* A file of passwords is in a system directory: that is one sign, not two. */
    if (now & (WORD_ACCESS_FILE | WORD_SYSTEM_DIR) &&
        !(before & (WORD_ACCESS_FILE | WORD_SYSTEM_DIR)))
        content_count(&c->hot);
    if (now & WORD_RUN)
        content_count(&c->hot);
    if (now & WORD_SLASHES)
        content_count(&c->hot);
}

static bool is_method(const struct text *word)
{
    if (word->n < 3 || word->n > 20)
        return false;
    for (size_t i = 0; i < word->n; i++) {
        if ((word->p[i] < 'a' || word->p[i] > 'z') && word->p[i] != '-')
            return false;
    }
    return true;
}

static void request_begin(struct kdd_content *c, const struct text *t)
{
    size_t at = 0;
    struct text method = text_next(t, &at);
    struct content_side *s = &c->side[CLIENT];
    uint8_t what = ASKED;

    if (!is_method(&method) ||
        (s->state == HTTP_LOST && !text_has(t, " http/1.") && t->last)) {
        s->flags |= LINE_IGNORED;
        return;
    }
    if (text_is(&method, "pri")) /* HTTP/2 (RFC 9113), which is not read */
        content_seal(c);
    if (text_is(&method, "head"))
        what |= ASKED_HEAD;
    if (text_is(&method, "connect"))
        what |= ASKED_CONNECT;
    content_count(&c->requests);
    content_ask(c, what);
    s->state = HTTP_LINE;
    s->escape = 0;
}

static void request_line(struct kdd_content *c, const struct text *t)
{
    struct content_side *s = &c->side[CLIENT];

    if (t->first)
        request_begin(c, t);
    if (s->state != HTTP_LINE)
        return;
    request_words(c, t);
    if (t->last) /* 0.9 has no header */
        s->state = text_has(t, " http/") ? HTTP_HEADER : HTTP_BEGIN;
}

/* ---- headers and bodies -----------------------------------------------------------
 */

/* The value of a header of that name ("name:"). */
static bool header_value(const struct text *t, const char *name, struct text *value)
{
    size_t at = 0;

    while (name[at] != '\0')
        at++;
    if (!text_begins(t, name))
        return false;
    while (at < t->n && (t->p[at] == ' ' || t->p[at] == '\t'))
        at++;
    *value = text_from(t, at);
    return true;
}

/* NTLM asks first, which is always answered with 401 and a challenge; the answer to
 * that is its message of type 3 ("NTLMSSP", 0, 3 in base64, here in lower case). */
static bool is_answer(const struct text *credentials)
{
    if (!text_begins(credentials, "ntlm ") && !text_begins(credentials, "negotiate "))
        return true;
    return text_has(credentials, " tlrmtvntuaad");
}

static void header_field(struct kdd_content *c, unsigned from, const struct text *t)
{
    struct content_side *s = &c->side[from];
    struct text value;
    uint64_t n;

    if (header_value(t, "content-length:", &value) && text_number(&value, 10, &n)) {
        s->escape |= HEADER_LENGTH;
        s->length = n;
    } else if (header_value(t, "transfer-encoding:", &value)) {
        if (text_has(&value, "chunked"))
            s->escape |= HEADER_CHUNKED;
    } else if (from == CLIENT && (header_value(t, "authorization:", &value) ||
                                  header_value(t, "proxy-authorization:", &value))) {
        if (is_answer(&value))
            content_ask_more(c, ASKED_AUTH);
    }
}

static void body_begin(struct kdd_content *c, unsigned from, uint64_t n)
{
    uint64_t look = from == SERVER && n > 0 ? LOOK_BYTES : 0;

    if (look > n)
        look = n;
    content_skip(c, from, look, n - look);
}

static void header_end(struct kdd_content *c, unsigned from)
{
    struct content_side *s = &c->side[from];

    s->state = HTTP_BEGIN;
    if (s->escape & HEADER_NO_BODY)
        return;
    if (s->escape & HEADER_CHUNKED)
        s->state = HTTP_CHUNK;
    else if (s->escape & HEADER_LENGTH)
        body_begin(c, from, s->length);
    else if (from == SERVER) /* to the end of the connection */
        body_begin(c, from, UINT64_MAX);
}

static void header_line(struct kdd_content *c, unsigned from, const struct text *t)
{
    if (!t->first)
        return;
    if (t->n == 0 && t->last)
        header_end(c, from);
    else
        header_field(c, from, t);
    if (!t->last)
        c->side[from].flags |= LINE_IGNORED;
}

static void chunk_line(struct kdd_content *c, unsigned from, const struct text *t)
{
    struct content_side *s = &c->side[from];

    if (t->first && !text_number(t, 16, &s->length)) {
        s->state = HTTP_LOST;
        return;
    }
    if (!t->last)
        return;
    s->state = s->length == 0 ? HTTP_TRAILER : HTTP_CHUNK_END;
    body_begin(c, from, s->length);
}

/* ---- answers ----------------------------------------------------------------------
 */

static void answer(struct kdd_content *c, unsigned code)
{
    struct content_side *s = &c->side[SERVER];
    uint8_t what;

    s->escape = 0;
    if (code == 101) { /* goes on as another protocol */
        content_seal(c);
        return;
    }
    if (code < 200 || code == 204 || code == 304)
        s->escape |= HEADER_NO_BODY;
    if (code < 200)
        return;
    what = content_answer(c);
    if (what & ASKED_HEAD)
        s->escape |= HEADER_NO_BODY;
    if (code == 401 || code == 407) {
        content_count(&c->refused);
        if (what & ASKED_AUTH)
            content_count(&c->failed_logins);
    }
    if (code == 404) {
        content_count(&c->compromised);
        content_count(&c->hot);
    }
    if ((what & ASKED_CONNECT) && code < 300)
        content_seal(c);
}

static void status_line(struct kdd_content *c, const struct text *t)
{
    struct content_side *s = &c->side[SERVER];
    size_t at = 0;
    struct text code;
    uint64_t n;

    if (!t->first)
        return;
    (void)text_next(t, &at);
    code = text_next(t, &at);
    if (text_begins(t, "http/") && text_number(&code, 10, &n) && n < 600) {
        s->state = HTTP_HEADER;
        answer(c, (unsigned)n);
    } else if (s->state == HTTP_BEGIN && t->n > 0 && c->n_asked > 0) {
        /* 0.9: no more than the document. */
        (void)content_answer(c);
        content_look(c, t);
        s->state = HTTP_DOCUMENT;
        return;
    }
    if (!t->last)
        s->flags |= LINE_IGNORED;
}

static void http_line(struct kdd_content *c, unsigned from, const struct text *t)
{
    struct content_side *s = &c->side[from];

    switch (s->state) {
    case HTTP_HEADER:
        header_line(c, from, t);
        break;
    case HTTP_CHUNK:
        chunk_line(c, from, t);
        break;
    case HTTP_CHUNK_END:
        s->state = HTTP_CHUNK;
        break;
    case HTTP_TRAILER:
        if (t->first && t->last && t->n == 0)
            s->state = HTTP_BEGIN;
        break;
    case HTTP_DOCUMENT:
        content_look(c, t);
        break;
    default:
        if (from == CLIENT)
            request_line(c, t);
        else
            status_line(c, t);
        break;
    }
}

const struct content_reader content_http = {.line = http_line, .stands_alone = true};
