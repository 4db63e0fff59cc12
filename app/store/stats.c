/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures for dashboards.
 *
 * Sums over whole analyses come from the small tables of their files (facets, bins), at
 * once; sums over a part of the time from the rows in it.  Both are exact.
 */
#include "base/mem.h"
#include "store/flow_query.h"

#include <string.h>

enum { EXACT_ROWS = 200000 };

/* --------------------------------------------------------------------- summary */

struct summing {
    const struct store_flow_filter *f;
    struct store_summary *out;
};

static void add_times(struct store_summary *out, int64_t first_ns, int64_t last_ns)
{
    if (out->flows == 0 || first_ns < out->first_ns)
        out->first_ns = first_ns;
    if (out->flows == 0 || last_ns > out->last_ns)
        out->last_ns = last_ns;
}

static void add_sums(struct summing *m, const struct flow_facet *t, uint64_t flows,
                     uint64_t packets, uint64_t bytes)
{
    m->out->flows += flows;
    m->out->packets += packets;
    m->out->bytes += bytes;
    m->out->by_class[t->verdict] += flows;
}

/* Call fn for each row of a file that begins in the time asked for. */
struct part_row {
    const struct flow_facet *facet;
    int64_t start_ns;
    int64_t duration_ns;
    int64_t packets;
    int64_t bytes;
};
typedef void (*part_fn)(void *ctx, const struct part_row *row);

static const enum col part_cols[] = {COL_START, COL_DURATION, COL_PACKETS, COL_BYTES,
                                     COL_FACET};
enum { N_PART_COLS = sizeof part_cols / sizeof part_cols[0] };

static void each_row_of(const struct flow_db *f, const struct col_chunk *c,
                        void *const values[N_PART_COLS], int64_t from_ns, int64_t to_ns,
                        part_fn fn, void *ctx)
{
    const int64_t *start = values[0];
    const int64_t *duration = values[1];
    const int64_t *packets = values[2];
    const int64_t *bytes = values[3];
    const uint32_t *facet = values[4];

    for (uint32_t i = 0; i < c->n; i++) {
        struct part_row row = {NULL, start[i], duration[i], packets[i], bytes[i]};

        if (start[i] < from_ns || start[i] >= to_ns || facet[i] - 1 >= f->n_facets)
            continue;
        row.facet = &f->facets[facet[i] - 1];
        fn(ctx, &row);
    }
}

