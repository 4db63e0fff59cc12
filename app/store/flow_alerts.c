/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts flow by flow, for clients that know no others, and resolving one of them.
 *
 * What they are told of is not what makes alerts here: `told` of a flow is the verdict
 * of the detectors that these clients know.  A flow may be told and belong to no alert,
 * or belong to one and not be told.
 */
#include "store/alerts.h"
#include "store/flow_query.h"
#include "store/flow_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 256, PAGE_DEFAULT = 100 };

/* Where a page begins: behind a flow of an analysis. */
struct place {
    int64_t run;
    int64_t start;
    int64_t number;
};

static enum lw_status parse_place(const char *text, struct place *out,
                                  struct lw_error *err)
{
    uint64_t v[3] = {0, 0, 0};
    const char *p = text;

    for (int i = 0; i < 3; i++) {
        int digits = 0;

        for (; (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f'); p++, digits++)
            v[i] = v[i] << 4 | (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
        if (digits == 0 || digits > 16 || *p != (i < 2 ? '.' : '\0'))
            return lw_fail(err, LW_EINVAL, "this cursor was not made here");
        p++;
    }
    *out = (struct place){(int64_t)v[0], (int64_t)v[1], (int64_t)v[2]};
    return LW_OK;
}

struct analysis {
    int64_t run; /* 0: none */
    int64_t capture;
};

static void read_analysis(void *ctx, struct db_stmt *q)
{
    struct analysis *a = ctx;

    *a = (struct analysis){db_int(q, 0), db_int(q, 1)};
}

/* The first analysis from one on that is a capture's latest. */
static enum lw_status next_analysis(struct db *d, int64_t from, struct analysis *out,
                                    struct lw_error *err)
{
    out->run = 0;
    return db_query(d, err, read_analysis, out, NULL,
                    "SELECT r.id, c.id FROM runs r JOIN captures c ON c.id = r.capture"
                    " WHERE r.id >= ? AND c.run = r.id ORDER BY r.id LIMIT 1",
                    "i", from);
}

/* What is told of a flow. */
struct told {
    int64_t start;
    int64_t number;
    int64_t grp; /* of its alert; 0: none */
    enum lw_verdict_class verdict;
};

struct batch {
    struct told flow[BATCH];
    size_t n;
};

static void read_flow(void *ctx, struct db_stmt *q)
{
    struct batch *b = ctx;

    b->flow[b->n++] = (struct told){
        db_int(q, 0), db_int(q, 1), db_int(q, 2),
        (enum lw_verdict_class)((uint64_t)db_int(q, 3) & (LW_N_VERDICTS - 1))};
}

struct listing {
    struct store *s;
    struct db *d;
    struct place at;
    uint64_t left;
    store_flow_fn fn;
    void *ctx;
    enum lw_verdict_class verdict; /* of the flow that is reported next */
};

/* Files of version 1 tell of the flows of alerts, with their verdict, as they were
 * loaded. */
static enum lw_status next_flows(const struct flow_db *file, const struct place *at,
                                 struct batch *b, struct lw_error *err)
{
    static const char *const queries[] = {
        "SELECT 0, f.id, grp, (SELECT verdict FROM facets t WHERE t.id = f.facet)"
        " FROM flows f NOT INDEXED WHERE grp IS NOT NULL AND f.id > ?2"
        " ORDER BY f.id LIMIT ?3",
        "SELECT start, id, grp, told FROM flows INDEXED BY flows_told"
        " WHERE told IS NOT NULL AND (start, id) > (?1, ?2)"
        " ORDER BY start, id LIMIT ?3"};

    b->n = 0;
    return db_query(file->db, err, read_flow, b, NULL, queries[file->version >= 2],
                    "iii", at->start, at->number, (int64_t)BATCH);
}

/* Is it resolved, alone or with its alert, or the alert deleted? */
static enum lw_status is_closed(struct db *d, int64_t run, const struct told *t,
                                int64_t *closed, struct lw_error *err)
{
    return db_number(
        d, err, closed, 0,
        "SELECT EXISTS (SELECT 1 FROM resolved_flows WHERE flow = ?1) OR (?3 <> 0 AND"
        " NOT EXISTS (SELECT 1 FROM alerts WHERE run = ?2 AND grp = ?3"
        " AND deleted = 0 AND resolved = 0))",
        "iii", flow_id_make(run, t->number), run, t->grp);
}

static void pass_on(void *ctx, const struct store_flow *f)
{
    struct listing *l = ctx;
    struct store_flow shown = *f;

    shown.told = true;
    shown.told_verdict = l->verdict;
    l->fn(l->ctx, &shown);
}

/* The next flows of an analysis; *n says how many there were, listed or not. */
static enum lw_status list_batch(struct listing *l, const struct analysis *a, size_t *n,
                                 struct lw_error *err)
{
    struct batch b = {.n = 0};
    struct flow_db *file = NULL;
    enum lw_status st = flow_db_take(l->s, a->run, &file, err);

    if (st == LW_OK)
        st = next_flows(file, &l->at, &b, err);
    for (size_t i = 0; st == LW_OK && i < b.n && l->left > 0; i++) {
        const struct told *t = &b.flow[i];
        int64_t closed = 0;

        st = is_closed(l->d, a->run, t, &closed, err);
        if (st == LW_OK && closed == 0) {
            l->verdict = t->verdict;
            st = flow_emit(l->d, file, a->capture, flow_id_make(a->run, t->number),
                           pass_on, l, err);
            l->left--;
        }
        l->at = (struct place){a->run, t->start, t->number};
    }
    flow_db_give(l->s, file);
    *n = b.n;
    return st;
}

static enum lw_status list_all(struct listing *l, struct lw_error *err)
{
    struct analysis a;
    size_t n = 0;
    enum lw_status st = next_analysis(l->d, l->at.run, &a, err);

    while (st == LW_OK && a.run != 0 && l->left > 0) {
        if (a.run != l->at.run)
            l->at = (struct place){a.run, INT64_MIN, 0};
        st = list_batch(l, &a, &n, err);
        if (st == LW_ENOTFOUND || (st == LW_OK && n < BATCH && l->left > 0))
            st = next_analysis(l->d, a.run + 1, &a, err);
    }
    return st;
}

enum lw_status store_flow_alert_list(struct store *s, struct store_page *page,
                                     store_flow_fn fn, void *ctx, struct lw_error *err)
{
    struct listing l = {.s = s,
                        .at = {0, INT64_MIN, 0},
                        .left = page->limit == 0 ? PAGE_DEFAULT : page->limit,
                        .fn = fn,
                        .ctx = ctx};
    enum lw_status st = LW_OK;

    page->next[0] = '\0';
    if (page->cursor != NULL && page->cursor[0] != '\0')
        st = parse_place(page->cursor, &l.at, err);
    if (st == LW_OK)
        st = store_reader_take(s, &l.d, err);
    if (st == LW_OK)
        st = list_all(&l, err);
    store_reader_give(s, l.d);
    if (st == LW_OK && l.left == 0)
        (void)snprintf(page->next, sizeof page->next,
                       "%" PRIx64 ".%" PRIx64 ".%" PRIx64, (uint64_t)l.at.run,
                       (uint64_t)l.at.start, (uint64_t)l.at.number);
    return st;
}

/* ------------------------------------------------------------------- resolving */

struct membership {
    int64_t grp; /* 0: of no alert */
    uint64_t n;
};

static void read_membership(void *ctx, struct db_stmt *q)
{
    struct membership *m = ctx;

    m->grp = db_int(q, 0);
    m->n++;
}

static enum lw_status membership_of(struct store *s, int64_t flow, struct membership *m,
                                    struct lw_error *err)
{
    static const char *const queries[] = {
        "SELECT grp FROM flows WHERE id = ? AND grp IS NOT NULL",
        "SELECT grp FROM flows WHERE id = ? AND told IS NOT NULL"};
    struct flow_db *file = NULL;
    enum lw_status st = flow_db_take(s, flow_id_run(flow), &file, err);

    if (st == LW_OK)
        st = db_query(file->db, err, read_membership, m, NULL,
                      queries[file->version >= 2], "i", flow_id_number(flow));
    flow_db_give(s, file);
    return (st == LW_OK && m->n == 0) || st == LW_ENOTFOUND
               ? store_missing("alerted flow", flow, err)
               : st;
}

static enum lw_status resolve(struct store *s, int64_t flow, int64_t grp,
                              struct lw_error *err)
{
    int64_t run = flow_id_run(flow);
    int64_t alert = 0;
    int64_t now = store_now_ns();
    enum lw_status st = LW_OK;

    if (grp != 0)
        st =
            db_number(s->writer, err, &alert, 0,
                      "SELECT id FROM alerts WHERE run = ? AND grp = ? AND deleted = 0",
                      "ii", run, grp);
    if (st == LW_OK && grp != 0 && alert == 0)
        return store_missing("alerted flow", flow, err);
    if (st == LW_OK)
        st = db_run(s->writer, err,
                    "INSERT INTO resolved_flows VALUES (?, ?, nullif(?, 0), ?)"
                    " ON CONFLICT DO NOTHING",
                    "iiii", flow, run, alert, now);
    if (st == LW_OK && alert != 0)
        st = db_run(
            s->writer, err,
            "UPDATE alerts SET resolved = ? WHERE id = ?2 AND resolved = 0 AND flows"
            " <= (SELECT count(*) FROM resolved_flows WHERE alert = ?2)",
            "ii", now, alert);
    return st;
}

enum lw_status store_flow_alert_resolve(struct store *s, int64_t flow,
                                        struct lw_error *err)
{
    struct membership m = {.n = 0};
    enum lw_status st = membership_of(s, flow, &m, err);

    if (st == LW_OK)
        st = store_begin(s, err);
    return st == LW_OK ? store_end(s, resolve(s, flow, m.grp, err), err) : st;
}
