/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/botnet.h - learning to tell flows of bots and scans from others.
 *
 * From labelled flow records of several captures (lapwing/flowread.h), on view
 * netflow_host, whatever their source.  Judged by leaving out one group of captures
 * after the other, at the share of malicious flows that each capture has, beside the
 * rule that needs no learning: "TCP, and no reply".
 */
#ifndef LW_BOTNET_H
#define LW_BOTNET_H

#include <lapwing/curve.h>
#include <lapwing/detect.h>
#include <lapwing/eval.h>
#include <lapwing/model.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LW_BOTNET_CAPTURES_MAX = 64, LW_BOTNET_FEW = 200 };

/** Zero means the default. */
struct lw_botnet_config {
    /* (n_groups) files of flow records; several of one group, such as those of one
     * network, are separated by commas, and left out together. */
    const char *const *groups;
    size_t n_groups;
    uint64_t seed;
    lw_progress_fn progress; /* NULL: silent */
    void *progress_ctx;      /* borrowed */
};

/** Shares from 0 to 1, under their names in JSON. */
#define LW_BOTNET_SHARE_LIST(X)                                                        \
    X(roc_auc)                                                                         \
    X(rule_false_alarm) /* of "TCP, and no reply" */                                   \
    X(rule_recall)                                                                     \
    X(recall_at_rule) /* the model's, at the rule's false alarms or fewer */           \
    X(recall_at_1e2)  /* at 1 % false alarms or fewer */                               \
    X(recall)         /* at the model's threshold */                                   \
    X(false_alarm)

/** On flows of which the model had learnt nothing.  NaN where there are none. */
struct lw_botnet_figures {
    uint64_t n_benign;
    uint64_t n_malicious;
    uint64_t n_background; /* labelled as neither, and left out of everything */
#define LW_BOTNET_SHARE(name) double name;
    LW_BOTNET_SHARE_LIST(LW_BOTNET_SHARE)
#undef LW_BOTNET_SHARE
};

struct lw_botnet_report {
    struct lw_botnet_figures pooled; /* over captures with at least LW_BOTNET_FEW flows
                                        of either kind, each left out with its group */
    uint32_t n_captures;
    struct {
        char name[64];
        struct lw_botnet_figures figures;
        bool is_pooled;
    } capture[LW_BOTNET_CAPTURES_MAX];
    /* Of all flows, each scored while its group was left out; calibrated: by what the
     * flows of the other groups turned out to be.  No points: not measured. */
    struct lw_curve curve;
    struct lw_curve calibrated;
    /* Mean squared error of P(malicious), before and after, where a group's flows of a
     * kind count as 2,500 at most, as in learning. */
    double brier[2];
    double threshold;
    double train_seconds; /* final fit, CPU time; not stored in the model */
};

/** Train and write a model file (atomically).  Labels with "botnet" or "malicious" in
 *  them are malicious, with "normal" or "benign" benign, whatever the case; all others
 *  are background.  LW_EINVAL: fewer than two groups, too many captures.  LW_EFORMAT:
 *  no labelled flows of one kind; what lw_flow_reader_next() says.  LW_EIO, LW_ENOMEM.
 */
LW_API LW_MUST enum lw_status lw_botnet_train(const char *path,
                                              const struct lw_botnet_config *cfg,
                                              struct lw_botnet_report *report,
                                              struct lw_error *err);

/** A model on captures that it may or may not know. */
struct lw_botnet_result {
    struct lw_eval all;    /* over all captures, at the model's threshold; class 1 is
                              malicious */
    struct lw_curve curve; /* the same */
};

/** Judge a model of two classes, normal and botnet, on labelled flow records; labels as
 *  above.  cfg: groups (one is enough), progress.  report->pooled is over the captures
 *  with at least LW_BOTNET_FEW flows of either kind, where there are any.
 *  LW_EUNSUPPORTED: another model.  LW_EFORMAT: no flow has a label of either kind;
 *  what lw_flow_reader_next() says.  LW_EINVAL, LW_EIO, LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_botnet_test(const struct lw_classifier *c,
                                             const struct lw_botnet_config *cfg,
                                             struct lw_botnet_report *report,
                                             struct lw_botnet_result *result,
                                             struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_BOTNET_H */
