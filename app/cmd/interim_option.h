/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/interim_option.h - `--interim` and `--interim-packets`, which the commands that
 * make rows share.
 */
#ifndef CMD_INTERIM_OPTION_H
#define CMD_INTERIM_OPTION_H

#include "cmd/options.h"

#include <lapwing/flow.h>

extern const struct opt_group interim_group;

/** Put what they say into a meter's configuration; what is not said stays 0, the
 *  default. */
void interim_option(struct lw_meter_config *cfg);

#endif /* CMD_INTERIM_OPTION_H */
