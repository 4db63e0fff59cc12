/* SPDX-License-Identifier: Apache-2.0 */
/* detect/compare_table.h - a labelled table as rows that any model can be fitted on. */
#ifndef DETECT_COMPARE_TABLE_H
#define DETECT_COMPARE_TABLE_H

#include "data/encode.h"

#include <lapwing/compare.h>

struct lw_compare_table {
    struct lw_matrix x;          /* (n_rows, n_inputs), owned */
    struct encode_input *inputs; /* (n_inputs), owned */
    bool *is_category;           /* (n_inputs), owned */
    uint32_t *type;              /* (n_rows) below n_types, owned */
    uint32_t *label;             /* (n_rows) below n_classes, owned */
    int *type_class;             /* (n_types), owned */
    uint32_t *group;             /* (n_rows) below n_groups, owned; NULL: none */
    float *time;                 /* (n_rows), owned; NULL: the order of the file */
    uint32_t n_types;
    uint32_t n_groups;
    uint32_t n_classes;
};

/** Inputs of a view's features, and the rows: x, inputs and is_category of *t. */
LW_MUST enum lw_status compare_table_take_view(struct lw_compare_table *t,
                                               const char *name,
                                               const struct lw_frame *frame,
                                               struct lw_error *err);

/** Room for n inputs.  LW_ENOMEM. */
LW_MUST enum lw_status compare_table_alloc_inputs(struct lw_compare_table *t, size_t n,
                                                  struct lw_error *err);

#endif /* DETECT_COMPARE_TABLE_H */
