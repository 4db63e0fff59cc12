/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/train_stream.h - lapwing train --model packet-stream. */
#ifndef CMD_TRAIN_STREAM_H
#define CMD_TRAIN_STREAM_H

#include <lapwing/packet_stream.h>

#include <stdbool.h>

/** Train on captures and say what came of it; an exit status. */
int train_stream(const struct lw_stream_train_config *cfg, const char *output,
                 const char *page, bool json);

#endif /* CMD_TRAIN_STREAM_H */
