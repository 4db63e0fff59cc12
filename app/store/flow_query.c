/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of flows: any filter in any of five orders.
 *
 * A page is the best rows behind the cursor, gathered in a heap of the page's size.
 * Files are searched chunk by chunk (cols.h), the most promising first; a chunk is not
 * read when its least and greatest values say that it has nothing for the page.  In one
 * that is read the filter's columns are compared row by row without branches, and then
 * the sort keys of what is left.
 *
 * Indexes were tried before: a (class, key) index for each order and four by address
 * and port.  They took four times as long to make as the rows, and were a thousand
 * times slower than this where filter and order were against each other (the largest
 * flows of a port of which all flows are small).  Here the worst case is reading each
 * column once.
 */
#include "store/flow_query.h"

#include "base/mem.h"
#include "store/addr.h"
#include "store/flow_filter.h"
#include "store/flow_row.h"
#include "store/row_marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PATIENCE: so many chunks are filtered first when looking at keys did not help. */
enum { PAGE_DEFAULT = 100, PICK_MAX = 256, PATIENCE = 8 };

/* Ordered as the page is: for a descending one, key and id are inverted. */
struct candidate {
    int64_t key;
    int64_t id;
};

struct search {
    const struct store_flow_filter *f; /* borrowed */
    struct store_addr last[3];         /* of the networks host, source, destination */
    bool has_cursor;
    struct candidate cursor;
    size_t limit;
    struct candidate *heap; /* (n) owned: the worst first */
    size_t n;
    struct flow_db *file; /* borrowed: the one searched now */
    uint8_t *mask;        /* (file->n_facets) owned */
    size_t mask_cap;
    bool partly;     /* the mask leaves facets out */
    uint64_t facets; /* bit f % 64 of each facet in the mask */
    uint32_t n_rows; /* of the chunk that are looked at: all, or those picked */
    bool picking;
    bool keys_picked; /* `keys` has those of the picked rows only */
    unsigned patience;
    uint32_t picked[PICK_MAX]; /* (n_rows) which */
    void *values;              /* (COLS_CHUNK) owned: a column of the rows looked at */
    void *keys;                /* (COLS_CHUNK) owned: their sort keys */
    uint8_t *keep; /* (COLS_CHUNK + 8) owned: 1 where the filter takes the row */
    uint8_t *hit;  /* (COLS_CHUNK + 8) owned */
    uint8_t *good; /* (COLS_CHUNK + 8) owned: 1 where a full page wants the key */
};

/* ------------------------------------------------------------------------ runs */

struct run_list {
    struct flow_run *runs;
    size_t n;
    size_t cap;
    bool failed;
};

static void read_run(void *ctx, struct db_stmt *q)
{
    struct run_list *l = ctx;
    struct flow_run *runs =
        l->failed ? NULL : mem_grow(l->runs, &l->cap, l->n + 1, sizeof *runs);

    if (runs == NULL) {
        l->failed = true;
        return;
    }
    l->runs = runs;
    runs[l->n++] =
        (struct flow_run){db_int(q, 0), db_int(q, 1), db_int(q, 2), db_int(q, 3)};
}

enum lw_status flow_runs(struct store *s, const struct store_flow_filter *f,
                         struct flow_run **out, size_t *n, struct lw_error *err)
{
    struct run_list l = {.runs = NULL};
    int64_t known = 1;
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, read_run, &l, NULL,
                      "SELECT r.id, r.capture, r.first, r.last FROM captures c"
                      " JOIN runs r ON r.id = c.run WHERE (?1 = 0 OR c.id = ?1)"
                      " AND r.flows > 0 AND r.last >= ?2 AND r.first < ?3"
                      " ORDER BY r.last DESC, r.id DESC",
                      "iii", f->capture, f->from_ns, f->to_ns);
    if (st == LW_OK && f->capture != 0 && l.n == 0)
        st = db_number(d, err, &known, 0, "SELECT count(*) FROM captures WHERE id = ?",
                       "i", f->capture);
    store_reader_give(s, d);
    if (st == LW_OK && l.failed)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    if (st == LW_OK && known == 0)
        st = store_missing("capture", f->capture, err);
    if (st != LW_OK) {
        mem_free(l.runs);
        return st;
    }
    *out = l.runs;
    *n = l.n;
    return LW_OK;
}

