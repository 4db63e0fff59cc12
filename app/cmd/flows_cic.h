/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/flows_cic.h - `lapwing flows --cic-compat`: the flows of CICFlowMeter with its
 * errors (lapwing/cic.h) instead of our own.
 */
#ifndef CMD_FLOWS_CIC_H
#define CMD_FLOWS_CIC_H

#include "cmd/options.h"

#include <lapwing/cic.h>

#include <stdbool.h>

/** --cic-compat, --cic-timezone. */
extern const struct opt_group flows_cic_group;

/** Is --cic-compat given? */
bool flows_cic_wanted(void);

/** What the options say of the rest of *cfg; returns an exit status, after its message.
 *  `format` is that of the records. */
int flows_cic_configure(const char *format, struct lw_cic_config *cfg);

/** A whole capture through the meter, as lw_meter_run() with one thread. */
LW_MUST enum lw_status flows_cic_run(struct lw_cic_meter *m, struct lw_capture *cap,
                                     const struct lw_run *run, lw_cic_line_fn fn,
                                     void *ctx, struct lw_error *err);

#endif /* CMD_FLOWS_CIC_H */
