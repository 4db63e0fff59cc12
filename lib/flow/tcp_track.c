/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection states by what each side sent, after the table in Zeek's documentation of
 * conn.log (conn_state).  The originator is who sent the SYN; when only a SYN-ACK was
 * seen, its receiver.
 *
 *   originator     responder       state
 *   SYN            nothing         S0; with FIN SH; with RST RSTOS0
 *   SYN            RST             REJ
 *   SYN            SYN-ACK         S1; FINs: S2, S3, SF; RST: RSTO, RSTR
 *   (nothing)      SYN-ACK         with RST RSTRH; with FIN SHR
 *   anything else                  OTH
 */
#include "flow/tcp_track.h"

static bool advance(struct tcp_track *t, const struct decoded *d, unsigned side)
{
    uint32_t bare = (d->tcp_flags & (LW_TCP_SYN | LW_TCP_FIN)) != 0 ? 1 : 0;
    uint32_t end = d->tcp_seq + d->payload_bytes + bare;
    bool old;

    if (!t->has_seq[side]) {
        t->has_seq[side] = true;
        t->next_seq[side] = end;
        return false;
    }
    /* Serial number arithmetic (RFC 1982): old when not beyond what was seen. */
    old = d->payload_bytes > 0 && (int32_t)(end - t->next_seq[side]) <= 0;
    if ((int32_t)(end - t->next_seq[side]) > 0)
        t->next_seq[side] = end;
    return old;
}

bool tcp_track_add(struct tcp_track *t, const struct decoded *d, unsigned side)
{
    uint8_t flags = d->tcp_flags;

    if ((flags & LW_TCP_SYN) != 0) {
        if ((flags & LW_TCP_ACK) != 0)
            t->syn_ack[side] = true;
        else
            t->syn[side] = true;
    }
    if ((flags & LW_TCP_FIN) != 0)
        t->fin[side] = true;
    if ((flags & LW_TCP_RST) != 0 && !t->rst[0] && !t->rst[1]) {
        t->fins_before_rst = t->fin[0] && t->fin[1];
        t->rst[side] = true;
    }
    return advance(t, d, side);
}

bool tcp_track_closed(const struct tcp_track *t)
{
    return t->rst[0] || t->rst[1] || (t->fin[0] && t->fin[1]);
}

bool tcp_track_reopens(const struct tcp_track *t, const struct decoded *d)
{
    return (d->tcp_flags & (LW_TCP_SYN | LW_TCP_ACK | LW_TCP_RST)) == LW_TCP_SYN &&
           tcp_track_closed(t);
}

static unsigned originator(const struct tcp_track *t)
{
    return !t->syn[0] && (t->syn[1] || t->syn_ack[0]) ? 1 : 0;
}

static enum lw_conn answered(const struct tcp_track *t, unsigned o, unsigned r)
{
    bool reset = (t->rst[0] || t->rst[1]) && !t->fins_before_rst;

    if (reset)
        return t->rst[o] ? LW_CONN_RSTO : LW_CONN_RSTR;
    if (t->fin[o] && t->fin[r])
        return LW_CONN_SF;
    if (t->fin[o])
        return LW_CONN_S2;
    return t->fin[r] ? LW_CONN_S3 : LW_CONN_S1;
}

enum lw_conn tcp_track_conn(const struct tcp_track *t, const bool heard[2])
{
    unsigned o = originator(t);
    unsigned r = 1 - o;

    if (!t->syn[o] && t->syn_ack[r] && t->rst[r])
        return LW_CONN_RSTRH;
    if (!t->syn[o] && t->syn_ack[r] && t->fin[r])
        return LW_CONN_SHR;
    if (!t->syn[o])
        return LW_CONN_OTH;
    if (t->syn_ack[r])
        return answered(t, o, r);
    if (t->rst[r])
        return LW_CONN_REJ;
    if (t->rst[o])
        return LW_CONN_RSTOS0;
    if (heard[r])
        return LW_CONN_OTH;
    return t->fin[o] ? LW_CONN_SH : LW_CONN_S0;
}

enum lw_dir tcp_track_dir(const struct tcp_track *t, const bool heard[2])
{
    if (t->syn[0])
        return LW_DIR_FORWARD;
    if (t->syn[1] || t->syn_ack[0])
        return LW_DIR_BACKWARD;
    if (heard[0] && heard[1])
        return LW_DIR_UNKNOWN;
    return LW_DIR_MAYBE_FWD;
}
