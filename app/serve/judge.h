/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/judge.h - a capture in, flows with the verdicts of all detectors out.
 *
 * The flows are those of the plain meter, which are Argus' but for connections that
 * begin again, and the same that `lapwing detect` judges.  A detector that has more
 * rows than one of a flow (the traffic model one each 10 s, view kdd one each message
 * of ICMP) gives it the verdict of the worst.
 *
 * Alerts are what the traffic model says.  What the other two say is kept beside it,
 * and told to whoever knows no other detectors (`told` of the flow).
 */
#ifndef SERVE_JUDGE_H
#define SERVE_JUDGE_H

#include "serve/models.h"
#include "store/alerts.h"
#include "store/flows.h"

/** Who judges, in the order of the flow's scores. */
enum judge { JUDGE_TRAFFIC, JUDGE_ATTACK, JUDGE_BOTNET, N_JUDGES };

/** The roles of their models. */
extern const enum model_role judge_roles[N_JUDGES];

struct judge_totals {
    uint64_t packets;
    uint64_t flows;
    uint64_t alerted; /* flows */
    int64_t first_ns; /* of the packets in flows; 0: none */
    int64_t last_ns;
    char warning[256]; /* what was wrong with the capture; "" */
};

struct judge_config {
    int fd;           /* of the capture, read from its beginning; borrowed */
    const char *name; /* of the capture, for messages; borrowed */
    struct model *models[N_JUDGES]; /* borrowed; that of bots may be NULL */
    float thresholds[N_JUDGES];     /* negative: the model decides by its own rule */
    const struct store_suppression *suppressions; /* (n_suppressions), borrowed */
    size_t n_suppressions;
    const struct store_net *home; /* (n_home), borrowed */
    size_t n_home;
    uint64_t max_flows;
    /** Each flow, borrowed for the call, with what is worth keeping of its verdicts. */
    enum lw_status (*flow)(void *ctx, const struct store_flow *f, bool keep_detail,
                           struct lw_error *err);
    /** Now and then; `share` of the work is done.  False: stop, with LW_EPERM. */
    bool (*progress)(void *ctx, double share, const struct judge_totals *so_far);
    void *ctx; /* borrowed */
};

/** LW_EFORMAT: no capture.  LW_ELIMIT: too many flows.  LW_EPERM: progress said so.
 *  What the library and `flow` say. */
LW_MUST enum lw_status judge_capture(const struct judge_config *cfg,
                                     struct judge_totals *out, struct lw_error *err);

#endif /* SERVE_JUDGE_H */
