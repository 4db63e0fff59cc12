/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/forest_ranks.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLICE_THRESHOLDS = 254,
    STEP = 16,
    KEY_BITS = 32,
    CACHE_LINE = 64,
    STRIPS = 64, /* columns read at a time */
    PER_BUCKET_MAX = 4,
    BUCKETS_MAX = 4096 /* of a slice: a table fits the first-level cache */
};

/* ---- the plan ---------------------------------------------------------------------
 */

struct cut {
    uint32_t column;
    int32_t key;
};

/* Of a number: keys compare as numbers do, -0 as 0; infinities are the outermost. */
static int32_t key_of(float x)
{
    int32_t bits;

    x += 0.0f; /* -0 becomes 0 */
    memcpy(&bits, &x, sizeof bits);
    return bits ^ ((bits >> (KEY_BITS - 1)) & INT32_MAX);
}

static int compare_cuts(const void *pa, const void *pb)
{
    const struct cut *a = pa;
    const struct cut *b = pb;

    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return (a->key > b->key) - (a->key < b->key);
}

/* The distinct thresholds in order of columns; returns how many. */
static uint32_t gather_cuts(const struct forest *f, struct cut *cuts)
{
    uint32_t n = 0;
    uint32_t n_out = 0;

    for (uint32_t i = 0; i < f->n_nodes; i++)
        if (f->nodes[i].feature != FOREST_LEAF)
            cuts[n++] = (struct cut){f->nodes[i].feature, key_of(f->nodes[i].value)};
    qsort(cuts, n, sizeof *cuts, compare_cuts);
    for (uint32_t i = 0; i < n; i++)
        if (n_out == 0 || compare_cuts(&cuts[n_out - 1], &cuts[i]) != 0)
            cuts[n_out++] = cuts[i];
    return n_out;
}

/* The most keys that lie in one bucket of 2^shift. */
static uint32_t most_in_bucket(const int32_t *keys, uint32_t n, uint32_t shift)
{
    uint32_t base = (uint32_t)keys[0] - 1;
    uint32_t most = 0;
    uint32_t from = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (((uint32_t)keys[i] - base) >> shift !=
            ((uint32_t)keys[from] - base) >> shift)
            from = i;
        if (i - from + 1 > most)
            most = i - from + 1;
    }
    return most;
}

/* Choose the widest buckets of few keys, of which there are not too many; returns how
 * many buckets. */
static uint32_t choose_buckets(struct rank_slice *s, const int32_t *keys, uint32_t n)
{
    uint32_t range = (uint32_t)s->greatest - (uint32_t)s->least;

    for (uint8_t most = 1; most <= PER_BUCKET_MAX; most++) {
        uint8_t shift = KEY_BITS - 1;

        while (shift > 0 && most_in_bucket(keys, n, shift) > most)
            shift--;
        if (range >> shift >= BUCKETS_MAX)
            continue;
        s->shift = shift;
        s->per_bucket = most;
        return (range >> shift) + 1;
    }
    return 0;
}

static void fill_table(const struct rank_slice *s, const int32_t *keys, uint32_t n,
                       uint8_t *table, uint32_t n_buckets)
{
    uint32_t before = 0;

    for (uint32_t b = 0; b < n_buckets; b++) {
        while (before < n &&
               ((uint32_t)keys[before] - (uint32_t)s->least) >> s->shift < b)
            before++;
        table[b] = (uint8_t)before;
    }
}

/* Deal the thresholds to slices, each with at least one key above all at its end. */
static enum lw_status make_slices(struct ranks *r, const struct cut *cuts,
                                  uint32_t n_cuts, struct lw_error *err)
{
    uint32_t n = 0;
    uint32_t n_table = 0;

    for (uint32_t i = 0; i < n_cuts;) {
        struct rank_slice *s = &r->slices[r->n_slices];
        uint32_t from = i;
        uint32_t n_buckets = 0;

        if (r->n_slices == RANKS_SLICES_MAX)
            return lw_fail(err, LW_EUNSUPPORTED, "too many columns and thresholds");
        *s = (struct rank_slice){.column = cuts[i].column, .first = n};
        while (i < n_cuts && cuts[i].column == s->column && i - from < SLICE_THRESHOLDS)
            r->keys[n++] = cuts[i++].key;
        s->least = cuts[from].key - 1; /* no key is the least integer */
        s->greatest = cuts[i - 1].key;
        s->table = n_table;
        if (i - from >= STEP)
            n_buckets = choose_buckets(s, r->keys + s->first, i - from);
        fill_table(s, r->keys + s->first, i - from, r->tables + n_table, n_buckets);
        n_table += n_buckets;
        do
            r->keys[n++] = INT32_MAX;
        while ((n - s->first) % STEP != 0);
        s->n_padded = n - s->first;
        r->n_slices++;
    }
    return LW_OK;
}

