/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/conformal.h"

#include "base/assert.h"
#include "base/mem.h"
#include "detect/quantile.h"
#include "learn/link.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OF_DISTANCE, OF_CHANCE, OF_BOTH, N_SIDES };

/* Beyond it no probability of ours means anything. */
#define CHANCE_MIN 1e-12f

static float *table(const struct conformal *c, uint32_t t, unsigned side)
{
    return c->quantile + ((size_t)t * N_SIDES + side) * CONFORMAL_POINTS;
}

/* Minus the logarithm of the probability of each class; out (n). */
static void unlikeliness(const float *margins, uint32_t n, float *out)
{
    memcpy(out, margins, n * sizeof *out);
    link_softmax(out, n);
    for (uint32_t k = 0; k < n; k++)
        out[k] = (float)-link_log((double)fmaxf(out[k], CHANCE_MIN));
}

/* How many of a table's quantiles are below v. */
static size_t below(const struct conformal *c, uint32_t t, unsigned side, float v)
{
    return quantile_below_marked(table(c, t, side), c->marks[t][side], CONFORMAL_POINTS,
                                 v);
}

/* Minus the logarithm of a p-value; beyond everything that was seen it grows with the
 * distance from that, so that ranks do not end where the held-out rows do. */
static float surprise(const struct conformal *c, uint32_t t, unsigned side, float v)
{
    float past = v - table(c, t, side)[CONFORMAL_POINTS - 1];

    return (past > 0 ? past : 0.0f) - c->log_p[below(c, t, side, v)];
}

static float p_value(size_t n_below)
{
    return (float)(CONFORMAL_POINTS - n_below + 1) / (float)(CONFORMAL_POINTS + 1);
}

/* There are only so many p-values, so their logarithms are made once. */
static void make_logarithms(struct conformal *c)
{
    for (size_t n = 0; n <= CONFORMAL_POINTS; n++)
        c->log_p[n] = (float)link_log((double)p_value(n));
}

static float strangeness(const struct conformal *c, uint32_t t, float distance,
                         float chance)
{
    return surprise(c, t, OF_DISTANCE, distance) + surprise(c, t, OF_CHANCE, chance);
}

void conformal_p_values(const struct conformal *c, const float *margins,
                        const float *distance, float *out)
{
    float chance[LW_MAX_CLASSES];

    unlikeliness(margins, c->n_classes, chance);
    for (uint32_t k = 0; k < c->n_classes; k++) {
        uint32_t t = c->table_of[k];

        out[k] =
            p_value(below(c, t, OF_BOTH, strangeness(c, t, distance[k], chance[k])));
    }
}

uint32_t conformal_set(const struct conformal *c, const float *p_values, float nearest)
{
    uint32_t set = 0;

    if (nearest > c->farthest)
        return 0;
    for (uint32_t k = 0; k < c->n_classes; k++)
        if (p_values[k] > c->level)
            set |= UINT32_C(1) << k;
    return set;
}

/* ---- calibrating ----------------------------------------------------------------- */

/* The smallest attack class with rows enough; none: all attacks are one. */
static uint32_t shared_class(uint32_t n_classes, const uint64_t *n_rows)
{
    uint32_t best = 0;

    for (uint32_t k = 1; k < n_classes; k++)
        if (n_rows[k] >= CONFORMAL_ROWS_MIN && (best == 0 || n_rows[k] < n_rows[best]))
            best = k;
    return best > 0 ? best : 1;
}

static void deal_tables(struct conformal *c, const uint64_t *n_rows)
{
    uint32_t shared = shared_class(c->n_classes, n_rows);

    LW_ASSERT(c->n_classes >= 2 && c->n_classes <= LW_MAX_CLASSES);
    c->n_tables = 1;
    c->table_of[0] = 0;
    for (uint32_t k = 1; k < c->n_classes; k++)
        if (k == shared || n_rows[k] >= CONFORMAL_ROWS_MIN)
            c->table_of[k] = (uint8_t)c->n_tables++;
    for (uint32_t k = 1; k < c->n_classes; k++)
        if (k != shared && n_rows[k] < CONFORMAL_ROWS_MIN)
            c->table_of[k] = c->table_of[shared];
}

struct rows_of {
    conformal_row_fn row;
    const void *ctx;
    size_t n;
};

/* The values of a table's rows on one side; returns how many. */
static size_t collect(const struct conformal *c, const struct rows_of *rows, uint32_t t,
                      unsigned side, float *out)
{
    float chance[LW_MAX_CLASSES];
    struct conformal_row r;
    size_t n = 0;

    for (size_t i = 0; i < rows->n; i++) {
        if (!rows->row(rows->ctx, i, &r) || c->table_of[r.truth] != t)
            continue;
        unlikeliness(r.margins, c->n_classes, chance);
        out[n++] = side == OF_DISTANCE ? r.distance[r.truth]
                   : side == OF_CHANCE
                       ? chance[r.truth]
                       : strangeness(c, t, r.distance[r.truth], chance[r.truth]);
    }
    return n;
}

static enum lw_status fit_tables(struct conformal *c, const struct rows_of *rows,
                                 float *scratch, struct lw_error *err)
{
    for (uint32_t t = 0; t < c->n_tables; t++)
        for (unsigned side = 0; side < N_SIDES; side++) {
            size_t n = collect(c, rows, t, side, scratch);

            if (n == 0)
                return lw_fail(err, LW_EINVAL,
                               "too few rows of a class to calibrate on");
            quantile_fit(table(c, t, side), CONFORMAL_POINTS, scratch, n);
            quantile_mark(table(c, t, side), CONFORMAL_POINTS, c->marks[t][side]);
        }
    return LW_OK;
}

