/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/features_describe.h"

#include "base/digest.h"
#include "base/jsonw.h"
#include "cmd/terminal.h"
#include "cmd/text.h"

#include <string.h>

enum { TEXT_COLUMN = 4, NAME_WIDTH = 30, EVIDENCE_WIDTH = 13 };

static const char *const source_names[LW_N_SOURCES] = {
    [LW_SOURCE_PACKETS] = "packets",
    [LW_SOURCE_BINETFLOW] = "binetflow",
    [LW_SOURCE_ZEEK] = "zeek",
};

static const char *evidence_name(enum lw_evidence e)
{
    static const char *const names[] = {
        [LW_EVIDENCE_UNAVAILABLE] = "unavailable",
        [LW_EVIDENCE_MEASURED] = "measured",
        [LW_EVIDENCE_DERIVED] = "derived",
    };

    return names[e];
}

static void hash_text(const struct lw_view *view, char out[2 * LW_VIEW_HASH_BYTES + 1])
{
    uint8_t hash[LW_VIEW_HASH_BYTES];

    lw_view_hash(view, hash);
    digest_hex(hash, sizeof hash, out);
}

static void wrap(FILE *f, const char *text)
{
    (void)fprintf(f, "%*s", TEXT_COLUMN, "");
    text_wrap(f, text, TEXT_COLUMN, TEXT_COLUMN, terminal_width(f));
}

/* A cell of source `i`; the last one ends the line. */
static void put_cell(FILE *f, int i, const char *text)
{
    if (i + 1 < LW_N_SOURCES)
        (void)fprintf(f, "%-*s", EVIDENCE_WIDTH, text);
    else
        (void)fprintf(f, "%s\n", text);
}

static void describe_feature(FILE *f, const struct lw_feature *x)
{
    struct buf text;

    buf_init(&text);
    (void)fprintf(f, "%s%-*s%s ", terminal_style(f, STYLE_BOLD), NAME_WIDTH, x->name,
                  terminal_style(f, STYLE_NONE));
    for (int i = 0; i < LW_N_SOURCES; i++)
        put_cell(f, i, evidence_name(x->evidence[i]));
    buf_printf(&text, "%s%s%s %s", x->unit, *x->unit == '\0' ? "" : ": ", x->doc,
               x->n_categories > 0 ? "One of" : "");
    for (unsigned i = 0; i < x->n_categories; i++)
        buf_printf(&text, " %s", x->categories[i]);
    wrap(f, buf_text(&text));
    buf_reset(&text);
    buf_printf(&text, "(%s)", x->source);
    wrap(f, buf_text(&text));
    buf_release(&text);
}

void features_describe(FILE *f, const struct lw_view *view)
{
    char hash[2 * LW_VIEW_HASH_BYTES + 1];

    hash_text(view, hash);
    (void)fprintf(f, "%s%s%s: %s; version %u, hash %.12s\n\n%-*s ",
                  terminal_style(f, STYLE_BOLD), view->name,
                  terminal_style(f, STYLE_NONE), view->doc, view->version, hash,
                  NAME_WIDTH, "feature");
    for (int i = 0; i < LW_N_SOURCES; i++)
        put_cell(f, i, source_names[i]);
    (void)fputc('\n', f);
    for (unsigned i = 0; i < view->n_features; i++)
        describe_feature(f, &view->features[i]);
}

static void put_feature(struct jsonw *w, const struct lw_feature *x)
{
    jsonw_object(w);
    jsonw_put_text(w, "name", x->name);
    jsonw_put_text(w, "alias", x->alias);
    jsonw_put_text(w, "type", x->type == LW_FEATURE_CATEGORY ? "category" : "number");
    jsonw_put_text(w, "unit", x->unit);
    jsonw_put_text(w, "definition", x->doc);
    jsonw_put_text(w, "source", x->source);
    jsonw_key(w, "evidence");
    jsonw_object(w);
    for (int i = 0; i < LW_N_SOURCES; i++)
        jsonw_put_text(w, source_names[i], evidence_name(x->evidence[i]));
    jsonw_object_end(w);
    jsonw_key(w, "categories");
    jsonw_array(w);
    for (unsigned i = 0; i < x->n_categories; i++)
        jsonw_text(w, x->categories[i]);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void put_view(struct jsonw *w, const struct lw_view *view)
{
    char hash[2 * LW_VIEW_HASH_BYTES + 1];

    hash_text(view, hash);
    jsonw_object(w);
    jsonw_put_text(w, "name", view->name);
    jsonw_put_text(w, "doc", view->doc);
    jsonw_put_u64(w, "version", view->version);
    jsonw_put_text(w, "hash", hash);
    jsonw_key(w, "features");
    jsonw_array(w);
    for (unsigned i = 0; i < view->n_features; i++)
        put_feature(w, &view->features[i]);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

/* And release it. */
static enum lw_status put_line(struct buf *text, FILE *f, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    buf_add_char(text, '\n');
    if (buf_ok(text))
        (void)fputs(buf_text(text), f);
    else
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    buf_release(text);
    return st;
}

enum lw_status features_schema_json(FILE *f, const struct lw_view *view,
                                    uint64_t n_rows, struct lw_error *err)
{
    struct buf text;
    struct jsonw w;

    buf_init(&text);
    jsonw_init(&w, &text);
    jsonw_object(&w);
    jsonw_put_text(&w, "dtype", "<f4");
    jsonw_key(&w, "shape");
    jsonw_array(&w);
    jsonw_u64(&w, n_rows);
    jsonw_u64(&w, view->n_features);
    jsonw_array_end(&w);
    jsonw_put_text(&w, "unavailable", "NaN");
    jsonw_key(&w, "unlisted_category");
    jsonw_f32(&w, LW_CAT_UNSEEN);
    jsonw_key(&w, "view");
    put_view(&w, view);
    jsonw_object_end(&w);
    return put_line(&text, f, err);
}

enum lw_status features_describe_json(FILE *f, const struct lw_view *view,
                                      struct lw_error *err)
{
    struct buf text;
    struct jsonw w;

    buf_init(&text);
    jsonw_init(&w, &text);
    jsonw_object(&w);
    jsonw_key(&w, "views");
    jsonw_array(&w);
    for (size_t i = 0; lw_view_at(i) != NULL; i++) {
        if (view == NULL || view == lw_view_at(i))
            put_view(&w, lw_view_at(i));
    }
    jsonw_array_end(&w);
    jsonw_object_end(&w);
    return put_line(&text, f, err);
}
