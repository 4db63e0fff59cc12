/* SPDX-License-Identifier: Apache-2.0 */
/* serve/cut.h - the packets of one flow, cut out of its capture. */
#ifndef SERVE_CUT_H
#define SERVE_CUT_H

#include "store/flows.h"

#include <stdio.h>

enum { CUT_BYTES_MAX = 256 * 1024 * 1024 };

/** Write the packets between the flow's endpoints in its time to `out` as pcap with
 *  nanoseconds.  Those of other flows of the same endpoints and ports at the same time
 *  cannot be told apart.  LW_EFORMAT, LW_EIO: the capture.  LW_ELIMIT: too much. */
LW_MUST enum lw_status cut_packets(const char *path, const struct store_flow *f,
                                   FILE *out, uint64_t *n_packets,
                                   struct lw_error *err);

#endif /* SERVE_CUT_H */
