/* SPDX-License-Identifier: Apache-2.0 */
#include "store/cols.h"

#include "base/mem.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the columns of a flow file are little-endian");

size_t cols_width(enum col col)
{
    static const uint8_t widths[N_COLS] = {8,
                                           4,
                                           8,
                                           8,
                                           8,
                                           4,
                                           4,
                                           4,
                                           4,
                                           4,
                                           sizeof(struct store_addr),
                                           sizeof(struct store_addr)};

    return widths[col];
}

int64_t cols_score_key(double score)
{
    int64_t key;

    memcpy(&key, &score, sizeof key);
    return key;
}

double cols_key_score(int64_t key)
{
    double score;

    memcpy(&score, &key, sizeof score);
    return score;
}

/* -------------------------------------------------------------------- writing */

static void begin_chunk(struct cols_builder *b)
{
    memset(&b->chunk, 0, sizeof b->chunk);
    for (int i = 0; i < STORE_N_SORTS; i++) {
        b->chunk.min[i] = INT64_MAX;
        b->chunk.max[i] = INT64_MIN;
    }
}

enum lw_status cols_builder_init(struct cols_builder *b, struct lw_error *err)
{
    b->n_chunks = 0;
    begin_chunk(b);
    for (int i = 0; i < N_COLS; i++)
        b->values[i] = NULL;
    for (int i = 0; i < N_COLS; i++) {
        b->values[i] = mem_zalloc(COLS_CHUNK, cols_width((enum col)i));
        if (b->values[i] == NULL)
            return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    return LW_OK;
}

void cols_builder_release(struct cols_builder *b)
{
    for (int i = 0; i < N_COLS; i++) {
        mem_free(b->values[i]);
        b->values[i] = NULL;
    }
}

/* Row ids of the table: sixteen to a chunk. */
static int64_t blob_id(size_t chunk, enum col col)
{
    return (int64_t)(16 * chunk + (size_t)col + 1);
}

static enum lw_status write_chunk(struct cols_builder *b, struct db *d,
                                  struct lw_error *err)
{
    const struct col_chunk *c = &b->chunk;
    enum lw_status st = db_run(
        d, err, "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "iiiiiiiiiiiiii", b->n_chunks, (int64_t)c->n, (int64_t)c->mixed,
        (int64_t)c->facets, c->min[0], c->max[0], c->min[1], c->max[1], c->min[2],
        c->max[2], c->min[3], c->max[3], c->min[4], c->max[4]);

    for (int i = 0; st == LW_OK && i < (c->mixed ? N_COLS : COL_SRC_ADDR); i++)
        st = db_run(d, err, "INSERT INTO columns VALUES (?, ?)", "ib",
                    blob_id((size_t)b->n_chunks, (enum col)i), b->values[i],
                    c->n * cols_width((enum col)i));
    b->n_chunks++;
    begin_chunk(b);
    return st;
}

static void put(struct cols_builder *b, enum col col, const void *value)
{
    size_t width = cols_width(col);

    memcpy(b->values[col] + b->chunk.n * width, value, width);
}

static void put_address(struct cols_builder *b, const struct store_addr *a,
                        enum col tag, enum col whole)
{
    uint32_t ip4 = 0;

    if (a->bytes[0] == 4)
        ip4 = (uint32_t)a->bytes[1] << 24 | (uint32_t)a->bytes[2] << 16 |
              (uint32_t)a->bytes[3] << 8 | a->bytes[4];
    else
        b->chunk.mixed = true;
    put(b, tag, &ip4);
    put(b, whole, a);
}

enum lw_status cols_builder_add(struct cols_builder *b, struct db *d,
                                const struct store_flow *f, uint32_t facet,
                                struct lw_error *err)
{
    float score = f->score > 0 ? f->score : 0;
    const int64_t keys[STORE_N_SORTS] = {
        [STORE_SORT_TIME] = f->start_ns,
        [STORE_SORT_SCORE] = cols_score_key((double)score),
        [STORE_SORT_DURATION] = f->duration_ns,
        [STORE_SORT_PACKETS] = (int64_t)(f->packets[0] + f->packets[1]),
        [STORE_SORT_BYTES] = (int64_t)(f->bytes[0] + f->bytes[1]),
    };
    struct col_chunk *c = &b->chunk;

