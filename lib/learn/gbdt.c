/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradient-boosted trees: XGBoost grows them, and from then on they are ours.
 */
#include "base/mem.h"
#include "learn/forest.h"
#include "learn/forest_xgboost.h"
#include "learn/gbdt_xgboost.h"
#include "learn/model_ops.h"
#include "learn/treeshap.h"

struct gbdt {
    struct lw_model base;
    struct forest *forest; /* owned */
};

static const struct forest *forest_of(const struct lw_model *m)
{
    return ((const struct gbdt *)m)->forest;
}

static void gbdt_free(struct lw_model *m)
{
    struct gbdt *g = (struct gbdt *)m;

    forest_free(g->forest);
    mem_free(g);
}

const struct forest *model_forest_of(const struct lw_model *m)
{
    return m->ops == &model_gbdt ? forest_of(m) : NULL;
}

enum lw_status model_of_forest(struct lw_model **out, struct forest *forest,
                               struct lw_error *err)
{
    struct gbdt *g = mem_zalloc(1, sizeof *g);

    if (g == NULL) {
        forest_free(forest);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    g->base.ops = &model_gbdt;
    g->base.n_cols = forest->n_cols;
    g->base.n_classes = forest->n_classes;
    g->forest = forest;
    *out = &g->base;
    return LW_OK;
}

static enum lw_status gbdt_fit(struct lw_model **out, const struct model_task *task,
                               struct lw_error *err)
{
    struct booster *b = NULL;
    struct forest *forest = NULL;
    enum lw_status st;

    st = booster_fit(&b, task, err);
    if (st == LW_OK)
        st = booster_export(&forest, b, err);
    booster_free(b);
    return st == LW_OK ? model_of_forest(out, forest, err) : st;
}

static void gbdt_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                         float *out)
{
    forest_predict(forest_of(m), rows, n_rows, out);
}

/* Of two classes the trees score only the second; the first has 0.  The scores move to
 * their places from the end. */
static void gbdt_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                         float *out)
{
    forest_margins(forest_of(m), rows, n_rows, out);
    if (m->n_classes > 2)
        return;
    for (size_t r = n_rows; r-- > 0;) {
        out[2 * r + 1] = out[r];
        out[2 * r] = 0;
    }
}

static enum lw_status gbdt_contributions(const struct lw_model *m, const float *row,
                                         uint32_t class_idx, double *phi,
                                         struct lw_error *err)
{
    return treeshap_row(forest_of(m), row, class_idx, phi, err);
}

static enum lw_status gbdt_to_c(const struct lw_model *m, const char *name,
                                struct buf *out, struct lw_error *err)
{
    (void)err;
    forest_part_to_c(forest_of(m), name, out);
    return LW_OK;
}

static void gbdt_save(const struct lw_model *m, struct buf *out)
{
    forest_save(forest_of(m), out);
}

static enum lw_status gbdt_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                uint32_t n_classes, struct lw_error *err)
{
    struct forest *forest = NULL;
    enum lw_status st = forest_load(&forest, s, n_cols, n_classes, err);

    return st == LW_OK ? model_of_forest(out, forest, err) : st;
}

const struct model_ops model_gbdt = {
    .name = "gbdt",
    .doc = "gradient-boosted trees by XGBoost",
    .fit = gbdt_fit,
    .predict = gbdt_predict,
    .margins = gbdt_margins,
    .contributions = gbdt_contributions,
    .to_c = gbdt_to_c,
    .save = gbdt_save,
    .load = gbdt_load,
    .free = gbdt_free,
};
