/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/novelty.h"

#include "detect/quantile.h"

#include <math.h>
#include <stdlib.h>

void novelty_release(struct novelty *n)
{
    mahalanobis_free(n->distance);
    n->distance = NULL;
}

void novelty_calibrate(struct novelty *n, float *confidence, float *distance,
                       size_t n_rows)
{
    size_t k = (size_t)(NOVELTY_SHARE * (double)n_rows);

    qsort(confidence, n_rows, sizeof *confidence, quantile_order);
    quantile_fit(n->quantile, NOVELTY_QUANTILES, distance, n_rows);
    n->least_confidence = confidence[k];
    n->farthest = distance[n_rows - 1 - k];
}

float novelty_p_value(const struct novelty *n, float distance)
{
    return quantile_p_value(n->quantile, NOVELTY_QUANTILES, distance);
}

bool novelty_rejects(const struct novelty *n, float confidence, float distance)
{
    return confidence < n->least_confidence || distance > n->farthest;
}

void novelty_save(const struct novelty *n, struct buf *out)
{
    buf_add_f32(out, n->least_confidence);
    buf_add_f32(out, n->farthest);
    quantile_save(n->quantile, NOVELTY_QUANTILES, out);
    mahalanobis_save(n->distance, out);
}

enum lw_status novelty_load(struct novelty *n, struct span in, struct lw_error *err)
{
    bool ok = span_take_f32(&in, &n->least_confidence) &&
              span_take_f32(&in, &n->farthest) && isfinite(n->least_confidence) &&
              isfinite(n->farthest) &&
              quantile_load(n->quantile, NOVELTY_QUANTILES, &in);

    if (!ok)
        return lw_fail(err, LW_EFORMAT, "the calibration is damaged");
    return mahalanobis_load(&n->distance, &in, err);
}
