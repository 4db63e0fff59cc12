/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/model_kind.h - which kinds of estimators there are, and what each can be
 * told.
 *
 * docs/models.md says what each kind is and what it is good for.
 */
#ifndef LW_MODEL_KIND_H
#define LW_MODEL_KIND_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One parameter, set by name in lw_model_params.options. */
struct lw_model_option {
    const char *name;
    const char *help;
    const char *const *words; /* the value is one of these (ended by NULL); NULL: it is
                                 a number */
    double initial;           /* of words: index of the default */
    double min;
    double max;
    bool whole; /* no fractions */
    bool list;  /* min to max of the words, joined by "+": lw_model_option_list() */
};

struct lw_model_kind {
    const char *name;
    const char *doc; /* a line */
    const struct lw_model_option *options;
    size_t n_options;
};

enum { LW_MODEL_OPTIONS_MAX = 24, LW_MODEL_LIST_MAX = 8 };

/** Which words the value of a list option stands for, in order: their places in
 *  `words`.  Returns how many. */
LW_API uint32_t lw_model_option_list(double value, uint32_t out[LW_MODEL_LIST_MAX]);

/** Describe the i-th kind; false past the last.  Everything in *out is static. */
LW_API bool lw_model_kind_at(size_t i, struct lw_model_kind *out);

#ifdef __cplusplus
}
#endif

#endif /* LW_MODEL_KIND_H */