    for (int i = 0; i < STORE_N_SORTS; i++) {
        if (i == STORE_SORT_SCORE)
            put(b, COL_SCORE, &score);
        else
            put(b, (enum col)i, &keys[i]);
        c->min[i] = keys[i] < c->min[i] ? keys[i] : c->min[i];
        c->max[i] = keys[i] > c->max[i] ? keys[i] : c->max[i];
    }
    put(b, COL_FACET, &facet);
    put_address(b, &f->addr[0], COL_SRC, COL_SRC_ADDR);
    put_address(b, &f->addr[1], COL_DST, COL_DST_ADDR);
    put(b, COL_SPORT, &f->port[0]);
    put(b, COL_DPORT, &f->port[1]);
    c->facets |= UINT64_C(1) << (facet % 64);
    return ++c->n == COLS_CHUNK ? write_chunk(b, d, err) : LW_OK;
}

enum lw_status cols_builder_finish(struct cols_builder *b, struct db *d,
                                   struct lw_error *err)
{
    return b->chunk.n == 0 ? LW_OK : write_chunk(b, d, err);
}

/* -------------------------------------------------------------------- reading */

struct reading {
    struct col_chunk *chunks;
    size_t n;
    size_t cap;
    bool failed;
    bool odd;
};

static void read_chunk(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;
    struct col_chunk *chunks =
        r->failed ? NULL : mem_grow(r->chunks, &r->cap, r->n + 1, sizeof *chunks);
    struct col_chunk *c;
    int64_t n = db_int(q, 0);

    if (chunks == NULL) {
        r->failed = true;
        return;
    }
    r->chunks = chunks;
    c = &chunks[r->n++];
    r->odd |= n < 1 || n > COLS_CHUNK;
    c->n = (uint32_t)n;
    c->mixed = db_int(q, 1) != 0;
    c->facets = (uint64_t)db_int(q, 2);
    for (int i = 0; i < STORE_N_SORTS; i++) {
        c->min[i] = db_int(q, 3 + 2 * i);
        c->max[i] = db_int(q, 4 + 2 * i);
    }
}

enum lw_status cols_chunks(struct db *d, struct col_chunk **out, size_t *n,
                           struct lw_error *err)
{
    struct reading r = {.chunks = NULL};
    enum lw_status st =
        db_query(d, err, read_chunk, &r, NULL,
                 "SELECT n, mixed, facets, start_min, start_max, score_min, score_max,"
                 " duration_min, duration_max, packets_min, packets_max, bytes_min,"
                 " bytes_max FROM chunks ORDER BY id",
                 "");

    if (st == LW_OK && r.failed)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    if (st == LW_OK && r.odd)
        st = lw_fail(err, LW_EFORMAT, "%s: a chunk has an impossible size", db_path(d));
    if (st != LW_OK) {
        mem_free(r.chunks);
        return st;
    }
    *out = r.chunks;
    *n = r.n;
    return LW_OK;
}

enum lw_status cols_read(struct db *d, size_t chunk, const struct col_chunk *c,
                         enum col col, void *out, struct lw_error *err)
{
    return db_read_blob(d, "columns", "data", blob_id(chunk, col), 0, out,
                        c->n * cols_width(col), err);
}

enum lw_status cols_pick(struct db *d, size_t chunk, enum col col, const uint32_t *rows,
                         uint32_t n, void *out, struct lw_error *err)
{
    size_t width = cols_width(col);
    uint8_t *to = out;
    enum lw_status st = LW_OK;

    for (uint32_t i = 0; st == LW_OK && i < n; i++, to += width)
        st = db_read_blob(d, "columns", "data", blob_id(chunk, col), rows[i] * width,
                          to, width, err);
    return st;
}
