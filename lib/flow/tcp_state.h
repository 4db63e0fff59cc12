/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/tcp_state.h - how far a TCP connection has come, as Zeek tells it.
 *
 * Zeek keeps one state per endpoint and derives conn_state from the pair when the
 * connection is over; so do we (documentation of conn_state:
 * https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html).
 */
#ifndef FLOW_TCP_STATE_H
#define FLOW_TCP_STATE_H

#include <lapwing/record.h>

#include <stdbool.h>
#include <stdint.h>

enum tcp_endpoint {
    TCP_INACTIVE, /* nothing heard */
    TCP_SYN_SENT,
    TCP_SYN_ACK_SENT, /* answered a SYN that we did not see */
    TCP_PARTIAL,      /* heard in the middle of a connection */
    TCP_ESTABLISHED,
    TCP_CLOSED, /* sent a FIN */
    TCP_RESET   /* sent a RST */
};

/** What a segment with these flags, sent by endpoint `from`, makes of the pair. */
void tcp_state_step(uint8_t state[2], unsigned from, uint8_t flags);

/** Whether the connection is over: both closed, or one reset. */
bool tcp_state_over(const uint8_t state[2]);

/** conn_state, where endpoint `orig` is the originator. */
enum lw_conn tcp_state_conn(const uint8_t state[2], unsigned orig, bool any_payload);

/** Flags in Argus' order ("FSPA") appended at `p`; returns the new end.  At most 8
 *  characters. */
char *tcp_flags_text(char *p, uint8_t flags);

#endif /* FLOW_TCP_STATE_H */
