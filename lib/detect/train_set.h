/* SPDX-License-Identifier: Apache-2.0 */
/* detect/train_set.h - a labelled frame as rows of a view, types and classes. */
#ifndef DETECT_TRAIN_SET_H
#define DETECT_TRAIN_SET_H

#include <lapwing/view.h>

struct train_set {
    const struct lw_view *view;
    struct lw_matrix x;     /* (n_rows, view->n_features), owned */
    uint32_t *type;         /* (n_rows) index into type_name, owned */
    uint32_t *label;        /* (n_rows) enum lw_kdd_class, owned */
    const char **type_name; /* (n_types), owned; names borrowed from the frame */
    int *type_class;        /* (n_types), owned */
    uint32_t n_types;
};

/** Map a frame to the view and its label column (label, attack or class) to types and
 *  classes by the official mapping; rows of the types in `exclude` (comma-separated
 *  names, NULL for none) are left out.  The frame must outlive the set.
 *  LW_EFORMAT: no label column, a label that is unknown, a column missing.
 *  LW_EINVAL: a type to exclude that the frame does not have. */
LW_MUST enum lw_status train_set_init(struct train_set *s, const struct lw_view *view,
                                      const struct lw_frame *frame, const char *exclude,
                                      struct lw_error *err);
/** Keep the first of rows that are equal in values and type.  LW_ENOMEM, LW_ELIMIT. */
LW_MUST enum lw_status train_set_drop_repeats(struct train_set *s,
                                              struct lw_error *err);
void train_set_release(struct train_set *s);

#endif /* DETECT_TRAIN_SET_H */
