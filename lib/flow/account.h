/* SPDX-License-Identifier: Apache-2.0 */
/* flow/account.h - what a packet adds to its flow. */
#ifndef FLOW_ACCOUNT_H
#define FLOW_ACCOUNT_H

#include "table.h"

/** Count a packet that side `from` of the flow's key sent. */
void flow_account(struct flow *f, const struct decoded *d, unsigned from,
                  int64_t time_ns);

/** Begin the next record of a flow that goes on: what is counted starts again from 0,
 *  what is known of the connection stays. */
void flow_continue(struct flow *f);

#endif /* FLOW_ACCOUNT_H */
