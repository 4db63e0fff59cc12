/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The largest hosts, services, ports, protocols and conversations.
 *
 * Rows are summed by key in a table in memory, while their keys fit; the rest is left
 * to SQLite's sorter, which needs little memory, and time.
 */
#include "base/mem.h"
#include "store/addr.h"
#include "store/flow_query.h"
#include "store/key_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOP_MERGE_MAX = 10000, TOP_KEYS_MAX = 2000000 };

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
    static const char *const keys[][2] = {
        [STORE_TOP_SOURCES] = {"src", "NULL"},
        [STORE_TOP_DESTINATIONS] = {"dst", "NULL"},
        [STORE_TOP_SERVICES] = {"(SELECT service FROM facets WHERE id = facet)",
                                "NULL"},
        [STORE_TOP_PORTS] = {"dport", "NULL"},
        [STORE_TOP_PROTOCOLS] = {"(SELECT proto FROM facets WHERE id = facet)", "NULL"},
        [STORE_TOP_CONVERSATIONS] = {"src", "dst"},
    };
    bool two = t->what == STORE_TOP_CONVERSATIONS;

    buf_printf(sql, "SELECT %s, %s, count(*), sum(packets), sum(bytes), ",
               keys[t->what][0], keys[t->what][1]);
    add_alerted(sql, f);
    buf_printf(sql,
               " FROM flows WHERE %s%s GROUP BY 1%s ORDER BY %s DESC, 1, 2 LIMIT ?3",
               part ? "start >= ?1 AND start < ?2" : "1",
               t->what == STORE_TOP_PORTS ? " AND dport >= 0" : "", two ? ", 2" : "",
               measures[t->by]);
}

/* By SQLite's sorter, which needs little memory, and time. */
static enum lw_status top_rows(struct topping *t, struct flow_db *f,
                               struct lw_error *err)
{
    bool part = t->f->from_ns != INT64_MIN || t->f->to_ns != INT64_MAX;
    struct db_stmt *q = NULL;
    struct buf sql;
    enum lw_status st;

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

/* The key of row i: at most two addresses, as in the rows. */
static size_t top_key(const struct topping *t, const struct flow_db *f,
                      void *const *keys, const uint32_t *facet, uint32_t i,
                      uint8_t out[2 * STORE_ADDR_BYTES])
{
    const struct store_addr *src = keys[0];
    const struct store_addr *dst = keys[1];
    const int32_t *port = keys[0];
    const char *word;
    size_t n = 0;

    switch (t->what) {
    case STORE_TOP_PORTS:
        return port[i] < 0 ? 0 : (size_t)snprintf((char *)out, 12, "%" PRId32, port[i]);
    case STORE_TOP_SERVICES:
    case STORE_TOP_PROTOCOLS:
        word = t->what == STORE_TOP_SERVICES ? f->facets[facet[i] - 1].service
                                             : f->facets[facet[i] - 1].proto;
        n = strnlen(word, 2 * STORE_ADDR_BYTES);
        memcpy(out, word, n);
        return n;
    case STORE_TOP_SOURCES:
    case STORE_TOP_DESTINATIONS:
    case STORE_TOP_CONVERSATIONS:
        break;
    }
    n = addr_bytes(&src[i]);
    memcpy(out, src[i].bytes, n);
    if (dst != NULL) {
        memcpy(out + n, dst[i].bytes, addr_bytes(&dst[i]));
        n += addr_bytes(&dst[i]);
    }
    return n;
}

/* A chunk's addresses of one side, in full; scratch (COLS_CHUNK). */
static enum lw_status read_addresses(struct flow_db *f, size_t k, unsigned side,
                                     struct store_addr *out, uint32_t *scratch,
                                     struct lw_error *err)
{
    const struct col_chunk *c = &f->chunks[k];
    enum lw_status st;

