/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile, column by column: numbers in profile_number.c, words in profile_text.c,
 * pairs of numbers in profile_pairs.c, all columns together in profile_logit.c,
 * repeated rows in profile_rows.c, lint in leaks.c.  What is common to all is made
 * here: which rows count, and the correction of the tests.
 *
 * With many tests some come out small by chance.  Benjamini and Hochberg (J. R. Stat.
 * Soc. B 57, 1995) bound the share of false findings: the k-th smallest of m p-values
 * becomes p m / k, or what a larger one became, if that is less.
 */
#include "base/mem.h"
#include "data/profile_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PAIR_ROWS = 200000 };

const double lw_profile_quantile[LW_PROFILE_QUANTILES] = {0, .05, .25, .5, .75, .95, 1};

const char *lw_test_state_text(enum lw_test_state s)
{
    static const char *const texts[] = {
#define TEST_TEXT(name, text) text,
        LW_TEST_STATE_LIST(TEST_TEXT)
#undef TEST_TEXT
    };

    return texts[s];
}

void lw_profile_release(struct lw_profile *p)
{
    mem_free(p->features);
    mem_free(p->numbers);
    mem_free(p->pearson);
    mem_free(p->spearman);
    mem_free(p->leaks);
    mem_free(p->logit.terms);
    *p = (struct lw_profile){0};
}

/* ---- sorting ---- */

uint32_t profile_order_of(float v)
{
    uint32_t bits;

    v += 0.0f;
    memcpy(&bits, &v, sizeof bits);
    return bits ^ (bits >> 31 != 0 ? UINT32_MAX : UINT32_C(1) << 31);
}

