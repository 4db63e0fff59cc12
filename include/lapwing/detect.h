/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/detect.h - from rows and packets to verdicts.
 *
 * A classifier is a model file ready to use: view, encoder, estimator, calibration
 * and the rule that says "Not recognized".  A detector runs a whole stream: packets
 * to flows to rows to verdicts.
 */
#ifndef LW_DETECT_H
#define LW_DETECT_H

#include <lapwing/capture.h>
#include <lapwing/cost.h>
#include <lapwing/curve.h>
#include <lapwing/error.h>
#include <lapwing/eval.h>
#include <lapwing/flow.h>
#include <lapwing/model.h>
#include <lapwing/view.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LW_MAX_CLASSES = 8, LW_MAX_REASONS = 5 };

/** What can be said of a connection. */
#define LW_VERDICT_LIST(X)                                                             \
    X(NORMAL, "Normal")                                                                \
    X(DOS, "DoS")                                                                      \
    X(PROBE, "Probe")                                                                  \
    X(R2L, "R2L")                                                                      \
    X(U2R, "U2R")                                                                      \
    X(BOTNET, "Botnet")                                                                \
    X(ANOMALY, "Anomaly")                                                              \
    X(NOT_RECOGNIZED, "Not recognized")

enum lw_verdict_class {
#define LW_VERDICT_ENUM(name, text) LW_VERDICT_##name,
    LW_VERDICT_LIST(LW_VERDICT_ENUM)
#undef LW_VERDICT_ENUM
        LW_N_VERDICTS
};

LW_API const char *lw_verdict_name(enum lw_verdict_class c);

/** One classifier's answer for one row. */
struct lw_verdict {
    enum lw_verdict_class verdict;  /* `decision`, or not recognized */
    enum lw_verdict_class decision; /* one of the classifier's classes in any case */
    float confidence;               /* of `verdict`, 0 to 1 */
    float score[LW_MAX_CLASSES];    /* probability of each of its classes */
    float attack_score;             /* 1 - P(normal) */
    float novelty;     /* distance from everything known; larger = farther */
    float p_value;     /* share of known training rows at least as far */
    float unavailable; /* share of the view's features that were missing */
    float
        class_p[LW_MAX_CLASSES]; /* of each class: share of its held-out rows that were
                                    at least as strange for it; 0 where not told */
    uint32_t n_classes_p;        /* of how many classes they are told: all or none */
    uint32_t class_set; /* bit k: class k is not excluded at the model's level */
};

/** One reason of a verdict. */
struct lw_reason {
    uint16_t feature_idx; /* in the view */
    float value;          /* as in the row; NaN when unavailable */
    float contribution;   /* to the score of the verdict's class, in log-odds */
    char words[128];      /* "438 connections to this host in 2 s (usual: 1-12)" */
};

struct lw_classifier; /* opaque */

/** Load a model file; the caller owns *out.  LW_EIO, LW_EFORMAT, LW_EMISMATCH (its
 *  view is unknown here or has another definition; says which). */
LW_API LW_MUST enum lw_status
lw_classifier_load(struct lw_classifier **out, const char *path, struct lw_error *err);
LW_API LW_MUST enum lw_status
lw_classifier_load_memory(struct lw_classifier **out, const void *data, size_t n_bytes,
                          const char *name, struct lw_error *err);
LW_API void lw_classifier_free(struct lw_classifier *c);

LW_API const struct lw_view *lw_classifier_view(const struct lw_classifier *c);
LW_API uint32_t lw_classifier_classes(const struct lw_classifier *c);
/** Name of class i ("Normal", "DoS", ...). */
LW_API const char *lw_classifier_class_name(const struct lw_classifier *c, uint32_t i);
/** First 12 hexadecimal digits of the file's SHA-256. */
LW_API const char *lw_classifier_id(const struct lw_classifier *c);
/** First 16 hexadecimal digits of its view's hash. */
LW_API const char *lw_classifier_view_hash(const struct lw_classifier *c);
/** Training provenance and validation figures as JSON text. */
LW_API const char *lw_classifier_provenance(const struct lw_classifier *c);
/** Share of known rows that a set of classes may lack its true one of (verdict's
 *  class_set); 0: the model tells no sets. */
LW_API float lw_classifier_level(const struct lw_classifier *c);
/** Were its probabilities calibrated on held-out rows? */
LW_API bool lw_classifier_calibrated(const struct lw_classifier *c);

/** Judge rows (n_rows, view->n_features).  Thread-safe on one classifier; results do
 *  not depend on the batch.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_classifier_judge(const struct lw_classifier *c,
                                                  const float *rows, size_t n_rows,
                                                  struct lw_verdict *out,
                                                  struct lw_error *err);

/** How near a verdict is to an alert, of a classifier that has a threshold for each
 * class of attack: the score of the class said, or where that is Normal of the class
 * that comes nearest to its threshold, and that threshold.  False: it decides
 * otherwise, and nothing was written. */