    if (c->mixed)
        return cols_read(f->db, k, c, side == 0 ? COL_SRC_ADDR : COL_DST_ADDR, out,
                         err);
    st = cols_read(f->db, k, c, side == 0 ? COL_SRC : COL_DST, scratch, err);
    for (uint32_t i = 0; st == LW_OK && i < c->n; i++) {
        uint32_t a = scratch[i];

        out[i] = (struct store_addr){
            {4, (uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a}};
    }
    return st;
}

static enum lw_status read_keys(const struct topping *t, struct flow_db *f, size_t k,
                                void *keys[2], uint32_t *scratch, struct lw_error *err)
{
    bool two = t->what == STORE_TOP_CONVERSATIONS;
    enum lw_status st;

    if (t->what == STORE_TOP_PORTS)
        return cols_read(f->db, k, &f->chunks[k], COL_DPORT, keys[0], err);
    if (t->what == STORE_TOP_SERVICES || t->what == STORE_TOP_PROTOCOLS)
        return LW_OK;
    st = read_addresses(f, k, t->what == STORE_TOP_DESTINATIONS, keys[0], scratch, err);
    return st == LW_OK && two ? read_addresses(f, k, 1, keys[1], scratch, err) : st;
}

/* What a chunk is read into. */
struct top_block {
    int64_t start[COLS_CHUNK];
    int64_t packets[COLS_CHUNK];
    int64_t bytes[COLS_CHUNK];
    uint32_t facet[COLS_CHUNK];
    uint32_t scratch[COLS_CHUNK];
    struct store_addr key[2][COLS_CHUNK];
};

static enum lw_status top_chunk(struct topping *t, struct flow_db *f, size_t k,
                                struct top_block *b, struct lw_error *err)
{
    const struct col_chunk *c = &f->chunks[k];
    void *keys[2] = {b->key[0], t->what == STORE_TOP_CONVERSATIONS ? b->key[1] : NULL};
    enum lw_status st = cols_read(f->db, k, c, COL_START, b->start, err);

    if (st == LW_OK)
        st = cols_read(f->db, k, c, COL_PACKETS, b->packets, err);
    if (st == LW_OK)
        st = cols_read(f->db, k, c, COL_BYTES, b->bytes, err);
    if (st == LW_OK)
        st = cols_read(f->db, k, c, COL_FACET, b->facet, err);
    if (st == LW_OK)
        st = read_keys(t, f, k, keys, b->scratch, err);
    for (uint32_t i = 0; st == LW_OK && i < c->n; i++) {
        uint8_t key[2 * STORE_ADDR_BYTES];
        struct sums *sums;
        size_t n;

        if (b->start[i] < t->f->from_ns || b->start[i] >= t->f->to_ns ||
            b->facet[i] - 1 >= f->n_facets)
            continue;
        n = top_key(t, f, keys, b->facet, i, key);
        if (n == 0)
            continue;
        sums = sums_of(t, key, n);
        if (sums == NULL)
            return lw_fail(err, LW_ENOMEM, "out of memory");
        sums->flows++;
        sums->packets += (uint64_t)b->packets[i];
        sums->bytes += (uint64_t)b->bytes[i];
        sums->alerted += f->facets[b->facet[i] - 1].alerted;
    }
    return st;
}

/* By a table in memory; LW_ELIMIT: there are too many keys for that. */
static enum lw_status top_columns(struct topping *t, struct flow_db *f,
                                  struct lw_error *err)
{
    struct top_block *b = mem_alloc_table(1, sizeof *b);
    enum lw_status st = b == NULL ? lw_fail(err, LW_ENOMEM, "out of memory") : LW_OK;

