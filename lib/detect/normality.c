/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a file: f32 quantiles of the normal training rows' distances, ascending, then the
 * distance (learn/mahalanobis.c).
 */
#include "detect/normality.h"

#include "base/mem.h"
#include "detect/quantile.h"
#include "learn/link.h"

#include <math.h>
#include <string.h>

void normality_release(struct normality *n)
{
    mahalanobis_free(n->distance);
    n->distance = NULL;
}

static enum lw_status gather_normal(struct lw_matrix *out, const struct lw_matrix *x,
                                    const uint32_t *labels, struct lw_error *err)
{
    size_t n = 0;
    enum lw_status st;

    for (size_t r = 0; r < x->n_rows; r++)
        n += labels[r] == 0 ? 1 : 0;
    if (n == 0)
        return lw_fail(err, LW_EINVAL, "no normal rows to learn from");
    st = lw_matrix_init(out, n, x->n_cols, err);
    n = 0;
    for (size_t r = 0; st == LW_OK && r < x->n_rows; r++)
        if (labels[r] == 0)
            memcpy(out->x + n++ * x->n_cols, x->x + r * x->n_cols,
                   x->n_cols * sizeof *x->x);
    return st;
}

enum lw_status normality_fit(struct normality *n, const struct lw_matrix *x,
                             const uint32_t *labels, struct lw_error *err)
{
    struct lw_matrix rows = {0};
    uint32_t *group = NULL; /* one for all */
    float *distance = NULL;
    enum lw_status st = gather_normal(&rows, x, labels, err);

    if (st != LW_OK)
        return st;
    group = mem_zalloc(rows.n_rows, sizeof *group);
    distance = mem_zalloc(rows.n_rows, sizeof *distance);
    if (group == NULL || distance == NULL) {
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu distances", rows.n_rows);
        goto out;
    }
    st = mahalanobis_fit(&n->distance, &rows, group, 1, err);
    if (st == LW_OK) {
        for (size_t r = 0; r < rows.n_rows; r++)
            distance[r] =
                mahalanobis_distance(n->distance, rows.x + r * rows.n_cols, NULL);
        quantile_fit(n->quantile, NORMALITY_QUANTILES, distance, rows.n_rows);
    }
out:
    mem_free(group);
    mem_free(distance);
    lw_matrix_release(&rows);
    return st;
}

float normality_log_p(const struct normality *n, const float *row)
{
    float d = mahalanobis_distance(n->distance, row, NULL);

    return (float)link_log(
        (double)quantile_p_value(n->quantile, NORMALITY_QUANTILES, d));
}

void normality_save(const struct normality *n, struct buf *out)
{
    quantile_save(n->quantile, NORMALITY_QUANTILES, out);
    mahalanobis_save(n->distance, out);
}

enum lw_status normality_load(struct normality *n, struct span in, struct lw_error *err)
{
    enum lw_status st;

    if (!quantile_load(n->quantile, NORMALITY_QUANTILES, &in))
        return lw_fail(err, LW_EFORMAT, "the distance from normal is damaged");
    st = mahalanobis_load(&n->distance, &in, err);
    if (st == LW_OK && in.n != 0)
        return lw_fail(err, LW_EFORMAT, "the distance from normal is damaged");
    return st;
}
