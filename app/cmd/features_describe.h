/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/features_describe.h - what the views are made of, for people and for programs. */
#ifndef CMD_FEATURES_DESCRIBE_H
#define CMD_FEATURES_DESCRIBE_H

#include <lapwing/view.h>

#include <stdio.h>

/** Every feature of a view with unit, availability, definition and its source. */
void features_describe(FILE *f, const struct lw_view *view);

/** The same as JSON, one line: {"views": [...]}, of one view or, NULL, of all.
 *  LW_ENOMEM. */
LW_MUST enum lw_status features_describe_json(FILE *f, const struct lw_view *view,
                                              struct lw_error *err);

/** What the columns of a matrix of `n_rows` rows of the view are, as JSON.  LW_ENOMEM.
 */
LW_MUST enum lw_status features_schema_json(FILE *f, const struct lw_view *view,
                                            uint64_t n_rows, struct lw_error *err);

#endif /* CMD_FEATURES_DESCRIBE_H */
