/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of flows: any filter, any of five orders, in time that does not grow with the
 * number of flows.
 *
 * A page is the best rows behind the cursor, gathered in a heap of the page's size from
 * sorted streams.  A stream that has fallen behind the heap's worst row is left, so of
 * many streams each costs one look.  Three kinds of streams:
 *
 *     walk      an index (facet, sort key), one stream a facet that the filter takes:
 *               any class, protocol, service and "alerted" in any order
 *     follow    an index (address or port, start): one host or port in the order of
 * time collect   everything that a selective filter finds, in whatever order
 *
 * A filter is selective if it finds at most flow_collect_max rows, which is counted in
 * its index before.  What is left of the filter is looked at row by row: when it is not
 * selective, a walk meets a match soon.  (It need not, where the order and the filter
 * are against each other: docs/store.md says what is offered.)
 */
#include "store/flow_query.h"

#include "base/mem.h"
#include "store/addr.h"
#include "store/flow_filter.h"
#include "store/flow_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_DEFAULT = 100 };

uint32_t flow_collect_max = 20000;

/* Values of a statement keep their numbers, whichever of them it has. */
enum {
    P_FACET = 1,
    P_KEY,
    P_ID,
    P_FROM,
    P_TO,
    P_HOST,
    P_HOST_LAST,
    P_SOURCE,
    P_SOURCE_LAST,
    P_DESTINATION,
    P_DESTINATION_LAST,
    P_PORT,
    P_SCORE,
    P_LIMIT
};

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
    bool *mask;           /* (file->n_facets) owned */
    size_t mask_cap;
    bool partly; /* the mask leaves facets out */
};

static const char *const sort_columns[STORE_N_SORTS] = {"start", "score", "duration",
                                                        "packets", "bytes"};
static const char *const sort_indexes[STORE_N_SORTS] = {
    "flows_time", "flows_score", "flows_duration", "flows_packets", "flows_bytes"};

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
                 bool *mask, uint64_t *flows)
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

