/* SPDX-License-Identifier: Apache-2.0 */
/* flow/state_text.h - Argus' State and Dir columns of a finished record. */
#ifndef FLOW_STATE_TEXT_H
#define FLOW_STATE_TEXT_H

#include "flow/tcp_track.h"

#include <lapwing/record.h>

/** Fill in dir, conn and state from what was counted. */
void state_text_fill(struct lw_record *rec, const struct tcp_track *tcp);

#endif /* FLOW_STATE_TEXT_H */