bool flow_facets(const struct flow_db *f, const struct store_flow_filter *filter,
                 uint8_t *mask, uint64_t *flows)
{
    bool partly = false;

    *flows = 0;
    for (size_t i = 0; i < f->n_facets; i++) {
        const struct flow_facet *t = &f->facets[i];

        mask[i] =
            (filter->verdict < 0 || t->verdict == filter->verdict) &&
            (filter->alerted < 0 || t->alerted == filter->alerted) &&
            (filter->proto[0] == '\0' || strcmp(t->proto, filter->proto) == 0) &&
            (filter->service[0] == '\0' || strcmp(t->service, filter->service) == 0);
        *flows += mask[i] ? t->flows : 0;
        partly |= !mask[i];
    }
    return partly;
}

enum lw_status flow_each_file(struct store *s, const struct store_flow_filter *f,
                              flow_file_fn fn, void *ctx, struct lw_error *err)
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

/* ------------------------------------------------------------------------ heap */

static bool before(struct candidate a, struct candidate b)
{
    return a.key != b.key ? a.key < b.key : a.id < b.id;
}

static void sift_down(struct candidate *heap, size_t n, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < n && before(heap[child], heap[child + 1]))
            child++;
        if (child >= n || !before(heap[at], heap[child]))
            return;
        struct candidate c = heap[at];
        heap[at] = heap[child];
        heap[child] = c;
        at = child;
    }
}

static void offer(struct search *q, struct candidate c)
{
    size_t at;

    if (q->n == q->limit) {
        if (!before(c, q->heap[0]))
            return;
        q->heap[0] = c;
        sift_down(q->heap, q->n, 0);
        return;
    }
    at = q->n++;
    for (; at > 0 && before(q->heap[(at - 1) / 2], c); at = (at - 1) / 2)
        q->heap[at] = q->heap[(at - 1) / 2];
    q->heap[at] = c;
}

/* The best first. */
static void sort_heap(struct search *q)
{
    for (size_t n = q->n; n > 1; n--) {
        struct candidate worst = q->heap[0];

        q->heap[0] = q->heap[n - 1];
        q->heap[n - 1] = worst;
        sift_down(q->heap, n - 1, 0);
    }
}

/* ----------------------------------------------------------------------- chunks */

/* Marks in `hit` where an address lies in a network. */
static void mark_addr(uint8_t *hit, const struct store_addr *values, uint32_t n,
                      const struct store_addr *first, const struct store_addr *last)
{
    for (uint32_t i = 0; i < n; i++)
        hit[i] |= memcmp(&values[i], first, sizeof *first) >= 0 &&
                  memcmp(&values[i], last, sizeof *last) <= 0;
}

static uint32_t ip4_of(const struct store_addr *a)
{
    return (uint32_t)a->bytes[1] << 24 | (uint32_t)a->bytes[2] << 16 |
           (uint32_t)a->bytes[3] << 8 | a->bytes[4];
}

static enum lw_status read_column(struct search *q, size_t k, enum col col,
                                  struct lw_error *err)
{
    if (q->picking)
        return cols_pick(q->file->db, k, col, q->picked, q->n_rows, q->values, err);
    return cols_read(q->file->db, k, &q->file->chunks[k], col, q->values, err);
}

/* Marks rows whose address on one side is in a network.  In a chunk of IPv4 alone the
 * short column says it. */
static enum lw_status mark_side(struct search *q, size_t k, const struct store_net *net,
                                const struct store_addr *last, unsigned side,
                                struct lw_error *err)
{
    const struct col_chunk *c = &q->file->chunks[k];
    bool ip4 = net->addr.bytes[0] == 4;
    enum lw_status st;

    if (!c->mixed && !ip4)
        return LW_OK;
    if (!c->mixed) {
        st = read_column(q, k, side == 0 ? COL_SRC : COL_DST, err);
        if (st == LW_OK)
            mark_also_u32(q->hit, q->values, q->n_rows, ip4_of(&net->addr),
                          ip4_of(last));
        return st;
    }
    st = read_column(q, k, side == 0 ? COL_SRC_ADDR : COL_DST_ADDR, err);
    if (st == LW_OK)
        mark_addr(q->hit, q->values, q->n_rows, &net->addr, last);
    return st;
}

/* sides: bit 0 source, bit 1 destination. */
static enum lw_status keep_net(struct search *q, size_t k, const struct store_net *net,
                               const struct store_addr *last, unsigned sides,
                               struct lw_error *err)
{
    uint32_t n = q->n_rows;
    enum lw_status st = LW_OK;

