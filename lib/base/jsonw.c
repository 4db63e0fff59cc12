/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonw.h"

#include "base/assert.h"
#include "base/numfmt.h"

#include <math.h>
#include <string.h>

void jsonw_init(struct jsonw *w, struct buf *out)
{
    *w = (struct jsonw){.out = out};
}

static void before_item(struct jsonw *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->has_item[w->depth])
        buf_add_char(w->out, ',');
    w->has_item[w->depth] = true;
}

static void open_level(struct jsonw *w, char c)
{
    before_item(w);
    buf_add_char(w->out, c);
    LW_ASSERT(w->depth + 1 < JSONW_DEPTH_MAX);
    w->has_item[++w->depth] = false;
}

static void close_level(struct jsonw *w, char c)
{
    LW_ASSERT(w->depth > 0 && !w->after_key);
    w->depth--;
    buf_add_char(w->out, c);
}

void jsonw_object(struct jsonw *w)
{
    open_level(w, '{');
}

void jsonw_object_end(struct jsonw *w)
{
    close_level(w, '}');
}

void jsonw_array(struct jsonw *w)
{
    open_level(w, '[');
}

void jsonw_array_end(struct jsonw *w)
{
    close_level(w, ']');
}

/* Length of the well-formed UTF-8 sequence at p, 0 if there is none (RFC 3629). */
static size_t utf8_length(const uint8_t *p, size_t n)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80             ? 1
                 : (p[0] & 0xe0) == 0xc0 ? 2
                 : (p[0] & 0xf0) == 0xe0 ? 3
                 : (p[0] & 0xf8) == 0xf0 ? 4
                                         : 0;
    uint32_t code;

    if (len <= 1 || len > n)
        return len == 1 ? 1 : 0;
    code = p[0] & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return len;
}

static void put_escaped(struct buf *out, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = utf8_length(p + i, n - i);

        if (len == 0) {
            buf_add_text(out, "\\ufffd");
            i++;
            continue;
        }
        if (p[i] == '"' || p[i] == '\\')
            buf_printf(out, "\\%c", p[i]);
        else if (p[i] < 0x20 || p[i] == 0x7f)
            buf_printf(out, "\\u%04x", p[i]);
        else
            buf_add(out, p + i, len);
        i += len;
    }
}

void jsonw_text_n(struct jsonw *w, const char *s, size_t n)
{
    before_item(w);
    buf_add_char(w->out, '"');
    put_escaped(w->out, (const uint8_t *)s, n);
    buf_add_char(w->out, '"');
}

void jsonw_text(struct jsonw *w, const char *s)
{
    jsonw_text_n(w, s, strlen(s));
}

void jsonw_key(struct jsonw *w, const char *key)
{
    LW_ASSERT(!w->after_key);
    jsonw_text(w, key);
    buf_add_char(w->out, ':');
    w->after_key = true;
}

void jsonw_u64(struct jsonw *w, uint64_t v)
{
    before_item(w);
    buf_printf(w->out, "%llu", (unsigned long long)v);
}

void jsonw_i64(struct jsonw *w, int64_t v)
{
    before_item(w);
    buf_printf(w->out, "%lld", (long long)v);
}

void jsonw_f32(struct jsonw *w, float v)
{
    char text[NUMFMT_MAX];

    before_item(w);
    (void)numfmt_f32(v, text);
    buf_add_text(w->out, isfinite(v) ? text : "null");
}

void jsonw_f64(struct jsonw *w, double v)
{
    char text[NUMFMT_MAX];

    before_item(w);
    (void)numfmt_f64(v, text);
    buf_add_text(w->out, isfinite(v) ? text : "null");
}

void jsonw_bool(struct jsonw *w, bool v)
{
    before_item(w);
    buf_add_text(w->out, v ? "true" : "false");
}

void jsonw_null(struct jsonw *w)
{
    before_item(w);
    buf_add_text(w->out, "null");
}

void jsonw_raw(struct jsonw *w, const char *json)
{
    before_item(w);
    buf_add_text(w->out, json);
}
