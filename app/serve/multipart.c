/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     PREAMBLE --mark--> AFTER --CRLF--> HEAD --empty line--> DATA --mark--> AFTER
 *                          `----"--"---> EPILOGUE
 *
 * The mark is CR LF "--" and the boundary; the very first lacks the CR LF, so the
 * parser starts with these two matched.  CR occurs in the mark once, at its start.  So
 * when a match breaks off, no shorter one can be inside what matched: that much was
 * data, and only the byte that broke it may begin the mark anew.
 */
#include "serve/multipart.h"

#include "base/assert.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- headers --------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* From *at on a value, quoted or not, up to the ';' behind it.  A backslash takes the
 * next quote literally; browsers send others as they are. */
static bool take_value(const char **at, char *out, size_t size)
{
    const char *s = *at;
    bool quoted = *s == '"';
    size_t n = 0;

    for (s += quoted ? 1 : 0; *s != '\0'; s++) {
        if (quoted ? *s == '"' : *s == ';' || is_blank(*s))
            break;
        if (quoted && s[0] == '\\' && s[1] == '"')
            s++;
        if (n + 1 >= size)
            return false;
        out[n++] = *s;
    }
    if (quoted && *s++ != '"')
        return false;
    out[n] = '\0';
    *at = s;
    return true;
}

bool multipart_parameter(const char *value, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);
    const char *at = value;
    char other[1024];

    while (*at != '\0' && *at != ';')
        at++;
    while (*at == ';') {
        bool ours;

        do
            at++;
        while (is_blank(*at));
        ours = strncasecmp(at, name, len) == 0 && at[len] == '=';
        while (*at != '\0' && *at != '=' && *at != ';')
            at++;
        if (*at == '=') {
            at++;
            if (!take_value(&at, ours ? out : other, ours ? size : sizeof other))
                return false;
            if (ours)
                return true;
        }
        while (is_blank(*at))
            at++;
    }
    return false;
}

/* RFC 2046: these, and no blank at the end. */
static bool is_boundary(const char *s)
{
    size_t n =
        strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                  "'()+_,-./:=? ");

    return n > 0 && s[n] == '\0' && s[n - 1] != ' ';
}

enum lw_status multipart_init(struct multipart *m, const char *content_type,
                              const struct multipart_ops *ops, void *ctx,
                              struct lw_error *err)
{
    char boundary[MULTIPART_BOUNDARY_MAX + 1];

    memset(m, 0, sizeof *m);
    m->ops = ops;
    m->ctx = ctx;
    if (content_type == NULL ||
        strncasecmp(content_type, "multipart/form-data", 19) != 0)
        return lw_fail(err, LW_EFORMAT,
                       "expected a form (Content-Type: multipart/form-data)");
    if (!multipart_parameter(content_type, "boundary", boundary, sizeof boundary) ||
        !is_boundary(boundary))
        return lw_fail(err, LW_EFORMAT, "the form's boundary is missing, or is none");
    m->mark_len = (size_t)snprintf(m->mark, sizeof m->mark, "\r\n--%s", boundary);
    m->matched = 2;
    return LW_OK;
}

/* ---- parts ----------------------------------------------------------------------- */

static enum lw_status begin_part(struct multipart *m, struct lw_error *err)
{
    static const char wanted[] = "Content-Disposition:";
    char name[MULTIPART_NAME_MAX];
    char file_name[MULTIPART_NAME_MAX];
    char *line = m->head;

    if (++m->n_parts > MULTIPART_PARTS_MAX)
        return lw_fail(err, LW_ELIMIT, "the form has more than %d parts",
                       MULTIPART_PARTS_MAX);
    while (strncasecmp(line, wanted, sizeof wanted - 1) != 0) {
        line = strstr(line, "\r\n");
        if (line == NULL)
            return lw_fail(err, LW_EFORMAT,
                           "a part of the form has no "
                           "Content-Disposition");
        line += 2;
    }
    line[strcspn(line, "\r")] = '\0';
    line += sizeof wanted - 1;
    if (!multipart_parameter(line, "name", name, sizeof name))
        return lw_fail(err, LW_EFORMAT, "a part of the form has no name");
    file_name[0] = '\0';
    if (!multipart_parameter(line, "filename", file_name, sizeof file_name))
        file_name[0] = '\0';
    m->state = MULTIPART_DATA;
    m->matched = 0;
    return m->ops->begin(m->ctx, name, file_name, err);
}

/* A byte of the head, which ends with an empty line, and may be no more than that. */
static enum lw_status head_byte(struct multipart *m, uint8_t c, struct lw_error *err)
{
    if (m->head_len == MULTIPART_HEAD_MAX)
        return lw_fail(err, LW_ELIMIT, "a part's headers are longer than %d bytes",
                       MULTIPART_HEAD_MAX);
    if (c == '\0')
        return lw_fail(err, LW_EFORMAT, "a part's header has a zero byte");
    m->head[m->head_len++] = (char)c;
    m->head[m->head_len] = '\0';
    if (m->head_len >= 4 && memcmp(m->head + m->head_len - 4, "\r\n\r\n", 4) == 0)
        return begin_part(m, err);
    return LW_OK;
}

/* What follows a boundary: blanks and CR LF, or "--". */
static enum lw_status after_byte(struct multipart *m, uint8_t c, struct lw_error *err)
{
    bool blank = (c == ' ' || c == '\t') && m->head_len == 0;

    if (blank)
        return LW_OK;
    m->head[m->head_len++] = (char)c;
    if (m->head_len < 2)
        return LW_OK;
    if (memcmp(m->head, "--", 2) == 0)
        m->state = MULTIPART_EPILOGUE;
    else if (memcmp(m->head, "\r\n", 2) == 0)
        m->state = MULTIPART_HEAD;
    else
        return lw_fail(err, LW_EFORMAT, "a boundary of the form does not end its line");
    m->head_len = 0;
    m->head[0] = '\0';
    return LW_OK;
}

static enum lw_status give(struct multipart *m, const void *p, size_t n,
                           struct lw_error *err)
{
    if (n == 0 || m->state == MULTIPART_PREAMBLE)
        return LW_OK;
    return m->ops->data(m->ctx, p, n, err);
}

/* The whole mark was there. */
static enum lw_status end_part(struct multipart *m, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (m->state == MULTIPART_DATA)
        st = m->ops->end(m->ctx, err);
    m->state = MULTIPART_AFTER;
    m->matched = 0;
    m->head_len = 0;
    return st;
}

/* Data, up to the mark: takes what it can of the piece. */
static enum lw_status take_data(struct multipart *m, struct span *piece,
                                struct lw_error *err)
{
    enum lw_status st = LW_OK;

    while (piece->n > 0 && st == LW_OK) {
        uint8_t c = piece->p[0];

        if (c == (uint8_t)m->mark[m->matched]) {
            *piece = span_from(*piece, 1);
            if (++m->matched == m->mark_len)
                return end_part(m, err);
        } else if (m->matched > 0) {
            size_t n = m->matched;

            m->matched = 0;
            /* The first two matched before there was anything. */
            st = give(m, m->mark, n, err);
        } else {
            const uint8_t *cr = memchr(piece->p, '\r', piece->n);
            size_t n = cr == NULL ? piece->n : (size_t)(cr - piece->p);

            st = give(m, piece->p, n, err);
            *piece = span_from(*piece, n);
        }
    }
    return st;
}

enum lw_status multipart_feed(struct multipart *m, struct span piece,
                              struct lw_error *err)
{
    enum lw_status st = LW_OK;

    while (piece.n > 0 && st == LW_OK) {
        uint8_t c = piece.p[0];

        switch (m->state) {
        case MULTIPART_PREAMBLE:
        case MULTIPART_DATA:
            st = take_data(m, &piece, err);
            continue;
        case MULTIPART_AFTER:
            st = after_byte(m, c, err);
            break;
        case MULTIPART_HEAD:
            st = head_byte(m, c, err);
            break;
        case MULTIPART_EPILOGUE:
            return LW_OK;
        default:
            LW_ASSERT(false);
        }
        piece = span_from(piece, 1);
    }
    return st;
}

enum lw_status multipart_finish(const struct multipart *m, struct lw_error *err)
{
    if (m->state != MULTIPART_EPILOGUE)
        return lw_fail(err, LW_ETRUNCATED, "the form ends before its last boundary");
    return LW_OK;
}