enum lw_status ranks_init(struct ranks *r, const struct forest *f, struct lw_error *err)
{
    struct cut *cuts = mem_zalloc((size_t)f->n_nodes + 1, sizeof *cuts);
    enum lw_status st;
    uint32_t n_cuts;
    uint32_t n_large;

    if (cuts == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    n_cuts = gather_cuts(f, cuts);
    n_large = n_cuts / STEP < RANKS_SLICES_MAX ? n_cuts / STEP : RANKS_SLICES_MAX;
    r->slices = mem_zalloc(RANKS_SLICES_MAX, sizeof *r->slices);
    /* Each slice has at most STEP of padding. */
    r->keys = mem_zalloc((size_t)n_cuts + RANKS_SLICES_MAX * STEP, sizeof *r->keys);
    r->tables = mem_zalloc((size_t)n_large * BUCKETS_MAX + 1, 1);
    if (r->slices == NULL || r->keys == NULL || r->tables == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    else
        st = make_slices(r, cuts, n_cuts, err);
    mem_free(cuts);
    return st;
}

void ranks_release(struct ranks *r)
{
    mem_free(r->slices);
    mem_free(r->keys);
    mem_free(r->tables);
    *r = (struct ranks){0};
}

/* The last slice of a column that begins at or below a threshold has it. */
uint32_t ranks_find(const struct ranks *r, const struct forest_node *split,
                    uint8_t *rank)
{
    int32_t key = key_of(split->value);
    uint32_t lo = 0;
    uint32_t hi = r->n_slices;
    const int32_t *keys;
    uint32_t n = 0;

    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        const struct rank_slice *s = &r->slices[mid];

        if (s->column < split->feature ||
            (s->column == split->feature && r->keys[s->first] <= key))
            lo = mid;
        else
            hi = mid;
    }
    keys = r->keys + r->slices[lo].first;
    while (keys[n] < key)
        n++;
    LW_ASSERT(r->slices[lo].column == split->feature && keys[n] == key);
    *rank = (uint8_t)(n + 1);
    return lo;
}

/* ---- use --------------------------------------------------------------------------
 */

/* Columns of the rows, from `first` on.  They are read row after row: down a column
 * every value is a jump. */
struct strips {
    uint32_t first;
    /* Of the values; with a pause between columns, which else share sets of a cache. */
    int32_t bits[STRIPS][RANKS_ROWS + CACHE_LINE / sizeof(int32_t)];
};

/* A column of the rows. */
struct strip {
    int32_t keys[RANKS_ROWS];
    uint8_t missing[RANKS_ROWS]; /* all ones where the value is */
};

SIMD_BODY void read_strips(struct strips *s, const float *rows, uint32_t n_cols,
                           size_t n_rows)
{
    size_t n = n_cols - s->first < STRIPS ? n_cols - s->first : STRIPS;

    if (n_rows < RANKS_ROWS)
        memset(s->bits, 0, sizeof s->bits);
    for (size_t r = 0; r < n_rows; r++)
        for (size_t c = 0; c < n; c++)
            memcpy(&s->bits[c][r], &rows[r * n_cols + s->first + c],
                   sizeof s->bits[c][r]);
}

SIMD_BODY void make_strip(struct strip *s, const int32_t *bits)
{
    const int32_t infinity = 0x7f800000;

    for (size_t r = 0; r < RANKS_ROWS; r++) {
        /* -0, the least negative integer, becomes 0 */
        int32_t b = bits[r] & -(int32_t)(bits[r] != INT32_MIN);

        s->keys[r] = b ^ ((b >> (KEY_BITS - 1)) & INT32_MAX);
    }
    for (size_t r = 0; r < RANKS_ROWS; r++)
        s->missing[r] = (bits[r] & INT32_MAX) > infinity ? UINT8_MAX : 0;
}

/* Few thresholds: all are compared. */
SIMD_BODY void rank_few(const int32_t *keys, const struct strip *s, uint8_t *out)
{
    int32_t n[RANKS_ROWS] = {0};

    for (; *keys != INT32_MAX; keys++)
        for (size_t r = 0; r < RANKS_ROWS; r++)
            n[r] += *keys <= s->keys[r];
    for (size_t r = 0; r < RANKS_ROWS; r++)
        out[r] = (uint8_t)n[r];
}

/* By whole steps of 16, then within one. */
SIMD_BODY void rank_by_steps(const int32_t *keys, uint32_t n_padded,
                             const struct strip *s, uint8_t *out)
{
    int32_t steps[RANKS_ROWS] = {0};

    for (uint32_t last = STEP - 1; last + STEP < n_padded; last += STEP)
        for (size_t r = 0; r < RANKS_ROWS; r++)
            steps[r] += keys[last] <= s->keys[r];
    for (size_t r = 0; r < RANKS_ROWS; r++) {
        uint32_t n = (uint32_t)steps[r] * STEP;
        int32_t x = s->keys[r];

        n += (uint32_t)(keys[n + 7] <= x) * 8;
        n += (uint32_t)(keys[n + 3] <= x) * 4;
        n += (uint32_t)(keys[n + 1] <= x) * 2;
        n += (uint32_t)(keys[n] <= x);
        out[r] = (uint8_t)n;
    }
}

/* By a table, with as many comparisons as a bucket has thresholds. */
SIMD_BODY void rank_by_table(const int32_t *keys, const uint8_t *table,
                             const struct rank_slice *slice, uint32_t per_bucket,
                             const struct strip *s, uint8_t *out)
{
    int32_t key[RANKS_ROWS];
    uint32_t bucket[RANKS_ROWS];

    for (size_t r = 0; r < RANKS_ROWS; r++) {
        int32_t k = s->keys[r] > slice->least ? s->keys[r] : slice->least;

        k = k < slice->greatest ? k : slice->greatest;
        key[r] = k;
        bucket[r] = ((uint32_t)k - (uint32_t)slice->least) >> slice->shift;
    }
    for (size_t r = 0; r < RANKS_ROWS; r++) {
        uint32_t n = table[bucket[r]];

        for (uint32_t i = 0; i < per_bucket; i++)
            n += (uint32_t)(keys[n] <= key[r]);
        out[r] = (uint8_t)n;
    }
}

SIMD_BODY void rank_slice(const struct ranks *r, const struct rank_slice *slice,
                          const struct strip *s, uint8_t *out)
{
    const int32_t *keys = r->keys + slice->first;
    const uint8_t *table = r->tables + slice->table;

    if (slice->n_padded == STEP)
        rank_few(keys, s, out);
    else if (slice->per_bucket == 0)
        rank_by_steps(keys, slice->n_padded, s, out);
    else if (slice->per_bucket == 1)
        rank_by_table(keys, table, slice, 1, s, out);
    else if (slice->per_bucket == 2)
        rank_by_table(keys, table, slice, 2, s, out);
    else
        rank_by_table(keys, table, slice, PER_BUCKET_MAX, s, out);
}

/* Ask for rows before they are wanted: a column of them is as many jumps. */
static void fetch_rows(const float *rows, size_t n_values)
{
    for (size_t i = 0; i < n_values; i += CACHE_LINE / sizeof *rows)
        __builtin_prefetch(rows + i);
}

SIMD_BODY void apply_body(const struct ranks *r, const float *rows, uint32_t n_cols,
                          size_t n_rows, uint8_t *out, size_t stride)
{
    struct strips strips = {.first = UINT32_MAX};
    struct strip strip;
    uint32_t column = UINT32_MAX;
    size_t n = n_rows < RANKS_ROWS ? n_rows : RANKS_ROWS;
    size_t n_next = n_rows - n < RANKS_ROWS ? n_rows - n : RANKS_ROWS;

    fetch_rows(rows + n * n_cols, n_next * n_cols);
    for (uint32_t i = 0; i < r->n_slices; i++) {
        uint8_t *missing_right = out + (size_t)2 * i * stride;
        uint8_t *missing_left = missing_right + stride;
        uint8_t ranks[RANKS_ROWS];

        if (r->slices[i].column != column) {
            column = r->slices[i].column;
            if (strips.first == UINT32_MAX || column - strips.first >= STRIPS) {
                strips.first = column;
                read_strips(&strips, rows, n_cols, n);
            }
            make_strip(&strip, strips.bits[column - strips.first]);
        }
        rank_slice(r, &r->slices[i], &strip, ranks);
        for (size_t row = 0; row < RANKS_ROWS; row++) {
            missing_right[row] = ranks[row] | strip.missing[row];
            missing_left[row] = ranks[row] & (uint8_t)~strip.missing[row];
        }
    }
}

static void apply_plain(const struct ranks *r, const float *rows, uint32_t n_cols,
                        size_t n_rows, uint8_t *out, size_t stride)
{
    apply_body(r, rows, n_cols, n_rows, out, stride);
}

SIMD_AVX2 static void apply_avx2(const struct ranks *r, const float *rows,
                                 uint32_t n_cols, size_t n_rows, uint8_t *out,
                                 size_t stride)
{
    apply_body(r, rows, n_cols, n_rows, out, stride);
}

void ranks_apply(const struct ranks *r, const float *rows, uint32_t n_cols,
                 size_t n_rows, uint8_t *out, size_t stride)
{
    (simd_has_avx2() ? apply_avx2 : apply_plain)(r, rows, n_cols, n_rows, out, stride);
}
