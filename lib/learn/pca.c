/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a row lies from the plane that normal rows lie near (Shyu and others, "A
 * novel anomaly detection scheme based on principal component classifier", 2003): the
 * length of what is left of it after taking away its parts along the principal
 * components that hold most of the normal rows' variance.  The score is that length's
 * logarithm.
 *
 * In a file: scales (prep.h); curve (anomaly.h); u32 number of components; f32 mean
 * (n_cols); f32 components (n_components, n_cols).
 */
#include "base/mem.h"
#include "learn/anomaly.h"
#include "learn/eigen.h"
#include "learn/link.h"
#include "learn/model_option.h"
#include "learn/prep.h"
#include "learn/proba.h"
#include "learn/store.h"

#include <math.h>

enum { SCALE, COMPONENTS, VARIANCE };

static const struct lw_model_option pca_options[] = {
    [SCALE] = PREP_OPTION,
    [COMPONENTS] = MODEL_WHOLE("components", 0, 0, EIGEN_MAX,
                               "how many to take away; 0: as `variance` says"),
    [VARIANCE] = MODEL_NUMBER("variance", 0.95, 0, 1,
                              "share of the variance that the components hold"),
};

struct pca {
    struct lw_model base;
    struct prep prep;
    struct anomaly_link link;
    float *mean;      /* (n_cols), owned */
    float *component; /* (n_components, n_cols), owned */
    uint32_t n_components;
};

static void pca_free(struct lw_model *m)
{
    struct pca *p = (struct pca *)m;

    prep_release(&p->prep);
    anomaly_release(&p->link);
    mem_free(p->mean);
    mem_free(p->component);
    mem_free(p);
}

static enum lw_status pca_new(struct pca **out, uint32_t n_cols, uint32_t n_classes,
                              struct lw_error *err)
{
    struct pca *p;

    if (n_cols > EIGEN_MAX)
        return lw_fail(err, LW_ELIMIT,
                       "principal components of %u columns; %d are possible", n_cols,
                       EIGEN_MAX);
    p = mem_zalloc(1, sizeof *p);
    if (p == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    p->base = (struct lw_model){&model_pca, n_cols, n_classes};
    p->mean = mem_zalloc(n_cols, sizeof *p->mean);
    if (p->mean == NULL) {
        mem_free(p);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    *out = p;
    return LW_OK;
}

/* The rest is taken part by part, not as a difference of squares: where little is left,
 * the difference would be rounding. */
static double pca_score(const struct lw_model *m, const float *row)
{
    const struct pca *p = (const struct pca *)m;
    uint32_t d = m->n_cols;
    float x[PREP_COLS_MAX];
    double z[EIGEN_MAX];
    double rest = 0;

    prep_row(&p->prep, row, x);
    for (uint32_t c = 0; c < d; c++)
        z[c] = (double)x[c] - (double)p->mean[c];
    for (uint32_t i = 0; i < p->n_components; i++) {
        const float *v = p->component + (size_t)i * d;
        double along = 0;

        for (uint32_t c = 0; c < d; c++)
            along += z[c] * (double)v[c];
        for (uint32_t c = 0; c < d; c++)
            z[c] -= along * (double)v[c];
    }
    for (uint32_t c = 0; c < d; c++)
        rest += z[c] * z[c];
    return 0.5 * link_log(rest + 1e-12);
}

/* ---- fitting ---- */

/* As few as hold the share; at least one, and one less than there are columns, for
 * otherwise nothing is left. */
static uint32_t how_many(const double *value, size_t n, const double *option)
{
    double all = 0;
    double held = 0;
    uint32_t k = 0;

    for (size_t i = 0; i < n; i++)
        all += value[i] > 0 ? value[i] : 0;
    if (option[COMPONENTS] > 0)
        k = (uint32_t)option[COMPONENTS];
    else
        while (k < n && held < option[VARIANCE] * all)
            held += value[k++];
    k = k < 1 ? 1 : k;
    return k < n ? k : n > 1 ? (uint32_t)n - 1 : 1;
}

static enum lw_status find_components(struct pca *p, const struct lw_matrix *x,
                                      const double *option, struct lw_error *err)
{
    size_t d = x->n_cols;
    double *room = mem_zalloc(2 * d * d + d, sizeof *room);
    double *vector = room == NULL ? NULL : room + d * d;
    double *value = room == NULL ? NULL : room + 2 * d * d;

    if (room == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a covariance");
    eigen_covariance(x->x, x->n_rows, d, p->mean, room);
    eigen_symmetric(room, d, value, vector);
    p->n_components = how_many(value, d, option);
    p->component = mem_zalloc(p->n_components * d, sizeof *p->component);
    for (size_t i = 0; p->component != NULL && i < p->n_components * d; i++)
        p->component[i] = (float)vector[i];
    mem_free(room);
    return p->component == NULL ? lw_fail(err, LW_ENOMEM, "out of memory") : LW_OK;
}

static enum lw_status pca_fit(struct lw_model **out, const struct model_task *t,
                              struct lw_error *err)
{
    struct lw_matrix normal = {0};
    struct pca *p = NULL;
    enum lw_status st = pca_new(&p, (uint32_t)t->x->n_cols, t->n_classes, err);

    if (p == NULL)
        return st;
    st = prep_fit(&p->prep, (enum prep_scale)t->option[SCALE], t->x, t->labels, 0, err);
    if (st == LW_OK)
        st = prep_rows(&p->prep, &normal, t->x, t->labels, 0, err);
    if (st == LW_OK)
        st = find_components(p, &normal, t->option, err);
    lw_matrix_release(&normal);
    if (st == LW_OK)
        st = anomaly_fit(&p->link, &p->base, pca_score, NULL, t, err);
    if (st == LW_OK)
        *out = &p->base;
    else
        pca_free(&p->base);
    return st;
}

/* ---- use ---- */

static void pca_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                        float *out)
{
    anomaly_predict(&((const struct pca *)m)->link, m, pca_score, rows, n_rows, out);
}

static void pca_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                        float *out)
{
    anomaly_margins(&((const struct pca *)m)->link, m, pca_score, rows, n_rows, out);
}

static void pca_save(const struct lw_model *m, struct buf *out)
{
    const struct pca *p = (const struct pca *)m;

    prep_save(&p->prep, out);
    anomaly_save(&p->link, out);
    buf_add_le32(out, p->n_components);
    store_floats(out, p->mean, m->n_cols);
    store_floats(out, p->component, (size_t)p->n_components * m->n_cols);
}

static enum lw_status load_components(struct pca *p, struct span s,
                                      struct lw_error *err)
{
    size_t d = p->base.n_cols;

    if (!span_take_le32(&s, &p->n_components))
        return lw_fail(err, LW_ETRUNCATED, "principal components: cut off");
    if (p->n_components < 1 || p->n_components > d ||
        s.n != 4 * d * (1 + (uint64_t)p->n_components))
        return lw_fail(err, LW_EFORMAT, "principal components: %zu bytes for %u", s.n,
                       p->n_components);
    p->component = mem_zalloc(p->n_components * d, sizeof *p->component);
    if (p->component == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    if (!store_take_floats(&s, p->mean, d, PREP_VALUE_MAX) ||
        !store_take_floats(&s, p->component, p->n_components * d, 1.001f))
        return lw_fail(err, LW_EFORMAT, "principal components: out of range");
    return LW_OK;
}

static enum lw_status pca_load(struct lw_model **out, struct span s, uint32_t n_cols,
                               uint32_t n_classes, struct lw_error *err)
{
    struct pca *p = NULL;
    enum lw_status st = pca_new(&p, n_cols, n_classes, err);

    if (p == NULL)
        return st;
    st = prep_load(&p->prep, &s, n_cols, err);
    if (st == LW_OK)
        st = anomaly_load(&p->link, &s, n_classes, err);
    if (st == LW_OK)
        st = load_components(p, s, err);
    if (st == LW_OK)
        *out = &p->base;
    else
        pca_free(&p->base);
    return st;
}

const struct model_ops model_pca = {
    .name = "pca",
    .doc = "distance from the principal components; learns from normal rows only",
    .options = pca_options,
    .n_options = sizeof pca_options / sizeof pca_options[0],
    .fit = pca_fit,
    .predict = pca_predict,
    .margins = pca_margins,
    .contributions = proba_no_reasons,
    .score = pca_score,
    .save = pca_save,
    .load = pca_load,
    .free = pca_free,
};
