/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention: the oldest captures go until the store keeps to its limits, each in a
 * transaction of its own, so that those who write in between wait for one capture only.
 */
#include "store/store_priv.h"

#include <string.h>

#define DAY_NS (INT64_C(86400) * 1000000000)

/* The oldest capture that nobody works on, uploaded before `before`; 0: none. */
static enum lw_status oldest(struct store *s, int64_t before, int64_t *id,
                             struct lw_error *err)
{
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_number(d, err, id, 0,
                       "SELECT id FROM captures c WHERE uploaded < ? AND NOT EXISTS"
                       " (SELECT 1 FROM jobs j WHERE j.capture = c.id AND j.state < 2)"
                       " ORDER BY id LIMIT 1",
                       "i", before);
    store_reader_give(s, d);
    return st;
}

/* A job may have been queued for it since: asked again under the lock. */
static enum lw_status let_go(struct store *s, int64_t id, uint64_t *n,
                             struct lw_error *err)
{
    int64_t busy = 0;
    enum lw_status st = store_begin(s, err);

    if (st != LW_OK)
        return st;
    st =
        db_number(s->writer, err, &busy, 0,
                  "SELECT count(*) FROM jobs WHERE capture = ? AND state < 2", "i", id);
    if (st == LW_OK && busy == 0)
        st = capture_delete(s, id, err);
    st = store_end(s, st, err);
    if (st == LW_ENOTFOUND)
        return LW_OK; /* somebody was faster */
    *n += st == LW_OK && busy == 0;
    return st;
}

static enum lw_status retain_age(struct store *s, int64_t before, uint64_t *n,
                                 struct lw_error *err)
{
    int64_t id = 0;
    enum lw_status st = oldest(s, before, &id, err);

    while (st == LW_OK && id != 0) {
        st = let_go(s, id, n, err);
        if (st == LW_OK)
            st = oldest(s, before, &id, err);
    }
    return st;
}

static enum lw_status is_over(struct store *s, uint64_t max_bytes, bool *over,
                              struct lw_error *err)
{
    struct store_sizes z;
    enum lw_status st = store_sizes(s, &z, err);

    *over = st == LW_OK && z.database_bytes + z.blob_bytes + z.flow_bytes > max_bytes;
    return st;
}

static enum lw_status retain_size(struct store *s, uint64_t max_bytes, uint64_t *n,
                                  struct lw_error *err)
{
    bool over = false;
    int64_t id = 0;
    enum lw_status st = is_over(s, max_bytes, &over, err);

    while (st == LW_OK && over) {
        st = oldest(s, INT64_MAX, &id, err);
        if (st != LW_OK || id == 0)
            break;
        st = let_go(s, id, n, err);
        if (st == LW_OK)
            st = is_over(s, max_bytes, &over, err);
    }
    return st;
}

enum lw_status store_retain(struct store *s, const struct store_retention *r,
                            int64_t now_ns, struct store_retained *out,
                            struct lw_error *err)
{
    enum lw_status st;

    memset(out, 0, sizeof *out);
    st = store_upload_expire(s, now_ns - DAY_NS, &out->uploads, err);
    if (st == LW_OK && r->max_age_ns > 0)
        st = retain_age(s, now_ns - r->max_age_ns, &out->captures, err);
    if (st == LW_OK && r->max_bytes > 0)
        st = retain_size(s, r->max_bytes, &out->captures, err);
    return st;
}
