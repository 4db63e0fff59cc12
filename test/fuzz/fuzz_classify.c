/* SPDX-License-Identifier: Apache-2.0 */
/* The body of POST /classify.  What our scanner takes for JSON, jansson must, and the
 * other way round; what becomes a row is made of numbers that a model may see. */
#include "base/assert.h"
#include "base/json.h"
#include "fuzz.h"
#include "serve/classify_form.h"
#include "serve/flatjson.h"

#include <math.h>
#include <string.h>

static enum lw_status ignore_member(void *ctx, const struct flatjson_member *m,
                                    struct lw_error *err)
{
    (void)ctx;
    (void)err;
    LW_ASSERT(m->key.n <= FLATJSON_KEY_MAX);
    return LW_OK;
}

/* jansson stores numbers and refuses what it cannot store; we only pass them on. */
static bool is_only_jansson_s(const char *msg)
{
    return strstr(msg, "duplicate") != NULL || strstr(msg, "too big") != NULL ||
           strstr(msg, "too small") != NULL || strstr(msg, "overflow") != NULL ||
           strstr(msg, "NUL byte") != NULL;
}

static void compare_with_jansson(struct span text)
{
    struct lw_error err;
    struct json_doc *doc = NULL;
    enum lw_status ours = flatjson_read(text, ignore_member, NULL, &err);
    enum lw_status theirs = json_parse(&doc, text.p, text.n, FLATJSON_DEPTH_MAX, &err);

    /* A zero byte behind a number escapes jansson 2.14. */
    if (memchr(text.p, 0, text.n) != NULL)
        LW_ASSERT(ours != LW_OK);
    else if (theirs == LW_OK)
        LW_ASSERT((ours == LW_OK) == (json_kind(json_root(doc)) == JSON_KIND_OBJECT));
    else if (ours == LW_OK)
        LW_ASSERT(theirs == LW_ENOMEM || is_only_jansson_s(err.msg));
    json_free(doc);
}

static void check_row(const struct classify_row *row)
{
    for (uint16_t i = 0; i < row->view->n_features; i++) {
        const struct lw_feature *f = &row->view->features[i];

        LW_ASSERT(isfinite(row->values[i]));
        if (f->type == LW_FEATURE_NUMBER)
            LW_ASSERT(row->values[i] >= 0);
        else
            LW_ASSERT(row->values[i] >= -1 && row->values[i] < f->n_categories);
    }
    for (const char *p = row->ignored; *p != '\0'; p++)
        LW_ASSERT(*p >= ' ' && *p <= '~');
}

/* A body is read alike by whoever has just read it. */
static void compare_with_memory(const struct classify_form *form, struct span text,
                                enum lw_status st, const struct classify_row *row)
{
    static struct classify_memory memory;
    struct classify_row again;
    struct lw_error err;

    memset(&memory, 0, sizeof memory);
    for (int i = 0; i < 2; i++) {
        LW_ASSERT(classify_form_read(form, text, &memory, &again, &err) == st);
        LW_ASSERT(strcmp(again.field, row->field) == 0);
        if (st != LW_OK)
            continue;
        LW_ASSERT(again.view == row->view);
        LW_ASSERT(strcmp(again.ignored, row->ignored) == 0);
        LW_ASSERT(memcmp(again.values, row->values,
                         row->view->n_features * sizeof row->values[0]) == 0);
    }
}

void fuzz_one(const uint8_t *data, size_t n)
{
    static struct classify_form *form; /* for the life of the process */
    struct span text = span_of(data, n);
    struct classify_row row;
    struct lw_error err;
    enum lw_status st;

    if (form == NULL && classify_form_new(&form, lw_view_get("kdd"),
                                          lw_view_get("kdd31"), &err) != LW_OK)
        return;
    if (n > 0)
        compare_with_jansson(text);
    st = classify_form_read(form, text, NULL, &row, &err);
    compare_with_memory(form, text, st, &row);
    if (st == LW_OK)
        check_row(&row);
    else
        LW_ASSERT((st == LW_EINVAL) == (row.field[0] != '\0'));
}
