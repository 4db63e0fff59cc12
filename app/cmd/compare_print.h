/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/compare_print.h - models side by side, as a table and as JSON. */
#ifndef CMD_COMPARE_PRINT_H
#define CMD_COMPARE_PRINT_H

#include "base/jsonw.h"
#include "cmd/compare_preset.h"

#include <stdio.h>

struct compare_row {
    struct lw_compare_model model;
    double published; /* weighted F1, 0: none */
    struct lw_compare_score score;
    char *error; /* why there is no score, owned; NULL: there is */
};

/** One experiment's results. */
struct compare_result {
    const struct compare_experiment *experiment; /* borrowed */
    char *class_names[LW_EVAL_MAX_CLASSES];      /* (n_classes), owned */
    uint32_t n_classes;
    size_t n_rows;
    size_t n_features;
    struct compare_row *row; /* (n), owned */
    size_t n;
};

void compare_print(FILE *f, const struct compare_result *r);

/** One object. */
void compare_print_json(struct jsonw *w, const struct compare_result *r);

#endif /* CMD_COMPARE_PRINT_H */
