/* SPDX-License-Identifier: Apache-2.0 */
#include "base/csv_line.h"

#include "base/mem.h"

#include <string.h>

void csv_line_init(struct csv_line *l)
{
    *l = (struct csv_line){0};
}

void csv_line_release(struct csv_line *l)
{
    mem_free(l->fields);
    buf_release(&l->scratch);
    csv_line_init(l);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct csv_field csv_trim(const char *p, size_t n)
{
    while (n > 0 && is_blank(*p)) {
        p++;
        n--;
    }
    while (n > 0 && is_blank(p[n - 1]))
        n--;
    return (struct csv_field){p, n};
}

static bool add_field(struct csv_line *l, struct csv_field field)
{
    struct csv_field *f = mem_grow(l->fields, &l->cap, l->n + 1, sizeof *f);

    if (f == NULL)
        return false;
    l->fields = f;
    l->fields[l->n++] = field;
    return true;
}

bool csv_line_add(struct csv_line *l, const char *p, size_t n)
{
    return add_field(l, csv_trim(p, n));
}

/* A quoted field starts at text[*at].  Its content goes to the scratch buffer, which
 * has room for the whole line, so that earlier fields stay where they are.  *at becomes
 * the place of the delimiter behind it, or the line's length. */
static enum csv_outcome quoted_field(struct csv_line *l, struct span text, size_t *at,
                                     char delimiter)
{
    const char *p = (const char *)text.p;
    size_t start = l->scratch.len;
    size_t i = *at + 1;

    for (;; i++) {
        if (i >= text.n)
            return CSV_OPEN_QUOTE;
        if (p[i] == '"') {
            if (i + 1 == text.n || p[i + 1] != '"')
                break;
            i++; /* a doubled quote stands for one */
        }
        buf_add_char(&l->scratch, p[i]);
    }
    i++;
    while (i < text.n && p[i] != delimiter && is_blank(p[i]))
        i++;
    if (i < text.n && p[i] != delimiter)
        return CSV_AFTER_QUOTE;
    *at = i;
    return add_field(
               l, (struct csv_field){l->scratch.data + start, l->scratch.len - start})
               ? CSV_OK
               : CSV_NO_MEMORY;
}

enum csv_outcome csv_line_split(struct csv_line *l, struct span text, char delimiter,
                                bool quotes)
{
    const char *p = (const char *)text.p;

    l->n = 0;
    buf_reset(&l->scratch);
    if (text.n == 0)
        return CSV_OK;
    quotes = quotes && memchr(p, '"', text.n) != NULL;
    if (quotes && !buf_reserve(&l->scratch, text.n + 1))
        return CSV_NO_MEMORY;
    for (size_t at = 0;; at++) {
        size_t left = text.n - at;

        if (quotes && left > 0 && p[at] == '"') {
            enum csv_outcome r = quoted_field(l, text, &at, delimiter);

            if (r != CSV_OK)
                return r;
        } else {
            const char *end = left == 0 ? NULL : memchr(p + at, delimiter, left);
            size_t n = end == NULL ? left : (size_t)(end - (p + at));

            if (!csv_line_add(l, p + at, n))
                return CSV_NO_MEMORY;
            at += n;
        }
        if (at >= text.n)
            return CSV_OK;
    }
}

enum csv_outcome csv_line_split_zeek(struct csv_line *l, struct span text,
                                     char delimiter)
{
    struct csv_field rest;
    const char *gap;

    if (csv_line_split(l, text, delimiter, false) != CSV_OK)
        return CSV_NO_MEMORY;
    if (l->n == 0)
        return CSV_OK;
    rest = l->fields[--l->n];
    while ((gap = memmem(rest.p, rest.n, "   ", 3)) != NULL) {
        size_t n = (size_t)(gap - rest.p);

        if (!csv_line_add(l, rest.p, n))
            return CSV_NO_MEMORY;
        rest = csv_trim(rest.p + n, rest.n - n);
    }
    return csv_line_add(l, rest.p, rest.n) ? CSV_OK : CSV_NO_MEMORY;
}
