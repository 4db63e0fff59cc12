/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"

#include <lapwing/cost.h>
#include <lapwing/dataset.h>

#include <math.h>
#include <string.h>

enum { N_CLASSES = LW_N_KDD_CLASSES };

void lw_cost_plain(struct lw_cost *c, uint32_t n_classes)
{
    LW_ASSERT(n_classes >= 2 && n_classes <= LW_COST_CLASSES_MAX);
    *c = (struct lw_cost){.n_classes = n_classes};
    for (uint32_t i = 0; i < n_classes; i++)
        for (uint32_t k = 0; k < n_classes; k++)
            c->of[i][k] = i == k ? 0 : 1;
}

/* Elkan, "Results of the KDD'99 classifier learning", SIGKDD Explorations 1:2 (2000);
 * his order of classes is normal, probe, DoS, U2R, R2L. */
void lw_cost_kddcup99(struct lw_cost *c)
{
    static const float of[N_CLASSES][N_CLASSES] = {
        /* said: Normal, DoS, Probe, R2L, U2R */
        [LW_KDD_NORMAL] = {0, 2, 1, 2, 2}, [LW_KDD_DOS] = {2, 0, 1, 2, 2},
        [LW_KDD_PROBE] = {1, 2, 0, 2, 2},  [LW_KDD_R2L] = {4, 2, 2, 0, 2},
        [LW_KDD_U2R] = {3, 2, 2, 2, 0},
    };

    *c = (struct lw_cost){.n_classes = N_CLASSES};
    for (size_t i = 0; i < N_CLASSES; i++)
        memcpy(c->of[i], of[i], sizeof of[i]);
}

/* One cell of the table: `said` is the class in the column's name. */
static enum lw_status take_cost(struct lw_cost *c, const struct lw_column *truth,
                                const struct lw_column *costs, size_t row, int said,
                                struct lw_error *err)
{
    int is = lw_kdd_class_of(truth->dictionary[truth->codes[row]]);

    if (is < 0)
        return lw_fail(err, LW_EFORMAT, "'%.40s' is no class",
                       truth->dictionary[truth->codes[row]]);
    if (costs->type != LW_COLUMN_NUMBER || !(costs->numbers[row] >= 0) ||
        costs->numbers[row] > LW_COST_MAX)
        return lw_fail(err, LW_EFORMAT,
                       "the cost of saying %.40s is no number from 0 on", costs->name);
    if (said == is && costs->numbers[row] > 0)
        return lw_fail(err, LW_EFORMAT, "to say %.40s where it is true must cost 0",
                       costs->name);
    c->of[is][said] = costs->numbers[row];
    return LW_OK;
}

static enum lw_status take_table(struct lw_cost *c, const struct lw_frame *f,
                                 struct lw_error *err)
{
    struct lw_column truth;
    unsigned said_seen = 0;
    unsigned is_seen = 0;
    enum lw_status st = LW_OK;

    if (lw_frame_columns(f) != N_CLASSES + 1 || lw_frame_rows(f) != N_CLASSES)
        return lw_fail(err, LW_EFORMAT,
                       "a cost matrix has a line for each of the five classes and a "
                       "column before theirs that names it");
    lw_frame_column(f, 0, &truth);
    if (truth.type != LW_COLUMN_TEXT)
        return lw_fail(err, LW_EFORMAT, "the first column names no classes");
    for (size_t k = 1; st == LW_OK && k <= N_CLASSES; k++) {
        struct lw_column costs;
        int said;

        lw_frame_column(f, k, &costs);
        said = lw_kdd_class_of(costs.name);
        if (said < 0)
            return lw_fail(err, LW_EFORMAT, "'%.40s' is no class", costs.name);
        said_seen |= 1u << said;
        for (size_t r = 0; st == LW_OK && r < N_CLASSES; r++)
            st = take_cost(c, &truth, &costs, r, said, err);
    }
    for (size_t r = 0; st == LW_OK && r < N_CLASSES; r++)
        is_seen |= 1u << lw_kdd_class_of(truth.dictionary[truth.codes[r]]);
    if (st == LW_OK && (said_seen & is_seen) != (1u << N_CLASSES) - 1)
        return lw_fail(err, LW_EFORMAT,
                       "a class is there twice and another not at all");
    return st;
}

enum lw_status lw_cost_read(struct lw_cost *c, const char *path, struct lw_error *err)
{
    struct lw_frame *f = NULL;
    struct lw_error why = {LW_OK, ""};
    enum lw_status st = lw_frame_read(&f, path, NULL, err);

    if (st != LW_OK)
        return st;
    lw_cost_plain(c, N_CLASSES);
    st = take_table(c, f, &why);
    lw_frame_free(f);
    return st == LW_OK ? LW_OK : lw_fail(err, st, "%.100s: %.140s", path, why.msg);
}

double lw_cost_average(const struct lw_cost *c, const struct lw_eval *e)
{
    double sum = 0;

    LW_ASSERT(c->n_classes == e->n_classes);
    for (uint32_t i = 0; i < c->n_classes; i++) {
        float dearest = 0;

        for (uint32_t k = 0; k < c->n_classes; k++) {
            sum += (double)e->confusion[i][k] * (double)c->of[i][k];
            dearest = fmaxf(dearest, c->of[i][k]);
        }
        sum += (double)e->confusion[i][c->n_classes] * (double)dearest;
    }
    return sum / (double)e->n_rows;
}
