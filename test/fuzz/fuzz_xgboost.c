/* SPDX-License-Identifier: Apache-2.0 */
/* XGBoost's model files; trees that are taken predict, and come back as they went. */
#include "base/assert.h"
#include "base/mem.h"
#include "fuzz.h"
#include "learn/forest_xgboost.h"

#include <math.h>
#include <string.h>

enum { COLS_MAX = 4096 };

static void score(const struct forest *f, float *out)
{
    float *row = mem_zalloc(f->n_cols, sizeof *row);

    if (row == NULL)
        return;
    row[0] = NAN;
    forest_margins(f, row, 1, out);
    mem_free(row);
}

static void there_and_back(const struct forest *f)
{
    float before[FOREST_CLASSES_MAX] = {0};
    float after[FOREST_CLASSES_MAX] = {0};
    struct forest *again = NULL;
    struct buf text;

    buf_init(&text);
    forest_to_xgboost(f, &text);
    if (buf_ok(&text) && forest_from_xgboost(&again, span_of(buf_text(&text), text.len),
                                             NULL) == LW_OK) {
        LW_ASSERT(again->n_nodes == f->n_nodes);
        if (f->n_cols <= COLS_MAX && f->base == again->base) {
            score(f, before);
            score(again, after);
            LW_ASSERT(memcmp(before, after, sizeof before) == 0);
        }
    }
    forest_free(again);
    buf_release(&text);
}

void fuzz_one(const uint8_t *data, size_t n_bytes)
{
    struct forest *f = NULL;

    if (forest_from_xgboost(&f, span_of(data, n_bytes), NULL) == LW_OK)
        there_and_back(f);
    forest_free(f);
}
