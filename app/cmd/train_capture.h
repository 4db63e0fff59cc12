/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/train_capture.h - lapwing train -r CAPTURE: what is normal, from its flows. */
#ifndef CMD_TRAIN_CAPTURE_H
#define CMD_TRAIN_CAPTURE_H

#include <lapwing/normal.h>

#include <stdbool.h>

/** Train, print what came of it; exit status. */
int train_capture(const struct lw_normal_capture_config *cfg, const char *output,
                  bool json);

#endif /* CMD_TRAIN_CAPTURE_H */
