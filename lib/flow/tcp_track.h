/* SPDX-License-Identifier: Apache-2.0 */
/* flow/tcp_track.h - how a TCP connection began, went on and ended. */
#ifndef FLOW_TCP_TRACK_H
#define FLOW_TCP_TRACK_H

#include "packet/decode.h"

#include <lapwing/record.h>

#include <stdbool.h>

/** Index 0 is the endpoint that sent the first packet seen. */
struct tcp_track {
    uint32_t next_seq[2]; /* highest sequence number seen, plus one */
    bool has_seq[2];
    bool syn[2];     /* sent SYN without ACK */
    bool syn_ack[2]; /* sent SYN with ACK */
    bool fin[2];
    bool rst[2];          /* sent the RST that ended it */
    bool fins_before_rst; /* both sides had finished when the first RST came */
};

/** Take in a segment from `side`; returns whether it carries data seen before. */
bool tcp_track_add(struct tcp_track *t, const struct decoded *d, unsigned side);

/** Is the connection over? */
bool tcp_track_closed(const struct tcp_track *t);

/** Does this segment start another connection on the same ports? */
bool tcp_track_reopens(const struct tcp_track *t, const struct decoded *d);

/** Zeek's conn_state; `heard` says which sides sent anything. */
enum lw_conn tcp_track_conn(const struct tcp_track *t, const bool heard[2]);

/** Direction as Argus prints it. */
enum lw_dir tcp_track_dir(const struct tcp_track *t, const bool heard[2]);

#endif /* FLOW_TCP_TRACK_H */
