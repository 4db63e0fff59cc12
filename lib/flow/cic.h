/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/cic.h - the columns of CICFlowMeter, with its known errors corrected.
 *
 * For every CIC row of cic.def but the label there is a function that puts the value's
 * text at `p` and returns the place behind; what is not known puts nothing.  A record
 * without statistics (lapwing/flow_stats.h) knows few of them.  Room: 128 bytes.
 */
#ifndef FLOW_CIC_H
#define FLOW_CIC_H

#include <lapwing/record.h>

#define CIC(id, plain, y2017, y2018, type, unit, doc)                                  \
    char *cic_put_##id(char *p, const struct lw_record *rec);
#define CIC_AGAIN(id, y2017)
#include "cic.def"
#undef CIC
#undef CIC_AGAIN

/** The format has a place for IP only, as the original. */
bool cic_takes(const struct lw_record *rec);

#endif /* FLOW_CIC_H */
