/* SPDX-License-Identifier: Apache-2.0 */
#include "data/csv_line.h"

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

static bool add_field(struct csv_line *l, const char *p, size_t n)
{
    if (l->n == l->cap) {
        struct csv_field *f = mem_grow(l->fields, &l->cap, l->n + 1, sizeof *f);

        if (f == NULL)
            return false;
        l->fields = f;
    }
    while (n > 0 && (*p == ' ' || *p == '\t')) {
        p++;
        n--;
    }
    while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
        n--;
    l->fields[l->n++] = (struct csv_field){p, n};
    return true;
}

/* A quoted field starts at p[*at]; its content goes to the scratch buffer, where room
 * for the whole line was made before, so that earlier fields stay where they are. */
static enum csv_outcome quoted_field(struct csv_line *l, struct span text, size_t *at,
                                     char delimiter)
{
    size_t start = l->scratch.len;
    size_t i = *at + 1;

    for (;; i++) {
        const char *p = (const char *)text.p + i;

        if (i >= text.n)
            return CSV_OPEN_QUOTE;
        if (*p != '"') {
            buf_add_char(&l->scratch, *p);
        } else if (i + 1 < text.n && p[1] == '"') {
            buf_add_char(&l->scratch, '"');
            i++;
        } else {
            break;
        }
    }
    /* What follows the closing quote up to the delimiter is not part of the field. */
    for (i++; i < text.n && (char)text.p[i] != delimiter;)
        i++;
    *at = i;
    return add_field(l, l->scratch.data + start, l->scratch.len - start)
               ? CSV_OK
               : CSV_NO_MEMORY;
}

enum csv_outcome csv_line_split(struct csv_line *l, struct span text, char delimiter)
{
    const char *p = (const char *)text.p;
    enum csv_outcome r;

    l->n = 0;
    buf_reset(&l->scratch);
    if (text.n > 0 && p[text.n - 1] == '\r')
        text.n--;
    if (text.n == 0)
        return CSV_OK;
    if (memchr(p, '"', text.n) != NULL && !buf_reserve(&l->scratch, text.n + 1))
        return CSV_NO_MEMORY;
    for (size_t at = 0;; at++) {
        if (at < text.n && p[at] == '"') {
            r = quoted_field(l, text, &at, delimiter);
            if (r != CSV_OK)
                return r;
        } else {
            size_t left = text.n - at;
            const char *end = left == 0 ? NULL : memchr(p + at, delimiter, left);
            size_t n = end == NULL ? left : (size_t)(end - (p + at));

            if (!add_field(l, p + at, n))
                return CSV_NO_MEMORY;
            at += n;
        }
        if (at >= text.n)
            return CSV_OK;
    }
}
