/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/proba.h"

#include "learn/link.h"

void proba_normalise(float *p, size_t n_rows, size_t k)
{
    for (size_t r = 0; r < n_rows; r++, p += k) {
        double sum = 0;

        for (size_t c = 0; c < k; c++)
            sum += (double)p[c];
        for (size_t c = 0; c < k; c++)
            p[c] = (float)(sum > 0 ? (double)p[c] / sum : 1 / (double)k);
    }
}

void proba_log(float *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (float)link_log(p[i] > 1e-7f ? (double)p[i] : 1e-7);
}

enum lw_status proba_no_reasons(const struct lw_model *m, const float *row,
                                uint32_t class_idx, double *phi, struct lw_error *err)
{
    (void)row;
    (void)class_idx;
    (void)phi;
    return lw_fail(err, LW_EUNSUPPORTED,
                   "a model of kind %s does not say which columns moved a score",
                   lw_model_kind(m));
}
