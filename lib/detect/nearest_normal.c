/* SPDX-License-Identifier: Apache-2.0 */
/* The normal record that is most like a row: on the scale of the normal records' own
 * spread, so that what varies among them anyway counts little. */
#include "detect/classifier_priv.h"
#include "learn/link.h"

#include <lapwing/explain.h>

#include <math.h>

const struct lw_matrix *lw_classifier_normals(const struct lw_classifier *c)
{
    return &c->sample;
}

static float apart(const struct lw_feature *f, float a, float b, float sd)
{
    if (isnan(a) || isnan(b))
        return 0.0f;
    if (f->type == LW_FEATURE_CATEGORY)
        return a < b || a > b ? 1.0f : 0.0f;
    return fabsf(link_squash(a) - link_squash(b)) / sd;
}

static float distance(const struct lw_view *view, const float *a, const float *b,
                      const float *sd)
{
    double sum = 0;

    for (size_t i = 0; i < view->n_features; i++) {
        double d = (double)apart(&view->features[i], a[i], b[i], sd[i]);

        sum += d * d;
    }
    return (float)sqrt(sum);
}

enum lw_status lw_classifier_nearest(const struct lw_classifier *c, const float *row,
                                     const struct lw_matrix *normals,
                                     struct lw_neighbour *out, struct lw_error *err)
{
    size_t n = c->view->n_features;
    float mean[LW_EXPLAIN_FEATURES_MAX];
    float sd[LW_EXPLAIN_FEATURES_MAX];

    if (normals == NULL)
        normals = &c->sample;
    if (normals->n_rows == 0)
        return lw_fail(err, LW_ENOTFOUND, "the model file keeps no normal records");
    *out = (struct lw_neighbour){.distance = INFINITY};
    sample_spread(normals, mean, sd);
    for (size_t r = 0; r < normals->n_rows; r++) {
        float d = distance(c->view, row, normals->x + r * n, sd);

        if (d < out->distance) {
            out->distance = d;
            out->row_idx = r;
        }
    }
    for (size_t i = 0; i < n; i++)
        out->apart[i] = apart(&c->view->features[i], row[i],
                              normals->x[out->row_idx * n + i], sd[i]);
    return LW_OK;
}
