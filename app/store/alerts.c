/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts: lists, and what people do with them, step by step, so that it can be undone.
 */
#include "store/alerts.h"

#include "store/addr.h"
#include "store/flow_filter.h"
#include "store/flow_query.h"
#include "store/flow_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_NS (INT64_C(86400) * 1000000000)

#define ALERT_COLUMNS                                                                  \
    "id, capture, verdict, detector, severity, attack_id, score, src, dst, src_name,"  \
    " dst_name, sources, destinations, ports, proto, service, first, last, flows,"     \
    " resolved, label, comment, words, flow, run, grp FROM alerts"

enum { PAGE_DEFAULT = 100 };

void store_alert_filter_init(struct store_alert_filter *f)
{
    memset(f, 0, sizeof *f);
    f->from_ns = INT64_MIN;
    f->to_ns = INT64_MAX;
    f->resolved = -1;
    f->verdict = -1;
    f->label = -1;
}

/* --------------------------------------------------------------------- reading */

struct reading {
    store_alert_fn fn;
    void *ctx;
    enum store_alert_sort sort;
    uint32_t limit;
    uint32_t n;
    struct flow_cursor last;
};

static struct store_addr addr_at(struct db_stmt *q, int col)
{
    size_t n;
    const void *p = db_blob(q, col, &n);

    return addr_of_blob(p, n);
}

static int64_t key_of(const struct store_alert *a, enum store_alert_sort sort)
{
    int64_t bits;

    switch (sort) {
    case STORE_ALERT_SEVERITY:
        return a->severity;
    case STORE_ALERT_SCORE:
        memcpy(&bits, &a->score, sizeof bits);
        return bits;
    case STORE_ALERT_FLOWS:
        return (int64_t)a->flows;
    case STORE_ALERT_TIME:
        break;
    }
    return a->first_ns;
}

static void read_alert(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;
    struct store_alert a = {
        .id = db_int(q, 0),
        .capture = db_int(q, 1),
        .verdict = (enum lw_verdict_class)(db_int(q, 2) & (LW_N_VERDICTS - 1)),
        .detector = db_text(q, 3),
        .severity = (uint8_t)db_int(q, 4),
        .attack_id = db_text(q, 5),
        .score = db_real(q, 6),
        .source = addr_at(q, 7),
        .destination = addr_at(q, 8),
        .source_name = db_text(q, 9),
        .destination_name = db_text(q, 10),
        .sources = (uint64_t)db_int(q, 11),
        .destinations = (uint64_t)db_int(q, 12),
        .ports = (uint64_t)db_int(q, 13),
        .proto = db_text(q, 14),
        .service = db_text(q, 15),
        .first_ns = db_int(q, 16),
        .last_ns = db_int(q, 17),
        .flows = (uint64_t)db_int(q, 18),
        .resolved = db_int(q, 19) != 0,
        .resolved_ns = db_int(q, 19),
        .label = (enum store_label)db_int(q, 20),
        .comment = db_text(q, 21),
        .words = db_text(q, 22),
        .flow = db_int(q, 23),
    };

    if (++r->n > r->limit)
        return;
    r->last = (struct flow_cursor){key_of(&a, r->sort), a.id};
    r->fn(r->ctx, &a);
}

enum lw_status store_alert_get(struct store *s, int64_t id, store_alert_fn fn,
                               void *ctx, struct lw_error *err)
{
    struct reading r = {.fn = fn, .ctx = ctx, .limit = 1};
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, read_alert, &r, NULL,
                      "SELECT " ALERT_COLUMNS " WHERE id = ? AND deleted = 0", "i", id);
    store_reader_give(s, d);
    return st == LW_OK && r.n == 0 ? store_missing("alert", id, err) : st;
}

/* Cursors are those of flows, with a filter that says the same. */
static struct store_flow_filter filter_like(const struct store_alert_filter *f)
{
    struct store_flow_filter like;

    store_flow_filter_init(&like);
    like.capture = f->capture;
    like.from_ns = f->from_ns;
    like.to_ns = f->to_ns;
    like.host = f->host;
    like.port = (f->resolved + 1) * 16 + (f->label + 1) + 1000 * f->severity;
    like.verdict = f->verdict;
    like.sort = (enum store_sort)f->sort;
    like.ascending = f->ascending;
    return like;
}