    for (size_t k = 0; st == LW_OK && k < f->n_chunks; k++) {
        const struct col_chunk *c = &f->chunks[k];

        if (c->max[COL_START] < t->f->from_ns || c->min[COL_START] >= t->f->to_ns)
            continue;
        st = top_chunk(t, f, k, b, err);
        if (st == LW_OK && t->keys.n > TOP_KEYS_MAX)
            st = LW_ELIMIT;
    }
    mem_free(b);
    return st;
}

static void forget_keys(struct topping *t)
{
    for (uint32_t i = 0; i < t->keys.n; i++) {
        mem_free(t->sums[i].name[0]);
        mem_free(t->sums[i].name[1]);
    }
    mem_free(t->sums);
    t->sums = NULL;
    t->cap = 0;
    key_table_release(&t->keys);
}

/* Into the sums of all files; the first file's become these. */
static enum lw_status merge(struct topping *all, struct topping *one,
                            struct lw_error *err)
{
    if (all->keys.n == 0) {
        all->keys = one->keys;
        all->sums = one->sums;
        all->cap = one->cap;
        key_table_init(&one->keys);
        one->sums = NULL;
        return LW_OK;
    }
    for (uint32_t i = 1; i <= one->keys.n; i++) {
        size_t n;
        const char *key = key_table_key(&one->keys, i, &n);
        struct sums *sums = sums_of(all, key, n);

        if (sums == NULL)
            return lw_fail(err, LW_ENOMEM, "out of memory");
        sums->flows += one->sums[i - 1].flows;
        sums->packets += one->sums[i - 1].packets;
        sums->bytes += one->sums[i - 1].bytes;
        sums->alerted += one->sums[i - 1].alerted;
    }
    return LW_OK;
}

static enum lw_status top_file(void *ctx, struct flow_db *f, struct lw_error *err)
{
    struct topping *all = ctx;
    struct topping one = {
        .f = all->f, .what = all->what, .by = all->by, .limit = all->limit};
    bool part = all->f->from_ns != INT64_MIN || all->f->to_ns != INT64_MAX;
    enum lw_status st;

    if (!part && (all->what == STORE_TOP_SERVICES || all->what == STORE_TOP_PROTOCOLS))
        return top_facets(all, f, err);
    key_table_init(&one.keys);
    st = top_columns(&one, f, err);
    if (st == LW_ELIMIT) {
        forget_keys(&one);
        st = top_rows(&one, f, err);
    }
    if (st == LW_OK)
        st = merge(all, &one, err);
    forget_keys(&one);
    return st;
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

static void note_name(void *ctx, struct db_stmt *q)
{
    char **name = ctx;

    if (*name == NULL)
        *name = mem_strdup(db_text(q, 0));
}

/* Host names of the largest. */
static enum lw_status name_tops(void *ctx, struct flow_db *f, struct lw_error *err)
{
    struct topping *t = ctx;
    enum lw_status st = LW_OK;

    for (uint32_t i = 0; st == LW_OK && i < t->limit && i < t->keys.n; i++) {
        struct sums *sums = &t->sums[t->order[i] - 1];
        struct store_addr a = {{0}};
        size_t n;
        const char *key = key_table_key(&t->keys, t->order[i], &n);
        size_t first;

        a.bytes[0] = n == 0 ? 0 : (uint8_t)key[0];
        first = addr_bytes(&a) < n ? addr_bytes(&a) : n;
        st = db_query(f->db, err, note_name, &sums->name[0], NULL,
                      "SELECT name FROM names WHERE addr = ?", "b", key, first);
        if (st == LW_OK && n > first)
            st = db_query(f->db, err, note_name, &sums->name[1], NULL,
                          "SELECT name FROM names WHERE addr = ?", "b", key + first,
                          n - first);
    }
    return st;
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
    st = flow_each_file(s, f, top_file, &t, err);
    if (st == LW_OK)
        st = order_top(&t, err);
    t.limit = limit;
    if (st == LW_OK && (what == STORE_TOP_SOURCES || what == STORE_TOP_DESTINATIONS ||
                        what == STORE_TOP_CONVERSATIONS))
        st = flow_each_file(s, f, name_tops, &t, err);
    for (uint32_t i = 0; st == LW_OK && i < limit && i < t.keys.n; i++)
        emit_top(&t, t.order[i], fn, ctx);
    mem_free(t.order);
    forget_keys(&t);
    return st;
}