/* False: it, and all that come after it in the order of the page, are too late. */
static bool offer(struct search *q, struct candidate c)
{
    size_t at;

    if (q->n == q->limit) {
        if (!before(c, q->heap[0]))
            return false;
        q->heap[0] = c;
        sift_down(q->heap, q->n, 0);
        return true;
    }
    at = q->n++;
    for (; at > 0 && before(q->heap[(at - 1) / 2], c); at = (at - 1) / 2)
        q->heap[at] = q->heap[(at - 1) / 2];
    q->heap[at] = c;
    return true;
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

/* ------------------------------------------------------------------- statements */

static int64_t key_of_score(double score)
{
    int64_t bits;

    memcpy(&bits, &score, sizeof bits);
    return bits;
}

static double score_of_key(int64_t key)
{
    double score;

    memcpy(&score, &key, sizeof score);
    return score;
}

static struct candidate candidate_at(const struct search *q, struct db_stmt *row)
{
    struct candidate c = {q->f->sort == STORE_SORT_SCORE ? key_of_score(db_real(row, 0))
                                                         : db_int(row, 0),
                          flow_id_make(q->file->run, db_int(row, 1))};

    if (!q->f->ascending) {
        c.key = ~c.key;
        c.id = ~c.id;
    }
    return c;
}

static void add_net(struct buf *sql, const struct store_net *net, const char *column,
                    int first)
{
    if (net_is_set(net))
        buf_printf(sql, " AND +f.%s >= ?%d AND +f.%s <= ?%d", column, first, column,
                   first + 1);
}

/* What is left of the filter.  The plus keeps SQLite from choosing another index. */
static void add_rest(struct buf *sql, const struct search *q)
{
    const struct store_flow_filter *f = q->f;

    if (net_is_set(&f->host))
        buf_printf(sql,
                   " AND (+f.src >= ?%d AND +f.src <= ?%d OR +f.dst >= ?%d AND"
                   " +f.dst <= ?%d)",
                   P_HOST, P_HOST_LAST, P_HOST, P_HOST_LAST);
    add_net(sql, &f->source, "src", P_SOURCE);
    add_net(sql, &f->destination, "dst", P_DESTINATION);
    if (f->port >= 0)
        buf_printf(sql, " AND (+f.sport = ?%d OR +f.dport = ?%d)", P_PORT, P_PORT);
    if (f->from_ns != INT64_MIN)
        buf_printf(sql, " AND +f.start >= ?%d", P_FROM);
    if (f->to_ns != INT64_MAX)
        buf_printf(sql, " AND +f.start < ?%d", P_TO);
    if (f->min_score > 0)
        buf_printf(sql, " AND +f.score >= ?%d", P_SCORE);
}

/* Where a stream in the order of the page begins and ends. */
static void add_bounds(struct buf *sql, const struct search *q)
{
    const struct store_flow_filter *f = q->f;
    const char *key = sort_columns[f->sort];
    bool time = f->sort == STORE_SORT_TIME;
    bool cursor = q->has_cursor;

    if (cursor)
        buf_printf(sql, " AND (f.%s, f.id) %c (?%d, ?%d)", key,
                   f->ascending ? '>' : '<', P_KEY, P_ID);
    /* The cursor is the nearer bound on its side. */
    if (time && f->from_ns != INT64_MIN && !(cursor && f->ascending))
        buf_printf(sql, " AND f.start >= ?%d", P_FROM);
    if (time && f->to_ns != INT64_MAX && !(cursor && !f->ascending))
        buf_printf(sql, " AND f.start < ?%d", P_TO);
    if (f->sort == STORE_SORT_SCORE && f->min_score > 0 && !(cursor && f->ascending))
        buf_printf(sql, " AND f.score >= ?%d", P_SCORE);
}

static void add_order(struct buf *sql, const struct search *q)
{
    const char *key = sort_columns[q->f->sort];
    const char *way = q->f->ascending ? "ASC" : "DESC";

    buf_printf(sql, " ORDER BY f.%s %s, f.id %s", key, way, way);
}

static void bind_net(struct db_stmt *st, const struct store_net *net,
                     const struct store_addr *last, int first)
{
    if (!net_is_set(net))
        return;
    db_bind_blob(st, first, net->addr.bytes, addr_bytes(&net->addr));
    db_bind_blob(st, first + 1, last->bytes, addr_bytes(last));
}

static void bind_cursor(const struct search *q, struct db_stmt *st)
{
    bool up = q->f->ascending;
    int64_t key = up ? q->cursor.key : ~q->cursor.key;
    int64_t id = up ? q->cursor.id : ~q->cursor.id;
    int64_t run = flow_id_run(id);
    /* Rows of other files with the same key come all after it, or all before. */
    int64_t number = run == q->file->run  ? flow_id_number(id)
                     : run < q->file->run ? -1
                                          : INT64_MAX;

    if (q->f->sort == STORE_SORT_SCORE)
        db_bind_real(st, P_KEY, score_of_key(key));
    else
        db_bind_int(st, P_KEY, key);
    db_bind_int(st, P_ID, number);
}

static void bind_filter(const struct search *q, struct db_stmt *st)
{
    const struct store_flow_filter *f = q->f;

    db_bind_int(st, P_FROM, f->from_ns);
    db_bind_int(st, P_TO, f->to_ns);
    bind_net(st, &f->host, &q->last[0], P_HOST);
    bind_net(st, &f->source, &q->last[1], P_SOURCE);
    bind_net(st, &f->destination, &q->last[2], P_DESTINATION);
    db_bind_int(st, P_PORT, f->port);
    db_bind_real(st, P_SCORE, f->min_score);
    if (q->has_cursor)
        bind_cursor(q, st);
}

static enum lw_status prepare(const struct search *q, struct buf *sql,
                              struct db_stmt **out, struct lw_error *err)
{
    enum lw_status st = buf_ok(sql) ? db_prepare(q->file->db, buf_text(sql), out, err)
                                    : lw_fail(err, LW_ENOMEM, "out of memory");

    buf_release(sql);
    if (st == LW_OK)
        bind_filter(q, *out);
    return st;
}

/* Offer rows (key, id, facet) until the stream ends or, if it is sorted, is too late.
 */
static enum lw_status take_rows(struct search *q, struct db_stmt *st, bool sorted,
                                bool check_facet, struct lw_error *err)
{
    enum lw_status got;

    while ((got = db_step(st, err)) == LW_OK) {
        struct candidate c = candidate_at(q, st);

        if (sorted && q->n == q->limit && !before(c, q->heap[0]))
            break;
        if (check_facet) {
            int64_t facet = db_int(st, 2);

            if (facet < 1 || (size_t)facet > q->file->n_facets || !q->mask[facet - 1])
                continue;
        }
        if (q->has_cursor && !before(q->cursor, c))
            continue;
        (void)offer(q, c);
    }
    db_done(st);
    return got == LW_END ? LW_OK : got;
}

/* ------------------------------------------------------------------------ walk */

/* Of each facet the rows in `index`, in the order of the page when it is the sort's. */
static enum lw_status walk(struct search *q, const char *index, const char *condition,
                           bool sorted, struct lw_error *err)
{
    struct buf sql;
    struct db_stmt *st = NULL;
    enum lw_status got;

    buf_init(&sql);
    buf_printf(&sql,
               "SELECT f.%s, f.id FROM flows f INDEXED BY %s WHERE f.facet = ?%d%s",
               sort_columns[q->f->sort], index, P_FACET, condition);
    if (sorted)
        add_bounds(&sql, q);
    add_rest(&sql, q);
    if (sorted)
        add_order(&sql, q);
    got = prepare(q, &sql, &st, err);
    for (size_t i = 0; got == LW_OK && i < q->file->n_facets; i++) {
        if (!q->mask[i])
            continue;
        db_bind_int(st, P_FACET, q->file->facets[i].id);
        got = take_rows(q, st, sorted, false, err);
    }
    return got;
}

/* ------------------------------------------------------------- follow and collect */

/* A way to a part of the rows: an index and the condition that it is entered with. */
struct way {
    const char *index;
    char condition[160]; /* begins with the index's column */
    const char *except;  /* what another way has already; "" */
    bool equal;          /* one value: its rows are in the order of time */
};

/* The ways to what a filter finds by address or port: one or two. */
struct ways {
    struct way way[2];
    size_t n;
    uint64_t rows; /* at most flow_collect_max + 1 */
};

static void add_way(struct ways *w, const char *column, const struct store_net *net,
                    int first, const char *except)
{
    struct way *way = &w->way[w->n++];
    bool equal = net == NULL || net_is_host(net);

    way->index = column[0] == 's' ? (column[1] == 'r' ? "flows_src" : "flows_sport")
                                  : (column[1] == 's' ? "flows_dst" : "flows_dport");
    way->except = except;
    way->equal = equal;
    if (equal)
        (void)snprintf(way->condition, sizeof way->condition, "f.%s = ?%d", column,
                       first);
    else
        (void)snprintf(way->condition, sizeof way->condition,
                       "f.%s >= ?%d AND f.%s <= ?%d", column, first, column, first + 1);
}

static size_t find_ways(const struct store_flow_filter *f, struct ways out[4])
{
    size_t n = 0;

    memset(out, 0, 4 * sizeof out[0]);
    if (net_is_set(&f->host)) {
        add_way(&out[n], "src", &f->host, P_HOST, "");
        add_way(&out[n++], "dst", &f->host, P_HOST,
                " AND NOT (+f.src >= ?6 AND +f.src <= ?7)");
    }
    if (net_is_set(&f->source))
        add_way(&out[n++], "src", &f->source, P_SOURCE, "");
    if (net_is_set(&f->destination))
        add_way(&out[n++], "dst", &f->destination, P_DESTINATION, "");
    if (f->port >= 0) {
        add_way(&out[n], "sport", NULL, P_PORT, "");
        add_way(&out[n++], "dport", NULL, P_PORT, " AND +f.sport <> ?12");
    }
    return n;
}
_Static_assert(P_HOST == 6 && P_HOST_LAST == 7 && P_PORT == 12, "ORDER: find_ways()");

static void add_time(struct buf *sql, const struct search *q)
{
    if (q->f->from_ns != INT64_MIN)
        buf_printf(sql, " AND f.start >= ?%d", P_FROM);
    if (q->f->to_ns != INT64_MAX)
        buf_printf(sql, " AND f.start < ?%d", P_TO);
}

static enum lw_status count(struct search *q, struct buf *sql, int64_t facet,
                            uint64_t max, uint64_t *rows, struct lw_error *err)
{
    struct db_stmt *st = NULL;
    enum lw_status got;

    buf_printf(sql, " LIMIT ?%d)", P_LIMIT);
    got = prepare(q, sql, &st, err);
    if (got != LW_OK)
        return got;
    db_bind_int(st, P_FACET, facet);
    db_bind_int(st, P_LIMIT, (int64_t)max);
    got = db_step(st, err);
    if (got == LW_OK)
        *rows += (uint64_t)db_int(st, 0);
    db_done(st);
    return got;
}

static enum lw_status count_ways(struct search *q, struct ways *w, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    w->rows = 0;
    for (size_t i = 0; st == LW_OK && i < w->n && w->rows <= flow_collect_max; i++) {
        struct buf sql;

        buf_init(&sql);
        buf_printf(&sql,
                   "SELECT count(*) FROM (SELECT 1 FROM flows f INDEXED BY %s WHERE %s",
                   w->way[i].index, w->way[i].condition);
        if (w->way[i].equal)
            add_time(&sql, q);
        st = count(q, &sql, 0, (uint64_t)flow_collect_max + 1 - w->rows, &w->rows, err);
    }
    return st;
}

/* How many rows of the facets a condition on an index (facet, ...) finds. */
static enum lw_status count_walk(struct search *q, const char *index,
                                 const char *condition, uint64_t *rows,
                                 struct lw_error *err)
{
    enum lw_status st = LW_OK;

    *rows = 0;
    for (size_t i = 0;
         st == LW_OK && i < q->file->n_facets && *rows <= flow_collect_max; i++) {
        struct buf sql;

        if (!q->mask[i])
            continue;
        buf_init(&sql);
        buf_printf(&sql,
                   "SELECT count(*) FROM (SELECT 1 FROM flows f INDEXED BY %s"
                   " WHERE f.facet = ?%d%s",
                   index, P_FACET, condition);
        st = count(q, &sql, q->file->facets[i].id,
                   (uint64_t)flow_collect_max + 1 - *rows, rows, err);
    }
    return st;
}

static enum lw_status take_ways(struct search *q, const struct ways *w, bool sorted,
                                struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < w->n; i++) {
        struct db_stmt *rows = NULL;
        struct buf sql;

        buf_init(&sql);
        buf_printf(&sql, "SELECT f.%s, f.id%s FROM flows f INDEXED BY %s WHERE %s%s",
                   sort_columns[q->f->sort], q->partly ? ", f.facet" : "",
                   w->way[i].index, w->way[i].condition, w->way[i].except);
        if (sorted)
            add_bounds(&sql, q);
        else if (w->way[i].equal)
            add_time(&sql, q);
        add_rest(&sql, q);
        if (sorted)
            add_order(&sql, q);
        st = prepare(q, &sql, &rows, err);
        if (st == LW_OK)
            st = take_rows(q, rows, sorted, q->partly, err);
    }
    return st;
}

