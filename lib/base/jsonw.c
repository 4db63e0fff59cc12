/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonw.h"

#include "base/assert.h"
#include "base/numfmt.h"
#include "base/put.h"

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

static void put_escaped(struct buf *out, const uint8_t *p, size_t n)
{
    char text[PUT_JSON_FACTOR];

    for (size_t at = 0, used; at < n; at += used)
        buf_add(out, text, (size_t)(put_json_char(text, p + at, n - at, &used) - text));
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

void jsonw_put_text(struct jsonw *w, const char *key, const char *s)
{
    jsonw_key(w, key);
    jsonw_text(w, s);
}

void jsonw_put_u64(struct jsonw *w, const char *key, uint64_t v)
{
    jsonw_key(w, key);
    jsonw_u64(w, v);
}

void jsonw_put_f64(struct jsonw *w, const char *key, double v)
{
    jsonw_key(w, key);
    jsonw_f64(w, v);
}

void jsonw_put_bool(struct jsonw *w, const char *key, bool v)
{
    jsonw_key(w, key);
    jsonw_bool(w, v);
}