float profile_value_of(uint32_t order)
{
    uint32_t bits = order ^ (order >> 31 != 0 ? UINT32_C(1) << 31 : UINT32_MAX);
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

void profile_sort(uint64_t *items, uint64_t *scratch, size_t n, unsigned shift)
{
    enum { BITS = 8, SIZE = 1 << BITS };

    for (unsigned pass = 0; pass < 4; pass++, shift += BITS) {
        size_t at[SIZE] = {0};
        size_t sum = 0;
        uint64_t *swap = items;

        for (size_t i = 0; i < n; i++)
            at[(items[i] >> shift) & (SIZE - 1)]++;
        for (size_t d = 0; d < SIZE; d++) {
            size_t count = at[d];

            at[d] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++)
            scratch[at[(items[i] >> shift) & (SIZE - 1)]++] = items[i];
        items = scratch;
        scratch = swap;
    }
}

double profile_information(const uint64_t *n, size_t n_cells)
{
    double side[2] = {0, 0};
    double bits = 0;
    double n_used = 0;

    for (size_t c = 0; c < n_cells; c++) {
        side[0] += (double)n[2 * c];
        side[1] += (double)n[2 * c + 1];
    }
    if (side[0] == 0 || side[1] == 0)
        return (double)NAN;
    for (size_t c = 0; c < n_cells; c++)
        for (size_t s = 0; s < 2; s++) {
            double joint = (double)n[2 * c + s];
            double cell = (double)(n[2 * c] + n[2 * c + 1]);

            if (joint > 0)
                bits += joint * log2(joint * (side[0] + side[1]) / (cell * side[s]));
        }
    for (size_t c = 0; c < n_cells; c++)
        n_used += n[2 * c] + n[2 * c + 1] > 0 ? 1 : 0;
    bits /= side[0] + side[1];
    bits -= (n_used - 1) / (2 * M_LN2 * (side[0] + side[1]));
    return bits < 0 ? 0 : bits;
}

/* ---- the correction of the tests ---- */

static int by_p(const void *a, const void *b)
{
    double x = (*(struct lw_profile_test *const *)a)->p;
    double y = (*(struct lw_profile_test *const *)b)->p;

    return (x > y) - (x < y);
}

void profile_correct(struct lw_profile_test **tests, size_t n)
{
    double least = 1;

    qsort(tests, n, sizeof *tests, by_p);
    for (size_t k = n; k > 0; k--) {
        double q = tests[k - 1]->p * ((double)n / (double)k);

        least = q < least ? q : least;
        tests[k - 1]->q = least;
    }
}

static enum lw_status correct_tests(struct lw_profile *out, struct lw_error *err)
{
    struct lw_profile_test **tests;
    size_t n = 0;

    tests = mem_zalloc(3 * out->n_features, sizeof *tests);
    if (tests == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a profile");
    for (size_t i = 0; i < out->n_features; i++) {
        struct lw_profile_feature *f = &out->features[i];
        struct lw_profile_test *all[] = {&f->welch, &f->rank, &f->chi_square};

        for (size_t k = 0; k < 3; k++)
            if (all[k]->state == LW_TEST_APPLIES && !f->is_label)
                tests[n++] = all[k];
    }
    profile_correct(tests, n);
    out->n_tests = n;
    mem_free(tests);
    return LW_OK;
}

/* ---- the whole ---- */

static void profiling_release(struct profiling *p)
{
    mem_free(p->side);
    mem_free(p->items);
    mem_free(p->scratch);
    mem_free(p->values);
    mem_free(p->hints);
}

static enum lw_status profiling_init(struct profiling *p, const struct lw_frame *f,
                                     const struct lw_target *target,
                                     struct lw_error *err)
{
    *p = (struct profiling){.frame = f, .n_rows = lw_frame_rows(f)};
    p->side = mem_zalloc(p->n_rows, sizeof *p->side);
    p->hints = mem_zalloc(lw_frame_columns(f), sizeof *p->hints);
    if (p->side == NULL || p->hints == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a profile");
    for (size_t r = 0; target != NULL && r < p->n_rows; r++)
        p->side[r] = target->word_side[target->codes[r]];
    for (size_t r = 0; r < p->n_rows; r++)
        p->side_rows[p->side[r]]++;
    p->n = p->side_rows[LW_SIDE_NEGATIVE] + p->side_rows[LW_SIDE_POSITIVE];
    p->items = mem_alloc(p->n * sizeof *p->items);
    p->scratch = mem_alloc(p->n * sizeof *p->scratch);
    p->values = mem_alloc(p->n * sizeof *p->values);
    if (p->items == NULL || p->scratch == NULL || p->values == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a profile of %zu rows", p->n);
    return LW_OK;
}

static void feature_init(struct lw_profile_feature *f, const struct lw_column *c,
                         size_t column)
{
    const struct lw_profile_test none = {LW_TEST_OTHER_TYPE, (double)NAN, (double)NAN,
                                         (double)NAN, (double)NAN};

    *f = (struct lw_profile_feature){
        .column = column,
        .name = c->name,
        .is_text = c->type == LW_COLUMN_TEXT,
        .welch = none,
        .rank = none,
        .chi_square = none,
        .cohen_d = (double)NAN,
        .cramer_v = (double)NAN,
        .auc = (double)NAN,
        .mutual_information = (double)NAN,
        .vif = (double)NAN,
        .correlation = (double)NAN,
    };
    for (size_t s = 0; s < 2; s++) {
        f->side[s].mean = (double)NAN;
        f->side[s].deviation = (double)NAN;
        for (size_t q = 0; q < LW_PROFILE_QUANTILES; q++)
            f->side[s].quantile[q] = (double)NAN;
    }
}

static void tell(const struct profiling *p, double done, const char *what)
{
    if (p->cfg != NULL && p->cfg->progress != NULL)
        p->cfg->progress(p->cfg->progress_ctx, done, what);
}

static enum lw_status describe_columns(struct profiling *p, struct lw_profile *out,
                                       const struct lw_target *target,
                                       struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < lw_frame_columns(p->frame); i++) {
        struct lw_profile_feature *f = &out->features[out->n_features];
        struct lw_column c;

        if (target != NULL && i == target->column)
            continue;
        tell(p, (double)i / (double)lw_frame_columns(p->frame), "columns");
        lw_frame_column(p->frame, i, &c);
        feature_init(f, &c, i);
        f->is_label = target != NULL && target->is_label[i];
        for (size_t s = 0; s < 2; s++)
            f->side[s].n_rows = p->side_rows[s];
        if (f->is_text)
            st = profile_text(p, f, &p->hints[out->n_features], err);
        else
            profile_number(p, f, &p->hints[out->n_features]);
        out->n_features++;
    }
    return st;
}

enum lw_status lw_profile_make(struct lw_profile *out, const struct lw_frame *f,
                               const struct lw_target *target,
                               const struct lw_schema *schema,
                               const struct lw_profile_config *cfg,
                               struct lw_error *err)
{
    size_t max_rows =
        cfg == NULL || cfg->max_pair_rows == 0 ? PAIR_ROWS : cfg->max_pair_rows;
    struct profiling p;
    enum lw_status st;

    *out = (struct lw_profile){0};
    st = profiling_init(&p, f, target, err);
    p.cfg = cfg;
    if (st == LW_OK) {
        memcpy(out->side_rows, p.side_rows, sizeof out->side_rows);
        out->features = mem_zalloc(lw_frame_columns(f), sizeof *out->features);
        if (out->features == NULL)
            st = lw_fail(err, LW_ENOMEM, "out of memory for a profile");
    }
    if (st == LW_OK)
        st = describe_columns(&p, out, target, err);
    tell(&p, 1, "repeated rows, lint and pairs");
    if (st == LW_OK)
        st = correct_tests(out, err);
    if (st == LW_OK)
        st = profile_leaks(&p, schema, out, err);
    if (st == LW_OK)
        st = profile_rows(&p, out, err);
    if (st == LW_OK && (cfg == NULL || !cfg->no_pairs))
        st = profile_pairs(&p, out, max_rows, err);
    if (st == LW_OK && (cfg == NULL || !cfg->no_pairs))
        st = profile_logit(&p, out, max_rows, err);
    profiling_release(&p);
    if (st != LW_OK)
        lw_profile_release(out);
    return st;
}
