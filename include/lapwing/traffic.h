/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/traffic.h - learning to tell attacks from ordinary traffic in captures.
 *
 * From captures of which is known what they hold, on view flow, with the rows that
 * lapwing detect makes of them.  What is learnt is judged by leaving out groups of
 * captures (one scenario, one network, one collection), and the threshold is what
 * normal traffic of groups left out reaches as seldom as a budget of false alarms says.
 */
#ifndef LW_TRAFFIC_H
#define LW_TRAFFIC_H

#include <lapwing/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Zero means the default. */
struct lw_traffic_config {
    /* A table (tabs or commas) with a header: `capture`, `truth` and `group` of each
     * capture.  Paths are relative to the table.  Truth is a file of lapwing/labels.h,
     * the rest being normal, or one label for all: a verdict's class, or "-" for what
     * is neither to be learnt from nor judged.  Captures of one group are left out
     * together. */
    const char *index;
    double false_alarm; /* share of normal flows that may be alarmed, 0.0002 */
    const char *folds;  /* also write the models that did not know the groups of a fold,
                           to files that begin so ("fold" for fold0.lwm); a group's fold
                           is its number in the table modulo LW_TRAFFIC_FOLDS.  NULL */
    uint64_t seed;
    lw_progress_fn progress; /* NULL: silent */
    void *progress_ctx;      /* borrowed */
};

enum { LW_TRAFFIC_CLASSES = 5, LW_TRAFFIC_FOLDS = 5 };

struct lw_traffic_report {
    uint32_t n_captures;
    uint32_t n_groups;
    /* Rows kept and judged while their group was left out: normal ones of captures
     * that hold no attack, normal ones beside attacks, and those of each attack class.
     */
    uint64_t n_clean;
    uint64_t n_beside;
    uint64_t n_attack[LW_TRAFFIC_CLASSES]; /* [0] is 0 */
    double false_alarm;                    /* the budget */
    double clean_alarmed; /* share of them that is; NaN: there are none */
    double beside_alarmed;
    double found[LW_TRAFFIC_CLASSES]; /* recall; [0] is NaN */
    double named[LW_TRAFFIC_CLASSES]; /* of these, by their own class */
    double train_seconds;             /* final fit, CPU time; not stored in the model */
};

/** Name of class i of the report and the model: "Normal", "DoS", ... */
LW_API const char *lw_traffic_class_name(uint32_t i);

/** Train and write a model file (atomically).  LW_EINVAL: fewer than two groups.
 *  LW_EFORMAT names file, line and what is wrong; what lw_capture_open() and
 *  lw_labels_read() say.  LW_EIO, LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_traffic_train(const char *path,
                                               const struct lw_traffic_config *cfg,
                                               struct lw_traffic_report *report,
                                               struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_TRAFFIC_H */
