/* SPDX-License-Identifier: Apache-2.0 */
/* learn/model_option.h - "trees=100,depth=5": what a kind of model is told, as text. */
#ifndef LEARN_MODEL_OPTION_H
#define LEARN_MODEL_OPTION_H

#include <lapwing/model_kind.h>

/** Values of `kind`'s options in their order: those that `text` ("name=value" with
 *  commas between; NULL: none) sets, the others' defaults.  out has room for
 *  LW_MODEL_OPTIONS_MAX.  LW_EINVAL names what is unknown or out of range. */
LW_MUST enum lw_status model_options_read(double *out, const struct lw_model_kind *kind,
                                          const char *text, struct lw_error *err);

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

#endif /* LEARN_MODEL_OPTION_H */
