/* SPDX-License-Identifier: Apache-2.0 */
/* feature/extract_priv.h - what each view's row maker offers to extract.c. */
#ifndef FEATURE_EXTRACT_PRIV_H
#define FEATURE_EXTRACT_PRIV_H

#include "feature/kdd_window.h"

#include <lapwing/record.h>

#include <stdbool.h>

/** Does the flow have a row in the view?  KDD knows TCP, UDP and ICMP only. */
bool kdd_has_row(const struct lw_record *rec);

/** Fill values (N_KDD) from a record; it enters the windows. */
void kdd_make_row(struct kdd_windows *w, const struct lw_record *rec, float *values);

/** Fill values (N_NETFLOW) from a record. */
void netflow_make_row(const struct lw_record *rec, float *values);

#endif /* FEATURE_EXTRACT_PRIV_H */
