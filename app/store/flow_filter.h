/* SPDX-License-Identifier: Apache-2.0 */
/* store/flow_filter.h - where a page of flows begins. */
#ifndef STORE_FLOW_FILTER_H
#define STORE_FLOW_FILTER_H

#include "store/flows.h"

/** The row before: its sort key (a score's bits) and its id. */
struct flow_cursor {
    int64_t key;
    int64_t id;
};

void flow_cursor_format(const struct flow_cursor *c, const struct store_flow_filter *f,
                        char out[STORE_CURSOR_MAX]);
/** LW_EINVAL: not a cursor, or of another filter. */
LW_MUST enum lw_status flow_cursor_parse(struct span text,
                                         const struct store_flow_filter *f,
                                         struct flow_cursor *out, struct lw_error *err);

#endif /* STORE_FLOW_FILTER_H */
