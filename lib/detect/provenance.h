/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/provenance.h - what a model file says of its making: one JSON object.
 *
 * It begins with the library's version, that of XGBoost where it trained, and
 * SOURCE_DATE_EPOCH where that is set; no other date and no path goes in, so that the
 * same training gives the same bytes.
 */
#ifndef DETECT_PROVENANCE_H
#define DETECT_PROVENANCE_H

#include "base/jsonw.h"

#include <lapwing/error.h>

#include <stdbool.h>

struct provenance {
    struct buf text;
    struct jsonw w; /* put members here between begin and end */
};

/** Begun once, ended once; *p must not move in between. */
void provenance_begin(struct provenance *p, bool by_xgboost);
/** "rows_sha256": of the n numbers x that were learnt from. */
void provenance_put_rows(struct provenance *p, const float *x, size_t n);
/** *out becomes the text, which the caller frees.  LW_ENOMEM. */
LW_MUST enum lw_status provenance_end(struct provenance *p, char **out,
                                      struct lw_error *err);

#endif /* DETECT_PROVENANCE_H */
