/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits from labels and a seed.
 *
 * Leave-attack-out is the protocol that tells what a detector does with attacks it has
 * never seen: per fold, whole attack types are held out, dealt out class by class, so
 * that every fold misses some of each; a contiguous stretch of the normal rows is held
 * out too, because neighbouring rows come from the same minutes, and a random share of
 * the rows of each known type, but never all of them: what nothing is left of to learn
 * from is not known.
 */
#include "base/mem.h"
#include "base/rng.h"

#include <lapwing/split.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { FOLDS_MAX = 1000 };

void lw_split_release(struct lw_split *s)
{
    mem_free(s->part);
    *s = (struct lw_split){0};
}

static enum lw_status split_init(struct lw_split *s, size_t n_rows, size_t n_folds,
                                 struct lw_error *err)
{
    *s = (struct lw_split){0};
    if (n_rows == 0 || n_rows > UINT32_MAX)
        return lw_fail(err, LW_EINVAL, "cannot split %zu rows", n_rows);
    s->part = mem_zalloc(n_folds, n_rows);
    if (s->part == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a split of %zu rows", n_rows);
    s->n_rows = n_rows;
    s->n_folds = n_folds;
    return LW_OK;
}

static enum lw_status check_share(double test_share, struct lw_error *err)
{
    if (test_share > 0 && test_share < 1)
        return LW_OK;
    return lw_fail(err, LW_EINVAL, "test share %g is not between 0 and 1", test_share);
}

/* Row numbers in random order; NULL when memory is out. */
static uint32_t *shuffled_rows(size_t n_rows, uint64_t seed)
{
    uint32_t *order = mem_zalloc(n_rows, sizeof *order);
    struct rng rng;

    if (order == NULL)
        return NULL;
    for (size_t i = 0; i < n_rows; i++)
        order[i] = (uint32_t)i;
    rng_init(&rng, seed);
    rng_shuffle(&rng, order, n_rows);
    return order;
}

/* In random order, every label sends a row to the test part whenever its share has
 * grown by another whole row.  seen (n_labels) counts the rows met, from 0. */
static void deal_shares(struct lw_split *s, const uint32_t *labels,
                        const uint32_t *order, uint64_t *seen, double test_share)
{
    for (size_t i = 0; i < s->n_rows; i++) {
        uint64_t k = seen[labels == NULL ? 0 : labels[order[i]]]++;
        uint64_t before = (uint64_t)((double)k * test_share + 0.5);
        uint64_t after = (uint64_t)((double)(k + 1) * test_share + 0.5);

        if (after > before)
            s->part[order[i]] = LW_PART_TEST;
    }
}

enum lw_status lw_split_stratified(struct lw_split *out, const uint32_t *labels,
                                   size_t n_rows, double test_share, uint64_t seed,
                                   struct lw_error *err)
{
    uint32_t *order = NULL;
    uint64_t *seen = NULL; /* (n_labels) rows met of each label */
    size_t n_labels = 1;
    enum lw_status st = check_share(test_share, err);