static void write_list(struct buf *sql, const struct store_alert_filter *f, bool cursor)
{
    static const char *const keys[] = {"first", "severity", "score", "flows"};
    const char *key = keys[f->sort];
    const char *way = f->ascending ? "ASC" : "DESC";

    buf_printf(sql,
               "SELECT " ALERT_COLUMNS
               " INDEXED BY alerts_%s WHERE deleted = 0 AND (?3 = 0 OR capture = ?3)"
               " AND last >= ?4 AND +first < ?5 AND (?6 < 0 OR (resolved <> 0) = ?6)"
               " AND (?7 < 0 OR verdict = ?7) AND +severity >= ?8"
               " AND (?9 < 0 OR label = ?9)",
               f->sort == STORE_ALERT_TIME ? "time" : key);
    /* Where there are many, its flows know who (has_host()). */
    if (net_is_set(&f->host))
        buf_add_text(sql, " AND (src >= ?10 AND src <= ?11 OR dst >= ?10 AND dst <= ?11"
                          " OR src = x'00' OR dst = x'00')");
    if (cursor)
        buf_printf(sql, " AND (%s, id) %c (?1, ?2)", key, f->ascending ? '>' : '<');
    buf_printf(sql, " ORDER BY %s %s, id %s", key, way, way);
}

static void bind_list(struct db_stmt *q, const struct store_alert_filter *f,
                      const struct flow_cursor *c, const struct store_addr *last)
{
    if (f->sort == STORE_ALERT_SCORE) {
        double score;

        memcpy(&score, &c->key, sizeof score);
        db_bind_real(q, 1, score);
    } else {
        db_bind_int(q, 1, c->key);
    }
    db_bind(q, 2, "iiiiiiii", c->id, f->capture, f->from_ns, f->to_ns,
            (int64_t)f->resolved, (int64_t)f->verdict, (int64_t)f->severity,
            (int64_t)f->label);
    db_bind_blob(q, 10, f->host.addr.bytes, addr_bytes(&f->host.addr));
    db_bind_blob(q, 11, last->bytes, addr_bytes(last));
}

static uint32_t limit_of(const struct store_page *page)
{
    uint32_t limit = page->limit == 0 ? PAGE_DEFAULT : page->limit;

    return limit > STORE_PAGE_MAX ? STORE_PAGE_MAX : limit;
}

static void count_one(void *ctx, const struct store_flow *f)
{
    (void)f;
    ++*(uint64_t *)ctx;
}

/* Does the capture have an alerted flow of this class and host?  The columns say so in
 * no time, and mostly there is none. */
static enum lw_status has_host_at_all(struct store *s,
                                      const struct store_alert_filter *f,
                                      struct db_stmt *q, bool *found,
                                      struct lw_error *err)
{
    struct store_flow_filter like;
    struct store_page page = {.limit = 1};
    uint64_t n = 0;
    enum lw_status st;

    store_flow_filter_init(&like);
    like.capture = db_int(q, 1);
    like.verdict = (int)db_int(q, 2);
    like.alerted = 1;
    like.host = f->host;
    st = store_flow_list(s, &like, &page, count_one, &n, err);
    *found = n > 0;
    return st == LW_ENOTFOUND ? LW_OK : st; /* deleted meanwhile */
}

/* Is the host among the many of an alert? */
static enum lw_status has_host(struct store *s, const struct store_alert_filter *f,
                               struct db_stmt *q, bool *found, struct lw_error *err)
{
    struct store_addr last = net_last(&f->host);
    struct flow_db *file = NULL;
    int64_t n = 0;
    enum lw_status st = has_host_at_all(s, f, q, found, err);

    if (st != LW_OK || !*found)
        return st;
    st = flow_db_take(s, db_int(q, 24), &file, err);
    if (st == LW_OK)
        st = db_number(file->db, err, &n, 0,
                       "SELECT EXISTS (SELECT 1 FROM flows INDEXED BY flows_grp"
                       " WHERE grp = ?1 AND (src >= ?2 AND src <= ?3"
                       " OR dst >= ?2 AND dst <= ?3))",
                       "ibb", db_int(q, 25), f->host.addr.bytes,
                       addr_bytes(&f->host.addr), last.bytes, addr_bytes(&last));
    flow_db_give(s, file);
    *found = n != 0;
    return st == LW_ENOTFOUND ? LW_OK : st;
}

