/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts flow by flow, for clients that know no others: every flow of an open alert,
 * alert by alert, and a flow that is resolved alone.
 */
#include "store/alerts.h"
#include "store/flow_query.h"
#include "store/flow_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 256, PAGE_DEFAULT = 100 };

/* Where a page begins: behind a flow of an alert. */
struct place {
    int64_t alert;
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

struct alert {
    int64_t id; /* 0: none */
    int64_t run;
    int64_t grp;
    int64_t capture;
};

static void read_alert(void *ctx, struct db_stmt *q)
{
    struct alert *a = ctx;

    *a = (struct alert){db_int(q, 0), db_int(q, 1), db_int(q, 2), db_int(q, 3)};
}

/* The first open alert from an id on. */
static enum lw_status next_alert(struct db *d, int64_t from, struct alert *out,
                                 struct lw_error *err)
{
    out->id = 0;
    return db_query(d, err, read_alert, out, NULL,
                    "SELECT id, run, grp, capture FROM alerts WHERE id >= ?"
                    " AND deleted = 0 AND resolved = 0 ORDER BY id LIMIT 1",
                    "i", from);
}

struct batch {
    struct place at[BATCH];
    size_t n;
};

static void read_flow(void *ctx, struct db_stmt *q)
{
    struct batch *b = ctx;

    b->at[b->n++] = (struct place){0, db_int(q, 0), db_int(q, 1)};
}

struct listing {
    struct store *s;
    struct db *d;
    struct place at;
    uint64_t left;
    store_flow_fn fn;
    void *ctx;
};

/* The next flows of an alert; *n says how many there were, listed or not. */
static enum lw_status list_batch(struct listing *l, const struct alert *a, size_t *n,
                                 struct lw_error *err)
{
    struct batch b = {.n = 0};
    struct flow_db *file = NULL;
    enum lw_status st = flow_db_take(l->s, a->run, &file, err);

    if (st == LW_OK)
        st = db_query(file->db, err, read_flow, &b, NULL,
                      "SELECT start, id FROM flows INDEXED BY flows_grp WHERE grp = ?"
                      " AND (start, id) > (?, ?) ORDER BY start, id LIMIT ?",
                      "iiii", a->grp, l->at.start, l->at.number, (int64_t)BATCH);
    for (size_t i = 0; st == LW_OK && i < b.n && l->left > 0; i++) {
        int64_t id = flow_id_make(a->run, b.at[i].number);
        int64_t resolved = 0;

        st = db_number(l->d, err, &resolved, 0,
                       "SELECT count(*) FROM resolved_flows WHERE flow = ?", "i", id);
        if (st == LW_OK && resolved == 0) {
            st = flow_emit(l->d, file, a->capture, id, l->fn, l->ctx, err);
            l->left--;
        }
        l->at = b.at[i];
        l->at.alert = a->id;
    }
    flow_db_give(l->s, file);
    *n = b.n;
    return st;
}

static enum lw_status list_all(struct listing *l, struct lw_error *err)
{
    struct alert a;
    size_t n = 0;
    enum lw_status st = next_alert(l->d, l->at.alert, &a, err);

    while (st == LW_OK && a.id != 0 && l->left > 0) {
        if (a.id != l->at.alert)
            l->at = (struct place){a.id, INT64_MIN, 0};
        st = list_batch(l, &a, &n, err);
        if (st == LW_ENOTFOUND || (st == LW_OK && n < BATCH && l->left > 0))
            st = next_alert(l->d, a.id + 1, &a, err);
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
                       "%" PRIx64 ".%" PRIx64 ".%" PRIx64, (uint64_t)l.at.alert,
                       (uint64_t)l.at.start, (uint64_t)l.at.number);
    return st;
}

/* ------------------------------------------------------------------- resolving */

struct group {
    int64_t grp;
    uint64_t n;
};

static void read_group(void *ctx, struct db_stmt *q)
{
    struct group *g = ctx;

    g->grp = db_int(q, 0);
    g->n++;
}

static enum lw_status group_of(struct store *s, int64_t flow, struct group *g,
                               struct lw_error *err)
{
    struct flow_db *file = NULL;
    enum lw_status st = flow_db_take(s, flow_id_run(flow), &file, err);

    if (st == LW_OK)
        st = db_query(file->db, err, read_group, g, NULL,
                      "SELECT grp FROM flows WHERE id = ? AND grp IS NOT NULL", "i",
                      flow_id_number(flow));
    flow_db_give(s, file);
    return (st == LW_OK && g->n == 0) || st == LW_ENOTFOUND
               ? store_missing("alerted flow", flow, err)
               : st;
}

static enum lw_status resolve(struct store *s, int64_t flow, int64_t grp,
                              struct lw_error *err)
{
    int64_t alert = 0;
    int64_t now = store_now_ns();
    enum lw_status st =
        db_number(s->writer, err, &alert, 0,
                  "SELECT id FROM alerts WHERE run = ? AND grp = ? AND deleted = 0",
                  "ii", flow_id_run(flow), grp);

    if (st == LW_OK && alert == 0)
        return store_missing("alerted flow", flow, err);
    if (st == LW_OK)
        st =
            db_run(s->writer, err,
                   "INSERT INTO resolved_flows VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                   "iii", flow, alert, now);
    if (st == LW_OK)
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
    struct group g = {.n = 0};
    enum lw_status st = group_of(s, flow, &g, err);

    if (st == LW_OK)
        st = store_begin(s, err);
    return st == LW_OK ? store_end(s, resolve(s, flow, g.grp, err), err) : st;
}