LW_API bool lw_classifier_nearness(const struct lw_classifier *c,
                                   const struct lw_verdict *v, float *score,
                                   float *threshold);

/** Where the classifier's network sees rows that are alike side by side: *out becomes a
 *  matrix (n_rows, units) that the caller releases; of a perceptron its last hidden
 *  layer, of an autoencoder the middle one.  LW_EUNSUPPORTED: it has no network.
 *  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_classifier_latent(const struct lw_classifier *c,
                                                   const float *rows, size_t n_rows,
                                                   struct lw_matrix *out,
                                                   struct lw_error *err);

/** Up to `max` reasons, the weightiest first, for one row's verdict.  They are about
 * the score of its class before the decision rule. */
LW_API LW_MUST enum lw_status
lw_classifier_explain(const struct lw_classifier *c, const float *row,
                      const struct lw_verdict *v, struct lw_reason *out, size_t max,
                      size_t *n_out, struct lw_error *err);

enum { LW_REPEATS_MAX = 10, LW_TRAIN_FOLDS = 4 };

/** How to train.  Zero means the preset's value. */
struct lw_train_config {
    const char *preset;  /* "nsl-kdd", "kddcup99" */
    const char *view;    /* default: the preset's ("kdd"); "kdd31" */
    const char *exclude; /* attack names to leave out, separated by commas; NULL */
    const char *model;   /* kind of model, instead of the preset's; NULL */
    const struct lw_cost *cost; /* of mistakes, for the five classes; NULL */
    double alarm_budget;        /* share of held-out normal rows that may be alarmed */
    uint32_t n_repeats; /* of leaving attacks out, each with other folds; default 3 */
    struct lw_model_params params;
};

/** What attack scores turned out to mean, on held-out rows by weight. */
struct lw_reliability {
    double brier;         /* mean squared error of P(attack) */
    double brier_classes; /* the same summed over the classes' probabilities */
    double ece;           /* expected calibration error of P(attack), ten bins */
    double weight[LW_CURVE_RELIABILITY];     /* share in each tenth of [0, 1] */
    double mean_score[LW_CURVE_RELIABILITY]; /* 0 where nothing is */
    double attacks[LW_CURVE_RELIABILITY];    /* share of attacks */
};

/** How sets of classes did; index 0: rows of known types, 1: of types left out. */
struct lw_set_report {
    double level;                   /* share that may lack its true class */
    double covered[LW_MAX_CLASSES]; /* of known rows of each class: it is in the set */
    double one[2];                  /* sets of one class */
    double several[2];
    double by_distance[2]; /* that distance and confidence alone would have rejected */
};

/** What training found out, per protocol. */
struct lw_train_report {
    struct lw_eval random_split;           /* the naive protocol, to be compared with */
    struct lw_eval leave_attack_out;       /* pooled over folds and repeats */
    struct lw_eval repeat[LW_REPEATS_MAX]; /* the same, each repeat alone */
    uint32_t n_repeats;
    /* Mean cost of a held-out row in each repeat, by the model's costs, where normal
     * rows weigh a half, attacks of known types and of types left out a quarter each,
     * and a type of n rows log(1 + n) within its quarter. */
    double weighted_cost[LW_REPEATS_MAX];
    /* Share of normal rows alarmed, of each quarter in the order of the file while it
     * was left out; mean over the repeats. */
    double alarmed[LW_TRAIN_FOLDS];
    struct lw_curve curve;                  /* of leave_attack_out's attack scores */
    struct lw_eval leave_attack_out_masked; /* without the features that packets cannot
                                               give */
    struct lw_eval baseline_majority;       /* under leave_attack_out's folds */
    struct lw_eval baseline_one_rule;
    double known_rejected;  /* share of known held-out rows "Not recognized" */
    double unseen_rejected; /* share of rows of held-out types "Not recognized" */
    double unseen_detected; /* share of rows of held-out types not said to be normal */
    struct lw_reliability uncalibrated; /* the rule's probabilities */
    struct lw_reliability calibrated;
    struct lw_set_report sets;
    uint64_t n_rows;
    uint64_t
        n_distinct_rows; /* distinct feature vectors with label: all that is used */
    struct lw_cost cost; /* of mistakes */
    double temperature;  /* the decision rule: docs/evaluation.md */
    double attack_factor;
    double novelty_power;
    double mix;
    double nearness;
    double train_seconds; /* final fit, CPU time; not stored in the model */
};

/** Train a classifier from a labelled frame and write it to `path` (atomically).
 *  LW_EFORMAT: a column missing, a label unknown.  LW_EINVAL.  LW_EIO. */
LW_API LW_MUST enum lw_status lw_train(const struct lw_frame *frame, const char *path,
                                       const struct lw_train_config *cfg,
                                       struct lw_train_report *report,
                                       struct lw_error *err);

