/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One endpoint's states, by what it sends:
 *
 *                 SYN                    SYN+ACK of the other, then anything
 *     INACTIVE ---------> SYN_SENT ----------------------------> ESTABLISHED
 *        |  |  SYN+ACK, the other sent SYN                            ^
 *        |  +---------------------------------------------------------+
 *        |  SYN+ACK, the other silent                                 |
 *        +---------------------------> SYN_ACK_SENT ------------------+
 *        |  no SYN                                   the other answers
 *        +---------> PARTIAL
 *
 *     any of them --- FIN ---> CLOSED          any but RESET --- RST ---> RESET
 *
 * After CLOSED only RST counts; after RESET nothing does.  A connection that ended and
 * starts anew is another flow (meter.c).
 */
#include "tcp_state.h"

static uint8_t opened(uint8_t state[2], unsigned from, bool ack)
{
    unsigned to = 1 - from;

    if (!ack)
        return TCP_SYN_SENT;
    if (state[to] == TCP_SYN_SENT) {
        state[to] = TCP_ESTABLISHED;
        return TCP_ESTABLISHED;
    }
    return TCP_SYN_ACK_SENT;
}

static uint8_t continued(uint8_t state[2], unsigned from)
{
    unsigned to = 1 - from;

    switch ((enum tcp_endpoint)state[from]) {
    case TCP_INACTIVE:
        if (state[to] != TCP_SYN_ACK_SENT)
            return TCP_PARTIAL;
        state[to] = TCP_ESTABLISHED;
        return TCP_ESTABLISHED;
    case TCP_SYN_SENT:
        return state[to] == TCP_INACTIVE ? TCP_SYN_SENT : TCP_ESTABLISHED;
    case TCP_SYN_ACK_SENT:
    case TCP_PARTIAL:
    case TCP_ESTABLISHED:
    case TCP_CLOSED:
    case TCP_RESET:
        break;
    }
    return state[from];
}

void tcp_state_step(uint8_t state[2], unsigned from, uint8_t flags)
{
    uint8_t now = state[from];

    if (now == TCP_RESET)
        return;
    if (flags & LW_TCP_RST)
        now = TCP_RESET;
    else if (now == TCP_CLOSED)
        return;
    else if (flags & LW_TCP_FIN)
        now = TCP_CLOSED;
    else if (!(flags & LW_TCP_SYN))
        now = continued(state, from);
    else if (now == TCP_INACTIVE || now == TCP_SYN_SENT)
        now = opened(state, from, (flags & LW_TCP_ACK) != 0);
    state[from] = now;
}

bool tcp_state_over(const uint8_t state[2])
{
    return state[0] == TCP_RESET || state[1] == TCP_RESET ||
           (state[0] == TCP_CLOSED && state[1] == TCP_CLOSED);
}

static bool inactive(uint8_t endpoint)
{
    return endpoint == TCP_INACTIVE || endpoint == TCP_PARTIAL;
}

enum lw_conn tcp_state_conn(const uint8_t state[2], unsigned orig, bool any_payload)
{
    uint8_t o = state[orig];
    uint8_t r = state[1 - orig];

    if (r == TCP_RESET) {
        if (o == TCP_SYN_SENT || o == TCP_SYN_ACK_SENT ||
            (o == TCP_RESET && !any_payload))
            return LW_CONN_REJ;
        return inactive(o) ? LW_CONN_RSTRH : LW_CONN_RSTR;
    }
    if (o == TCP_RESET)
        return inactive(r) ? LW_CONN_RSTOS0 : LW_CONN_RSTO;
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
