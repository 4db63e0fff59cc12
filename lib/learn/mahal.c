/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Mahalanobis distance to the mean of the normal rows (mahalanobis.h) as a kind of
 * model.  The score is the distance's logarithm.
 *
 * In a file: curve (anomaly.h); the distance (mahalanobis.c).
 */
#include "base/mem.h"
#include "learn/anomaly.h"
#include "learn/link.h"
#include "learn/mahalanobis.h"
#include "learn/prep.h"
#include "learn/proba.h"

struct mahal {
    struct lw_model base;
    struct anomaly_link link;
    struct mahalanobis *distance; /* of one group; owned */
};

static void mahal_free(struct lw_model *m)
{
    struct mahal *d = (struct mahal *)m;

    anomaly_release(&d->link);
    mahalanobis_free(d->distance);
    mem_free(d);
}

static struct mahal *mahal_new(uint32_t n_cols, uint32_t n_classes)
{
    struct mahal *d = mem_zalloc(1, sizeof *d);

    if (d != NULL)
        d->base = (struct lw_model){&model_mahal, n_cols, n_classes};
    return d;
}

static double mahal_score(const struct lw_model *m, const float *row)
{
    const struct mahal *d = (const struct mahal *)m;
    float squashed[MAHALANOBIS_COLUMNS_MAX];

    link_squash_all(row, m->n_cols, squashed);
    return link_log((double)mahalanobis_distance(d->distance, squashed, NULL) + 1e-9);
}

static enum lw_status fit_distance(struct mahal *d, const struct model_task *t,
                                   struct lw_error *err)
{
    struct lw_matrix normal = {0};
    uint32_t *group = NULL;
    enum lw_status st = prep_gather(&normal, t->x, t->labels, 0, err);

    if (st != LW_OK)
        return st;
    group = mem_zalloc(normal.n_rows, sizeof *group);
    st = group == NULL ? lw_fail(err, LW_ENOMEM, "out of memory")
                       : mahalanobis_fit(&d->distance, &normal, group, 1, err);
    mem_free(group);
    lw_matrix_release(&normal);
    return st;
}

static enum lw_status mahal_fit(struct lw_model **out, const struct model_task *t,
                                struct lw_error *err)
{
    struct mahal *d = mahal_new((uint32_t)t->x->n_cols, t->n_classes);
    enum lw_status st;

    if (d == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    st = fit_distance(d, t, err);
    if (st == LW_OK)
        st = anomaly_fit(&d->link, &d->base, mahal_score, NULL, t, err);
    if (st == LW_OK)
        *out = &d->base;
    else
        mahal_free(&d->base);
    return st;
}

static void mahal_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                          float *out)
{
    anomaly_predict(&((const struct mahal *)m)->link, m, mahal_score, rows, n_rows,
                    out);
}

static void mahal_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                          float *out)
{
    anomaly_margins(&((const struct mahal *)m)->link, m, mahal_score, rows, n_rows,
                    out);
}

static void mahal_save(const struct lw_model *m, struct buf *out)
{
    const struct mahal *d = (const struct mahal *)m;

    anomaly_save(&d->link, out);
    mahalanobis_save(d->distance, out);
}

static enum lw_status mahal_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                 uint32_t n_classes, struct lw_error *err)
{
    struct mahal *d = mahal_new(n_cols, n_classes);
    enum lw_status st;

    if (d == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    st = anomaly_load(&d->link, &s, n_classes, err);
    if (st == LW_OK)
        st = mahalanobis_load(&d->distance, &s, err);
    if (st == LW_OK && (s.n != 0 || mahalanobis_columns(d->distance) != n_cols))
        st = lw_fail(err, LW_EFORMAT, "the distance from normal is damaged");
    if (st == LW_OK)
        *out = &d->base;
    else
        mahal_free(&d->base);
    return st;
}

const struct model_ops model_mahal = {
    .name = "mahal",
    .doc = "Mahalanobis distance; learns from normal rows only",
    .fit = mahal_fit,
    .predict = mahal_predict,
    .margins = mahal_margins,
    .contributions = proba_no_reasons,
    .score = mahal_score,
    .save = mahal_save,
    .load = mahal_load,
    .free = mahal_free,
};
