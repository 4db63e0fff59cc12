/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/cols.h - what flows are searched by, column by column.
 *
 * Beside its rows a flow file has their columns, each cut into chunks of 65,536 values
 * that are one blob: a search reads the few columns that its filter and its order name,
 * and nothing else.  Of each chunk the least and the greatest values are known, so that
 * most chunks are not even read.
 *
 * Values are little-endian, as this processor has them.
 */
#ifndef STORE_COLS_H
#define STORE_COLS_H

#include "store/db.h"
#include "store/flows.h"

enum { COLS_CHUNK = 65536 };

/** The five sort keys come first. ORDER: enum store_sort, cols_width(), schema.c. */
enum col {
    COL_START = STORE_SORT_TIME,        /* int64_t */
    COL_SCORE = STORE_SORT_SCORE,       /* float */
    COL_DURATION = STORE_SORT_DURATION, /* int64_t, as the next two */
    COL_PACKETS = STORE_SORT_PACKETS,
    COL_BYTES = STORE_SORT_BYTES,
    COL_FACET = STORE_N_SORTS, /* uint32_t */
    COL_SRC, /* uint32_t: the IPv4 address, 0 for others; as the next */
    COL_DST,
    COL_SPORT, /* int32_t, as the next */
    COL_DPORT,
    COL_SRC_ADDR, /* struct store_addr; only in chunks with others than IPv4 */
    COL_DST_ADDR,
    N_COLS
};

size_t cols_width(enum col col);

/** What is known of a chunk without reading it. */
struct col_chunk {
    uint32_t n;      /* rows; row i of chunk k is the flow k * COLS_CHUNK + i + 1 */
    bool mixed;      /* there are other addresses than IPv4 */
    uint64_t facets; /* bit f % 64 of every facet f in it */
    int64_t min[STORE_N_SORTS]; /* of the sort keys; scores as cols_score_key() */
    int64_t max[STORE_N_SORTS];
};

/** A score (0 or more) as an integer of the same order. */
int64_t cols_score_key(double score);
double cols_key_score(int64_t key);

/** Collects rows and writes them chunk by chunk. */
struct cols_builder {
    uint8_t *values[N_COLS]; /* (COLS_CHUNK) owned */
    struct col_chunk chunk;
    int64_t n_chunks; /* written */
};

LW_MUST enum lw_status cols_builder_init(struct cols_builder *b, struct lw_error *err);
void cols_builder_release(struct cols_builder *b);
LW_MUST enum lw_status cols_builder_add(struct cols_builder *b, struct db *d,
                                        const struct store_flow *f, uint32_t facet,
                                        struct lw_error *err);
/** Write what is left. */
LW_MUST enum lw_status cols_builder_finish(struct cols_builder *b, struct db *d,
                                           struct lw_error *err);

/** The chunks of a file; the caller frees *out with mem_free(). */
LW_MUST enum lw_status cols_chunks(struct db *d, struct col_chunk **out, size_t *n,
                                   struct lw_error *err);
/** Read the values of a chunk: out has room for chunk->n of them. */
LW_MUST enum lw_status cols_read(struct db *d, size_t chunk, const struct col_chunk *c,
                                 enum col col, void *out, struct lw_error *err);

/** Read the values of n rows only, one behind the other. */
LW_MUST enum lw_status cols_pick(struct db *d, size_t chunk, enum col col,
                                 const uint32_t *rows, uint32_t n, void *out,
                                 struct lw_error *err);

#endif /* STORE_COLS_H */
