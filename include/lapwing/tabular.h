/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/tabular.h - a model of any labelled table.
 *
 * A classifier (lapwing/detect.h) looks at the features of a view; a tabular model
 * looks at the columns that a table happens to have.  It holds their names, the words
 * of those that are text, what the labels mean, what was fitted to make the columns fit
 * to learn from, and the estimator; and it judges or scores any other table that has
 * the same columns.
 */
#ifndef LW_TABULAR_H
#define LW_TABULAR_H

#include <lapwing/compare.h>
#include <lapwing/curve.h>
#include <lapwing/error.h>
#include <lapwing/eval.h>
#include <lapwing/model.h>
#include <lapwing/schema.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lw_tabular; /* opaque; immutable once made */

/** Zero means the default. */
struct lw_tabular_config {
    const char *model; /* kind (lapwing/model_kind.h), default "gbdt" */
    struct lw_compare_table_config table; /* which rows, columns and classes; view,
                                             ordinal and balance are not for this, and
                                             rows that repeat are dropped */
    struct lw_compare_config judge;       /* the hold-out, cleaning, threshold, seed,
                                             progress;       one seed */
    struct lw_model_params params;        /* seed and progress are the hold-out's */
};

struct lw_tabular_report {
    uint64_t n_rows;          /* normal or attack */
    uint64_t n_neither;       /* left out: background */
    uint64_t n_distinct_rows; /* different values or label: what is used */
    uint64_t n_contradicting; /* of these, equal in every column to one of another
                                 class: nobody can tell them apart */
    uint32_t n_columns;
    uint32_t n_kept_leaks;   /* columns that lint would have left out */
    struct lw_eval held_out; /* pooled over the folds */
    struct lw_eval majority; /* the trivial rivals on the same rows */
    struct lw_eval one_rule;
    double train_seconds; /* final fit, processor time; not stored in the model */
};

/** Learn from a labelled table, after judging the same on held-out rows.  Of rows with
 *  equal values and label the first is used, so that none is on both sides of the
 *  hold-out.  Infinite numbers count as missing, unless they are cleaned otherwise.
 *  The caller owns *out.  What lw_compare_table_new() and lw_compare_run() say. */
LW_API LW_MUST enum lw_status lw_tabular_train(struct lw_tabular **out,
                                               const struct lw_frame *frame,
                                               const struct lw_tabular_config *cfg,
                                               struct lw_tabular_report *report,
                                               struct lw_error *err);

/** NULL is fine. */
LW_API void lw_tabular_free(struct lw_tabular *t);

/** Write atomically.  LW_EIO, LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_tabular_save(const struct lw_tabular *t,
                                              const char *path, struct lw_error *err);

/** The caller owns *out.  LW_EMISMATCH: a model file, but of no table.  What
 *  lw_bundle_load() says. */
LW_API LW_MUST enum lw_status lw_tabular_load(struct lw_tabular **out, const char *path,
                                              struct lw_error *err);
LW_API LW_MUST enum lw_status lw_tabular_load_memory(struct lw_tabular **out,
                                                     const void *data, size_t n_bytes,
                                                     const char *name,
                                                     struct lw_error *err);

/** First 12 hexadecimal digits of the file's SHA-256; "" before it was saved. */
LW_API const char *lw_tabular_id(const struct lw_tabular *t);
/** The kind of estimator. */
LW_API const char *lw_tabular_kind(const struct lw_tabular *t);
/** Training provenance and hold-out figures as JSON text. */
LW_API const char *lw_tabular_provenance(const struct lw_tabular *t);
/** Name of the label column. */
LW_API const char *lw_tabular_label(const struct lw_tabular *t);
LW_API uint32_t lw_tabular_classes(const struct lw_tabular *t);
/** (n_classes), borrowed. */
LW_API const char *const *lw_tabular_class_names(const struct lw_tabular *t);

/** A column that is looked at; borrowed. */
struct lw_tabular_column {
    const char *name;
    bool is_text;
    uint32_t n_words; /* that were there in training */
};

LW_API size_t lw_tabular_columns(const struct lw_tabular *t);
LW_API void lw_tabular_column(const struct lw_tabular *t, size_t i,
                              struct lw_tabular_column *out);

/** How a model did on a table. */
struct lw_tabular_result {
    struct lw_eval all;    /* rows whose class the model has */
    struct lw_curve curve; /* of the attack score */
    uint64_t n_neither;    /* background, left out */
    uint64_t n_distinct_rows;
    uint64_t n_unseen_rows;   /* of labels that the training set did not have; in `all`
                                 only as far as their class is known */
    uint64_t n_unseen_found;  /* of these, not said to be normal */
    uint64_t n_new_word_rows; /* rows with a word that its column did not have */
    char unseen_types[512];   /* names separated by commas, as far as there is room */
    struct lw_eval_names names; /* of rows that are normal or attacks */
};

/** Judge a labelled table.  Its label is the schema's (NULL: no schema), else the
 * column called as the one trained on, else one found by looking. LW_EFORMAT: a column
 * is missing or holds words instead of numbers, or no row can be judged; LW_EINVAL as
 * lw_target_find(); LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_tabular_judge(const struct lw_tabular *t,
                                               const struct lw_frame *frame,
                                               const struct lw_schema *schema,
                                               struct lw_tabular_result *out,
                                               struct lw_error *err);

/** What is said of one row. */
struct lw_tabular_answer {
    uint32_t class_idx;
    float confidence;   /* probability of that class */
    float attack_score; /* 1 - P(normal) */
    float p_value; /* share of held-out normal rows of the training whose score is at
                      least as high; NaN: there were none */
};

/** Score the rows of a table, labelled or not: out (rows of the frame).  LW_EFORMAT: a
 *  column is missing or holds words instead of numbers; LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_tabular_score(const struct lw_tabular *t,
                                               const struct lw_frame *frame,
                                               struct lw_tabular_answer *out,
                                               struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_TABULAR_H */
