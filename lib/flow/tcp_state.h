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
    TCP_SYN_ACK_SENT, /* the originator's first packet was a SYN and ACK */
    TCP_PARTIAL,      /* heard in the middle of a connection */
    TCP_ESTABLISHED,
    TCP_CLOSED, /* sent a FIN */
    TCP_RESET   /* sent a RST */
};

/** An endpoint's state is kept with the one before it in one byte; 0 is INACTIVE. */
static inline enum tcp_endpoint tcp_now(uint8_t state)
{
    return (enum tcp_endpoint)(state & 15);
}

static inline enum tcp_endpoint tcp_before(uint8_t state)
{
    return (enum tcp_endpoint)(state >> 4);
}

/** What a segment sent by endpoint `from` makes of the pair, where endpoint `orig` is
 *  the originator and `has_data` means payload.  True: the sender closed its side. */
bool tcp_state_step(uint8_t state[2], unsigned from, unsigned orig, uint8_t flags,
                    bool has_data);

/** The originator's SYN came behind the SYN and ACK that answers it: both are
 *  established now. */
void tcp_state_establish(uint8_t state[2]);

/** Whether the connection is over: both closed, or one reset. */
bool tcp_state_over(const uint8_t state[2]);

/** conn_state, where endpoint `orig` is the originator. */
enum lw_conn tcp_state_conn(const uint8_t state[2], unsigned orig, bool any_payload);

/** Flags in Argus' order ("FSPA") appended at `p`; returns the new end.  At most 8
 *  characters. */
char *tcp_flags_text(char *p, uint8_t flags);

#endif /* FLOW_TCP_STATE_H */
