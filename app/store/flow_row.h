/* SPDX-License-Identifier: Apache-2.0 */
/* store/flow_row.h - a flow as a row: what is packed, and how it is read back. */
#ifndef STORE_FLOW_ROW_H
#define STORE_FLOW_ROW_H

#include "base/buf.h"
#include "store/flow_pool.h"

/** The columns that flow_row_read() expects, of "flows f". */
#define FLOW_ROW_COLUMNS                                                               \
    "f.id, f.start, f.duration, f.facet, f.score, f.packets, f.bytes, f.src, f.dst,"   \
    " f.sport, f.dport, f.src_packets, f.src_bytes, f.grp, f.confidence, f.state,"     \
    " f.community, f.tags, f.scores,"                                                  \
    " (SELECT name FROM names WHERE addr = f.src),"                                    \
    " (SELECT name FROM names WHERE addr = f.dst)"

/** What one detector said, as bytes: each of the flow's scores in turn
 *
 *      offset  size
 *      0       1     number of the detector in `detectors`
 *      1       1     verdict
 *      2       1     1: it alerts
 *      3       4     score, a float as the three after it; little-endian
 *      7       4     p-value
 *      11      4     confidence
 *      15      4     share of evidence that was missing
 */
enum { FLOW_SCORE_BYTES = 19 };

void flow_score_pack(struct buf *out, uint8_t detector, const struct store_score *s);
/** The scores of a row; returns how many (at most STORE_DETECTORS_MAX). */
uint32_t flow_scores_unpack(const struct flow_db *f, struct span packed,
                            struct store_score out[STORE_DETECTORS_MAX]);

/** What is borrowed from the row's statement until its next step; scores are in
 *  `scores`. */
void flow_row_read(const struct flow_db *f, int64_t capture, struct db_stmt *q,
                   struct store_flow *out,
                   struct store_score scores[STORE_DETECTORS_MAX], int64_t *grp);

static inline int64_t flow_id_run(int64_t id)
{
    return id >> 32;
}

static inline int64_t flow_id_make(int64_t run, int64_t n)
{
    return (int64_t)((uint64_t)run << 32 | (uint64_t)n);
}

enum { FLOW_NUMBER_MAX = 0x7fffffff };
static inline int64_t flow_id_number(int64_t id)
{
    return id & INT64_C(0xffffffff);
}

#endif /* STORE_FLOW_ROW_H */
