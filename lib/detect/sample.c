/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sample.h"

#include "base/rng.h"
#include "learn/link.h"

#include <math.h>
#include <string.h>

/* A column that hardly varies among normal rows must not outweigh all others. */
#define SD_MIN 0.05

/* Each row is taken with the chance that makes what is left come out even (Knuth, TAOCP
 * 2, 3.4.2, algorithm S). */
enum lw_status sample_choose(struct lw_matrix *out, const struct train_set *s,
                             uint64_t seed, struct lw_error *err)
{
    size_t width = s->view->n_features;
    struct rng rng;
    size_t left = 0;
    size_t wanted;
    size_t n = 0;
    enum lw_status st;

    for (size_t r = 0; r < s->x.n_rows; r++)
        left += s->label[r] == LW_KDD_NORMAL ? 1 : 0;
    wanted = left < SAMPLE_ROWS ? left : SAMPLE_ROWS;
    st = lw_matrix_init(out, wanted, width, err);
    rng_init(&rng, seed);
    for (size_t r = 0; st == LW_OK && n < wanted; r++) {
        if (s->label[r] != LW_KDD_NORMAL)
            continue;
        if (rng_below(&rng, left--) < wanted - n)
            memcpy(out->x + n++ * width, s->x.x + r * width, width * sizeof(float));
    }
    return st;
}

void sample_save(const struct lw_matrix *sample, struct buf *out)
{
    buf_add_le32(out, (uint32_t)sample->n_rows);
    for (size_t i = 0; i < sample->n_rows * sample->n_cols; i++)
        buf_add_f32(out, sample->x[i]);
}

enum lw_status sample_load(struct lw_matrix *out, struct span in, size_t n_features,
                           struct lw_error *err)
{
    uint32_t n;
    enum lw_status st;

    if (!span_take_le32(&in, &n) || n == 0 || n > SAMPLE_ROWS_MAX ||
        in.n != (size_t)n * n_features * sizeof(float))
        return lw_fail(err, LW_EFORMAT, "the normal records' section is damaged");
    st = lw_matrix_init(out, n, n_features, err);
    for (size_t i = 0; st == LW_OK && i < n * n_features; i++)
        (void)span_take_f32(&in, &out->x[i]);
    return st;
}

void sample_spread(const struct lw_matrix *sample, float *mean, float *sd)
{
    for (size_t c = 0; c < sample->n_cols; c++) {
        double sum = 0;
        double squares = 0;
        double n = 0;

        for (size_t r = 0; r < sample->n_rows; r++) {
            double v = (double)link_squash(sample->x[r * sample->n_cols + c]);

            if (isnan(v))
                continue;
            sum += v;
            squares += v * v;
            n += 1;
        }
        mean[c] = n > 0 ? (float)(sum / n) : 0.0f;
        sd[c] = n > 0 ? (float)fmax(sqrt(fmax(squares / n - (sum / n) * (sum / n), 0)),
                                    SD_MIN)
                      : 1.0f;
    }
}
