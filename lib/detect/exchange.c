/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonw.h"
#include "base/outfile.h"
#include "base/stream.h"
#include "detect/classifier_priv.h"
#include "learn/forest_xgboost.h"
#include "learn/model_c.h"

#include <lapwing/exchange.h>

#include <string.h>

/* A file of trees is kept whole while it is read. */
enum { TREES_BYTES_MAX = 1 << 30 };

enum lw_status lw_classifier_export(const struct lw_classifier *c, enum lw_exchange as,
                                    const char *path, struct lw_error *err)
{
    const struct forest *f = model_forest_of(c->model);
    struct outfile *file = NULL;
    enum lw_status st = LW_OK;
    struct buf text;

    if (f == NULL && as == LW_EXCHANGE_XGBOOST)
        return lw_fail(
            err, LW_EUNSUPPORTED,
            "the model is of kind %s, and a file of XGBoost holds one set of "
            "boosted trees (gbdt)%s",
            lw_model_kind(c->model),
            c->model->ops->to_c != NULL ? "; --c writes all of it as C" : "");
    buf_init(&text);
    if (as == LW_EXCHANGE_C)
        st = model_to_c(c->model, "lapwing", &text, err);
    else
        forest_to_xgboost(f, &text);
    if (st == LW_OK && !buf_ok(&text))
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    if (st == LW_OK)
        st = outfile_open(&file, path, err);
    if (st == LW_OK) {
        (void)fwrite(buf_text(&text), 1, text.len, outfile_stream(file));
        st = outfile_commit(file, err);
    }
    buf_release(&text);
    return st;
}

static enum lw_status read_trees(struct forest **out, const char *path,
                                 struct lw_error *err)
{
    struct lw_error why = {LW_OK, ""};
    struct stream *in = NULL;
    struct span bytes;
    enum lw_status st = stream_open(&in, path, err);
    size_t n = 1 << 16;

    if (st != LW_OK)
        return st;
    do {
        n *= 2;
        st = stream_peek(in, n, &bytes, &why);
    } while (st == LW_OK && bytes.n >= n && n < TREES_BYTES_MAX);
    if (st == LW_OK && bytes.n >= n)
        st = lw_fail(&why, LW_ELIMIT, "larger than %d bytes", TREES_BYTES_MAX);
    if (st == LW_OK)
        st = forest_from_xgboost(out, bytes, &why);
    stream_close(in);
    return st == LW_OK ? LW_OK : lw_fail(err, st, "%s: %.200s", path, why.msg);
}

/* The classifier as it is, but for model and provenance. */
static enum lw_status save_with(const struct lw_classifier *like, struct lw_model *m,
                                const char *trees, const char *path,
                                struct lw_error *err)
{
    const char *slash = strrchr(trees, '/'); /* the same file wherever it lies */
    struct lw_classifier c = *like;
    struct buf text;
    struct jsonw w;
    enum lw_status st;

    buf_init(&text);
    jsonw_init(&w, &text);
    jsonw_object(&w);
    jsonw_put_text(&w, "imported_from", slash == NULL ? trees : slash + 1);
    jsonw_put_text(&w, "rest_from", like->id);
    jsonw_object_end(&w);
    if (!buf_ok(&text)) {
        buf_release(&text);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    c.model = m;
    c.provenance = text.data;
    /* These were set on the scores of other trees. */
    c.calibration.n_classes = 0;
    c.conformal_sets.n_classes = 0;
    st = classifier_save(&c, path, err);
    buf_release(&text);
    return st;
}

enum lw_status lw_classifier_import(const struct lw_classifier *like, const char *trees,
                                    const char *path, struct lw_error *err)
{
    struct forest *f = NULL;
    struct lw_model *m = NULL;
    enum lw_status st = read_trees(&f, trees, err);

    if (st != LW_OK)
        return st;
    if (f->n_cols != lw_model_columns(like->model) || f->n_classes != like->n_classes) {
        st = lw_fail(err, LW_EMISMATCH,
                     "%s: trees over %u columns for %u classes; the other model has %u "
                     "and %u",
                     trees, f->n_cols, f->n_classes, lw_model_columns(like->model),
                     like->n_classes);
        forest_free(f);
        return st;
    }
    if (like->conformal != NULL) {
        forest_free(f);
        return lw_fail(err, LW_EUNSUPPORTED,
                       "the other model learnt from normal rows alone, which trees "
                       "cannot replace");
    }
    st = model_of_forest(&m, f, err);
    if (st == LW_OK)
        st = save_with(like, m, trees, path, err);
    lw_model_free(m);
    return st;
}