/* Does an alert that the database let pass have the host that is asked for? */
static enum lw_status passes(struct store *s, const struct store_alert_filter *f,
                             struct db_stmt *q, bool *out, struct lw_error *err)
{
    const struct store_addr source = addr_at(q, 7);
    const struct store_addr destination = addr_at(q, 8);

    *out = !net_is_set(&f->host) || store_net_has(&f->host, &source) ||
           store_net_has(&f->host, &destination);
    return *out ? LW_OK : has_host(s, f, q, out, err);
}

static enum lw_status list(struct store *s, struct db *d,
                           const struct store_alert_filter *f, bool cursor,
                           const struct flow_cursor *c, struct reading *r,
                           struct lw_error *err)
{
    struct store_addr last = net_last(&f->host);
    struct db_stmt *q = NULL;
    struct buf sql;
    enum lw_status st;

    buf_init(&sql);
    write_list(&sql, f, cursor);
    st = buf_ok(&sql) ? db_prepare(d, buf_text(&sql), &q, err)
                      : lw_fail(err, LW_ENOMEM, "out of memory");
    buf_release(&sql);
    if (st != LW_OK)
        return st;
    bind_list(q, f, c, &last);
    while (r->n <= r->limit && (st = db_step(q, err)) == LW_OK) {
        bool pass = false;

        st = passes(s, f, q, &pass, err);
        if (st != LW_OK)
            break;
        if (pass)
            read_alert(r, q);
    }
    db_done(q);
    return st == LW_END ? LW_OK : st;
}

enum lw_status store_alert_list(struct store *s, const struct store_alert_filter *f,
                                struct store_page *page, store_alert_fn fn, void *ctx,
                                struct lw_error *err)
{
    struct reading r = {.fn = fn, .ctx = ctx, .sort = f->sort, .limit = limit_of(page)};
    const struct store_flow_filter like = filter_like(f);
    bool cursor = page->cursor != NULL && page->cursor[0] != '\0';
    struct flow_cursor c = {0, 0};
    struct db *d = NULL;
    enum lw_status st = LW_OK;

    page->next[0] = '\0';
    if (cursor)
        st = flow_cursor_parse(span_of(page->cursor, strlen(page->cursor)), &like, &c,
                               err);
    if (st == LW_OK)
        st = store_reader_take(s, &d, err);
    if (st == LW_OK)
        st = list(s, d, f, cursor, &c, &r, err);
    store_reader_give(s, d);
    if (st == LW_OK && r.n > r.limit)
        flow_cursor_format(&r.last, &like, page->next);
    return st;
}

/* ------------------------------------------------------------------- its flows */

struct place {
    int64_t run;
    int64_t grp;
    int64_t capture;
    uint64_t n;
};

static void read_place(void *ctx, struct db_stmt *q)
{
    struct place *p = ctx;

    p->run = db_int(q, 0);
    p->grp = db_int(q, 1);
    p->capture = db_int(q, 2);
    p->n++;
}

struct ids {
    int64_t id[STORE_PAGE_MAX + 1];
    int64_t start[STORE_PAGE_MAX + 1];
    size_t n;
};

static void read_id(void *ctx, struct db_stmt *q)
{
    struct ids *ids = ctx;

    ids->start[ids->n] = db_int(q, 0);
    ids->id[ids->n++] = db_int(q, 1);
}

/* Up to `limit` flows of an alert behind a place in the order of time. */
static enum lw_status next_flows(struct flow_db *file, int64_t grp, int64_t start,
                                 int64_t number, uint32_t limit, struct ids *out,
                                 struct lw_error *err)
{
    out->n = 0;
    return db_query(file->db, err, read_id, out, NULL,
                    "SELECT start, id FROM flows INDEXED BY flows_grp WHERE grp = ?"
                    " AND (start, id) > (?, ?) ORDER BY start, id LIMIT ?",
                    "iiii", grp, start, number, (int64_t)limit);
}