static enum lw_status each_part_row(struct flow_db *f, int64_t from_ns, int64_t to_ns,
                                    part_fn fn, void *ctx, struct lw_error *err)
{
    uint8_t *block = mem_alloc_table((size_t)COLS_CHUNK * N_PART_COLS, 8);
    void *values[N_PART_COLS];
    enum lw_status st = LW_OK;

    if (block == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    for (size_t k = 0; k < N_PART_COLS; k++)
        values[k] = block + k * COLS_CHUNK * 8;
    for (size_t i = 0; st == LW_OK && i < f->n_chunks; i++) {
        const struct col_chunk *c = &f->chunks[i];

        if (c->max[COL_START] < from_ns || c->min[COL_START] >= to_ns)
            continue;
        for (size_t k = 0; st == LW_OK && k < N_PART_COLS; k++)
            st = cols_read(f->db, i, c, part_cols[k], values[k], err);
        if (st == LW_OK)
            each_row_of(f, c, values, from_ns, to_ns, fn, ctx);
    }
    mem_free(block);
    return st;
}

static void sum_row(void *ctx, const struct part_row *row)
{
    struct summing *m = ctx;

    add_times(m->out, row->start_ns, row->start_ns + row->duration_ns);
    add_sums(m, row->facet, 1, (uint64_t)row->packets, (uint64_t)row->bytes);
}

static enum lw_status sum_file(void *ctx, struct flow_db *f, struct lw_error *err)
{
    struct summing *m = ctx;
    bool whole = true;

    for (size_t i = 0; i < f->n_facets; i++)
        whole &= f->facets[i].first_ns >= m->f->from_ns &&
                 f->facets[i].last_ns < m->f->to_ns;
    if (!whole)
        return each_part_row(f, m->f->from_ns, m->f->to_ns, sum_row, m, err);
    for (size_t i = 0; i < f->n_facets; i++) {
        const struct flow_facet *t = &f->facets[i];

        add_times(m->out, t->first_ns, t->last_ns);
        add_sums(m, t, t->flows, t->packets, t->bytes);
    }
    return LW_OK;
}

static void read_alerts(void *ctx, struct db_stmt *q)
{
    struct store_summary *out = ctx;
    int64_t severity = db_int(q, 1);
    uint64_t n = (uint64_t)db_int(q, 2);

    if (db_int(q, 0) != 0) {
        out->alerts_resolved += n;
        return;
    }
    out->alerts_open += n;
    if (severity >= 0 && severity <= 4)
        out->open_by_severity[severity] += n;
}

static enum lw_status sum_rows(struct store *s, const struct store_flow_filter *f,
                               struct store_summary *out, struct lw_error *err)
{
    int64_t captures = 0;
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, read_alerts, out, NULL,
                      "SELECT resolved <> 0, severity, count(*) FROM alerts"
                      " WHERE deleted = 0 AND (?1 = 0 OR capture = ?1)"
                      " AND last >= ?2 AND first < ?3 GROUP BY 1, 2",
                      "iii", f->capture, f->from_ns, f->to_ns);
    if (st == LW_OK)
        st = db_number(d, err, &captures, 0,
                       "SELECT count(*) FROM captures WHERE (?1 = 0 OR id = ?1) AND"
                       " (?2 OR (run IS NOT NULL AND last >= ?3 AND first < ?4))",
                       "iiii", f->capture,
                       (int64_t)(f->from_ns == INT64_MIN && f->to_ns == INT64_MAX),
                       f->from_ns, f->to_ns);
    store_reader_give(s, d);
    out->captures = (uint64_t)captures;
    return st;
}

enum lw_status store_stats_summary(struct store *s, const struct store_flow_filter *f,
                                   struct store_summary *out, struct lw_error *err)
{
    struct summing m = {f, out};
    enum lw_status st;

    memset(out, 0, sizeof *out);
    st = flow_each_file(s, f, sum_file, &m, err);
    return st == LW_OK ? sum_rows(s, f, out, err) : st;
}

/* ---------------------------------------------------------------------- series */

struct binning {
    const struct store_flow_filter *f;
    struct store_bin *bins;
    uint32_t n_bins;
    struct store_series *out;
    /* Of all files, before the bins are chosen. */
    uint64_t flows;
    int64_t first_ns;
    int64_t last_ns;
    int64_t width_ns; /* the greatest of a file's own bins */
    bool exact;       /* from the rows, not from the files' bins */
};

static enum lw_status look_at_file(void *ctx, struct flow_db *f, struct lw_error *err)
{
    struct binning *b = ctx;
    int64_t last = 0;
    enum lw_status st =
        db_number(f->db, err, &last, 0, "SELECT max(bin) FROM bins", "");

    for (size_t i = 0; i < f->n_facets; i++) {
        const struct flow_facet *t = &f->facets[i];

        if (b->flows == 0 || t->first_ns < b->first_ns)
            b->first_ns = t->first_ns;
        b->flows += t->flows;
    }
    last = (last + 1) * f->bin_ns - 1;
    b->last_ns = last > b->last_ns || b->width_ns == 0 ? last : b->last_ns;
    b->width_ns = f->bin_ns > b->width_ns ? f->bin_ns : b->width_ns;
    return st;
}

static struct store_bin *bin_at(const struct binning *b, int64_t time_ns)
{
    int64_t i;

    if (time_ns < b->out->from_ns || time_ns >= b->out->to_ns)
        return NULL;
    i = (time_ns - b->out->from_ns) / b->out->bin_ns;
    return i < (int64_t)b->n_bins ? &b->bins[i] : NULL;
}

