/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures for dashboards.
 *
 * Sums over whole analyses come from the small tables of their files (facets, bins), at
 * once; sums over a part of the time from the rows in it.  Both are exact.
 */
#include "base/mem.h"
#include "store/addr.h"
#include "store/flow_query.h"
#include "store/key_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXACT_ROWS = 200000, TOP_MERGE_MAX = 10000 };

/* Call fn for each file that a filter takes. */
typedef enum lw_status (*file_fn)(void *ctx, struct flow_db *f, struct lw_error *err);

static enum lw_status each_file(struct store *s, const struct store_flow_filter *f,
                                file_fn fn, void *ctx, struct lw_error *err)
{
    struct flow_run *runs = NULL;
    size_t n = 0;
    enum lw_status st = flow_runs(s, f, &runs, &n, err);

    for (size_t i = 0; st == LW_OK && i < n; i++) {
        struct flow_db *file = NULL;

        st = flow_db_take(s, runs[i].run, &file, err);
        if (st == LW_OK)
            st = fn(ctx, file, err);
        else if (st == LW_ENOTFOUND)
            st = LW_OK; /* deleted meanwhile */
        flow_db_give(s, file);
    }
    mem_free(runs);
    return st;
}

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

/* The part of a facet that lies in the time asked for. */
static enum lw_status sum_part(struct summing *m, struct flow_db *f,
                               const struct flow_facet *t, struct lw_error *err)
{
    struct db_stmt *q = NULL;
    enum lw_status st = db_prepare(
        f->db,
        "SELECT count(*), sum(packets), sum(bytes), min(start), max(start + duration)"
        " FROM flows INDEXED BY flows_time WHERE facet = ? AND start >= ? AND start < "
        "?",
        &q, err);

    if (st != LW_OK)
        return st;
    db_bind(q, 1, "iii", t->id, m->f->from_ns, m->f->to_ns);
    st = db_step(q, err);
    if (st == LW_OK && db_int(q, 0) > 0) {
        add_times(m->out, db_int(q, 3), db_int(q, 4));
        add_sums(m, t, (uint64_t)db_int(q, 0), (uint64_t)db_int(q, 1),
                 (uint64_t)db_int(q, 2));
    }
    db_done(q);
    return st;
}

static enum lw_status sum_file(void *ctx, struct flow_db *f, struct lw_error *err)
{
    struct summing *m = ctx;
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < f->n_facets; i++) {
        const struct flow_facet *t = &f->facets[i];

        if (t->first_ns >= m->f->from_ns && t->last_ns < m->f->to_ns) {
            add_times(m->out, t->first_ns, t->last_ns);
            add_sums(m, t, t->flows, t->packets, t->bytes);
        } else {
            st = sum_part(m, f, t, err);
        }
    }
    return st;
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
    st = each_file(s, f, sum_file, &m, err);
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

static enum lw_status add_rows(struct binning *b, struct flow_db *f, struct db_stmt *q,
                               int64_t unit_ns, struct lw_error *err)
{
    enum lw_status st;

    while ((st = db_step(q, err)) == LW_OK) {
        int64_t facet = db_int(q, 1);

        if (facet >= 1 && (size_t)facet <= f->n_facets)
            add_to_bin(b, &f->facets[facet - 1], db_int(q, 0) * unit_ns, db_int(q, 2),
                       db_int(q, 3), db_int(q, 4));
    }
    return st == LW_END ? LW_OK : st;
}

static enum lw_status bin_file(void *ctx, struct flow_db *f, struct lw_error *err)
{
    struct binning *b = ctx;
    struct db_stmt *q = NULL;
    enum lw_status st;

    if (bins_fit(b, f)) {
        st = db_prepare(f->db, "SELECT bin, facet, flows, packets, bytes FROM bins", &q,
                        err);
        return st == LW_OK ? add_rows(b, f, q, f->bin_ns, err) : st;
    }
    st = db_prepare(f->db,
                    "SELECT start, facet, 1, packets, bytes FROM flows INDEXED BY"
                    " flows_time WHERE facet = ? AND start >= ? AND start < ?",
                    &q, err);
    for (size_t i = 0; st == LW_OK && i < f->n_facets; i++) {
        db_bind(q, 1, "iii", f->facets[i].id, b->out->from_ns, b->out->to_ns);
        st = add_rows(b, f, q, 1, err);
    }
    return st;
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
    st = each_file(s, f, look_at_file, &b, err);
    if (st != LW_OK || b.flows == 0)
        return st;
    choose_bins(&b);
    return each_file(s, f, bin_file, &b, err);
}

/* ------------------------------------------------------------------------- top */

struct sums {
    uint64_t flows;
    uint64_t packets;
    uint64_t bytes;
    uint64_t alerted;
    char *name[2]; /* owned */
};

