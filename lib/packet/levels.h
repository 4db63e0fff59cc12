/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet/levels.h - a packet with the packets in it.
 *
 * Level 0 is the frame as it was captured, each further one what the one before it
 * carries in a tunnel.  Fragments are put together on the way: the packet that
 * completes a datagram has the levels in that datagram.
 */
#ifndef PACKET_LEVELS_H
#define PACKET_LEVELS_H

#include "packet/decode.h"
#include "packet/reassembly.h"

struct levels {
    struct decoded at[1 + TUNNEL_DEPTH_MAX]; /* the first n are whole packets */
    unsigned n;
    enum decode_outcome end; /* why it did not go on: DECODE_TRUNCATED or _MALFORMED
                                when there is a tunnel, but what is in it is that */
    bool too_deep;           /* there are more tunnels in it than we follow */
};

/** Go on from l->at[0], a packet that was decoded well.  Without `into_tunnels` only
 *  fragments are put together. */
void levels_follow(struct levels *l, struct reassembly *r, int64_t now_ns,
                   bool into_tunnels);

#endif /* PACKET_LEVELS_H */
