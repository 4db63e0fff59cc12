/* SPDX-License-Identifier: Apache-2.0 */
#include "store/addr.h"
#include "store/alerts.h"
#include "store/store_priv.h"

struct reading {
    store_suppression_fn fn;
    void *ctx;
};

static struct store_net net_at(struct db_stmt *q, int col)
{
    struct store_net net;
    size_t n;
    const void *p = db_blob(q, col, &n);

    net.addr = addr_of_blob(p, n);
    net.bits = (uint8_t)db_int(q, col + 1);
    return net;
}

static void read_suppression(void *ctx, struct db_stmt *q)
{
    const struct reading *r = ctx;
    const struct store_suppression p = {
        .id = db_int(q, 0),
        .source = net_at(q, 1),
        .destination = net_at(q, 3),
        .port = (int32_t)db_int(q, 5),
        .verdict = (int)db_int(q, 6),
        .reason = db_text(q, 7),
        .created_ns = db_int(q, 8),
        .expires_ns = db_int(q, 9),
    };

    r->fn(r->ctx, &p);
}

enum lw_status store_suppression_list(struct store *s, int64_t active_at_ns,
                                      store_suppression_fn fn, void *ctx,
                                      struct lw_error *err)
{
    struct reading r = {fn, ctx};
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, read_suppression, &r, NULL,
                      "SELECT id, src, src_bits, dst, dst_bits, port, verdict, reason,"
                      " created, expires FROM suppressions"
                      " WHERE ?1 = 0 OR expires = 0 OR expires > ?1 ORDER BY id DESC",
                      "i", active_at_ns);
    store_reader_give(s, d);
    return st;
}

enum lw_status store_suppression_add(struct store *s, const struct store_suppression *p,
                                     int64_t *id, struct lw_error *err)
{
    return store_write(
        s, err, NULL, id,
        "INSERT INTO suppressions (src, src_bits, dst, dst_bits, port,"
        " verdict, reason, created, expires)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "bibiiitii", p->source.addr.bytes, addr_bytes(&p->source.addr),
        (int64_t)p->source.bits, p->destination.addr.bytes,
        addr_bytes(&p->destination.addr), (int64_t)p->destination.bits,
        (int64_t)p->port, (int64_t)p->verdict, p->reason == NULL ? "" : p->reason,
        p->created_ns == 0 ? store_now_ns() : p->created_ns, p->expires_ns);
}

enum lw_status store_suppression_delete(struct store *s, int64_t id,
                                        struct lw_error *err)
{
    uint64_t changed = 0;
    enum lw_status st = store_write(s, err, &changed, NULL,
                                    "DELETE FROM suppressions WHERE id = ?", "i", id);

    return st == LW_OK && changed == 0 ? store_missing("suppression", id, err) : st;
}

bool store_suppression_covers(const struct store_suppression *p,
                              const struct store_flow *f)
{
    return store_net_has(&p->source, &f->addr[0]) &&
           store_net_has(&p->destination, &f->addr[1]) &&
           (p->port < 0 || p->port == f->port[0] || p->port == f->port[1]) &&
           (p->verdict < 0 || p->verdict == (int)f->verdict);
}
