/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet/capture_trade.h - packets that outlive the next call.
 *
 * Packets lie in the buffer that the file was read into.  Whoever wants to work on them
 * while more are read takes that buffer, and gives another one for it: nothing is
 * copied but the packet that was cut at the buffer's end.
 */
#ifndef PACKET_CAPTURE_TRADE_H
#define PACKET_CAPTURE_TRADE_H

#include "base/stream.h"

#include <lapwing/capture.h>

/** False for an interface: its packets are gone at the next call. */
bool capture_can_trade(const struct lw_capture *cap);

/** Take what the packets of the last lw_capture_next_batch() lie in: they stay good as
 *  long as *buf is kept.  See stream_trade().  False when memory is out. */
LW_MUST bool capture_trade(struct lw_capture *cap, struct stream_buffer *buf);

#endif /* PACKET_CAPTURE_TRADE_H */
