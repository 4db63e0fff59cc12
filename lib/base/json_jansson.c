/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one user of jansson.  A json_value is jansson's json_t under another name, a
 * json_doc its root, so no tree is copied.  jansson stops at 2,048 levels by itself;
 * hostile depth is refused before it sees the text, by counting brackets outside
 * strings.
 */
#include "base/json.h"

#include <jansson.h>

#include <stdint.h>
#include <string.h>

static bool too_deep(const char *p, size_t n, unsigned max_depth)
{
    unsigned depth = 0;
    bool in_text = false;

    for (size_t i = 0; i < n; i++) {
        if (in_text) {
            if (p[i] == '\\')
                i++;
            else if (p[i] == '"')
                in_text = false;
        } else if (p[i] == '"') {
            in_text = true;
        } else if (p[i] == '{' || p[i] == '[') {
            if (++depth > max_depth)
                return true;
        } else if ((p[i] == '}' || p[i] == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

enum lw_status json_parse(struct json_doc **out, const void *text, size_t n_bytes,
                          unsigned max_depth, struct lw_error *err)
{
    json_error_t why;
    json_t *root;

    if (too_deep(text, n_bytes, max_depth))
        return lw_fail(err, LW_ELIMIT, "JSON nested deeper than %u levels", max_depth);
    root = json_loadb(text, n_bytes,
                      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (root == NULL) {
        if (json_error_code(&why) == json_error_out_of_memory)
            return lw_fail(err, LW_ENOMEM, "out of memory");
        return lw_fail(err, LW_EFORMAT, "not JSON: line %d, column %d: %s", why.line,
                       why.column, why.text);
    }
    *out = (struct json_doc *)root;
    return LW_OK;
}

void json_free(struct json_doc *doc)
{
    json_decref((json_t *)doc);
}

static const json_t *native(const struct json_value *v)
{
    return (const json_t *)v;
}

const struct json_value *json_root(const struct json_doc *doc)
{
    return (const struct json_value *)doc;
}

enum json_kind json_kind(const struct json_value *v)
{
    if (v == NULL)
        return JSON_KIND_ABSENT;
    switch (json_typeof(native(v))) {
    case JSON_OBJECT:
        return JSON_KIND_OBJECT;
    case JSON_ARRAY:
        return JSON_KIND_ARRAY;
    case JSON_STRING:
        return JSON_KIND_TEXT;
    case JSON_INTEGER:
    case JSON_REAL:
        return JSON_KIND_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return JSON_KIND_BOOL;
    case JSON_NULL:
        return JSON_KIND_NULL;
    }
    return JSON_KIND_ABSENT;
}

const struct json_value *json_get(const struct json_value *object, const char *key)
{
    return (const struct json_value *)json_object_get(native(object), key);
}

size_t json_length(const struct json_value *array)
{
    return json_array_size(native(array));
}

const struct json_value *json_at(const struct json_value *array, size_t i)
{
    return (const struct json_value *)json_array_get(native(array), i);
}

bool json_number(const struct json_value *v, double *out)
{
    if (!json_is_number(native(v)))
        return false;
    *out = json_number_value(native(v));
    return true;
}

const char *json_text(const struct json_value *v)
{
    return json_string_value(native(v));
}

bool json_truth(const struct json_value *v)
{
    return v != NULL && json_typeof(native(v)) == JSON_TRUE;
}

void *json_next(const struct json_value *object, void *iter, const char **key,
                const struct json_value **value)
{
    /* jansson's iterators take a pointer they do not write through. */
    json_t *o = (json_t *)(uintptr_t)object;
    void *next;

    if (!json_is_object(o))
        return NULL;
    next = iter == NULL ? json_object_iter(o) : json_object_iter_next(o, iter);
    if (next == NULL)
        return NULL;
    *key = json_object_iter_key(next);
    *value = (const struct json_value *)json_object_iter_value(next);
    return next;
}
