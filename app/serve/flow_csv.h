/* SPDX-License-Identifier: Apache-2.0 */
/* serve/flow_csv.h - flows as lines of CSV (RFC 4180, but with LF). */
#ifndef SERVE_FLOW_CSV_H
#define SERVE_FLOW_CSV_H

#include "base/buf.h"
#include "store/flows.h"

void flow_csv_header(struct buf *out);
void flow_csv_put(struct buf *out, const struct store_flow *f);

#endif /* SERVE_FLOW_CSV_H */
