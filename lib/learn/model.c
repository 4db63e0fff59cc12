/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of estimators, and what is the same for all of them: checking arguments
 * and the header of the stored form, little-endian:
 *
 *   offset  size  meaning
 *        0     8  kind, padded with zeros ("gbdt")
 *        8     4  version of this layout and the kind's, 1
 *       12     4  number of columns of a row
 *       16     4  number of classes
 *       20     n  the estimator's own bytes, to the end
 */
#include "base/assert.h"
#include "base/mem.h"
#include "learn/model_ops.h"
#include "learn/model_option.h"

#include <math.h>
#include <string.h>

enum { KIND_BYTES = 8, MODEL_VERSION = 1 };

static const struct model_ops *const kinds[] = {
    &model_gbdt,        &model_tree,      &model_forest, &model_ada,    &model_bayes,
    &model_knn,         &model_isolation, &model_lof,    &model_pca,    &model_logit,
    &model_linsvm,      &model_svm,       &model_ocsvm,  &model_mlp,    &model_blend,
    &model_autoencoder, &model_mahal,     &model_hist,   &model_limits, &model_mean,
    &model_cascade,     &model_versus,
};

bool lw_model_kind_at(size_t i, struct lw_model_kind *out)
{
    if (i >= sizeof kinds / sizeof kinds[0])
        return false;
    *out = (struct lw_model_kind){kinds[i]->name, kinds[i]->doc, kinds[i]->options,
                                  kinds[i]->n_options};
    return true;
}

const struct model_ops *model_ops_get(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

static const char *stored_name(const struct model_ops *ops)
{
    return ops->stored != NULL ? ops->stored : ops->name;
}

static const struct model_ops *find_stored_kind(struct span padded)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char name[KIND_BYTES] = {0};

        memcpy(name, stored_name(kinds[i]), strlen(stored_name(kinds[i])));
        if (memcmp(name, padded.p, KIND_BYTES) == 0)
            return kinds[i];
    }
    return NULL;
}

static enum lw_status check_task(const struct model_task *t, struct lw_error *err)
{
    if (t->x->n_rows == 0 || t->x->n_cols == 0)
        return lw_fail(err, LW_EINVAL, "nothing to learn from: %zu rows, %zu columns",
                       t->x->n_rows, t->x->n_cols);
    if (t->n_classes < 2)
        return lw_fail(err, LW_EINVAL, "%u classes; a classifier needs at least 2",
                       t->n_classes);
    for (size_t i = 0; i < t->x->n_rows; i++) {
        if (t->labels[i] >= t->n_classes)
            return lw_fail(err, LW_EINVAL, "row %zu: label %u of %u classes", i,
                           t->labels[i], t->n_classes);
        if (t->weights != NULL && !(isfinite(t->weights[i]) && t->weights[i] >= 0))
            return lw_fail(err, LW_EINVAL, "row %zu: weight %g", i,
                           (double)t->weights[i]);
    }
    return LW_OK;
}

enum lw_status lw_model_fit(struct lw_model **out, const char *kind,
                            const struct lw_model_params *params,
                            const struct lw_matrix *x, const uint32_t *labels,
                            uint32_t n_classes, const float *weights,
                            struct lw_error *err)
{
    static const struct lw_model_params defaults;
    double option[LW_MODEL_OPTIONS_MAX];
    const struct model_task task = {.params = params == NULL ? &defaults : params,
                                    .x = x,
                                    .labels = labels,
                                    .weights = weights,
                                    .n_classes = n_classes,
                                    .option = option};
    const struct model_ops *ops = model_ops_get(kind);
    enum lw_status st;

    if (ops == NULL)
        return lw_fail(err, LW_EINVAL, "no estimator is called \"%s\"", kind);
    st = model_options_read(
        option,
        &(struct lw_model_kind){ops->name, ops->doc, ops->options, ops->n_options},
        task.params->options, err);
    if (st == LW_OK)
        st = check_task(&task, err);
    return st == LW_OK ? ops->fit(out, &task, err) : st;
}

void lw_model_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                      float *out)
{
    m->ops->predict(m, rows, n_rows, out);
}

void model_class_weights(const struct model_task *t, bool balanced, double *weight)
{
    double n_rows[MODEL_CLASSES_MAX] = {0};
    double sum = 0;

    for (uint32_t k = 0; k < t->n_classes; k++)
        weight[k] = 0;
    for (size_t r = 0; r < t->x->n_rows; r++) {
        double w = t->weights == NULL ? 1 : (double)t->weights[r];

        n_rows[t->labels[r]]++;
        weight[t->labels[r]] += w;
        sum += w;
    }
    for (uint32_t k = 0; k < t->n_classes; k++) {
        double all = balanced ? sum / t->n_classes : weight[k];

        /* A weight of nothing at all still lets the class be seen. */
        weight[k] = n_rows[k] > 0 ? fmax(all / n_rows[k], 1e-12) : 0;
    }
}

void model_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                   float *out)
{
    m->ops->margins(m, rows, n_rows, out);
}

uint32_t model_latent(const struct lw_model *m, const float *rows, size_t n_rows,
                      float *out)
{
    return m->ops->latent == NULL ? 0 : m->ops->latent(m, rows, n_rows, out);
}

enum lw_status lw_model_contributions(const struct lw_model *m, const float *row,
                                      uint32_t class_idx, double *phi,
                                      struct lw_error *err)
{
    LW_ASSERT(class_idx < m->n_classes);
    return m->ops->contributions(m, row, class_idx, phi, err);
}

uint32_t lw_model_classes(const struct lw_model *m)
{
    return m->n_classes;
}

uint32_t lw_model_columns(const struct lw_model *m)
{
    return m->n_cols;
}

const char *lw_model_kind(const struct lw_model *m)
{
    return m->ops->name;
}

void lw_model_free(struct lw_model *m)
{
    if (m != NULL)
        m->ops->free(m);
}

void model_save(const struct lw_model *m, struct buf *out)
{
    const char *name = stored_name(m->ops);
    size_t n = strlen(name);

    LW_ASSERT(n < KIND_BYTES);
    buf_add(out, name, n);
    for (; n < KIND_BYTES; n++)
        buf_add_u8(out, 0);
    buf_add_le32(out, MODEL_VERSION);
    buf_add_le32(out, m->n_cols);
    buf_add_le32(out, m->n_classes);
    m->ops->save(m, out);
}

enum lw_status model_load(struct lw_model **out, struct span s, struct lw_error *err)
{
    const struct model_ops *ops;
    struct span name;
    uint32_t version;
    uint32_t n_cols;
    uint32_t n_classes;

    if (!span_take(&s, KIND_BYTES, &name) || !span_take_le32(&s, &version) ||
        !span_take_le32(&s, &n_cols) || !span_take_le32(&s, &n_classes))
        return lw_fail(err, LW_ETRUNCATED, "estimator: cut off in its header");
    ops = find_stored_kind(name);
    if (ops == NULL)
        return lw_fail(err, LW_EUNSUPPORTED,
                       "estimator of a kind that this version does not know");
    if (version != MODEL_VERSION)
        return lw_fail(err, LW_EUNSUPPORTED,
                       "estimator layout %u; this version reads %d: update lapwing",
                       version, MODEL_VERSION);
    return ops->load(out, s, n_cols, n_classes, err);
}
