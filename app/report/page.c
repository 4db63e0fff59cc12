/* SPDX-License-Identifier: Apache-2.0 */
#include "report/page.h"

#include "base/digest.h"
#include "base/outfile.h"
#include "report/report_assets.h"

void report_put_eval(struct jsonw *w, const struct lw_eval *e, const char *const *names)
{
    jsonw_key(w, "eval");
    jsonw_object(w);
    jsonw_key(w, "names");
    jsonw_array(w);
    for (uint32_t k = 0; k < e->n_classes; k++)
        jsonw_text(w, names[k]);
    jsonw_array_end(w);
    jsonw_key(w, "matrix");
    jsonw_array(w);
    for (uint32_t t = 0; t < e->n_classes; t++) {
        jsonw_array(w);
        for (uint32_t s = 0; s <= e->n_classes; s++)
            jsonw_u64(w, e->confusion[t][s]);
        jsonw_array_end(w);
    }
    jsonw_array_end(w);
    jsonw_put_f64(w, "accuracy", e->accuracy);
    jsonw_put_f64(w, "macro_f1", e->macro_f1);
    jsonw_put_f64(w, "mcc", e->mcc);
    jsonw_put_f64(w, "roc_auc", e->roc_auc);
    jsonw_put_f64(w, "pr_auc", e->pr_auc);
    jsonw_object_end(w);
}

static void put_reliability(struct jsonw *w, const char *key, const struct lw_curve *c)
{
    jsonw_key(w, key);
    jsonw_array(w);
    for (size_t b = 0; b < c->n_reliability; b++) {
        jsonw_array(w);
        jsonw_f64(w, c->reliability[b].mean_score);
        jsonw_u64(w, c->reliability[b].n_rows);
        jsonw_u64(w, c->reliability[b].n_attacks);
        jsonw_array_end(w);
    }
    jsonw_array_end(w);
}

void report_put_calibrated(struct jsonw *w, const struct lw_curve *c)
{
    put_reliability(w, "calibrated", c);
}

static void put_bins(struct jsonw *w, const struct lw_curve *c)
{
    jsonw_key(w, "bins");
    jsonw_array(w);
    for (size_t k = 0; k < 2; k++) {
        jsonw_array(w);
        for (size_t b = 0; b < LW_CURVE_BINS; b++)
            jsonw_u64(w, c->bins[k][b]);
        jsonw_array_end(w);
    }
    jsonw_array_end(w);
    put_reliability(w, "reliability", c);
}

void report_put_curve(struct jsonw *w, const struct lw_curve *c)
{
    jsonw_key(w, "curve");
    jsonw_object(w);
    jsonw_put_u64(w, "normal", c->n_rows[0]);
    jsonw_put_u64(w, "attacks", c->n_rows[1]);
    jsonw_key(w, "points");
    jsonw_array(w);
    for (size_t i = 0; i < c->n_points; i++) {
        jsonw_array(w);
        jsonw_f32(w, c->points[i].threshold);
        jsonw_u64(w, c->points[i].true_pos);
        jsonw_u64(w, c->points[i].false_pos);
        jsonw_array_end(w);
    }
    jsonw_array_end(w);
    put_bins(w, c);
    jsonw_object_end(w);
}

static void add_hash(struct buf *b, const struct report_asset *a)
{
    uint8_t digest[SHA256_BYTES];
    char text[4 * ((SHA256_BYTES + 2) / 3) + 1];

    digest_sha256(a->data, a->size, digest);
    digest_base64(digest, sizeof digest, text);
    buf_printf(b, " 'sha256-%s'", text);
}

static void add_element(struct buf *b, const char *tag, const struct report_asset *a)
{
    buf_printf(b, "<%s>", tag);
    buf_add(b, a->data, a->size);
    buf_printf(b, "</%s>\n", tag);
}

/* In JSON, < stands in strings only: written as an escape, no text ends the block. */
static void add_data(struct buf *b, const char *json)
{
    for (; *json != '\0'; json++) {
        if (*json == '<')
            buf_add_text(b, "\\u003c");
        else
            buf_add_char(b, *json);
    }
}

enum { STYLE, FIRST_SCRIPT, N_SHARED = 3, OWN_MAX = 2 };

/* The scripts of a page, in the order that they run in; returns their number. */
static size_t own_scripts(enum report_kind kind,
                          const struct report_asset *out[OWN_MAX])
{
    size_t n = 0;

    out[n++] = &report_assets[N_SHARED + kind];
    if (kind == REPORT_TRAIN || kind == REPORT_LEARNT)
        out[n++] = &report_assets[N_SHARED + REPORT_TEST];
    return n;
}

static void add_page(struct buf *b, enum report_kind kind, const char *json)
{
    const struct report_asset *own[OWN_MAX];
    size_t n_own = own_scripts(kind, own);

    buf_add_text(
        b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
           "'none'; base-uri 'none'; form-action 'none'; style-src");
    add_hash(b, &report_assets[STYLE]);
    buf_add_text(b, "; script-src");
    for (size_t i = FIRST_SCRIPT; i < N_SHARED; i++)
        add_hash(b, &report_assets[i]);
    for (size_t i = 0; i < n_own; i++)
        add_hash(b, own[i]);
    buf_add_text(b, "\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"
                    "<title>Lapwing report</title>\n");
    add_element(b, "style", &report_assets[STYLE]);
    buf_add_text(
        b, "</head>\n<body>\n<main id=\"page\"><noscript>This report draws itself "
           "with the scripts it carries.</noscript></main>\n"
           "<script type=\"application/json\" id=\"data\">");
    add_data(b, json);
    buf_add_text(b, "</script>\n");
    for (size_t i = FIRST_SCRIPT; i < N_SHARED; i++)
        add_element(b, "script", &report_assets[i]);
    for (size_t i = 0; i < n_own; i++)
        add_element(b, "script", own[i]);
    buf_add_text(b, "</body>\n</html>\n");
}

static enum lw_status save(const char *path, const struct buf *b, struct lw_error *err)
{
    struct outfile *f = NULL;
    enum lw_status st;

    if (!buf_ok(b))
        return lw_fail(err, LW_ENOMEM, "%s: out of memory for the report", path);
    st = outfile_open(&f, path, err);
    if (st != LW_OK)
        return st;
    (void)fwrite(b->data, 1, b->len, outfile_stream(f));
    return outfile_commit(f, err);
}

enum lw_status report_write(const char *path, enum report_kind kind, const char *title,
                            report_put_fn put, const void *of, struct lw_error *err)
{
    struct buf json;
    struct buf page;
    struct jsonw w;
    enum lw_status st;

    buf_init(&json);
    buf_init(&page);
    jsonw_init(&w, &json);
    jsonw_object(&w);
    jsonw_put_text(&w, "title", title);
    put(&w, of);
    jsonw_object_end(&w);
    add_page(&page, kind, buf_text(&json));
    page.failed |= !buf_ok(&json);
    st = save(path, &page, err);
    buf_release(&json);
    buf_release(&page);
    return st;
}