    if (st == LW_OK)
        st = split_init(out, n_rows, 1, err);
    if (st != LW_OK)
        return st;
    for (size_t i = 0; labels != NULL && i < n_rows; i++)
        n_labels = labels[i] >= n_labels ? (size_t)labels[i] + 1 : n_labels;
    order = shuffled_rows(n_rows, seed);
    seen = mem_zalloc(n_labels, sizeof *seen);
    if (order != NULL && seen != NULL) {
        deal_shares(out, labels, order, seen, test_share);
    } else {
        st = lw_fail(err, LW_ENOMEM, "out of memory for a split of %zu rows", n_rows);
        lw_split_release(out);
    }
    mem_free(order);
    mem_free(seen);
    return st;
}

enum lw_status lw_split_random(struct lw_split *out, size_t n_rows, double test_share,
                               uint64_t seed, struct lw_error *err)
{
    return lw_split_stratified(out, NULL, n_rows, test_share, seed, err);
}

/* fold_of_type (n_types): deal the types of each class over the folds, in random order
 * but starting where the class before left off, so that no fold gets all the large
 * ones. */
static void deal_types(uint32_t *fold_of_type, const int *type_class, uint32_t n_types,
                       size_t n_folds, const uint32_t *order)
{
    int n_classes = 0;
    uint32_t next = 0;

    for (uint32_t t = 0; t < n_types; t++)
        n_classes = type_class[t] >= n_classes ? type_class[t] + 1 : n_classes;
    for (int c = 1; c < n_classes; c++)
        for (uint32_t i = 0; i < n_types; i++)
            if (type_class[order[i]] == c)
                fold_of_type[order[i]] = next++ % (uint32_t)n_folds;
}

/* fold_of_row (n_rows): deal the rows of each type over the folds, in random order. The
 * first goes to the fold that holds out the whole type; so every other fold, whatever
 * it holds out, keeps that row to learn from.  met (n_types) counts from 0. */
static void deal_rows(uint32_t *fold_of_row, const uint32_t *types, size_t n_rows,
                      const uint32_t *fold_of_type, size_t n_folds,
                      const uint32_t *order, uint32_t *met)
{
    for (size_t i = 0; i < n_rows; i++) {
        uint32_t t = types[order[i]];

        fold_of_row[order[i]] = (fold_of_type[t] + met[t]++) % (uint32_t)n_folds;
    }
}

/* Normal rows: contiguous stretches in file order. */
static void deal_normal(uint32_t *fold_of_row, const uint32_t *types, size_t n_rows,
                        const int *type_class, size_t n_folds)
{
    size_t n_normal = 0;
    size_t k = 0;

    for (size_t i = 0; i < n_rows; i++)
        n_normal += type_class[types[i]] == 0 ? 1 : 0;
    for (size_t i = 0; n_normal > 0 && i < n_rows; i++)
        if (type_class[types[i]] == 0)
            fold_of_row[i] = (uint32_t)(k++ * n_folds / n_normal);
}

static enum lw_status check_types(const uint32_t *types, size_t n_rows,
                                  const int *type_class, uint32_t n_types,
                                  struct lw_error *err)
{
    for (uint32_t t = 0; t < n_types; t++)
        if (type_class[t] < 0)
            return lw_fail(err, LW_EINVAL, "attack type %u has no class", t);
    for (size_t i = 0; i < n_rows; i++)
        if (types[i] >= n_types)
            return lw_fail(err, LW_EINVAL, "row %zu has type %u of %u", i, types[i],
                           n_types);
    return LW_OK;
}

enum lw_status lw_split_leave_attack_out(struct lw_split *out, const uint32_t *types,
                                         size_t n_rows, const int *type_class,
                                         uint32_t n_types, size_t n_folds,
                                         uint64_t seed, struct lw_error *err)
{
    uint32_t *type_order = NULL;
    uint32_t *fold_of_type = NULL;
    uint32_t *row_order = NULL;
    uint32_t *fold_of_row = NULL;
    uint32_t *met = NULL;
    enum lw_status st;

    if (n_folds < 2 || n_folds > FOLDS_MAX)
        return lw_fail(err, LW_EINVAL, "leaving attacks out needs 2 to %d folds",
                       FOLDS_MAX);
    st = check_types(types, n_rows, type_class, n_types, err);
    if (st == LW_OK)
        st = split_init(out, n_rows, n_folds, err);
    if (st != LW_OK)
        return st;
    type_order = shuffled_rows(n_types, seed);
    fold_of_type = mem_zalloc(n_types, sizeof *fold_of_type);
    row_order = shuffled_rows(n_rows, seed + 1);
    fold_of_row = mem_zalloc(n_rows, sizeof *fold_of_row);
    met = mem_zalloc(n_types, sizeof *met);
    if (type_order == NULL || fold_of_type == NULL || row_order == NULL ||
        fold_of_row == NULL || met == NULL) {
        st = lw_fail(err, LW_ENOMEM, "out of memory for a split of %zu rows", n_rows);
        lw_split_release(out);
        goto out;
    }
    deal_types(fold_of_type, type_class, n_types, n_folds, type_order);
    deal_rows(fold_of_row, types, n_rows, fold_of_type, n_folds, row_order, met);
    deal_normal(fold_of_row, types, n_rows, type_class, n_folds);
    for (size_t f = 0; f < n_folds; f++) {
        for (size_t i = 0; i < n_rows; i++) {
            bool attack = type_class[types[i]] != 0;
            uint8_t part = fold_of_row[i] == f ? LW_PART_TEST : LW_PART_TRAIN;

            if (attack && fold_of_type[types[i]] == f)
                part = LW_PART_TEST_UNSEEN;
            out->part[f * n_rows + i] = part;
        }
    }
out:
    mem_free(type_order);
    mem_free(fold_of_type);
    mem_free(row_order);
    mem_free(fold_of_row);
    mem_free(met);
    return st;
}

/* ---- by time ---- */

struct timed_row {
    float time;
    uint32_t row;
};

static int timed_order(const void *a, const void *b)
{
    const struct timed_row *x = a;
    const struct timed_row *y = b;

    if (x->time < y->time || x->time > y->time)
        return x->time < y->time ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row ? 1 : 0;
}

enum lw_status lw_split_ordered(struct lw_split *out, const float *time, size_t n_rows,
                                double test_share, struct lw_error *err)
{
    struct timed_row *order = NULL;
    enum lw_status st = check_share(test_share, err);

    for (size_t i = 0; st == LW_OK && time != NULL && i < n_rows; i++)
        if (!isfinite(time[i]))
            st = lw_fail(err, LW_EINVAL, "row %zu has no time", i);
    if (st == LW_OK)
        st = split_init(out, n_rows, 1, err);
    if (st != LW_OK)
        return st;
    order = mem_zalloc(n_rows, sizeof *order);
    if (order == NULL) {
        lw_split_release(out);
        return lw_fail(err, LW_ENOMEM, "out of memory for a split of %zu rows", n_rows);
    }
    for (size_t i = 0; i < n_rows; i++)
        order[i] = (struct timed_row){time == NULL ? 0 : time[i], (uint32_t)i};
    qsort(order, n_rows, sizeof *order, timed_order);
    for (size_t i = n_rows - (size_t)((double)n_rows * test_share + 0.5); i < n_rows;
         i++)
        out->part[order[i].row] = LW_PART_TEST;
    mem_free(order);
    return LW_OK;
}

/* ---- by groups ---- */

/* fold_of (n_groups): groups in random order, each to the fold with the fewest rows
 * and, of these, groups.  load, held (n_folds) from 0. */
static void deal_groups(uint32_t *fold_of, const uint64_t *size, uint32_t n_groups,
                        size_t n_folds, const uint32_t *order, uint64_t *load,
                        uint64_t *held)
{
    for (uint32_t i = 0; i < n_groups; i++) {
        size_t best = 0;

        if (size[order[i]] == 0)
            continue;
        for (size_t f = 1; f < n_folds; f++)
            if (load[f] < load[best] || (load[f] == load[best] && held[f] < held[best]))
                best = f;
        fold_of[order[i]] = (uint32_t)best;
        load[best] += size[order[i]];
        held[best]++;
    }
}

/* size (n_groups) becomes the rows of each group; *n_used how many have any. */
static enum lw_status count_groups(const uint32_t *groups, size_t n_rows,
                                   uint32_t n_groups, uint64_t *size, size_t *n_used,
                                   struct lw_error *err)
{
    *n_used = 0;
    for (size_t i = 0; i < n_rows; i++) {
        if (groups[i] >= n_groups)
            return lw_fail(err, LW_EINVAL, "row %zu is of group %u of %u", i, groups[i],
                           n_groups);
        *n_used += size[groups[i]]++ == 0 ? 1 : 0;
    }
    return LW_OK;
}

static enum lw_status check_groups(size_t n_used, size_t n_folds, struct lw_error *err)
{
    if (n_used < 2)
        return lw_fail(err, LW_EINVAL, "%zu group: nothing can be left out", n_used);
    if (n_folds < 2 || n_folds > n_used || n_folds > FOLDS_MAX)
        return lw_fail(err, LW_EINVAL,
                       "%zu folds for %zu groups; 2 folds to as many as groups, at "
                       "most %d, are possible",
                       n_folds, n_used, FOLDS_MAX);
    return LW_OK;
}

enum lw_status lw_split_grouped(struct lw_split *out, const uint32_t *groups,
                                size_t n_rows, uint32_t n_groups, size_t n_folds,
                                uint64_t seed, struct lw_error *err)
{
    uint64_t *size = mem_zalloc(n_groups, sizeof *size);
    uint32_t *fold_of = mem_zalloc(n_groups, sizeof *fold_of);
    uint32_t *order = shuffled_rows(n_groups, seed);
    uint64_t *load = NULL; /* (2, n_folds): rows, then groups */
    size_t n_used = 0;
    enum lw_status st = LW_OK;

    *out = (struct lw_split){0};
    if (size == NULL || fold_of == NULL || order == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for %u groups", n_groups);
    if (st == LW_OK)
        st = count_groups(groups, n_rows, n_groups, size, &n_used, err);
    n_folds = n_folds == 0 ? n_used : n_folds;
    if (st == LW_OK)
        st = check_groups(n_used, n_folds, err);
    if (st == LW_OK)
        st = split_init(out, n_rows, n_folds, err);
    if (st != LW_OK)
        goto out;
    load = mem_zalloc(2 * n_folds, sizeof *load);
    if (load == NULL) {
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu folds", n_folds);
        lw_split_release(out);
        goto out;
    }
    deal_groups(fold_of, size, n_groups, n_folds, order, load, load + n_folds);
    for (size_t i = 0; i < n_rows; i++)
        out->part[fold_of[groups[i]] * n_rows + i] = LW_PART_TEST_UNSEEN;
out:
    mem_free(size);
    mem_free(fold_of);
    mem_free(order);
    mem_free(load);
    return st;
}