/* ---------------------------------------------------------------------- planning */

/* What finds the fewest rows, if they are few. */
struct plan {
    uint64_t rows;
    const struct ways *ways; /* NULL: not by address or port */
    const char *index;       /* NULL: not by time or score */
    char condition[80];
};

static enum lw_status plan_walk(struct search *q, struct plan *best, const char *index,
                                const char *condition, struct lw_error *err)
{
    uint64_t rows;
    enum lw_status st = count_walk(q, index, condition, &rows, err);

    if (st == LW_OK && rows < best->rows) {
        best->rows = rows;
        best->ways = NULL;
        best->index = index;
        (void)snprintf(best->condition, sizeof best->condition, "%s", condition);
    }
    return st;
}

static enum lw_status plan_time_and_score(struct search *q, struct plan *best,
                                          struct lw_error *err)
{
    const struct store_flow_filter *f = q->f;
    bool time = f->from_ns != INT64_MIN || f->to_ns != INT64_MAX;
    enum lw_status st = LW_OK;
    char condition[80];

    if (time && f->sort != STORE_SORT_TIME) {
        (void)snprintf(condition, sizeof condition, "%s%s",
                       f->from_ns != INT64_MIN ? " AND f.start >= ?4" : "",
                       f->to_ns != INT64_MAX ? " AND f.start < ?5" : "");
        st = plan_walk(q, best, "flows_time", condition, err);
    }
    if (st == LW_OK && f->min_score > 0 && f->sort != STORE_SORT_SCORE)
        st = plan_walk(q, best, "flows_score", " AND f.score >= ?13", err);
    return st;
}
_Static_assert(P_FROM == 4 && P_TO == 5 && P_SCORE == 13,
               "ORDER: plan_time_and_score()");

