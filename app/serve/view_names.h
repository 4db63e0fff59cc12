/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/view_names.h - the names of a view's features and categories, as clients spell
 * them: any alias, case and underscores ignored.
 */
#ifndef SERVE_VIEW_NAMES_H
#define SERVE_VIEW_NAMES_H

#include "base/span.h"

#include <lapwing/error.h>
#include <lapwing/view.h>

enum { VIEW_NAME_MAX = 128 };

struct view_names; /* opaque; read-only once made, for any number of threads */

/** `view` is static storage; the caller owns *out.  LW_ENOMEM. */
LW_MUST enum lw_status view_names_new(struct view_names **out,
                                      const struct lw_view *view, struct lw_error *err);
/** NULL is fine. */
void view_names_free(struct view_names *v);

const struct lw_view *view_names_view(const struct view_names *v);
/** Index of the feature, or -1. */
int view_names_find(const struct view_names *v, struct span name);
/** Code of a category, exactly as spelt, or LW_CAT_UNSEEN. */
float view_names_category(const struct view_names *v, size_t feature_idx,
                          struct span name);
/** A spelling without case and underscores, in `out`. */
struct span view_names_fold(struct span name, uint8_t out[VIEW_NAME_MAX]);

#endif /* SERVE_VIEW_NAMES_H */
