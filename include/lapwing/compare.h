/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/compare.h - several models over one protocol, side by side.
 *
 * Every model gets the same rows, the same folds and the same encoded columns; encoder
 * and model are fitted on a fold's training rows only.  The rows that the folds of one
 * seed test are judged together.  The trivial rivals (majority class, best rule on one
 * column) come first.
 */
#ifndef LW_COMPARE_H
#define LW_COMPARE_H

#include <lapwing/dataset.h>
#include <lapwing/error.h>
#include <lapwing/eval.h>
#include <lapwing/model.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LW_PROTOCOL_LIST(X)                                                            \
    X(RANDOM, "random", "random rows: the naive one")                                  \
    X(STRATIFIED, "stratified", "random rows, the same share of every label")          \
    X(TIME, "time", "the last rows in the order of time")                              \
    X(GROUP, "group", "whole groups, dealt over folds")                                \
    X(LEAVE_GROUP_OUT, "leave-group-out", "each group once")                           \
    X(LEAVE_ATTACK_OUT, "leave-attack-out",                                            \
      "whole attack types, a stretch of the normal rows, a share of known types")

enum lw_protocol {
#define LW_PROTOCOL_ENUM(name, text, doc) LW_PROTOCOL_##name,
    LW_PROTOCOL_LIST(LW_PROTOCOL_ENUM)
#undef LW_PROTOCOL_ENUM
        LW_N_PROTOCOLS
};

LW_API const char *lw_protocol_name(enum lw_protocol p);
LW_API const char *lw_protocol_doc(enum lw_protocol p);

/* ---- rows ---- */

/** What the classes are.  Class 0 holds everything that is normal. */
#define LW_LEVEL_LIST(X)                                                               \
    X(AUTO, "auto")     /* class where the labels allow it, else binary */             \
    X(BINARY, "binary") /* Normal and Attack */                                        \
    X(CLASS, "class")   /* the five of KDD'99, whose attacks or classes the labels     \
                           must name */                                                \
    X(NAME, "name")     /* each label that means an attack is a class */

enum lw_level {
#define LW_LEVEL_ENUM(name, text) LW_LEVEL_##name,
    LW_LEVEL_LIST(LW_LEVEL_ENUM)
#undef LW_LEVEL_ENUM
        LW_N_LEVELS
};

/** Told of a column that is left out, or (`kept`) that the schema keeps although lint
 *  would leave it out, and why; borrowed for the call. */
typedef void (*lw_column_note_fn)(void *ctx, const char *column, const char *why,
                                  bool kept);

/** Zero means the default. */
struct lw_compare_table_config {
    const char *view;    /* features of that view; NULL: the columns of the table, times
                            and texts of more than 255 words left out */
    const char *columns; /* without a view: only these, separated by commas */
    const char *group;   /* text column that says what belongs together; NULL: none */
    const char *time;    /* column of numbers that rows are ordered by; NULL: one that
                            was read as a time, else the order of the file */
    bool neither_is_normal; /* rows of neither side (background) are normal ones; else
                               they are left out */
    bool drop_missing;      /* rows with a gap in any column of the table, feature or
                               not, are left out */
    bool ordinal; /* categories become one number each, in the order of the view or of
                     first appearance, instead of a column for each value.  No order
                     among words means anything: it serves to repeat what others did */
    bool drop_repeats;   /* of rows with equal values and label the first is kept */
    const char *balance; /* steps as of struct lw_compare_config, but before any split,
                            so figures are of a world that is not: it serves to repeat
                            what others did; NULL: nothing */
    uint64_t seed;       /* for balance */
    enum lw_level level;
    bool lint; /* without view and columns: leave out what leakage lint names
                  (lapwing/profile.h) unless the schema keeps it, and the column of
                  groups */
    lw_column_note_fn note; /* NULL: nobody is told */
    void *note_ctx;
    const struct lw_schema *schema; /* for the label and what lint keeps; borrowed;
                                       NULL */
};

struct lw_compare_table; /* opaque */

/** Take features, classes, groups and times from a table, which must outlive *out.
 *  LW_EINVAL names a view or column that is not there; LW_EFORMAT: no label, rows of
 *  one class only, or labels that the level does not fit; LW_ELIMIT: too many classes;
 *  LW_ENOMEM. */