static enum lw_status search_file(struct search *q, struct lw_error *err)
{
    struct plan best = {.rows = (uint64_t)flow_collect_max + 1};
    struct ways ways[4];
    size_t n_ways = find_ways(q->f, ways);
    const struct ways *follow = NULL;
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < n_ways; i++) {
        st = count_ways(q, &ways[i], err);
        if (st == LW_OK && ways[i].rows < best.rows) {
            best.rows = ways[i].rows;
            best.ways = &ways[i];
        }
        if (ways[i].way[0].equal && follow == NULL)
            follow = &ways[i];
    }
    if (st == LW_OK && best.rows > 0)
        st = plan_time_and_score(q, &best, err);
    if (st != LW_OK)
        return st;
    if (best.index != NULL)
        return walk(q, best.index, best.condition, false, err);
    if (best.ways != NULL)
        return take_ways(q, best.ways, false, err);
    if (follow != NULL && q->f->sort == STORE_SORT_TIME)
        return take_ways(q, follow, true, err);
    return walk(q, sort_indexes[q->f->sort], "", true, err);
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
    bool *mask;
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
    return q->heap == NULL ? lw_fail(err, LW_ENOMEM, "out of memory") : LW_OK;
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
    mem_free(runs);
    return st;
}

/* -------------------------------------------------------------------- one flow */

