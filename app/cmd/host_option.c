/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/host_option.h"

static struct {
    int64_t hosts;
    int64_t contacts;
} o;

static const struct opt rows[] = {
    {"max-hosts", 0, OPT_TO_INT(&o.hosts), .metavar = "N", .min = 1, .max = 16777216,
     .unit = "hosts",
     .help = "views that look at the past of hosts remember so many in each role; "
             "by default 65536; beyond, those that came only once are forgotten first"},
    {"max-contacts", 0, OPT_TO_INT(&o.contacts), .metavar = "N", .min = 8,
     .max = 1073741824, .unit = "contacts",
     .help = "and so many contacts of hosts with peers and ports, by default 262144"},
};

const struct opt_group host_group = {"Past of hosts", rows,
                                     sizeof rows / sizeof rows[0]};

void host_option(struct lw_extractor_config *cfg)
{
    cfg->max_hosts = (uint32_t)o.hosts;
    cfg->max_contacts = (uint32_t)o.contacts;
}