    if (!net_is_set(net))
        return LW_OK;
    memset(q->hit, 0, n);
    for (unsigned side = 0; st == LW_OK && side < 2; side++)
        if ((sides & (1U << side)) != 0)
            st = mark_side(q, k, net, last, side, err);
    keep_marked(q->keep, q->hit, n);
    return st;
}

static enum lw_status keep_port(struct search *q, size_t k, struct lw_error *err)
{
    uint32_t n = q->n_rows;
    enum lw_status st = LW_OK;

    if (q->f->port < 0)
        return LW_OK;
    memset(q->hit, 0, n);
    for (int col = COL_SPORT; st == LW_OK && col <= COL_DPORT; col++) {
        st = read_column(q, k, (enum col)col, err);
        if (st == LW_OK)
            mark_also_equal(q->hit, q->values, n, q->f->port);
    }
    keep_marked(q->keep, q->hit, n);
    return st;
}

/* Whatever the filter names is looked at, unless all rows of the chunk pass. */
static enum lw_status filter_chunk(struct search *q, size_t k, struct lw_error *err)
{
    const struct store_flow_filter *f = q->f;
    const struct col_chunk *c = &q->file->chunks[k];
    enum lw_status st = LW_OK;

    memset(q->keep, 1, q->n_rows);
    memset(q->keep + q->n_rows, 0, 8); /* read by eights */
    if (q->partly && (st = read_column(q, k, COL_FACET, err)) == LW_OK)
        keep_facets(q->keep, q->values, q->n_rows, q->mask,
                    (uint32_t)q->file->n_facets);
    if (st == LW_OK &&
        (c->min[COL_START] < f->from_ns || c->max[COL_START] >= f->to_ns) &&
        (st = read_column(q, k, COL_START, err)) == LW_OK)
        keep_i64(q->keep, q->values, q->n_rows, f->from_ns, f->to_ns - 1);
    if (st == LW_OK && c->min[COL_SCORE] < cols_score_key(f->min_score) &&
        (st = read_column(q, k, COL_SCORE, err)) == LW_OK)
        keep_f32(q->keep, q->values, q->n_rows, f->min_score);
    if (st == LW_OK)
        st = keep_net(q, k, &f->host, &q->last[0], 3, err);
    if (st == LW_OK)
        st = keep_net(q, k, &f->source, &q->last[1], 1, err);
    if (st == LW_OK)
        st = keep_net(q, k, &f->destination, &q->last[2], 2, err);
    return st == LW_OK ? keep_port(q, k, err) : st;
}

static bool any_kept(const uint8_t *keep, uint32_t n)
{
    uint64_t any = 0;

    for (uint32_t i = 0; i < n; i += 8) {
        uint64_t eight;

        memcpy(&eight, keep + i, sizeof eight);
        any |= eight;
    }
    return any != 0;
}

static int64_t key_at(const struct search *q, uint32_t i)
{
    int64_t key = q->f->sort == STORE_SORT_SCORE
                      ? cols_score_key((double)((const float *)q->keys)[i])
                      : ((const int64_t *)q->keys)[i];

    return q->f->ascending ? key : ~key;
}

/* Offer the rows that were kept. */
static void offer_kept(struct search *q, size_t k)
{
    int64_t first = flow_id_make(q->file->run, (int64_t)(k * COLS_CHUNK + 1));

    for (uint32_t i = 0; i < q->n_rows; i += 8) {
        uint64_t eight;

        memcpy(&eight, q->keep + i, sizeof eight);
        for (; eight != 0; eight &= eight - 1) {
            uint32_t at = i + (uint32_t)__builtin_ctzll(eight) / 8;
            uint32_t row = q->picking ? q->picked[at] : at;
            struct candidate c = {key_at(q, q->keys_picked ? at : row), first + row};

            if (q->n == q->limit && c.key > q->heap[0].key)
                continue;
            if (!q->f->ascending)
                c.id = ~c.id;
            if (!q->has_cursor || before(q->cursor, c))
                offer(q, c);
        }
    }
}

/* Of the rows of chunk k the best and the worst that there could be, as the page is
 * ordered: many rows have the same key, and then the id decides. */
static struct candidate best_of(const struct search *q, size_t k)
{
    const struct col_chunk *c = &q->file->chunks[k];
    int64_t first = flow_id_make(q->file->run, (int64_t)(k * COLS_CHUNK + 1));

