/* SPDX-License-Identifier: Apache-2.0 */
/* serve/judge_flow.h - a flow as the store has it, of the meter's record. */
#ifndef SERVE_JUDGE_FLOW_H
#define SERVE_JUDGE_FLOW_H

#include "serve/host_names.h"
#include "serve/judge.h"

#include <lapwing/record.h>

/** Room for the texts of a flow. */
struct flow_texts {
    char proto[16];
    char community_id[LW_COMMUNITY_ID_MAX];
};

/** Who, when and how much; its texts are borrowed from texts, names and rec. */
void judge_describe(const struct judge_config *cfg, const struct host_names *names,
                    const struct lw_record *rec, struct store_flow *f,
                    struct flow_texts *texts);

/** 0: none; 1 low to 4 critical. */
uint8_t judge_severity(enum lw_verdict_class verdict);

/** Take back what a suppression of cfg forbids.  Who is told flow by flow does not hear
 *  of it either. */
void judge_suppress(const struct judge_config *cfg, struct store_flow *f);

#endif /* SERVE_JUDGE_FLOW_H */
