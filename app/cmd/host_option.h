/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/host_option.h - how much the past of hosts may take, for the commands that make
 * rows.
 */
#ifndef CMD_HOST_OPTION_H
#define CMD_HOST_OPTION_H

#include "cmd/options.h"

#include <lapwing/view.h>

extern const struct opt_group host_group;

/** Put what the options say into an extractor's configuration. */
void host_option(struct lw_extractor_config *cfg);

#endif /* CMD_HOST_OPTION_H */
