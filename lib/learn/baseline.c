/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/baseline.h"

#include "base/assert.h"
#include "base/mem.h"

#include <lapwing/eval.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CLASSES = LW_EVAL_MAX_CLASSES, QUANTILES = 16 };

uint32_t baseline_majority(const uint32_t *labels, size_t n_rows, uint32_t n_classes)
{
    size_t count[MAX_CLASSES] = {0};
    uint32_t best = 0;

    LW_ASSERT(n_classes <= MAX_CLASSES);
    for (size_t i = 0; i < n_rows; i++) {
        LW_ASSERT(labels[i] < n_classes);
        count[labels[i]]++;
    }
    for (uint32_t c = 1; c < n_classes; c++)
        if (count[c] > count[best])
            best = c;
    return best;
}

static uint32_t bin_of(const struct one_rule *r, float v)
{
    if (isnan(v) || (r->category && (v < 0 || v + 1 >= (float)r->n_bins)))
        return 0;
    if (r->category)
        return (uint32_t)v + 1;
    for (uint32_t b = 1; b + 1 < r->n_bins; b++)
        if (v <= r->edge[b])
            return b;
    return r->n_bins - 1;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

/* Bins of one feature; `sorted` is scratch (n_rows). */
static void make_bins(struct one_rule *r, const struct lw_matrix *x, float *sorted)
{
    size_t n = 0;
    float top = -1;

    for (size_t i = 0; i < x->n_rows; i++) {
        float v = x->x[i * x->n_cols + r->feature_idx];

        if (isnan(v))
            continue;
        top = v > top ? v : top;
        sorted[n++] = v;
    }
    if (r->category) {
        r->n_bins =
            top < ONE_RULE_MAX_BINS - 2 ? (uint32_t)(top + 2) : ONE_RULE_MAX_BINS;
        return;
    }
    qsort(sorted, n, sizeof *sorted, by_value);
    r->n_bins = 1;
    for (size_t q = 1; n > 0 && q < QUANTILES; q++) {
        float edge = sorted[q * (n - 1) / QUANTILES];

        if (r->n_bins == 1 || edge > r->edge[r->n_bins - 1])
            r->edge[r->n_bins++] = edge;
    }
    r->n_bins++; /* above the last edge */
}

/* The majority in each bin; returns how many training rows that gets right. */
static size_t label_bins(struct one_rule *r, const struct lw_matrix *x,
                         const uint32_t *labels, uint32_t n_classes, uint32_t fallback)
{
    size_t count[ONE_RULE_MAX_BINS][MAX_CLASSES];
    size_t right = 0;

    memset(count, 0, sizeof count);
    for (size_t i = 0; i < x->n_rows; i++)
        count[bin_of(r, x->x[i * x->n_cols + r->feature_idx])][labels[i]]++;
    for (uint32_t b = 0; b < r->n_bins; b++) {
        uint32_t best = fallback;

        for (uint32_t c = 0; c < n_classes; c++)
            if (count[b][c] > count[b][best])
                best = c;
        r->label[b] = best;
        right += count[b][best];
    }
    return right;
}

enum lw_status one_rule_fit(struct one_rule *out, const struct lw_matrix *x,
                            const bool *is_category, const uint32_t *labels,
                            uint32_t n_classes, struct lw_error *err)
{
    uint32_t fallback;
    float *sorted;
    size_t best = 0;

    if (n_classes > MAX_CLASSES || x->n_rows == 0)
        return lw_fail(err, LW_EINVAL, "one rule: %zu rows of %u classes", x->n_rows,
                       n_classes);
    sorted = mem_zalloc(x->n_rows, sizeof *sorted);
    if (sorted == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", x->n_rows);
    fallback = baseline_majority(labels, x->n_rows, n_classes);
    for (size_t f = 0; f < x->n_cols; f++) {
        struct one_rule r = {.feature_idx = f, .category = is_category[f]};
        size_t right;

        make_bins(&r, x, sorted);
        right = label_bins(&r, x, labels, n_classes, fallback);
        if (f == 0 || right > best) {
            best = right;
            *out = r;
        }
    }
    mem_free(sorted);
    return LW_OK;
}

uint32_t one_rule_predict(const struct one_rule *rule, const float *row)
{
    return rule->label[bin_of(rule, row[rule->feature_idx])];
}