    return q->f->ascending
               ? (struct candidate){c->min[q->f->sort], first}
               : (struct candidate){~c->max[q->f->sort], ~(first + c->n - 1)};
}

static struct candidate worst_of(const struct search *q, size_t k)
{
    const struct col_chunk *c = &q->file->chunks[k];
    int64_t first = flow_id_make(q->file->run, (int64_t)(k * COLS_CHUNK + 1));

    return q->f->ascending ? (struct candidate){c->max[q->f->sort], first + c->n - 1}
                           : (struct candidate){~c->min[q->f->sort], ~first};
}

/* The greatest key, as the page is ordered, that a row of chunk k may have and be
 * better than the worst of a full page. */
static int64_t last_good_key(const struct search *q, size_t k)
{
    struct candidate tie = {q->heap[0].key, best_of(q, k).id};

    return before(tie, q->heap[0]) ? tie.key : tie.key - 1;
}

/* Mark in `good` the rows whose keys lie between the cursor and the worst of a full
 * page. */
static void mark_good(struct search *q, size_t k)
{
    uint32_t n = q->file->chunks[k].n;
    bool up = q->f->ascending;
    int64_t last = last_good_key(q, k);
    int64_t worst = up ? last : ~last;
    int64_t least = up ? (q->has_cursor ? q->cursor.key : INT64_MIN) : worst;
    int64_t greatest = up ? worst : (q->has_cursor ? ~q->cursor.key : INT64_MAX);

    if (q->f->sort == STORE_SORT_SCORE)
        mark_f32(q->good, q->keys, n, up && !q->has_cursor ? 0 : cols_key_score(least),
                 !up && !q->has_cursor ? 1e30 : cols_key_score(greatest));
    else
        mark_i64(q->good, q->keys, n, least, greatest);
    memset(q->good + n, 0, 8); /* read by eights */
}

/* Pick the rows that are marked among all, if they are few; false: they are many. */
static bool pick_rows(struct search *q, const uint8_t *marks)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < q->n_rows; i += 8) {
        uint64_t eight;

        memcpy(&eight, marks + i, sizeof eight);
        for (; eight != 0; eight &= eight - 1) {
            if (n == PICK_MAX)
                return false;
            q->picked[n++] = i + (uint32_t)__builtin_ctzll(eight) / 8;
        }
    }
    q->n_rows = n;
    q->picking = true;
    return true;
}

/* Can chunk k have a row that the page wants? */
static bool is_wanted(const struct search *q, size_t k)
{
    const struct store_flow_filter *f = q->f;
    const struct col_chunk *c = &q->file->chunks[k];

    return (c->facets & q->facets) != 0 && c->max[COL_START] >= f->from_ns &&
           c->min[COL_START] < f->to_ns &&
           c->max[COL_SCORE] >= cols_score_key(f->min_score) &&
           (q->n < q->limit || before(best_of(q, k), q->heap[0])) &&
           (!q->has_cursor || before(q->cursor, worst_of(q, k)));
}

static enum lw_status read_keys(struct search *q, size_t k, struct lw_error *err)
{
    return cols_read(q->file->db, k, &q->file->chunks[k], (enum col)q->f->sort, q->keys,
                     err);
}

/* The keys of the rows that the filter has left, which of these the page wants, and
 * offering them. */
static enum lw_status take_kept(struct search *q, size_t k, struct lw_error *err)
{
    enum lw_status st;

    if (pick_rows(q, q->keep)) {
        q->keys_picked = true;
        memset(q->keep, 1, q->n_rows);
        memset(q->keep + q->n_rows, 0, 8);
        st = cols_pick(q->file->db, k, (enum col)q->f->sort, q->picked, q->n_rows,
                       q->keys, err);
    } else {
        st = read_keys(q, k, err);
        if (st == LW_OK && q->n == q->limit) {
            mark_good(q, k);
            keep_marked(q->keep, q->good, q->n_rows);
        }
    }
    if (st == LW_OK)
        offer_kept(q, k);
    return st;
}

/* Once the page is full the keys are looked at first: few are good enough, and of these
 * alone the filter's columns are read.  Before that, and for some chunks after one with
 * many good keys, the filter comes first. */
static enum lw_status search_chunk(struct search *q, size_t k, struct lw_error *err)
{
    bool keys_first = q->n == q->limit && q->patience == 0;
    enum lw_status st = LW_OK;

