/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a file: f32 quantiles of the normal training rows' distances, ascending, then the
 * distance (learn/mahalanobis.c).
 */
#include "detect/normality.h"

#include "base/mem.h"
#include "detect/quantile.h"
#include "learn/link.h"
#include "learn/prep.h"

#include <math.h>

void normality_release(struct normality *n)
{
    mahalanobis_free(n->distance);
    n->distance = NULL;
}

enum lw_status normality_fit(struct normality *n, const struct lw_matrix *x,
                             const uint32_t *labels, struct lw_error *err)
{
    struct lw_matrix rows = {0};
    uint32_t *group = NULL; /* one for all */
    float *distance = NULL;
    enum lw_status st = prep_gather(&rows, x, labels, 0, err);

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
        for (size_t r = 0; r < rows.n_rows; r++) {
            float *row = rows.x + r * rows.n_cols;

            link_squash_all(row, rows.n_cols, row);
            distance[r] = mahalanobis_distance(n->distance, row, NULL);
        }
        quantile_fit(n->quantile, NORMALITY_QUANTILES, distance, rows.n_rows);
    }
out:
    mem_free(group);
    mem_free(distance);
    lw_matrix_release(&rows);
    return st;
}

float normality_log_p(const struct normality *n, const float *squashed)
{
    float d = mahalanobis_distance(n->distance, squashed, NULL);

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
