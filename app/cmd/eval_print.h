/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/eval_print.h - judgements as tables for people and as JSON for programs. */
#ifndef CMD_EVAL_PRINT_H
#define CMD_EVAL_PRINT_H

#include "base/jsonw.h"

#include <lapwing/eval.h>

#include <stdio.h>

/** One judgement and what it is of. */
struct eval_column {
    const char *title; /* at most 16 characters */
    const struct lw_eval *eval;
};

/** Judgements side by side, one figure a line.  class_names: those of the evals. */
void eval_print_columns(FILE *f, const struct eval_column *columns, size_t n_columns,
                        const char *const *class_names);

/** The confusion matrix with recall, and precision below. */
void eval_print_confusion(FILE *f, const struct lw_eval *e,
                          const char *const *class_names);

/** The figures by number: below eval_n_figures(). */
size_t eval_n_figures(void);
const char *eval_figure_key(size_t i);
const char *eval_figure_text(size_t i);

/** Mean of n >= 1 numbers and half its 95 % interval by Student's t; NaN of one. */
struct eval_interval {
    double mean;
    double half_width;
};
struct eval_interval eval_interval_of(const double *v, size_t n);

/** The same of a figure over n <= LW_REPEATS_MAX repeats. */
struct eval_interval eval_interval(size_t figure, const struct lw_eval *repeats,
                                   size_t n);

/** The members of an object that is open already. */
void eval_print_json(struct jsonw *w, const struct lw_eval *e,
                     const char *const *class_names);

#endif /* CMD_EVAL_PRINT_H */
