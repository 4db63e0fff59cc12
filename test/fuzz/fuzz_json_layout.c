/* SPDX-License-Identifier: Apache-2.0 */
/* Two lines of JSON.  Where the second is read by the layout of the first, the reader
 * of any JSON must find the same in it. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "fuzz.h"
#include "serve/json_layout.h"

#include <string.h>

struct lesson {
    struct json_layout layout;
    struct layout_value values[JSON_LAYOUT_MEMBERS_MAX];
    struct span text;
    int n;
};

static enum lw_status learn(void *ctx, const struct flatjson_member *m,
                            struct lw_error *err)
{
    struct lesson *l = ctx;

    (void)err;
    json_layout_note(&l->layout, l->text, m, l->n++ % 1000);
    return LW_OK;
}

static enum lw_status compare(void *ctx, const struct flatjson_member *m,
                              struct lw_error *err)
{
    struct lesson *l = ctx;
    const struct layout_value *v = &l->values[l->n];
    double number;

    (void)err;
    LW_ASSERT((size_t)l->n < l->layout.n && v->tag == l->n);
    if (v->text.p != NULL) {
        LW_ASSERT(m->kind == FLATJSON_TEXT && m->value.n == v->text.n);
        LW_ASSERT(m->value.n == 0 || memcmp(m->value.p, v->text.p, v->text.n) == 0);
    } else {
        LW_ASSERT(m->kind == FLATJSON_NUMBER);
        LW_ASSERT(numfmt_parse((const char *)m->value.p, m->value.n, &number));
        LW_ASSERT((float)number == v->number);
    }
    l->n++;
    return LW_OK;
}

void fuzz_one(const uint8_t *data, size_t n)
{
    const uint8_t *end = n == 0 ? NULL : memchr(data, '\n', n);
    struct lesson *l = mem_zalloc(1, sizeof *l);

    if (l == NULL || end == NULL) {
        mem_free(l);
        return;
    }
    l->text = span_of(data, (size_t)(end - data));
    json_layout_begin(&l->layout);
    if (flatjson_read(l->text, learn, l, NULL) == LW_OK) {
        json_layout_end(&l->layout, l->text);
        l->text = span_from(span_of(data, n), l->text.n + 1);
        l->n = 0;
        if (json_layout_read(&l->layout, l->text, l->values)) {
            LW_ASSERT(flatjson_read(l->text, compare, l, NULL) == LW_OK);
            LW_ASSERT((size_t)l->n == l->layout.n);
        }
    }
    mem_free(l);
}
