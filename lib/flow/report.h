/* SPDX-License-Identifier: Apache-2.0 */
/* flow/report.h - from a flow to the record that is reported of it. */
#ifndef FLOW_REPORT_H
#define FLOW_REPORT_H

#include "table.h"

#include <lapwing/record.h>

/** The key's side that initiated, as far as is known by now. */
unsigned flow_initiator(const struct flow *f);

/** Fill `rec` with what the flow counted since its last record. */
void flow_report(const struct flow *f, enum lw_end_reason reason,
                 struct lw_record *rec);

#endif /* FLOW_REPORT_H */