    if (!is_wanted(q, k))
        return LW_OK;
    q->picking = false;
    q->keys_picked = false;
    q->n_rows = q->file->chunks[k].n;
    if (keys_first) {
        st = read_keys(q, k, err);
        if (st != LW_OK)
            return st;
        mark_good(q, k);
        if (!pick_rows(q, q->good))
            q->patience = PATIENCE;
    } else if (q->patience > 0) {
        q->patience--;
    }
    st = filter_chunk(q, k, err);
    if (st == LW_OK && keys_first && !q->picking)
        keep_marked(q->keep, q->good, q->n_rows);
    if (st != LW_OK || !any_kept(q->keep, q->n_rows))
        return st;
    if (!keys_first)
        return take_kept(q, k, err);
    offer_kept(q, k);
    return LW_OK;
}

/* ------------------------------------------------------------------------ files */

static int by_best_key(const void *x, const void *y, void *ctx)
{
    const struct search *q = ctx;
    struct candidate a = best_of(q, *(const uint32_t *)x);
    struct candidate b = best_of(q, *(const uint32_t *)y);

    return before(b, a) - before(a, b);
}

/* The chunk with the best key first: the page fills with good rows early, and what is
 * worse is then not read. */
static enum lw_status search_file(struct search *q, struct lw_error *err)
{
    size_t n = q->file->n_chunks;
    uint32_t *order = mem_alloc((n + 1) * sizeof *order);
    enum lw_status st = LW_OK;

    if (order == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, n, sizeof *order, by_best_key, q);
    for (size_t i = 0; st == LW_OK && i < n; i++)
        st = search_chunk(q, order[i], err);
    mem_free(order);
    return st;
}

/* Can a file have a row that is good enough?  Asked of its times only. */
static bool is_too_late(const struct search *q, const struct flow_run *run)
{
    struct candidate c;

    if (q->f->sort != STORE_SORT_TIME || q->n < q->limit)
        return false;
    c.key = q->f->ascending ? run->first_ns : ~run->last_ns;
    c.id = INT64_MIN;
    return !before(c, q->heap[0]);
}

static enum lw_status search_run(struct search *q, struct store *s,
                                 const struct flow_run *run, struct lw_error *err)
{
    uint64_t flows;
    uint8_t *mask;
    enum lw_status st;

    if (is_too_late(q, run))
        return LW_OK;
    st = flow_db_take(s, run->run, &q->file, err);
    if (st == LW_ENOTFOUND)
        return LW_OK; /* deleted meanwhile */
    if (st != LW_OK)
        return st;
    mask = mem_grow(q->mask, &q->mask_cap, q->file->n_facets + 1, sizeof *mask);
    if (mask == NULL) {
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    } else {
        q->mask = mask;
        q->partly = flow_facets(q->file, q->f, mask, &flows);
        q->facets = 0;
        for (size_t i = 0; i < q->file->n_facets; i++)
            q->facets |= mask[i] ? UINT64_C(1) << ((i + 1) % 64) : 0;
        st = flows == 0 ? LW_OK : search_file(q, err);
    }
    flow_db_give(s, q->file);
    q->file = NULL;
    return st;
}

/* ------------------------------------------------------------------------ output */

static enum lw_status alert_of(struct db *main, int64_t run, int64_t grp,
                               int64_t *alert, struct lw_error *err)
{
    *alert = 0;
    if (grp == 0)
        return LW_OK;
    return db_number(main, err, alert, 0,
                     "SELECT id FROM alerts WHERE run = ? AND grp = ? AND deleted = 0",
                     "ii", run, grp);
}

enum lw_status flow_emit(struct db *main, struct flow_db *f, int64_t capture,
                         int64_t id, store_flow_fn fn, void *ctx, struct lw_error *err)
{
    struct store_score scores[STORE_DETECTORS_MAX];
    struct store_flow flow;
    struct db_stmt *q = NULL;
    int64_t grp = 0;
    enum lw_status st = db_prepare(
        f->db, "SELECT " FLOW_ROW_COLUMNS " FROM flows f WHERE f.id = ?", &q, err);

    if (st != LW_OK)
        return st;
    db_bind_int(q, 1, flow_id_number(id));
    st = db_step(q, err);
    if (st == LW_OK) {
        flow_row_read(f, capture, q, &flow, scores, &grp);
        st = alert_of(main, f->run, grp, &flow.alert, err);
        if (st == LW_OK)
            fn(ctx, &flow);
    } else if (st == LW_END) {
        st = store_missing("flow", id, err);
    }
    db_done(q);
    return st;
}