/* The distance that all but a few of the rows are within. */
static enum lw_status fit_farthest(struct conformal *c, const struct rows_of *rows,
                                   float *scratch, struct lw_error *err)
{
    struct conformal_row r;
    size_t n = 0;

    for (size_t i = 0; i < rows->n; i++) {
        if (!rows->row(rows->ctx, i, &r))
            continue;
        scratch[n] = r.distance[0];
        for (uint32_t k = 1; k < c->n_classes; k++)
            scratch[n] = fminf(scratch[n], r.distance[k]);
        n++;
    }
    if (n == 0)
        return lw_fail(err, LW_EINVAL, "too few rows to calibrate on");
    qsort(scratch, n, sizeof *scratch, quantile_order);
    c->farthest = scratch[n - 1 - (size_t)(CONFORMAL_FAR_SHARE * (double)n)];
    return LW_OK;
}

enum lw_status conformal_fit(struct conformal *out, uint32_t n_classes,
                             const uint64_t *n_rows, conformal_row_fn row,
                             const void *ctx, size_t n, struct lw_error *err)
{
    const struct rows_of rows = {row, ctx, n};
    float *scratch = mem_alloc((n > 0 ? n : 1) * sizeof *scratch);
    enum lw_status st;

    out->level = CONFORMAL_LEVEL;
    out->n_classes = n_classes;
    deal_tables(out, n_rows);
    make_logarithms(out);
    mem_free(out->quantile);
    out->quantile = mem_zalloc((size_t)out->n_tables * N_SIDES * CONFORMAL_POINTS,
                               sizeof *out->quantile);
    if (scratch == NULL || out->quantile == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for p-values");
    else
        st = fit_tables(out, &rows, scratch, err);
    if (st == LW_OK)
        st = fit_farthest(out, &rows, scratch, err);
    mem_free(scratch);
    return st;
}

enum lw_status conformal_groups(struct conformal *c, const uint8_t *class_of,
                                uint32_t n_groups, struct lw_error *err)
{
    mem_free(c->class_of_group);
    c->class_of_group = mem_zalloc(n_groups, 1);
    if (c->class_of_group == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for groups of rows");
    memcpy(c->class_of_group, class_of, n_groups);
    c->n_groups = n_groups;
    return LW_OK;
}

void conformal_release(struct conformal *c)
{
    mem_free(c->class_of_group);
    mem_free(c->quantile);
    *c = (struct conformal){0};
}

/* ---- in a file ------------------------------------------------------------------- */

void conformal_save(const struct conformal *c, struct buf *out)
{
    buf_add_f32(out, c->level);
    buf_add_f32(out, c->farthest);
    buf_add_u8(out, (uint8_t)c->n_classes);
    buf_add(out, c->table_of, c->n_classes);
    buf_add_u8(out, (uint8_t)c->n_tables);
    buf_add_le16(out, (uint16_t)c->n_groups);
    buf_add(out, c->class_of_group, c->n_groups);
    quantile_save(c->quantile, (size_t)c->n_tables * N_SIDES * CONFORMAL_POINTS, out);
}

static bool load_head(struct conformal *c, struct span *in)
{
    uint8_t n_classes;
    uint8_t n_tables;
    uint16_t n_groups;
    bool ok = span_take_f32(in, &c->level) && c->level > 0 && c->level < 1 &&
              span_take_f32(in, &c->farthest) && c->farthest >= 0 &&
              span_take_u8(in, &n_classes) && n_classes >= 2 &&
              n_classes <= LW_MAX_CLASSES;

    for (uint32_t k = 0; ok && k < n_classes; k++)
        ok = span_take_u8(in, &c->table_of[k]);
    ok = ok && span_take_u8(in, &n_tables) && n_tables >= 1 && n_tables <= n_classes &&
         span_take_le16(in, &n_groups) && n_groups >= 1 && in->n >= n_groups;
    for (uint32_t k = 0; ok && k < n_classes; k++)
        ok = c->table_of[k] < n_tables;
    if (!ok)
        return false;
    c->n_classes = n_classes;
    c->n_tables = n_tables;
    c->n_groups = n_groups;
    return true;
}

static bool load_rest(struct conformal *c, struct span *in)
{
    bool ok = true;

    for (uint32_t g = 0; ok && g < c->n_groups; g++)
        ok = span_take_u8(in, &c->class_of_group[g]) &&
             (c->class_of_group[g] < c->n_classes ||
              c->class_of_group[g] == CONFORMAL_NO_CLASS);
    for (uint32_t t = 0; ok && t < c->n_tables; t++)
        for (unsigned side = 0; ok && side < N_SIDES; side++) {
            ok = quantile_load(table(c, t, side), CONFORMAL_POINTS, in);
            quantile_mark(table(c, t, side), CONFORMAL_POINTS, c->marks[t][side]);
        }
    return ok && in->n == 0;
}

enum lw_status conformal_load(struct conformal *c, struct span in, struct lw_error *err)
{
    *c = (struct conformal){0};
    if (!load_head(c, &in)) {
        *c = (struct conformal){0};
        return lw_fail(err, LW_EFORMAT, "the p-values' section is damaged");
    }
    c->class_of_group = mem_zalloc(c->n_groups, 1);
    c->quantile = mem_zalloc((size_t)c->n_tables * N_SIDES * CONFORMAL_POINTS,
                             sizeof *c->quantile);
    if (c->class_of_group == NULL || c->quantile == NULL) {
        conformal_release(c);
        return lw_fail(err, LW_ENOMEM, "out of memory for p-values");
    }
    if (!load_rest(c, &in)) {
        conformal_release(c);
        return lw_fail(err, LW_EFORMAT, "the p-values' section is damaged");
    }
    make_logarithms(c);
    return LW_OK;
}
