/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/interim_option.h"

static struct {
    int64_t interval_ns;
    int64_t packets;
} o;

static const struct opt rows[] = {
    {"interim", 0, OPT_TO_DURATION(&o.interval_ns), .metavar = "TIME", .min = 1e-3,
     .max = 31536000,
     .help = "a flow that goes on has a row each time so much of it has passed; by "
             "default 10s in view flow, never in the kdd views, 1h in others"},
    {"interim-packets", 0, OPT_TO_INT(&o.packets), .metavar = "N", .min = 1,
     .max = 4294967295, .unit = "packets",
     .help = "and each time it had so many packets"},
};

const struct opt_group interim_group = {"Long flows", rows,
                                        sizeof rows / sizeof rows[0]};

void interim_option(struct lw_meter_config *cfg)
{
    cfg->status_interval_ns = o.interval_ns;
    cfg->status_packets = (uint32_t)o.packets;
}
