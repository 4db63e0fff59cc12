/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/train_normal.h - `lapwing train --preset normal`. */
#ifndef CMD_TRAIN_NORMAL_H
#define CMD_TRAIN_NORMAL_H

#include <lapwing/normal.h>

/** Train, print what to expect (as JSON, if so) and return an exit status.  `data` is
 *  the frame's name in messages. */
int train_normal(const struct lw_frame *frame, const char *data, const char *output,
                 const struct lw_normal_config *cfg, const char *page, bool json);

#endif /* CMD_TRAIN_NORMAL_H */
