/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One endpoint's states, by what it sends:
 *
 *                SYN, originator        the responder's SYN, with or without ACK
 *     INACTIVE ------------------> SYN_SENT ------------------------------> ESTABLISHED
 *        |  |  SYN+ACK, originator                                            ^
 *        |  +------------------> SYN_ACK_SENT                                 |
 *        |     SYN, responder; or no SYN, but ACK to an established peer      |
 *        +--------------------------------------------------------------------+
 *        |     no SYN
 *        +------------------> PARTIAL
 *
 *     any of them --- FIN ---> CLOSED --- RST, peer not CLOSED ---> RESET
 *     any of them --- RST ---> RESET  --- peer's FIN, was CLOSED --> CLOSED
 *
 * The responder's bare ACK of a SYN moves nothing.  A connection that ended and starts
 * anew is another flow (meter.c).
 */
#include "tcp_state.h"

static void set(uint8_t *state, enum tcp_endpoint now)
{
    if (tcp_now(*state) != now)
        *state = (uint8_t)((unsigned)tcp_now(*state) << 4 | now);
}

static void open_by_syn(uint8_t state[2], unsigned from, unsigned orig, bool ack)
{
    if (from == orig) {
        set(&state[from], ack ? TCP_SYN_ACK_SENT : TCP_SYN_SENT);
        return;
    }
    if (tcp_now(state[orig]) == TCP_SYN_SENT)
        set(&state[orig], TCP_ESTABLISHED);
    set(&state[from], TCP_ESTABLISHED);
}

static void join(uint8_t state[2], unsigned from, unsigned orig, bool ack,
                 bool has_data)
{
    if (from != orig && !has_data && tcp_now(state[orig]) == TCP_SYN_SENT)
        return;
    set(&state[from], ack && tcp_now(state[1 - from]) == TCP_ESTABLISHED
                          ? TCP_ESTABLISHED
                          : TCP_PARTIAL);
}

static bool step_inactive(uint8_t state[2], unsigned from, unsigned orig, uint8_t flags,
                          bool has_data)
{
    bool ack = (flags & LW_TCP_ACK) != 0;

    if (flags & LW_TCP_SYN)
        open_by_syn(state, from, orig, ack);
    if (flags & LW_TCP_FIN)
        set(&state[from], TCP_CLOSED);
    if (flags & LW_TCP_RST)
        set(&state[from], TCP_RESET);
    if (tcp_now(state[from]) == TCP_INACTIVE)
        join(state, from, orig, ack, has_data);
    return (flags & (LW_TCP_FIN | LW_TCP_RST)) != 0;
}

static bool step_opening(uint8_t *state, uint8_t flags)
{
    if (flags & LW_TCP_FIN)
        set(state, TCP_CLOSED);
    if (flags & LW_TCP_RST)
        set(state, TCP_RESET);
    return (flags & (LW_TCP_FIN | LW_TCP_RST)) != 0;
}

static bool step_open(uint8_t state[2], unsigned from, uint8_t flags)
{
    uint8_t *peer = &state[1 - from];

    if (flags & LW_TCP_SYN && !(flags & LW_TCP_ACK) &&
        tcp_now(state[from]) == TCP_PARTIAL && tcp_now(*peer) == TCP_INACTIVE)
        set(&state[from], TCP_SYN_SENT);
    if (flags & LW_TCP_RST) {
        set(&state[from], TCP_RESET);
        return true;
    }
    if (!(flags & LW_TCP_FIN))
        return false;
    set(&state[from], TCP_CLOSED);
    /* A FIN and then a RST of the peer was a normal end after all. */
    if (tcp_now(*peer) == TCP_RESET && tcp_before(*peer) == TCP_CLOSED)
        set(peer, TCP_CLOSED);
    return true;
}

static bool step_closed(uint8_t state[2], unsigned from, uint8_t flags)
{
    if (!(flags & LW_TCP_RST) || tcp_now(state[1 - from]) == TCP_CLOSED)
        return false;
    set(&state[from], TCP_RESET);
    return true;
}

bool tcp_state_step(uint8_t state[2], unsigned from, unsigned orig, uint8_t flags,
                    bool has_data)
{
    switch (tcp_now(state[from])) {
    case TCP_INACTIVE:
        return step_inactive(state, from, orig, flags, has_data);
    case TCP_SYN_SENT:
    case TCP_SYN_ACK_SENT:
        return step_opening(&state[from], flags);
    case TCP_PARTIAL:
    case TCP_ESTABLISHED:
        return flags & (LW_TCP_SYN | LW_TCP_FIN | LW_TCP_RST)
                   ? step_open(state, from, flags)
                   : false;
    case TCP_CLOSED:
        return step_closed(state, from, flags);
    case TCP_RESET:
        break;
    }
    return false;
}

void tcp_state_establish(uint8_t state[2])
{
    set(&state[0], TCP_ESTABLISHED);
    set(&state[1], TCP_ESTABLISHED);
}

bool tcp_state_over(const uint8_t state[2])
{
    return tcp_now(state[0]) == TCP_RESET || tcp_now(state[1]) == TCP_RESET ||
           (tcp_now(state[0]) == TCP_CLOSED && tcp_now(state[1]) == TCP_CLOSED);
}

static bool inactive(enum tcp_endpoint endpoint)
{
    return endpoint == TCP_INACTIVE || endpoint == TCP_PARTIAL;
}

enum lw_conn tcp_state_conn(const uint8_t state[2], unsigned orig, bool any_payload)
{
    enum tcp_endpoint o = tcp_now(state[orig]);
    enum tcp_endpoint r = tcp_now(state[1 - orig]);

    if (r == TCP_RESET) {
        if (o == TCP_SYN_SENT || o == TCP_SYN_ACK_SENT ||
            (o == TCP_RESET && !any_payload))
            return LW_CONN_REJ;
        return inactive(o) ? LW_CONN_RSTRH : LW_CONN_RSTR;
    }
    if (o == TCP_RESET && inactive(r))
        return tcp_before(state[orig]) == TCP_SYN_SENT ? LW_CONN_RSTOS0 : LW_CONN_OTH;
    if (o == TCP_RESET)
        return LW_CONN_RSTO;
    if (o == TCP_CLOSED && r == TCP_CLOSED)
        return LW_CONN_SF;
    if (o == TCP_CLOSED)
        return inactive(r) ? LW_CONN_SH : LW_CONN_S2;
    if (r == TCP_CLOSED)
        return inactive(o) ? LW_CONN_SHR : LW_CONN_S3;
    if (o == TCP_SYN_SENT && r == TCP_INACTIVE)
        return LW_CONN_S0;
    if (o == TCP_ESTABLISHED && r == TCP_ESTABLISHED)
        return LW_CONN_S1;
    return LW_CONN_OTH;
}

char *tcp_flags_text(char *p, uint8_t flags)
{
    static const struct {
        uint8_t bit;
        char letter;
    } order[] = {{LW_TCP_FIN, 'F'}, {LW_TCP_SYN, 'S'}, {LW_TCP_RST, 'R'},
                 {LW_TCP_PSH, 'P'}, {LW_TCP_ACK, 'A'}, {LW_TCP_URG, 'U'},
                 {LW_TCP_ECE, 'E'}, {LW_TCP_CWR, 'C'}};

    for (unsigned i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (flags & order[i].bit)
            *p++ = order[i].letter;
    }
    return p;
}
