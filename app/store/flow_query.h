/* SPDX-License-Identifier: Apache-2.0 */
/* store/flow_query.h - what the queries on flows share. */
#ifndef STORE_FLOW_QUERY_H
#define STORE_FLOW_QUERY_H

#include "store/flow_pool.h"

/** An analysis whose flows are asked for. */
struct flow_run {
    int64_t run;
    int64_t capture;
    int64_t first_ns; /* starts of its flows */
    int64_t last_ns;
};

/** The present analyses of the captures a filter takes, the latest flows first; the
 *  caller frees *out with mem_free(). */
LW_MUST enum lw_status flow_runs(struct store *s, const struct store_flow_filter *f,
                                 struct flow_run **out, size_t *n,
                                 struct lw_error *err);

typedef enum lw_status (*flow_file_fn)(void *ctx, struct flow_db *f,
                                       struct lw_error *err);

/** Call fn for the file of each of these. */
LW_MUST enum lw_status flow_each_file(struct store *s,
                                      const struct store_flow_filter *f,
                                      flow_file_fn fn, void *ctx, struct lw_error *err);

/** Which facets of a file a filter takes: mask (f->n_facets), 1 or 0; returns whether
 * that leaves any out.  *flows becomes how many they have. */
bool flow_facets(const struct flow_db *f, const struct store_flow_filter *filter,
                 uint8_t *mask, uint64_t *flows);

/** Hand out the flow `id` (LW_ENOTFOUND) as fn wants it; `main` reads lapwing.db. */
LW_MUST enum lw_status flow_emit(struct db *main, struct flow_db *f, int64_t capture,
                                 int64_t id, store_flow_fn fn, void *ctx,
                                 struct lw_error *err);

#endif /* STORE_FLOW_QUERY_H */
