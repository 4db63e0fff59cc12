/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/tabular_priv.h - what learning, judging and storing a tabular model share.
 *
 * Sections of the file: TABLE (below), what pipeline_save() puts, SCORES (quantiles of
 * held-out normal rows' scores; absent: there were none) and PROV, JSON text.
 * A text is le32 length and bytes, without NUL.  TABLE: text of the label column's
 * name; u8 level; f64 threshold; le32 columns, each a text, u8 whether it holds words,
 * f64 origin, le32 words and a text each; u8 classes and a text each; le32 labels, each
 * a text and u8 its class; le32 patterns of labels that mean an attack, and a text
 * each.
 */
#ifndef DETECT_TABULAR_PRIV_H
#define DETECT_TABULAR_PRIV_H

#include "detect/pipeline.h"

#include <lapwing/tabular.h>

enum {
    TABULAR_COLUMNS_MAX = 4096,
    TABULAR_WORDS_MAX = 65535,
    TABULAR_SCORES_MAX = 1001
};

struct tabular_column {
    char *name; /* owned */
    bool is_text;
    double origin; /* of a time in training; see struct lw_column */
    char **words;  /* (n_words), owned as they are; NULL for numbers */
    uint32_t n_words;
};

struct tabular_label {
    char *word; /* owned */
    uint32_t class_idx;
};

struct lw_tabular {
    char *label; /* name of its column, owned */
    enum lw_level level;
    double threshold;               /* 0: the likeliest class is said */
    struct tabular_column *columns; /* (n_columns), owned */
    size_t n_columns;
    char *class_names[LW_EVAL_MAX_CLASSES]; /* (n_classes), owned */
    uint32_t n_classes;
    struct tabular_label *labels; /* (n_labels), owned */
    size_t n_labels;
    char **positive; /* (n_positive), owned as they are */
    size_t n_positive;
    struct pipeline line;             /* owned */
    size_t n_scores;                  /* 0: no normal rows were held out */
    float scores[TABULAR_SCORES_MAX]; /* (n_scores) ascending */
    char *provenance;                 /* owned */
    char id[13];
};

/** Add a column of the frame, with its words.  There is room for it in t->columns. */
LW_MUST enum lw_status tabular_add_column(struct lw_tabular *t,
                                          const struct lw_column *c,
                                          struct lw_error *err);

/** The model's columns of a frame as rows for the pipeline: out (rows of the frame,
 *  n_columns), which the caller releases.  LW_EFORMAT: a column is missing or of
 * another type; LW_ENOMEM. */
LW_MUST enum lw_status tabular_rows(const struct lw_tabular *t,
                                    const struct lw_frame *f, struct lw_matrix *out,
                                    struct lw_error *err);

/** What a label of a table means to a model. */
struct tabular_meaning {
    int class_idx;   /* -1: it is none of the model's classes */
    bool is_neither; /* background */
    bool is_unseen;  /* an attack that the training set did not name */
};

/** The meaning of every word of the target: out (target->n_words).  LW_ENOMEM. */
LW_MUST enum lw_status tabular_meanings(const struct lw_tabular *t,
                                        const struct lw_target *target,
                                        struct tabular_meaning *out,
                                        struct lw_error *err);

/** What was learnt from what, and how well it did, into t->provenance.  `dropped` and
 *  `kept` are JSON texts. */
LW_MUST enum lw_status tabular_write_provenance(struct lw_tabular *t,
                                                const struct lw_frame *frame,
                                                const struct lw_tabular_config *cfg,
                                                const struct lw_tabular_report *r,
                                                const char *dropped, const char *kept,
                                                struct lw_error *err);

#endif /* DETECT_TABULAR_PRIV_H */