struct topping {
    const struct store_flow_filter *f;
    enum store_top what;
    enum store_top_by by;
    uint32_t limit; /* of each file */
    struct key_table keys;
    struct sums *sums; /* (keys.n) owned */
    size_t cap;
    uint32_t *order; /* (keys.n) owned */
};

static struct sums *sums_of(struct topping *t, const void *key, size_t n)
{
    bool added;
    uint32_t number = key_table_number(&t->keys, key, n, &added);
    struct sums *sums =
        number == 0 ? NULL : mem_grow(t->sums, &t->cap, number, sizeof *sums);

    if (sums == NULL)
        return NULL;
    t->sums = sums;
    if (added)
        memset(&sums[number - 1], 0, sizeof *sums);
    return &sums[number - 1];
}

/* Services and protocols over the whole time: from the facets. */
static enum lw_status top_facets(struct topping *t, const struct flow_db *f,
                                 struct lw_error *err)
{
    for (size_t i = 0; i < f->n_facets; i++) {
        const struct flow_facet *x = &f->facets[i];
        const char *key = t->what == STORE_TOP_SERVICES ? x->service : x->proto;
        struct sums *sums;

        if (*key == '\0')
            continue;
        sums = sums_of(t, key, strlen(key));
        if (sums == NULL)
            return lw_fail(err, LW_ENOMEM, "out of memory");
        sums->flows += x->flows;
        sums->packets += x->packets;
        sums->bytes += x->bytes;
        sums->alerted += x->alerted ? x->flows : 0;
    }
    return LW_OK;
}

/* A key and, of a conversation, a second one behind it. */
static enum lw_status add_top_row(struct topping *t, struct db_stmt *q,
                                  struct lw_error *err)
{
    uint8_t key[2 * STORE_ADDR_BYTES + 32];
    size_t n;
    size_t n2;
    const void *p = db_blob(q, 0, &n);
    const void *p2 = db_blob(q, 1, &n2);
    struct sums *sums;

    if (n + n2 > sizeof key)
        return LW_OK;
    if (n > 0)
        memcpy(key, p, n);
    if (n2 > 0)
        memcpy(key + n, p2, n2);
    sums = sums_of(t, key, n + n2);
    if (sums == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    sums->flows += (uint64_t)db_int(q, 2);
    sums->packets += (uint64_t)db_int(q, 3);
    sums->bytes += (uint64_t)db_int(q, 4);
    sums->alerted += (uint64_t)db_int(q, 5);
    for (int i = 0; i < 2; i++)
        if (sums->name[i] == NULL && !db_is_null(q, 6 + i))
            sums->name[i] = mem_strdup(db_text(q, 6 + i));
    return LW_OK;
}

static const char *const measures[] = {"3", "4", "5", "6"}; /* ORDER: store_top_by */

static void add_alerted(struct buf *sql, const struct flow_db *f)
{
    bool any = false;

    buf_add_text(sql, "sum(facet IN (");
    for (size_t i = 0; i < f->n_facets; i++) {
        if (!f->facets[i].alerted)
            continue;
        buf_printf(sql, "%s%" PRId64, any ? "," : "", f->facets[i].id);
        any = true;
    }
    buf_add_text(sql, "))");
}

static void write_top_query(struct buf *sql, const struct topping *t,
                            const struct flow_db *f, bool part)
{
    static const struct {
        const char *key;
        const char *key2;
        bool addr;
    } keys[] = {
        [STORE_TOP_SOURCES] = {"src", "NULL", true},
        [STORE_TOP_DESTINATIONS] = {"dst", "NULL", true},
        [STORE_TOP_SERVICES] = {"(SELECT service FROM facets WHERE id = facet)", "NULL",
                                false},
        [STORE_TOP_PORTS] = {"dport", "NULL", false},
        [STORE_TOP_PROTOCOLS] = {"(SELECT proto FROM facets WHERE id = facet)", "NULL",
                                 false},
        [STORE_TOP_CONVERSATIONS] = {"src", "dst", true},
    };
    bool two = t->what == STORE_TOP_CONVERSATIONS;

    buf_printf(sql,
               "SELECT k, k2, n, p, b, a,%s%s FROM (SELECT %s k, %s k2, count(*) n,"
               " sum(packets) p, sum(bytes) b, ",
               keys[t->what].addr ? " (SELECT name FROM names WHERE addr = k),"
                                  : " NULL,",
               two ? " (SELECT name FROM names WHERE addr = k2)" : " NULL",
               keys[t->what].key, keys[t->what].key2);
    add_alerted(sql, f);
    buf_printf(
        sql,
        " a FROM flows NOT INDEXED WHERE %s%s GROUP BY 1%s ORDER BY %s DESC, 1, 2"
        " LIMIT ?3)",
        part ? "start >= ?1 AND start < ?2" : "1",
        t->what == STORE_TOP_PORTS ? " AND dport >= 0" : "", two ? ", 2" : "",
        measures[t->by]);
}

static enum lw_status top_file(void *ctx, struct flow_db *f, struct lw_error *err)
{
    struct topping *t = ctx;
    bool part = t->f->from_ns != INT64_MIN || t->f->to_ns != INT64_MAX;
    struct db_stmt *q = NULL;
    struct buf sql;
    enum lw_status st;

