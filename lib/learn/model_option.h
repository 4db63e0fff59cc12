/* SPDX-License-Identifier: Apache-2.0 */
/* learn/model_option.h - "trees=100,depth=5": what a kind of model is told, as text. */
#ifndef LEARN_MODEL_OPTION_H
#define LEARN_MODEL_OPTION_H

#include "base/span.h"

#include <lapwing/model_kind.h>

/** Values of `kind`'s options in their order: those that `text` ("name=value" with
 *  commas between; NULL: none) sets, the others' defaults.  out has room for
 *  LW_MODEL_OPTIONS_MAX.  LW_EINVAL names what is unknown or out of range. */
LW_MUST enum lw_status model_options_read(double *out, const struct lw_model_kind *kind,
                                          const char *text, struct lw_error *err);

/** Take the first "name=value" of a list, and the comma behind it. */
struct span model_option_next(struct span *rest);

/** Where the dot of "KIND.name=value", which is for a member, stands; n where there is
 *  none. */
size_t model_option_dot(struct span option);

/* Rows of a kind's table. */
#define MODEL_WHOLE(n, i, lo, hi, h)                                                   \
    {                                                                                  \
        .name = (n), .help = (h), .initial = (i), .min = (lo), .max = (hi),            \
        .whole = true                                                                  \
    }
#define MODEL_NUMBER(n, i, lo, hi, h)                                                  \
    {                                                                                  \
        .name = (n), .help = (h), .initial = (i), .min = (lo), .max = (hi)             \
    }
#define MODEL_WORD(n, w, h)                                                            \
    {                                                                                  \
        .name = (n), .help = (h), .words = (w)                                         \
    }

#define MODEL_LIST(n, w, i, lo, hi, h)                                                 \
    {                                                                                  \
        .name = (n), .help = (h), .words = (w), .initial = (i), .min = (lo),           \
        .max = (hi), .list = true                                                      \
    }

/* A list is a number: its words' places plus one are digits, the first the lowest.  8
 * digits of 6 bits fit a double's 53. */
#define MODEL_LIST_BASE          64
#define MODEL_LIST_OF_1(a)       ((a) + 1)
#define MODEL_LIST_OF_2(a, b)    ((a) + 1 + MODEL_LIST_BASE * ((b) + 1))
#define MODEL_LIST_OF_3(a, b, c) ((a) + 1 + MODEL_LIST_BASE * MODEL_LIST_OF_2(b, c))

#endif /* LEARN_MODEL_OPTION_H */
