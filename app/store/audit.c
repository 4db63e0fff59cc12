/* SPDX-License-Identifier: Apache-2.0 */
/* Who did what. */
#include "store/admin.h"
#include "store/store_priv.h"

struct reading {
    store_audit_fn fn;
    void *ctx;
    uint32_t limit;
    uint32_t n;
    int64_t last;
};

static void read_entry(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;
    const struct store_audit a = {
        .id = db_int(q, 0),
        .time_ns = db_int(q, 1),
        .who = db_text(q, 2),
        .action = db_text(q, 3),
        .object = db_text(q, 4),
        .outcome = db_text(q, 5),
        .client = db_text(q, 6),
    };

    if (++r->n > r->limit)
        return;
    r->last = a.id;
    r->fn(r->ctx, &a);
}

static const char *text_or_none(const char *s)
{
    return s == NULL ? "" : s;
}

enum lw_status store_audit_add(struct store *s, const struct store_audit *a,
                               struct lw_error *err)
{
    return store_write(s, err, NULL, NULL,
                       "INSERT INTO audit (time, who, action, object, outcome, client)"
                       " VALUES (?, ?, ?, ?, ?, ?)",
                       "ittttt", a->time_ns == 0 ? store_now_ns() : a->time_ns,
                       text_or_none(a->who), text_or_none(a->action),
                       text_or_none(a->object), text_or_none(a->outcome),
                       text_or_none(a->client));
}

enum lw_status store_audit_list(struct store *s, struct store_page *page,
                                store_audit_fn fn, void *ctx, struct lw_error *err)
{
    struct reading r = {.fn = fn, .ctx = ctx};
    struct db *d = NULL;
    int64_t before = 0;
    enum lw_status st = store_page_before(page, &before, &r.limit, err);

    if (st == LW_OK)
        st = store_reader_take(s, &d, err);
    if (st == LW_OK)
        st = db_query(d, err, read_entry, &r, NULL,
                      "SELECT id, time, who, action, object, outcome, client FROM audit"
                      " WHERE id < ? ORDER BY id DESC LIMIT ?",
                      "ii", before, (int64_t)r.limit + 1);
    store_reader_give(s, d);
    if (st == LW_OK)
        store_page_after(page, r.last, r.n > r.limit);
    return st;
}

enum lw_status store_audit_trim(struct store *s, int64_t keep, uint64_t *n_removed,
                                struct lw_error *err)
{
    return store_write(s, err, n_removed, NULL,
                       "DELETE FROM audit WHERE outcome IN ('401', '403', '429')"
                       " AND id <= (SELECT max(id) FROM audit) - ?",
                       "i", keep);
}
