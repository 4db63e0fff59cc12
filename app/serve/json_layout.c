/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/json_layout.h"

#include "serve/plain.h"

#include <string.h>

void json_layout_begin(struct json_layout *l)
{
    l->n = 0;
    l->at = 0;
    l->is_known = false;
    l->learns = true;
}

/* The gap up to `upto`; what is behind it begins at `next`. */
static void keep_gap(struct json_layout *l, struct span text, size_t upto, size_t next,
                     int tag)
{
    struct json_gap *gap = &l->gaps[l->n];
    size_t n = upto - l->at;

    if (n > JSON_LAYOUT_GAP_MAX) {
        l->learns = false;
        return;
    }
    memcpy(gap->bytes, text.p + l->at, n);
    gap->n = (uint16_t)n;
    gap->tag = (int16_t)tag;
    l->at = next;
}

void json_layout_note(struct json_layout *l, struct span text,
                      const struct flatjson_member *m, int tag)
{
    size_t quote = m->kind == FLATJSON_TEXT ? 1 : 0;
    size_t at = (size_t)((uintptr_t)m->value.p - (uintptr_t)text.p);

    /* What was unescaped does not lie in the text; what was cut has no quote behind. */
    if (l->n == JSON_LAYOUT_MEMBERS_MAX ||
        (m->kind != FLATJSON_NUMBER && m->kind != FLATJSON_TEXT) ||
        !span_has(text, at, m->value.n + quote) ||
        (quote == 1 && text.p[at + m->value.n] != '"'))
        l->learns = false;
    if (!l->learns)
        return;
    keep_gap(l, text, at - quote, at + m->value.n + quote, tag);
    l->n++;
}

void json_layout_end(struct json_layout *l, struct span text)
{
    if (l->learns)
        keep_gap(l, text, text.n, text.n, -1);
    l->is_known = l->learns;
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Plain characters between quotes, not so many that flatjson_read() cuts them. */
static const char *read_word(const char *p, const char *end, struct layout_value *out)
{
    const char *begin = ++p;

    while (p < end && is_plain((uint8_t)*p))
        p++;
    if (p == end || *p != '"' || p - begin > FLATJSON_KEY_MAX)
        return NULL;
    out->text = span_of(begin, (size_t)(p - begin));
    return p + 1;
}

/* JSON has no number that begins with 0 and another digit. */
static const char *read_number(const char *p, const char *end, struct layout_value *out)
{
    out->text = span_of(NULL, 0);
    if (*p == '0' && end - p > 1 && p[1] >= '0' && p[1] <= '9')
        return NULL;
    return plain_read(p, end, &out->number);
}

static bool starts_with(const char *p, const char *end, const struct json_gap *gap)
{
    return (size_t)(end - p) >= gap->n && memcmp(p, gap->bytes, gap->n) == 0;
}

bool json_layout_read(const struct json_layout *l, struct span text,
                      struct layout_value out[JSON_LAYOUT_MEMBERS_MAX])
{
    const char *p = (const char *)text.p;
    const char *end = p + text.n;

    if (!l->is_known)
        return false;
    for (size_t i = 0; i < l->n; i++) {
        const struct json_gap *gap = &l->gaps[i];

        if (!starts_with(p, end, gap))
            return false;
        p += gap->n;
        if (p == end)
            return false;
        out[i].tag = gap->tag;
        p = *p == '"' ? read_word(p, end, &out[i]) : read_number(p, end, &out[i]);
        if (p == NULL)
            return false;
    }
    return starts_with(p, end, &l->gaps[l->n]) && p + l->gaps[l->n].n == end;
}