LW_API LW_MUST enum lw_status
lw_compare_table_new(struct lw_compare_table **out, const struct lw_frame *frame,
                     const struct lw_compare_table_config *cfg, struct lw_error *err);
/** NULL is fine. */
LW_API void lw_compare_table_free(struct lw_compare_table *t);

LW_API size_t lw_compare_table_rows(const struct lw_compare_table *t);
LW_API size_t lw_compare_table_features(const struct lw_compare_table *t);
/** The frame's column that feature i is of; (size_t)-1: it is of a view. */
LW_API size_t lw_compare_table_source(const struct lw_compare_table *t, size_t i);
LW_API uint32_t lw_compare_table_classes(const struct lw_compare_table *t);
/** (n_classes), borrowed until the table is freed. */
LW_API const char *const *
lw_compare_table_class_names(const struct lw_compare_table *t);

/* ---- comparing ---- */

enum { LW_COMPARE_SEEDS_MAX = 10 };

struct lw_compare_model {
    const char *kind;              /* lapwing/model_kind.h, "majority" or "one-rule" */
    const char *options;           /* lw_model_params.options; NULL: defaults */
    struct lw_model_params params; /* what options do not say; seed, threads, options
                                      and progress are set for each fit */
};

/** Zero means the default. */
struct lw_compare_config {
    enum lw_protocol protocol;
    double test_share;   /* default 0.3 */
    double threshold;    /* the likeliest attack is said where the probability of all
                            attacks is at least this, else normal; default: the likeliest
                            class of all */
    const char *clean;   /* what is done to the columns, fitted on a fold's training
                            rows: "encode=one-hot|ordinal|frequency|target, rare=N,
                            infinite=missing|clip, missing=keep|zero|mean|median,
                            constant, correlation=R, vif=V,
                            scale=none|standard|min-max|robust|log" without blanks; NULL:
                            categories are one-hot, infinite numbers missing.  The trivial
                            rivals see the table as it is */
    const char *balance; /* what is done to a fold's training rows so that rare classes
                            count: "under=R,over=R,smote=R,smote-nc=R" (no class has
                            less than R times the rows of the largest one; 1 where no R
                            is said), "neighbours=K" (5), "weights=class|type"; NULL:
                            nothing */
    size_t n_folds;      /* default 4; of leave-group-out the number of groups */
    uint32_t n_seeds;    /* default 1 */
    uint64_t seed;       /* of the first; the others follow */
    /** Bytes of memory that the process held at most since it was called last; NULL:
     *  memory is not told. */
    uint64_t (*peak_bytes)(void *ctx);
    void *peak_ctx;
    /** Called once for each seed with all that was judged: truth (n_rows) by class and
     *  the probability of an attack (n_rows), borrowed for the call; NULL: not. */
    void (*answers)(void *ctx, const uint32_t *truth, const float *attack_score,
                    size_t n_rows);
    void *answers_ctx;
    lw_progress_fn progress;
    void *progress_ctx;
};

/** Whether the text of `clean` is one.  LW_EINVAL names what is unknown or out of
 * range. */
LW_API LW_MUST enum lw_status lw_clean_check(const char *clean, struct lw_error *err);

/** The same of `balance`; also LW_EINVAL, with the reason: resampling before a split.
 */
LW_API LW_MUST enum lw_status lw_balance_check(const char *balance,
                                               struct lw_error *err);

/** One model's figures. */
struct lw_compare_score {
    struct lw_eval eval[LW_COMPARE_SEEDS_MAX]; /* (n_seeds) */
    uint32_t n_seeds;
    double fit_s;         /* processor seconds a fit, mean over folds and seeds */
    double predict_s;     /* processor seconds for a million rows, mean */
    uint64_t model_bytes; /* stored, mean; 0 for the trivial rivals */
    uint64_t peak_bytes;  /* largest of what cfg->peak_bytes said; 0: not told */
    size_t n_train;       /* rows learnt from, mean over folds */
    size_t n_test;        /* rows judged for one seed */
};

/** Fit and judge one model.  On failure *out has no meaning.  LW_EINVAL: a kind or
 *  option that is not there, a protocol that the table does not allow; LW_ELIMIT: more
 *  rows than the kind takes; LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_compare_run(struct lw_compare_score *out,
                                             const struct lw_compare_table *t,
                                             const struct lw_compare_model *model,
                                             const struct lw_compare_config *cfg,
                                             struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_COMPARE_H */
