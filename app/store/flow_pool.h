/* SPDX-License-Identifier: Apache-2.0 */
/* store/flow_pool.h - flow files that are open for reading. */
#ifndef STORE_FLOW_POOL_H
#define STORE_FLOW_POOL_H

#include "store/cols.h"
#include "store/flows.h"
#include "store/store_priv.h"

/** What a query must know of a facet: all rows of facet i share this. */
struct flow_facet {
    int64_t id;
    uint8_t verdict;
    bool alerted;
    bool suppressed;
    uint8_t severity;
    const char *proto; /* these are owned by the flow_db */
    const char *service;
    const char *detector;
    const char *attack_id;
    uint64_t flows;
    uint64_t packets;
    uint64_t bytes;
    int64_t first_ns;
    int64_t last_ns;
};

struct flow_detector {
    const char *name;
    const char *model;
    const char *view;
    double threshold;
};

/** An open flow file with its small tables in memory. */
struct flow_db {
    struct db *db; /* owned */
    int64_t run;
    int version;    /* of its tables: files are never changed, also not by migration */
    int64_t bin_ns; /* width of the rows of `bins` */
    struct flow_facet *facets; /* (n_facets) owned; the facet with id i is at i - 1 */
    size_t n_facets;
    const char **states; /* (n_states) owned; that with id i is at i - 1 */
    size_t n_states;
    struct flow_detector *detectors; /* (n_detectors) owned; likewise */
    size_t n_detectors;
    struct col_chunk *chunks; /* (n_chunks) owned */
    size_t n_chunks;
    struct buf texts; /* owned: what all the texts above are in */
};

/** Take an open one, or open it.  LW_ENOTFOUND: gone. */
LW_MUST enum lw_status flow_db_take(struct store *s, int64_t run, struct flow_db **out,
                                    struct lw_error *err);
/** NULL is fine. */
void flow_db_give(struct store *s, struct flow_db *f);
/** Close those that are idle and belong to a run that is gone. */
void flow_pool_forget(struct store *s, int64_t run);
void flow_pool_release(struct store *s);

#endif /* STORE_FLOW_POOL_H */
