/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/train_traffic.h - `lapwing train --preset traffic`. */
#ifndef CMD_TRAIN_TRAFFIC_H
#define CMD_TRAIN_TRAFFIC_H

#include <lapwing/traffic.h>

#include <stdbool.h>

/** Learn from the captures of a table and print the figures.  Exit status. */
int train_traffic(const struct lw_traffic_config *cfg, const char *output,
                  const char *page, bool json);

#endif /* CMD_TRAIN_TRAFFIC_H */
