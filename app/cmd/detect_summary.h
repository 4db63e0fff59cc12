/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/detect_summary.h - what `lapwing detect` found, for a person or a program. */
#ifndef CMD_DETECT_SUMMARY_H
#define CMD_DETECT_SUMMARY_H

#include "base/buf.h"
#include "cmd/capture_loop.h"
#include "cmd/fuse.h"
#include "cmd/suspects.h"

#include <lapwing/packet_rate.h>

#include <stdio.h>

enum { SUMMARY_TOP_MAX = 1000, SUMMARY_REASONS = 3, FLOW_TEXT_MAX = 160 };

/** Everything borrowed. */
struct detect_summary {
    const char *source;
    const char *model_path;
    const struct lw_classifier *classifier;
    const struct capture_report *report;
    const struct lw_detector_stats *stats;
    const struct suspects *suspects;
    size_t top;                        /* suspects to list */
    const struct lw_rate_report *rate; /* NULL: not asked for */
    const struct fuse *fuse;           /* NULL: one model judged */
};

/** Print for a person; coloured where `f` is a terminal.  LW_ENOMEM. */
LW_MUST enum lw_status summary_print(FILE *f, const struct detect_summary *s,
                                     struct lw_error *err);
/** Append as one JSON object and a line end.  LW_ENOMEM. */
LW_MUST enum lw_status summary_json(struct buf *out, const struct detect_summary *s,
                                    struct lw_error *err);

/** One line on an alert, for a terminal that watches a live interface; `n_flows` is how
 *  many flows of its kind there were so far.  LW_ENOMEM. */
LW_MUST enum lw_status summary_print_alert(FILE *f, const struct lw_classifier *c,
                                           const struct lw_finding *finding,
                                           uint64_t n_flows, struct lw_error *err);

/** Why a suspect's worst flow was judged so: up to SUMMARY_REASONS.  LW_ENOMEM. */
LW_MUST enum lw_status summary_reasons(const struct detect_summary *s,
                                       const struct suspect *p,
                                       struct lw_reason out[SUMMARY_REASONS],
                                       size_t *n_out, struct lw_error *err);

/** "tcp 10.0.0.1:1234 -> [fe80::1]:80" */
const char *summary_flow_text(const struct lw_record *rec, char out[FLOW_TEXT_MAX]);

#endif /* CMD_DETECT_SUMMARY_H */
