/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/flow_verdicts.h - flows counted by what was said of them.
 *
 * A long flow has a row each time some of it has passed, and each row a verdict.  It is
 * one flow all the same: of each class that it was given it counts once, and as normal
 * only while it was given no other.
 */
#ifndef DETECT_FLOW_VERDICTS_H
#define DETECT_FLOW_VERDICTS_H

#include "base/lru_table.h"

#include <lapwing/detect.h>

struct flow_verdicts {
    struct lru_table *going_on; /* flow id: classes said so far; owned */
};

/** LW_ENOMEM. */
LW_MUST enum lw_status flow_verdicts_init(struct flow_verdicts *v,
                                          struct lw_error *err);
/** Zeroes are fine. */
void flow_verdicts_release(struct flow_verdicts *v);

/** Count a row of that verdict in by_class (LW_N_VERDICTS).  True: the flow counts
 * there since an earlier row.  Of more than 65,536 flows that go on at once, those that
 * had no row for longest are forgotten, and count anew. */
bool flow_verdicts_count(struct flow_verdicts *v, const struct lw_record *rec,
                         enum lw_verdict_class verdict, uint64_t *by_class);

#endif /* DETECT_FLOW_VERDICTS_H */