static enum lw_status emit_page(struct db *main, struct flow_db *file,
                                const struct place *p, int64_t id,
                                const struct ids *ids, struct store_page *page,
                                store_flow_fn fn, void *ctx, struct lw_error *err)
{
    uint32_t limit = limit_of(page);
    struct store_flow_filter like;
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < ids->n && i < limit; i++)
        st = flow_emit(main, file, p->capture, flow_id_make(p->run, ids->id[i]), fn,
                       ctx, err);
    if (st == LW_OK && ids->n > limit) {
        const struct flow_cursor c = {ids->start[limit - 1], ids->id[limit - 1]};

        store_flow_filter_init(&like);
        like.capture = id;
        flow_cursor_format(&c, &like, page->next);
    }
    return st;
}

enum lw_status store_alert_flows(struct store *s, int64_t id, struct store_page *page,
                                 store_flow_fn fn, void *ctx, struct lw_error *err)
{
    struct flow_cursor c = {INT64_MIN, 0};
    struct store_flow_filter like;
    struct place p = {.n = 0};
    struct flow_db *file = NULL;
    struct db *d = NULL;
    struct ids ids;
    enum lw_status st = LW_OK;

    page->next[0] = '\0';
    store_flow_filter_init(&like);
    like.capture = id;
    if (page->cursor != NULL && page->cursor[0] != '\0')
        st = flow_cursor_parse(span_of(page->cursor, strlen(page->cursor)), &like, &c,
                               err);
    if (st == LW_OK)
        st = store_reader_take(s, &d, err);
    if (st == LW_OK)
        st = db_query(
            d, err, read_place, &p, NULL,
            "SELECT run, grp, capture FROM alerts WHERE id = ? AND deleted = 0", "i",
            id);
    if (st == LW_OK && p.n == 0)
        st = store_missing("alert", id, err);
    if (st == LW_OK)
        st = flow_db_take(s, p.run, &file, err);
    if (st == LW_OK)
        st = next_flows(file, p.grp, c.key, c.id, limit_of(page) + 1, &ids, err);
    if (st == LW_OK)
        st = emit_page(d, file, &p, id, &ids, page, fn, ctx, err);
    flow_db_give(s, file);
    store_reader_give(s, d);
    return st;
}

/* ----------------------------------------------------------------------- steps */

/* Begin a step: what alerts were, before it changes them, is kept beside it. */
static enum lw_status begin_step(struct store *s, int64_t *step, struct lw_error *err)
{
    int64_t now = store_now_ns();
    enum lw_status st =
        db_run(s->writer, err, "DELETE FROM steps WHERE time < ?", "i", now - DAY_NS);

    /* Deleted alerts that no step can bring back are gone for good. */
    if (st == LW_OK)
        st = db_run(s->writer, err,
                    "DELETE FROM alerts WHERE deleted <> 0 AND deleted < ?", "i",
                    now - DAY_NS);
    if (st == LW_OK)
        st = db_run(s->writer, err, "INSERT INTO steps (time) VALUES (?)", "i", now);
    *step = db_last_id(s->writer);
    return st;
}

static enum lw_status keep_alert(struct store *s, int64_t step, int64_t id,
                                 struct lw_error *err)
{
    enum lw_status st = db_run(
        s->writer, err,
        "INSERT INTO step_alerts SELECT ?, id, resolved, label, comment, deleted,"
        " step FROM alerts WHERE id = ? AND deleted = 0",
        "ii", step, id);

    return st == LW_OK && db_changes(s->writer) == 0 ? store_missing("alert", id, err)
                                                     : st;
}

static enum lw_status apply(struct store *s, int64_t step, int64_t id,
                            const struct store_alert_change *c, struct lw_error *err)
{
    enum lw_status st =
        db_run(s->writer, err,
               "UPDATE alerts SET step = ?1,"
               " resolved = CASE WHEN ?3 < 0 OR (resolved <> 0) = ?3 THEN resolved"
               " WHEN ?3 THEN ?4 ELSE 0 END,"
               " label = CASE WHEN ?5 < 0 THEN label ELSE ?5 END,"
               " comment = CASE WHEN ?6 IS NULL THEN comment ELSE nullif(?6, '') END"
               " WHERE id = ?2",
               "iiiiit", step, id, (int64_t)c->resolved, store_now_ns(),
               (int64_t)c->label, c->comment);

    /* Reopened, all its flows are open. */
    if (st == LW_OK && c->resolved == 0)
        st = db_run(s->writer, err, "DELETE FROM resolved_flows WHERE alert = ?", "i",
                    id);
    return st;
}