struct detail {
    struct store_score *scores; /* (n) borrowed */
    uint32_t n;
    char *reasons[STORE_DETECTORS_MAX];  /* owned */
    float *vectors[STORE_DETECTORS_MAX]; /* owned */
    char *words;                         /* owned */
    char *first_packets;                 /* owned */
};

static void read_evidence(void *ctx, struct db_stmt *q)
{
    struct detail *d = ctx;
    int64_t i = db_int(q, 0);
    size_t n;
    struct span bytes;

    if (i < 0 || i >= d->n || d->reasons[i] != NULL || d->vectors[i] != NULL)
        return;
    d->reasons[i] = db_is_null(q, 1) ? NULL : mem_strdup(db_text(q, 1));
    d->scores[i].reasons = d->reasons[i];
    bytes.p = db_blob(q, 2, &n);
    bytes.n = n;
    d->vectors[i] = n == 0 ? NULL : mem_alloc(n);
    if (d->vectors[i] == NULL)
        return;
    for (size_t k = 0; k < n / 4; k++)
        (void)span_take_f32(&bytes, &d->vectors[i][k]);
    d->scores[i].vector = d->vectors[i];
    d->scores[i].n_vector = (uint32_t)(n / 4);
}

static void read_detail(void *ctx, struct db_stmt *q)
{
    struct detail *d = ctx;

    d->words = db_is_null(q, 0) ? NULL : mem_strdup(db_text(q, 0));
    d->first_packets = db_is_null(q, 1) ? NULL : mem_strdup(db_text(q, 1));
}

struct whole {
    struct flow_db *file;
    store_flow_fn fn;
    void *ctx;
    enum lw_status st;
    struct lw_error *err;
};

/* With what only some flows have. */
static void add_detail(void *ctx, const struct store_flow *given)
{
    struct whole *w = ctx;
    struct store_score scores[STORE_DETECTORS_MAX];
    struct store_flow f = *given;
    struct detail d = {.scores = scores, .n = f.n_scores};
    int64_t number = flow_id_number(f.id);

    memcpy(scores, f.scores, f.n_scores * sizeof scores[0]);
    f.scores = scores;
    w->st =
        db_query(w->file->db, w->err, read_evidence, &d, NULL,
                 "SELECT n, reasons, vector FROM evidence WHERE flow = ?", "i", number);
    if (w->st == LW_OK)
        w->st = db_query(w->file->db, w->err, read_detail, &d, NULL,
                         "SELECT words, first_packets FROM details WHERE flow = ?", "i",
                         number);
    f.words = d.words;
    f.first_packets = d.first_packets;
    if (w->st == LW_OK)
        w->fn(w->ctx, &f);
    for (size_t i = 0; i < STORE_DETECTORS_MAX; i++) {
        mem_free(d.reasons[i]);
        mem_free(d.vectors[i]);
    }
    mem_free(d.words);
    mem_free(d.first_packets);
}

enum lw_status store_flow_get(struct store *s, int64_t id, store_flow_fn fn, void *ctx,
                              struct lw_error *err)
{
    struct whole w = {.fn = fn, .ctx = ctx, .st = LW_OK, .err = err};
    int64_t capture = 0;
    struct db *main = NULL;
    enum lw_status st = store_reader_take(s, &main, err);

    if (st == LW_OK)
        st = db_number(main, err, &capture, 0,
                       "SELECT capture FROM runs WHERE id = ? AND complete", "i",
                       flow_id_run(id));
    if (st == LW_OK && capture == 0)
        st = store_missing("flow", id, err);
    if (st == LW_OK)
        st = flow_db_take(s, flow_id_run(id), &w.file, err);
    if (st == LW_OK)
        st = flow_emit(main, w.file, capture, id, add_detail, &w, err);
    flow_db_give(s, w.file);
    store_reader_give(s, main);
    return st == LW_OK ? w.st : st;
}
