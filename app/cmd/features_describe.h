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

#endif /* CMD_FEATURES_DESCRIBE_H */
