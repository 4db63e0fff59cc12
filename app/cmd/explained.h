/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/explained.h - one record with its explanation, and the ways to show it. */
#ifndef CMD_EXPLAINED_H
#define CMD_EXPLAINED_H

#include "base/jsonw.h"

#include <lapwing/explain.h>

#include <stdio.h>

struct explained {
    const struct lw_classifier *c;   /* borrowed */
    const char *model_path;          /* borrowed */
    const char *source;              /* "incident.json, alert 3", borrowed */
    const float *row;                /* (n_features), borrowed */
    const struct lw_matrix *normals; /* to compare with; borrowed; without rows: none */
    const char *normals_from;        /* "kept in the model", borrowed */
    struct lw_verdict verdict;
    struct lw_reason reasons[LW_MAX_REASONS]; /* as an alert has them */
    size_t n_reasons;
    bool has_breakdown;
    struct lw_breakdown breakdown;
    uint16_t order[LW_EXPLAIN_FEATURES_MAX]; /* features by weight of their part */
    struct lw_neighbour nearest;
    struct lw_change change;
};

/** Explain a row.  out->c, row, normals and the names are set.  LW_ENOMEM. */
LW_MUST enum lw_status explained_make(struct explained *out, struct lw_error *err);

/** For people, at most `top` parts of the score. */
void explained_print(FILE *out, const struct explained *e, size_t top);

/** The members of an object that is open already. */
void explained_json(struct jsonw *w, const void *of);

/** A waterfall of the parts, with what else is to be said below it, as SVG. */
void explained_svg(FILE *out, const struct explained *e, size_t top);

/** The picture and all values as one HTML page that needs nothing else. */
void explained_page(FILE *out, const struct explained *e, size_t top);

#endif /* CMD_EXPLAINED_H */