/** Judge a labelled frame by the classes decided, which stand also where "Not
 * recognized" would be answered.  `unseen_types` gets, as far as there is room, the
 * attack names in the frame that the training set did not have.  cost: NULL for the
 * model's own matrix, or the KDD Cup's where the model was trained with none. */
struct lw_test_report {
    struct lw_eval all;
    struct lw_curve curve;   /* of the attack score */
    uint64_t n_unseen_rows;  /* rows of attack types not in the training set */
    uint64_t n_unseen_found; /* of these, not said to be normal */
    uint64_t n_distinct_rows;
    uint64_t n_rejected[LW_MAX_CLASSES]; /* of each true class, that would be answered
                                            "Not recognized" */
    double wrong_rejected;  /* share of the wrong answers that are among these */
    char unseen_types[512]; /* names separated by commas */
    struct lw_eval_names names;
};

LW_API LW_MUST enum lw_status lw_test(const struct lw_classifier *c,
                                      const struct lw_frame *frame,
                                      const struct lw_cost *cost,
                                      struct lw_test_report *out, struct lw_error *err);

/** The model file that traffic is judged with where none is named. */
#define LW_DETECT_MODEL "traffic.lwm"

struct lw_detector; /* opaque */

/** Something that only attacks show, whatever the classifier says (docs/detection.md).
 *  Static storage. */
struct lw_sign {
    const char *name;              /* "land", "ping-sweep", ... */
    enum lw_verdict_class verdict; /* of what it is a sign */
    const char *feature;           /* of the view, that shows it best */
    const char *words;             /* what was seen, or what of it there was a number */
};

/** One judged row of a flow.  Everything borrowed for the call. */
struct lw_finding {
    const struct lw_record *rec;
    const struct lw_view *view;
    const float *values; /* (view->n_features) */
    struct lw_verdict verdict;
    struct lw_reason reasons[LW_MAX_REASONS]; /* of an alert, unless no_reasons; of a
                                                 sign one in any case */
    size_t n_reasons;
    bool alert;
    bool again; /* the flow goes on, and an earlier row of it had this verdict (or,
                   where it is normal, any) */
    const struct lw_sign *sign; /* that the verdict is by; NULL: by the classifier */
    int64_t known_ns; /* when the verdict was certain: the end of the record, or, where
                         only what came later showed that it was part of an attack, the
                         end of that */
};

typedef void (*lw_finding_fn)(void *ctx, const struct lw_finding *f);

/** Zero means the default. */
struct lw_detector_config {
    struct lw_meter_config meter; /* what the view needs is switched on besides */
    struct lw_extractor_config extractor;
    lw_finding_fn finding; /* every judged row */
    void *ctx;             /* borrowed */
    bool no_reasons;       /* alerts come without, but for those by a sign;
                              lw_classifier_explain() gives them */
    bool no_signs;         /* the classifier alone judges rows of view "flow", too */
    /* So long, in packet time, a row waits for what shows that it was the beginning of
     * an attack; default 600 s, and never for more than some thousand rows.  Negative:
     * it is told of at once, as is right where somebody watches. */
    int64_t hindsight_ns;
    /* Instead of the classifier's own threshold one that keeps a budget; at most one of
     * the two, and only of classifiers that lw_classifier_threshold() has an answer
     * for.
     */
    double false_alarm;    /* share of normal flows that may be alarmed */
    double alerts_per_day; /* on normal traffic, at the rate at which flows come */
};

struct lw_detector_stats {
    struct lw_meter_stats meter;
    uint64_t rows;   /* judged */
    uint64_t alerts; /* rows whose verdict is neither normal nor unheard */
    uint64_t
        by_class[LW_N_VERDICTS]; /* flows: a long one counts once in each class
                                    that rows of it had, as normal if in no other */
};

/** A detector around one classifier (borrowed until free).  LW_EUNSUPPORTED: its view
 *  cannot be made from packets, or a budget cannot be kept; LW_EINVAL: one that is
 * none.
 */
LW_API LW_MUST enum lw_status lw_detector_new(struct lw_detector **out,
                                              const struct lw_classifier *c,
                                              const struct lw_detector_config *cfg,
                                              struct lw_error *err);
LW_API LW_MUST enum lw_status lw_detector_add(struct lw_detector *d,
                                              const struct lw_packet *pkt,
                                              struct lw_error *err);
/** A whole capture: see lw_meter_run().  run->record is not used; findings come under
 * the same conditions as records. */
LW_API LW_MUST enum lw_status lw_detector_run(struct lw_detector *d,
                                              struct lw_capture *cap,
                                              const struct lw_run *run,
                                              struct lw_error *err);
/** End of the stream: judge everything that is left. */
LW_API LW_MUST enum lw_status lw_detector_flush(struct lw_detector *d,
                                                struct lw_error *err);
LW_API void lw_detector_get_stats(const struct lw_detector *d,
                                  struct lw_detector_stats *out);
LW_API void lw_detector_free(struct lw_detector *d);

#ifdef __cplusplus
}
#endif

#endif /* LW_DETECT_H */
