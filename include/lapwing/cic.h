/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/cic.h - the flows of CICFlowMeter as that program itself makes them.
 *
 * For those who must match a data set that was made with it: its way of cutting flows,
 * its columns and its errors (docs/cic-features.md lists them).  Everyone else wants
 * the records of lapwing/flow.h in the format "cic", which has the same columns with
 * those errors corrected.
 *
 * Time is packet time, never the clock: a file always gives the same lines.
 * Thread safety: one thread per meter.
 */
#ifndef LW_CIC_H
#define LW_CIC_H

#include <lapwing/capture.h>
#include <lapwing/error.h>
#include <lapwing/flow.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How the columns are called; the values are the same. */
enum lw_cic_names {
    LW_CIC_2017, /* as in the CIC-IDS2017 files: " Flow Duration"; one column twice */
    LW_CIC_2018  /* as in the CSE-CIC-IDS2018 files: "Tot Fwd Pkts" */
};

enum {
    LW_CIC_LABEL_MAX = 255, /* bytes of a label */
    LW_CIC_LINE_MAX = 4096
};

/** Zero means the default. */
struct lw_cic_config {
    uint32_t max_flows;          /* default 1,048,576; at most 2^24 */
    int64_t flow_timeout_ns;     /* since a flow's first packet; default 120 s */
    int64_t activity_timeout_ns; /* a longer silence is idle time; default 5 s */
    int32_t
        utc_offset_s; /* of the printed time, which has no zone; -86,400 to 86,400 */
    enum lw_cic_names names;
    const char *label; /* of every flow, without commas, quotes and line ends; copied */
};

struct lw_cic_meter; /* opaque */

/** Receives each line, line end included; borrowed for the call. */
typedef void (*lw_cic_line_fn)(void *ctx, const char *line, size_t n);

/** Create a meter.  On success the caller owns *out; on failure *out is untouched.
 *  LW_EINVAL: a value out of range, a label that does not fit.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_cic_meter_new(struct lw_cic_meter **out,
                                               const struct lw_cic_config *cfg,
                                               struct lw_error *err);

/** The header line with line end, for the names that were configured; static storage.
 */
LW_API const char *lw_cic_header(enum lw_cic_names names);

/** Add one packet, giving out lines of flows that ended before or with it.  `pkt` is
 *  borrowed.  A packet without data does nothing.  Packets that are not IPv4 are
 *  counted as not in flows, as the original does not look at them. */
LW_API void lw_cic_meter_add(struct lw_cic_meter *m, const struct lw_packet *pkt,
                             lw_cic_line_fn fn, void *ctx);

/** Give out what is left, in the order of first packets. */
LW_API void lw_cic_meter_flush(struct lw_cic_meter *m, lw_cic_line_fn fn, void *ctx);

/** `records` counts lines; flows of one packet give none, as in the original.  A full
 *  table gives out its oldest flow (`evicted_answered`). */
LW_API void lw_cic_meter_get_stats(const struct lw_cic_meter *m,
                                   struct lw_meter_stats *out);

/** Free without giving out what is left.  NULL is fine. */
LW_API void lw_cic_meter_free(struct lw_cic_meter *m);

#ifdef __cplusplus
}
#endif

#endif /* LW_CIC_H */
