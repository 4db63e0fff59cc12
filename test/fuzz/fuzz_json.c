/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text; what parses is gone through and written again. */
#include "base/assert.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "fuzz.h"

enum { DEPTH_MAX = 8 };

static void copy(struct jsonw *w, const struct json_value *v, unsigned depth);

static void copy_object(struct jsonw *w, const struct json_value *v, unsigned depth)
{
    const struct json_value *member;
    const char *key;
    void *iter = NULL;

    jsonw_object(w);
    while ((iter = json_next(v, iter, &key, &member)) != NULL) {
        LW_ASSERT(json_get(v, key) == member);
        jsonw_key(w, key);
        copy(w, member, depth + 1);
    }
    jsonw_object_end(w);
}

static void copy_array(struct jsonw *w, const struct json_value *v, unsigned depth)
{
    jsonw_array(w);
    for (size_t i = 0; i < json_length(v); i++)
        copy(w, json_at(v, i), depth + 1);
    jsonw_array_end(w);
}

static void copy(struct jsonw *w, const struct json_value *v, unsigned depth)
{
    double number;

    LW_ASSERT(depth <= DEPTH_MAX);
    switch (json_kind(v)) {
    case JSON_KIND_OBJECT:
        copy_object(w, v, depth);
        break;
    case JSON_KIND_ARRAY:
        copy_array(w, v, depth);
        break;
    case JSON_KIND_TEXT:
        jsonw_text(w, json_text(v));
        break;
    case JSON_KIND_NUMBER:
        LW_ASSERT(json_number(v, &number));
        jsonw_f64(w, number);
        break;
    case JSON_KIND_BOOL:
        jsonw_bool(w, json_truth(v));
        break;
    case JSON_KIND_NULL:
    case JSON_KIND_ABSENT:
        jsonw_null(w);
        break;
    }
}

void fuzz_one(const uint8_t *data, size_t n)
{
    struct json_doc *doc = NULL;
    struct json_doc *again = NULL;
    struct lw_error err;
    struct jsonw w;
    struct buf b;

    if (json_parse(&doc, data, n, DEPTH_MAX, &err) != LW_OK)
        return;
    buf_init(&b);
    jsonw_init(&w, &b);
    copy(&w, json_root(doc), 0);
    /* Our own text is good JSON, unless memory ran out on the way. */
    if (buf_ok(&b) && json_parse(&again, b.data, b.len, DEPTH_MAX, &err) != LW_OK)
        LW_ASSERT(err.code == LW_ENOMEM);
    json_free(again);
    buf_release(&b);
    json_free(doc);
}
