/* SPDX-License-Identifier: Apache-2.0 */
/* detect/compare_table.h - a labelled table as rows that any model can be fitted on. */
#ifndef DETECT_COMPARE_TABLE_H
#define DETECT_COMPARE_TABLE_H

#include "data/encode.h"
#include "detect/pipeline.h"

#include <lapwing/compare.h>
#include <lapwing/schema.h>

struct lw_compare_table {
    struct lw_matrix x;          /* (n_rows, n_inputs), owned */
    struct encode_input *inputs; /* (n_inputs), owned */
    bool *is_category;           /* (n_inputs), owned */
    size_t *source; /* (n_inputs) column of the frame, owned; NULL: a view's */
    char *class_names[LW_EVAL_MAX_CLASSES]; /* (n_classes), owned */
    uint32_t *type;                         /* (n_rows) below n_types, owned */
    uint32_t *label;                        /* (n_rows) below n_classes, owned */
    int *type_class;                        /* (n_types), owned */
    uint32_t *group; /* (n_rows) below n_groups, owned; NULL: none */
    float *time;     /* (n_rows), owned; NULL: the order of the file */
    uint32_t n_types;
    uint32_t n_groups;
    uint32_t n_classes;
};

/** Inputs of a view's features, and the rows: x, inputs and is_category of *t. */
LW_MUST enum lw_status compare_table_take_view(struct lw_compare_table *t,
                                               const char *name,
                                               const struct lw_frame *frame,
                                               struct lw_error *err);

/** As lw_compare_table_new(), of labels that were found. */
LW_MUST enum lw_status compare_table_make(struct lw_compare_table **out,
                                          const struct lw_frame *frame,
                                          const struct lw_target *target,
                                          const struct lw_compare_table_config *cfg,
                                          struct lw_error *err);

/** Name the classes and say which label is of which, from target's words: class_names,
 *  n_classes, and type_class, for which there is room.  LW_EFORMAT, LW_ELIMIT,
 *  LW_ENOMEM. */
LW_MUST enum lw_status compare_table_name_classes(struct lw_compare_table *t,
                                                  const struct lw_target *target,
                                                  enum lw_level level,
                                                  bool neither_is_normal,
                                                  struct lw_error *err);

/** How much of a label is its name: files of KDD'99 have a full stop behind it. */
size_t compare_label_length(const char *word);

/** Which columns of a frame are features: is_feature (n_columns).  Those that are not
 *  are told of, but for the label.  LW_EINVAL, LW_ENOMEM. */
LW_MUST enum lw_status compare_table_choose(bool *is_feature,
                                            const struct lw_frame *frame,
                                            const struct lw_target *target,
                                            const struct lw_compare_table_config *cfg,
                                            struct lw_error *err);

/** Room for n inputs.  LW_ENOMEM. */
LW_MUST enum lw_status compare_table_alloc_inputs(struct lw_compare_table *t, size_t n,
                                                  struct lw_error *err);

/** What a run does besides; all zero: nothing. */
struct compare_hook {
    double train_share; /* of each class's training rows, evenly spaced, the first one
                           always; 0: all */
    /** Told of each fold's fitted model; part (n_rows) of enum lw_part. */
    enum lw_status (*fitted)(void *ctx, const struct pipeline *line,
                             const uint8_t *part, struct lw_error *err);
    void *ctx;
};

/** lw_compare_run() with a hook. */
LW_MUST enum lw_status
compare_run(struct lw_compare_score *out, const struct lw_compare_table *t,
            const struct lw_compare_model *model, const struct lw_compare_config *cfg,
            const struct compare_hook *hook, struct lw_error *err);

#endif /* DETECT_COMPARE_TABLE_H */
