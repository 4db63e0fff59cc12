/* SPDX-License-Identifier: Apache-2.0 */
/* feature/flow_clear.h - what the two sides of a flow say in clear, as columns of the
 * flow view. */
#ifndef FEATURE_FLOW_CLEAR_H
#define FEATURE_FLOW_CLEAR_H

#include <lapwing/record.h>

/** Fill the columns from FLOW_app on, which are NaN: of a flow whose protocol the meter
 *  looked for. */
void flow_clear_fill(const struct lw_record *rec, float *own);

#endif /* FEATURE_FLOW_CLEAR_H */
