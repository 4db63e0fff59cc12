/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/tunnel_option.h - `--tunnel`, which the commands that meter packets share.
 */
#ifndef CMD_TUNNEL_OPTION_H
#define CMD_TUNNEL_OPTION_H

#include "cmd/options.h"

#include <lapwing/flow.h>

/** --tunnel LEVEL. */
extern const struct opt_group tunnel_group;

/** What it says, after the command line was read. */
enum lw_tunnel_mode tunnel_option(void);

#endif /* CMD_TUNNEL_OPTION_H */