static int64_t capture_of(const struct flow_run *runs, size_t n, int64_t run)
{
    for (size_t i = 0; i < n; i++)
        if (runs[i].run == run)
            return runs[i].capture;
    return 0;
}

static enum lw_status emit_all(struct search *q, struct store *s, size_t n,
                               const struct flow_run *runs, size_t n_runs,
                               store_flow_fn fn, void *ctx, struct lw_error *err)
{
    struct flow_db *file = NULL;
    struct db *main = NULL;
    enum lw_status st = store_reader_take(s, &main, err);

    for (size_t i = 0; st == LW_OK && i < n; i++) {
        int64_t id = q->f->ascending ? q->heap[i].id : ~q->heap[i].id;
        int64_t run = flow_id_run(id);

        if (file == NULL || file->run != run) {
            flow_db_give(s, file);
            file = NULL;
            st = flow_db_take(s, run, &file, err);
        }
        if (st == LW_OK)
            st = flow_emit(main, file, capture_of(runs, n_runs, run), id, fn, ctx, err);
        if (st == LW_ENOTFOUND)
            st = LW_OK; /* deleted meanwhile */
    }
    flow_db_give(s, file);
    store_reader_give(s, main);
    return st;
}

static enum lw_status begin_search(struct search *q, const struct store_flow_filter *f,
                                   struct store_page *page, struct lw_error *err)
{
    const struct store_net *nets[] = {&f->host, &f->source, &f->destination};
    struct flow_cursor cursor;
    enum lw_status st;

    memset(q, 0, sizeof *q);
    q->f = f;
    page->next[0] = '\0';
    q->limit = page->limit == 0 ? PAGE_DEFAULT : page->limit;
    if (q->limit > STORE_PAGE_MAX)
        q->limit = STORE_PAGE_MAX;
    q->limit++; /* to see whether there are more */
    for (size_t i = 0; i < 3; i++)
        if (net_is_set(nets[i]))
            q->last[i] = net_last(nets[i]);
    if (page->cursor != NULL && page->cursor[0] != '\0') {
        st = flow_cursor_parse(span_of(page->cursor, strlen(page->cursor)), f, &cursor,
                               err);
        if (st != LW_OK)
            return st;
        q->has_cursor = true;
        q->cursor.key = f->ascending ? cursor.key : ~cursor.key;
        q->cursor.id = f->ascending ? cursor.id : ~cursor.id;
    }
    q->heap = mem_alloc(q->limit * sizeof *q->heap);
    q->values = mem_alloc(COLS_CHUNK * sizeof(struct store_addr));
    q->keep = mem_alloc(COLS_CHUNK + 8);
    q->hit = mem_alloc(COLS_CHUNK + 8);
    q->good = mem_alloc(COLS_CHUNK + 8);
    q->keys = mem_alloc(COLS_CHUNK * sizeof(int64_t));
    return q->heap == NULL || q->values == NULL || q->keep == NULL || q->keys == NULL ||
                   q->hit == NULL || q->good == NULL
               ? lw_fail(err, LW_ENOMEM, "out of memory")
               : LW_OK;
}

enum lw_status store_flow_list(struct store *s, const struct store_flow_filter *f,
                               struct store_page *page, store_flow_fn fn, void *ctx,
                               struct lw_error *err)
{
    struct flow_run *runs = NULL;
    size_t n_runs = 0;
    struct search q;
    enum lw_status st = begin_search(&q, f, page, err);

    if (st == LW_OK)
        st = flow_runs(s, f, &runs, &n_runs, err);
    for (size_t i = 0; st == LW_OK && i < n_runs; i++)
        st = search_run(&q, s, &runs[i], err);
    sort_heap(&q);
    if (st == LW_OK && q.n == q.limit) {
        const struct candidate *last = &q.heap[--q.n - 1];
        const struct flow_cursor c = {f->ascending ? last->key : ~last->key,
                                      f->ascending ? last->id : ~last->id};

        flow_cursor_format(&c, f, page->next);
    }
    if (st == LW_OK)
        st = emit_all(&q, s, q.n, runs, n_runs, fn, ctx, err);
    mem_free(q.heap);
    mem_free(q.mask);
    mem_free(q.values);
    mem_free(q.keep);
    mem_free(q.hit);
    mem_free(q.good);
    mem_free(q.keys);
    mem_free(runs);
    return st;
}