enum lw_status store_alert_change(struct store *s, int64_t id,
                                  const struct store_alert_change *c, int64_t *step,
                                  struct lw_error *err)
{
    int64_t n = 0;
    enum lw_status st = store_begin(s, err);

    if (st != LW_OK)
        return st;
    st = begin_step(s, &n, err);
    if (st == LW_OK)
        st = keep_alert(s, n, id, err);
    if (st == LW_OK)
        st = apply(s, n, id, c, err);
    st = store_end(s, st, err);
    if (st == LW_OK && step != NULL)
        *step = n;
    return st;
}

enum lw_status store_alert_delete(struct store *s, int64_t id, int64_t *step,
                                  struct lw_error *err)
{
    int64_t n = 0;
    enum lw_status st = store_begin(s, err);

    if (st != LW_OK)
        return st;
    st = begin_step(s, &n, err);
    if (st == LW_OK)
        st = keep_alert(s, n, id, err);
    if (st == LW_OK)
        st = db_run(s->writer, err,
                    "UPDATE alerts SET deleted = ?, step = ? WHERE id = ?", "iii",
                    store_now_ns(), n, id);
    st = store_end(s, st, err);
    if (st == LW_OK && step != NULL)
        *step = n;
    return st;
}

static enum lw_status delete_resolved(struct store *s, int64_t step, int64_t capture,
                                      uint64_t *n, struct lw_error *err)
{
    enum lw_status st = db_run(
        s->writer, err,
        "INSERT INTO step_alerts SELECT ?1, id, resolved, label, comment, deleted,"
        " step FROM alerts WHERE deleted = 0 AND resolved <> 0"
        " AND (?2 = 0 OR capture = ?2)",
        "ii", step, capture);

    *n = db_changes(s->writer);
    if (st == LW_OK)
        st = db_run(s->writer, err,
                    "UPDATE alerts SET deleted = ?, step = ?2 WHERE id IN"
                    " (SELECT alert FROM step_alerts WHERE step = ?2)",
                    "ii", store_now_ns(), step);
    return st;
}

enum lw_status store_alert_delete_resolved(struct store *s, int64_t capture,
                                           uint64_t *n, int64_t *step,
                                           struct lw_error *err)
{
    int64_t number = 0;
    enum lw_status st = store_begin(s, err);

    if (st != LW_OK)
        return st;
    st = begin_step(s, &number, err);
    if (st == LW_OK)
        st = delete_resolved(s, number, capture, n, err);
    st = store_end(s, st, err);
    if (st == LW_OK && step != NULL)
        *step = number;
    return st;
}

static enum lw_status undo(struct store *s, int64_t step, uint64_t *n,
                           struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (step == 0)
        st = db_number(s->writer, err, &step, 0,
                       "SELECT max(id) FROM steps WHERE undone = 0", "");
    if (st == LW_OK)
        st = db_run(s->writer, err,
                    "UPDATE steps SET undone = 1 WHERE id = ? AND undone = 0", "i",
                    step);
    if (st == LW_OK && db_changes(s->writer) == 0)
        return lw_fail(err, LW_ENOTFOUND, "there is nothing to undo");
    if (st == LW_OK)
        st = db_run(s->writer, err,
                    "UPDATE alerts SET resolved = o.resolved, label = o.label,"
                    " comment = o.comment, deleted = o.deleted, step = o.former"
                    " FROM step_alerts o WHERE o.step = ?1 AND o.alert = alerts.id"
                    " AND alerts.step = ?1",
                    "i", step);
    *n = db_changes(s->writer);
    return st;
}

enum lw_status store_undo(struct store *s, int64_t step, uint64_t *n,
                          struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    return st == LW_OK ? store_end(s, undo(s, step, n, err), err) : st;
}
