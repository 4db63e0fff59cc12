/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/normal.h - detection without attack labels: learn what is normal, see what is
 * not.
 *
 * Training uses normal rows only.  Which method is best is judged on folds that leave
 * whole attack types out, always beside the same rivals; labels serve judging and
 * nothing else.  The model file answers with a conformal p-value: the share of normal
 * rows, held out while the model was fitted, that are at least as strange.
 */
#ifndef LW_NORMAL_H
#define LW_NORMAL_H

#include <lapwing/dataset.h>
#include <lapwing/eval.h>
#include <lapwing/model.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LW_NORMAL_METHODS_MAX = 16, LW_NORMAL_REPEATS_MAX = 10 };

/** Zero means the default. */
struct lw_normal_config {
    const char *view;    /* default "kdd" */
    const char *preset;  /* "normal", the default: the method that wins validation;
                            "ddos-autoencoder": that one */
    const char *model;   /* kind to write instead of the winner; NULL */
    const char *options; /* its parameters, as in lw_model_params; NULL */
    double false_alarm;  /* share of normal rows alarmed; default 0.01 */
    uint32_t n_repeats;  /* of validation, with other folds and seeds; default 1 */
    uint64_t seed;
    bool no_rivals;          /* judge the method that is asked for alone */
    lw_progress_fn progress; /* NULL: silent */
    void *progress_ctx;      /* borrowed */
};

/** Means over folds and repeats, each fold counting the same. */
struct lw_normal_figures {
    double roc_auc;
    double pr_auc;
    double tpr_at_fpr_1e2;
    double tpr_at_fpr_1e3;
};

struct lw_normal_report {
    uint64_t n_rows;
    uint64_t n_distinct_rows;
    uint64_t n_normal_rows; /* distinct ones: all that is learnt from */
    uint32_t n_repeats;
    size_t n_methods;
    struct {
        char name[40];
        bool is_trivial;    /* no more than one column at a time, or an
                               ellipsoid */
        uint64_t most_rows; /* normal rows it is fitted on at most; 0: all */
        struct lw_normal_figures mean;
        struct lw_normal_figures half_width; /* of the 95 % interval over the repeats;
                                                NaN for one */
    } method[LW_NORMAL_METHODS_MAX];
    size_t chosen;        /* the method written */
    size_t winner;        /* the best by the mean of ROC-AUC and both TPR */
    double train_seconds; /* final fit, CPU time; not stored in the model */
};

/** Train on a labelled frame and write a model file (atomically).  LW_EFORMAT: a column
 *  missing, a label unknown, no normal rows.  LW_EINVAL, LW_EIO, LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_normal_train(const struct lw_frame *frame,
                                              const char *path,
                                              const struct lw_normal_config *cfg,
                                              struct lw_normal_report *report,
                                              struct lw_error *err);

/* ---- from captures --------------------------------------------------------------- */

/** Zero means the default. */
struct lw_normal_capture_config {
    const char *const
        *captures; /* declared normal: files or directories (n_captures) */
    size_t n_captures;
    const char *const *against; /* with attacks, to judge by and not to learn from */
    size_t n_against;
    const char *view;    /* default "flow" */
    const char *preset;  /* as in lw_normal_config; "normal": the winner where there is
                            something to judge by, else the autoencoder */
    const char *model;   /* as in lw_normal_config */
    const char *options; /* as in lw_normal_config */
    double false_alarm;  /* share of normal flows alarmed; default 0.01 */
    uint64_t seed;
    lw_progress_fn progress; /* NULL: silent */
    void *progress_ctx;      /* borrowed */
};

/** Each method is fitted on the first three fifths of every capture, and alarms what is
 *  stranger than all but a share of the fourth fifth. */
struct lw_normal_capture_report {
    uint64_t n_rows;   /* of captures declared normal */
    uint64_t n_used;   /* every other, or fourth ... of them where there are too many */
    uint64_t n_judged; /* of these: the last fifths */
    uint64_t n_against; /* rows of the others that were used */
    double false_alarm; /* the budget */
    size_t n_methods;
    struct {
        char name[40];
        bool is_trivial;
        double false_alarms; /* share of the last fifths that is alarmed */
        double found;        /* share of the others' rows; NaN without any */
        double roc_auc;      /* last fifths and others; NaN without any */
    } method[LW_NORMAL_METHODS_MAX];
    size_t chosen;
    size_t winner;        /* by ROC-AUC and share found; as chosen without others */
    double train_seconds; /* final fit, CPU time; not stored in the model */
};

/** Learn what is normal from flows of captures, and write a model file (atomically)
 * that was fitted on the first four fifths of each and has p-values by the last.
 *  LW_EFORMAT: fewer than 100 rows; no capture.  LW_EINVAL, LW_EIO, LW_ENOMEM. */
LW_API LW_MUST enum lw_status
lw_normal_train_captures(const char *path, const struct lw_normal_capture_config *cfg,
                         struct lw_normal_capture_report *report, struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_NORMAL_H */