static void add_to_bin(const struct binning *b, const struct flow_facet *t,
                       int64_t time_ns, int64_t flows, int64_t packets, int64_t bytes)
{
    struct store_bin *bin = bin_at(b, time_ns);

    if (bin == NULL)
        return;
    bin->flows += (uint64_t)flows;
    bin->packets += (uint64_t)packets;
    bin->bytes += (uint64_t)bytes;
    bin->by_class[t->verdict] += (uint64_t)flows;
    bin->alerted += t->alerted ? (uint64_t)flows : 0;
}

/* Do a file's bins lie within those asked for? */
static bool bins_fit(const struct binning *b, const struct flow_db *f)
{
    return !b->exact && f->bin_ns > 0 && b->out->from_ns % f->bin_ns == 0 &&
           b->out->bin_ns % f->bin_ns == 0 && b->out->to_ns % f->bin_ns == 0;
}

static enum lw_status add_bins(const struct binning *b, struct flow_db *f,
                               struct lw_error *err)
{
    struct db_stmt *q = NULL;
    enum lw_status st = db_prepare(
        f->db, "SELECT bin, facet, flows, packets, bytes FROM bins", &q, err);

    if (st != LW_OK)
        return st;
    while ((st = db_step(q, err)) == LW_OK) {
        int64_t facet = db_int(q, 1);

        if (facet >= 1 && (size_t)facet <= f->n_facets)
            add_to_bin(b, &f->facets[facet - 1], db_int(q, 0) * f->bin_ns, db_int(q, 2),
                       db_int(q, 3), db_int(q, 4));
    }
    return st == LW_END ? LW_OK : st;
}

static void bin_row(void *ctx, const struct part_row *row)
{
    add_to_bin(ctx, row->facet, row->start_ns, 1, row->packets, row->bytes);
}

static enum lw_status bin_file(void *ctx, struct flow_db *f, struct lw_error *err)
{
    struct binning *b = ctx;

    if (bins_fit(b, f))
        return add_bins(b, f, err);
    return each_part_row(f, b->out->from_ns, b->out->to_ns, bin_row, b, err);
}

static int64_t round_down(int64_t v, int64_t unit)
{
    int64_t r = v % unit;

    return v - (r < 0 ? r + unit : r);
}

/* Without bounds, bins that the files' own fit into, unless few rows allow finer ones.
 */
static void choose_bins(struct binning *b)
{
    struct store_series *o = b->out;
    int64_t n = b->n_bins;
    bool given = b->f->from_ns != INT64_MIN || b->f->to_ns != INT64_MAX;

    o->from_ns = b->f->from_ns != INT64_MIN ? b->f->from_ns : b->first_ns;
    o->to_ns = b->f->to_ns != INT64_MAX ? b->f->to_ns : b->last_ns + 1;
    if (o->to_ns <= o->from_ns)
        o->to_ns = o->from_ns + 1;
    b->exact = b->flows <= EXACT_ROWS;
    if (!given && !b->exact) {
        o->from_ns = round_down(o->from_ns, b->width_ns);
        o->bin_ns = (o->to_ns - o->from_ns + n * b->width_ns - 1) / (n * b->width_ns) *
                    b->width_ns;
        o->to_ns = o->from_ns + n * o->bin_ns;
    } else {
        o->bin_ns = (o->to_ns - o->from_ns + n - 1) / n;
    }
}

enum lw_status store_stats_series(struct store *s, const struct store_flow_filter *f,
                                  struct store_bin *bins, uint32_t n_bins,
                                  struct store_series *out, struct lw_error *err)
{
    struct binning b = {.f = f, .bins = bins, .n_bins = n_bins, .out = out};
    enum lw_status st;

    if (n_bins == 0 || n_bins > STORE_BINS_MAX)
        return lw_fail(err, LW_EINVAL, "a series has 1 to %d bins", STORE_BINS_MAX);
    memset(bins, 0, n_bins * sizeof *bins);
    memset(out, 0, sizeof *out);
    out->bin_ns = 1;
    st = flow_each_file(s, f, look_at_file, &b, err);
    if (st != LW_OK || b.flows == 0)
        return st;
    choose_bins(&b);
    return flow_each_file(s, f, bin_file, &b, err);
}
