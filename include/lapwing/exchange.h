/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/exchange.h - boosted trees to and from other programs.
 *
 * What is exchanged are the trees over the columns that a classifier's encoder makes
 * of a row: numbers as they are, a column for each category.
 */
#ifndef LW_EXCHANGE_H
#define LW_EXCHANGE_H

#include <lapwing/detect.h>

#ifdef __cplusplus
extern "C" {
#endif

enum lw_exchange {
    LW_EXCHANGE_XGBOOST, /* JSON as XGBoost 1.7 saves it */
    LW_EXCHANGE_C        /* C source: lapwing_predict(); also of perceptrons and of means
                            and versus of both */
};

/** Write a classifier's trees to `path` ("-": standard output).  LW_EUNSUPPORTED: it is
 *  not boosted trees alone, or a kind that cannot be told in C.  LW_EIO, LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_classifier_export(const struct lw_classifier *c,
                                                   enum lw_exchange as,
                                                   const char *path,
                                                   struct lw_error *err);

/** Write a model file at `path` with the trees that XGBoost saved in `trees` (JSON or
 *  UBJSON) and everything else (view, encoding, class names, decision rule) from
 *  `like`, which is not changed.  LW_EMISMATCH: other columns or classes.  And as
 *  forest_from_xgboost() has it: LW_EFORMAT, LW_EUNSUPPORTED, LW_ELIMIT, LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_classifier_import(const struct lw_classifier *like,
                                                   const char *trees, const char *path,
                                                   struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_EXCHANGE_H */
