/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that occur more than once.  A row that is in the training part too says nothing
 * of what a model does with new ones.
 *
 * Rows are hashed column by column, then found in a table of row numbers; rows with the
 * same hash are compared.  Columns that lint finds, and labels, are not compared: an
 * identifier would make all rows different.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "data/profile_priv.h"

#include <math.h>
#include <string.h>

bool profile_is_compared(const struct lw_profile *p, size_t feature)
{
    if (p->features[feature].is_label)
        return false;
    for (size_t i = 0; i < p->n_leaks; i++)
        if (p->leaks[i].column == p->features[feature].column && !p->leaks[i].is_kept)
            return false;
    return true;
}

/* A cell as bits; all missing numbers are one. */
static uint32_t cell_of(const struct lw_column *c, size_t row)
{
    uint32_t bits;
    float v;

    if (c->codes != NULL)
        return c->codes[row];
    v = c->numbers[row] + 0.0f;
    if (isnan(v))
        return UINT32_MAX;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* The columns that are compared. */
struct compared {
    struct lw_column *columns; /* (n), owned */
    size_t n;
};

static bool choose_columns(struct compared *c, const struct lw_frame *f,
                           const struct lw_profile *p)
{
    *c = (struct compared){mem_zalloc(p->n_features, sizeof *c->columns), 0};
    for (size_t i = 0; c->columns != NULL && i < p->n_features; i++)
        if (profile_is_compared(p, i))
            lw_frame_column(f, p->features[i].column, &c->columns[c->n++]);
    return c->columns != NULL;
}

static bool is_same(const struct compared *c, size_t a, size_t b)
{
    for (size_t i = 0; i < c->n; i++)
        if (cell_of(&c->columns[i], a) != cell_of(&c->columns[i], b))
            return false;
    return true;
}

static void hash_rows(const struct compared *c, uint64_t *hash, size_t n_rows)
{
    uint64_t seed = hash_random_seed();

    for (size_t r = 0; r < n_rows; r++)
        hash[r] = seed;
    for (size_t i = 0; i < c->n; i++)
        for (size_t r = 0; r < n_rows; r++) {
            uint64_t h =
                (hash[r] ^ cell_of(&c->columns[i], r)) * UINT64_C(0x9e3779b97f4a7c15);

            hash[r] = h ^ h >> 32;
        }
}

/* first (n_rows) becomes the first row that is the same. */
static enum lw_status find_first(const struct lw_frame *f, const struct lw_profile *p,
                                 uint32_t **out, struct lw_error *err)
{
    size_t n_rows = lw_frame_rows(f);
    size_t n_slots = 16;
    struct compared compared;
    uint64_t *hash = NULL;
    uint32_t *slots = NULL; /* row number + 1, 0: free */
    uint32_t *first = NULL;

    while (n_slots < 2 * n_rows)
        n_slots *= 2;
    hash = mem_alloc(n_rows * sizeof *hash);
    slots = mem_zalloc(n_slots, sizeof *slots);
    first = mem_zalloc(n_rows, sizeof *first);
    if (!choose_columns(&compared, f, p) || hash == NULL || slots == NULL ||
        first == NULL) {
        mem_free(compared.columns);
        mem_free(hash);
        mem_free(slots);
        mem_free(first);
        return lw_fail(err, LW_ENOMEM, "out of memory to compare %zu rows", n_rows);
    }
    hash_rows(&compared, hash, n_rows);
    for (size_t r = 0; r < n_rows; r++) {
        size_t i = (size_t)(hash[r] >> 20) & (n_slots - 1);

        while (slots[i] != 0 &&
               (hash[slots[i] - 1] != hash[r] || !is_same(&compared, slots[i] - 1, r)))
            i = (i + 1) & (n_slots - 1);
        if (slots[i] == 0)
            slots[i] = (uint32_t)r + 1;
        first[r] = slots[i] - 1;
    }
    mem_free(compared.columns);
    mem_free(hash);
    mem_free(slots);
    *out = first;
    return LW_OK;
}

enum lw_status profile_rows(const struct profiling *p, struct lw_profile *out,
                            struct lw_error *err)
{
    struct lw_profile_rows *rows = &out->rows;
    uint32_t *first = NULL;
    uint8_t *seen; /* (n_rows) by first row: bit s for side s, 4 for the first 70 % */
    uint64_t k = 0;
    enum lw_status st = find_first(p->frame, out, &first, err);

    if (st != LW_OK)
        return st;
    seen = mem_zalloc(p->n_rows, sizeof *seen);
    if (seen == NULL) {
        mem_free(first);
        return lw_fail(err, LW_ENOMEM, "out of memory to compare %zu rows", p->n_rows);
    }
    rows->n_rows = p->n;
    for (size_t r = 0; r < p->n_rows; r++) {
        uint8_t *kind = &seen[first[r]];

        if (p->side[r] == LW_SIDE_NEITHER)
            continue;
        rows->n_distinct += *kind == 0 ? 1 : 0;
        if (10 * k++ >= 7 * (uint64_t)p->n) {
            rows->n_last++;
            rows->n_last_known += (*kind & 4) != 0 ? 1 : 0;
        } else {
            *kind |= 4;
        }
        *kind = (uint8_t)(*kind | 1 << p->side[r]);
    }
    for (size_t r = 0; r < p->n_rows; r++)
        if (p->side[r] != LW_SIDE_NEITHER && (seen[first[r]] & 3) == 3)
            rows->n_contradicting++;
    mem_free(seen);
    mem_free(first);
    return LW_OK;
}

enum lw_status lw_profile_known_rows(const struct lw_frame *f,
                                     const struct lw_profile *p, const uint8_t *part,
                                     uint64_t *n_test, uint64_t *n_known,
                                     struct lw_error *err)
{
    size_t n_rows = lw_frame_rows(f);
    uint32_t *first = NULL;
    bool *is_known;
    enum lw_status st = find_first(f, p, &first, err);

    if (st != LW_OK)
        return st;
    is_known = mem_zalloc(n_rows, sizeof *is_known);
    if (is_known == NULL) {
        mem_free(first);
        return lw_fail(err, LW_ENOMEM, "out of memory to compare %zu rows", n_rows);
    }
    *n_test = *n_known = 0;
    for (size_t r = 0; r < n_rows; r++)
        is_known[first[r]] = is_known[first[r]] || part[r] == 0;
    for (size_t r = 0; r < n_rows; r++) {
        *n_test += part[r] != 0 ? 1 : 0;
        *n_known += part[r] != 0 && is_known[first[r]] ? 1 : 0;
    }
    mem_free(is_known);
    mem_free(first);
    return LW_OK;
}