    if (!part && (t->what == STORE_TOP_SERVICES || t->what == STORE_TOP_PROTOCOLS))
        return top_facets(t, f, err);
    buf_init(&sql);
    write_top_query(&sql, t, f, part);
    st = buf_ok(&sql) ? db_prepare(f->db, buf_text(&sql), &q, err)
                      : lw_fail(err, LW_ENOMEM, "out of memory");
    buf_release(&sql);
    if (st != LW_OK)
        return st;
    db_bind(q, 1, "iii", t->f->from_ns, t->f->to_ns, (int64_t)t->limit);
    while ((st = db_step(q, err)) == LW_OK) {
        st = add_top_row(t, q, err);
        if (st != LW_OK)
            break;
    }
    db_done(q);
    return st == LW_END ? LW_OK : st;
}

static uint64_t measure(const struct topping *t, uint32_t number)
{
    const struct sums *s = &t->sums[number - 1];

    switch (t->by) {
    case STORE_BY_PACKETS:
        return s->packets;
    case STORE_BY_BYTES:
        return s->bytes;
    case STORE_BY_ALERTS:
        return s->alerted;
    case STORE_BY_FLOWS:
        break;
    }
    return s->flows;
}

static int compare_top(const void *x, const void *y, void *ctx)
{
    const struct topping *t = ctx;
    uint32_t a = *(const uint32_t *)x;
    uint32_t b = *(const uint32_t *)y;
    uint64_t va = measure(t, a);
    uint64_t vb = measure(t, b);
    size_t na;
    size_t nb;
    const char *ka;
    const char *kb;
    int c;

    if (va != vb)
        return va > vb ? -1 : 1;
    ka = key_table_key(&t->keys, a, &na);
    kb = key_table_key(&t->keys, b, &nb);
    c = memcmp(ka, kb, na < nb ? na : nb);
    return c != 0 ? c : (na > nb) - (na < nb);
}

static void emit_top(const struct topping *t, uint32_t number, store_top_fn fn,
                     void *ctx)
{
    char text[2][STORE_ADDR_TEXT_MAX + 80];
    const struct sums *s = &t->sums[number - 1];
    size_t n;
    const char *key = key_table_key(&t->keys, number, &n);
    struct store_top_row row = {
        .key = text[0],
        .name = s->name[0],
        .name2 = s->name[1],
        .flows = s->flows,
        .packets = s->packets,
        .bytes = s->bytes,
        .alerted = s->alerted,
    };
    bool addr = t->what != STORE_TOP_SERVICES && t->what != STORE_TOP_PROTOCOLS &&
                t->what != STORE_TOP_PORTS;

    if (addr) {
        struct store_addr a = {{0}};
        size_t first;

        a.bytes[0] = (uint8_t)key[0];
        first = addr_bytes(&a) < n ? addr_bytes(&a) : n;
        a = addr_of_blob(key, first);
        (void)store_addr_text(&a, text[0]);
        a = addr_of_blob(key + first, n - first);
        (void)store_addr_text(&a, text[1]);
        row.key2 = t->what == STORE_TOP_CONVERSATIONS ? text[1] : NULL;
    } else {
        (void)snprintf(text[0], sizeof text[0], "%.*s", (int)n, key);
    }
    fn(ctx, &row);
}

static enum lw_status order_top(struct topping *t, struct lw_error *err)
{
    t->order = mem_alloc((t->keys.n + 1) * sizeof *t->order);
    if (t->order == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    for (uint32_t i = 0; i < t->keys.n; i++)
        t->order[i] = i + 1;
    qsort_r(t->order, t->keys.n, sizeof *t->order, compare_top, t);
    return LW_OK;
}

enum lw_status store_stats_top(struct store *s, enum store_top what,
                               enum store_top_by by, const struct store_flow_filter *f,
                               uint32_t limit, store_top_fn fn, void *ctx,
                               struct lw_error *err)
{
    /* Several files are merged from the largest of each. */
    struct topping t = {.f = f, .what = what, .by = by, .limit = TOP_MERGE_MAX};
    enum lw_status st;

    key_table_init(&t.keys);
    if (f->capture != 0)
        t.limit = limit;
    st = each_file(s, f, top_file, &t, err);
    if (st == LW_OK)
        st = order_top(&t, err);
    for (uint32_t i = 0; st == LW_OK && i < limit && i < t.keys.n; i++)
        emit_top(&t, t.order[i], fn, ctx);
    for (uint32_t i = 0; i < t.keys.n; i++) {
        mem_free(t.sums[i].name[0]);
        mem_free(t.sums[i].name[1]);
    }
    mem_free(t.order);
    mem_free(t.sums);
    key_table_release(&t.keys);
    return st;
}
