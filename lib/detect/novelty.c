/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/novelty.h"

#include <math.h>
#include <stdlib.h>

void novelty_release(struct novelty *n)
{
    mahalanobis_free(n->distance);
    n->distance = NULL;
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

void novelty_calibrate(struct novelty *n, float *confidence, float *distance,
                       size_t n_rows)
{
    size_t k = (size_t)(NOVELTY_SHARE * (double)n_rows);

    qsort(confidence, n_rows, sizeof *confidence, ascending);
    qsort(distance, n_rows, sizeof *distance, ascending);
    n->least_confidence = confidence[k];
    n->farthest = distance[n_rows - 1 - k];
    for (size_t i = 0; i < NOVELTY_QUANTILES; i++)
        n->quantile[i] = distance[i * (n_rows - 1) / (NOVELTY_QUANTILES - 1)];
}

float novelty_p_value(const struct novelty *n, float distance)
{
    size_t lo = 0; /* quantiles below lo are smaller than the distance */
    size_t hi = NOVELTY_QUANTILES;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (n->quantile[mid] < distance)
            lo = mid + 1;
        else
            hi = mid;
    }
    /* One is added on both sides: the row itself is as strange as itself, and no
     * p-value is 0 (Vovk et al., Algorithmic Learning in a Random World, 2005). */
    return (float)(NOVELTY_QUANTILES - lo + 1) / (float)(NOVELTY_QUANTILES + 1);
}

bool novelty_rejects(const struct novelty *n, float confidence, float distance)
{
    return confidence < n->least_confidence || distance > n->farthest;
}

void novelty_save(const struct novelty *n, struct buf *out)
{
    buf_add_f32(out, n->least_confidence);
    buf_add_f32(out, n->farthest);
    for (size_t i = 0; i < NOVELTY_QUANTILES; i++)
        buf_add_f32(out, n->quantile[i]);
    mahalanobis_save(n->distance, out);
}

enum lw_status novelty_load(struct novelty *n, struct span in, struct lw_error *err)
{
    bool ok = span_take_f32(&in, &n->least_confidence) &&
              span_take_f32(&in, &n->farthest) && isfinite(n->least_confidence) &&
              isfinite(n->farthest);

    for (size_t i = 0; ok && i < NOVELTY_QUANTILES; i++)
        ok = span_take_f32(&in, &n->quantile[i]) && isfinite(n->quantile[i]) &&
             (i == 0 || n->quantile[i] >= n->quantile[i - 1]);
    if (!ok)
        return lw_fail(err, LW_EFORMAT, "the calibration is damaged");
    return mahalanobis_load(&n->distance, &in, err);
}
