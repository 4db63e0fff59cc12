/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include "base/assert.h"
#include "base/rng.h"

#include <float.h>
#include <math.h>

float sample_value(struct rng *r, size_t col)
{
    static const float odd[] = {NAN, INFINITY, -INFINITY, FLT_MAX};
    uint64_t kind = rng_below(r, 40);

    if (kind < sizeof odd / sizeof odd[0])
        return odd[kind];
    if (col % 2 == 0)
        return (float)rng_below(r, 6) / 4;
    return (float)(rng_unit(r) * 100 - 50);
}

static uint32_t sample_label(struct rng *r, const float *row, uint32_t n_classes)
{
    float sum = row[0] * 2 + (row[1] > 0 ? 1.0f : 0.0f) + (row[3] > 20 ? row[4] : 0.0f);

    if (!(fabsf(sum) < 100))
        sum = isnan(row[2]) ? 3 : 1;
    return (uint32_t)(fabsf(sum) + (float)rng_below(r, 2)) % n_classes;
}

void sample_init(struct sample *s, uint32_t n_classes, uint64_t seed)
{
    enum lw_status st = lw_matrix_init(&s->x, SAMPLE_ROWS, SAMPLE_COLS, NULL);
    struct rng r;

    LW_ASSERT(st == LW_OK && n_classes <= SAMPLE_CLASSES_MAX);
    rng_init(&r, seed);
    s->n_classes = n_classes;
    for (size_t i = 0; i < SAMPLE_ROWS; i++) {
        float *row = s->x.x + i * SAMPLE_COLS;

        for (size_t c = 0; c < SAMPLE_COLS; c++)
            row[c] = sample_value(&r, c);
        s->labels[i] = sample_label(&r, row, n_classes);
        s->weights[i] = 0.25f + (float)rng_unit(&r);
    }
}

void sample_release(struct sample *s)
{
    lw_matrix_release(&s->x);
}
