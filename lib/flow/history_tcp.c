/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a TCP segment in Zeek's eyes:
 *
 *     begin_stream()    where does this side's numbering start
 *     note_flags()      letters s h f r a d, i q
 *     note_window()     letter w
 *     note_ack()        how far has the peer been heard
 *     note_sent()       how far has this side sent; letter t
 *     tcp_state_step()  conn_state
 *     stream_acked()    what the peer sent and nobody captured: letter g, missed bytes
 *     stream_data()     what was captured
 *     close_side()      when does the connection stop lasting
 *
 * The letters c g t w are written at the 1st, 10th, 100th ... time; a d i q once a
 * side; s h f r again when the sequence number is a new one.
 *
 * Zeek keeps payload until it is acknowledged; we keep only which numbers came behind a
 * hole, in up to HISTORY_HELD ranges a side.  A hole beyond that counts as filled.
 */
#include "base/timefmt.h"
#include "history_priv.h"
#include "tcp_state.h"

enum history_seen {
    SEEN_SYN = 1,
    SEEN_FIN = 2,
    SEEN_RST = 4,
    SEEN_DATA = 8,
    SEEN_ACK = 16,
    SEEN_FIN_RST = 32,  /* letter i */
    SEEN_ODD = 64,      /* letter q */
    SEEN_ANY_FIN = 128, /* also an odd one: `fin` is known */
    SEEN_PACKET = 256,
    SEEN_END = 512,    /* all data up to the end was delivered */
    SEEN_CLOSE = 1024, /* ... and the side is closed */
    SEEN_ENOUGH = 2048 /* data is no longer looked at */
};

/* Zeek's tcp_max_initial_window, tcp_max_above_hole_without_any_acks and
 * tcp_excessive_data_without_further_acks; and how far a SYN or RST may jump. */
enum {
    UNACKED_MAX = 16384,
    ABOVE_HOLE_MAX = 16384,
    BACKLOG_MAX = 10 * 1024 * 1024,
    JUMP_MAX = 1048576
};

static enum tcp_endpoint state_of(const struct history *h, unsigned side)
{
    return tcp_now(h->tcp[side]);
}

/* How far `seq` is behind position `at` of the stream; negative when before. */
static int32_t distance(const struct history_side *s, uint32_t seq, int64_t at)
{
    return (int32_t)(seq - (s->start + (uint32_t)at));
}

static void start_stream(struct history_side *s, uint32_t start, int64_t sent)
{
    s->start = start;
    s->acked = 0;
    s->sent = sent;
}

/* A side that begins without SYN is numbered as if there had been one. */
static void begin_stream(struct history *h, unsigned from, uint32_t seq, bool syn,
                         uint32_t n)
{
    struct history_side *s = &h->side[from];

    switch (state_of(h, from)) {
    case TCP_INACTIVE:
        start_stream(s, syn ? seq : seq - 1, syn ? n : 1);
        break;
    case TCP_SYN_SENT:
    case TCP_SYN_ACK_SENT:
        if (syn && seq != s->start)
            start_stream(s, seq, n);
        break;
    case TCP_ESTABLISHED:
    case TCP_PARTIAL:
        if (syn)
            start_stream(s, seq, n);
        break;
    case TCP_RESET:
        if (syn && tcp_before(h->tcp[from]) == TCP_INACTIVE)
            start_stream(s, seq, n);
        break;
    case TCP_CLOSED:
        break;
    }
}

/* A letter once a side. */
static bool note_once(struct history *h, unsigned from, enum history_seen what,
                      char letter)
{
    bool first = !(h->side[from].seen & what);

    if (first) {
        h->side[from].seen |= (uint16_t)what;
        history_letter(h, from, letter);
    }
    return first;
}

/* A letter again when it comes with another number. */
static void note_at(struct history *h, unsigned from, enum history_seen what,
                    char letter, uint32_t *last, int64_t at)
{
    if (!note_once(h, from, what, letter) && *last != (uint32_t)at)
        history_letter(h, from, letter);
    *last = (uint32_t)at;
}

static void note_flags(struct history *h, unsigned from, uint8_t flags, int64_t at,
                       uint32_t n)
{
    enum { FIN = LW_TCP_FIN, SYN = LW_TCP_SYN, RST = LW_TCP_RST };
    struct history_side *s = &h->side[from];

    switch (flags & (FIN | SYN | RST)) {
    case 0:
        if (n > 0)
            (void)note_once(h, from, SEEN_DATA, 'D');
        else if (flags & LW_TCP_ACK)
            (void)note_once(h, from, SEEN_ACK, 'A');
        break;
    case SYN:
        note_at(h, from, SEEN_SYN, flags & LW_TCP_ACK ? 'H' : 'S', &s->last_syn, at);
        break;
    case FIN:
        note_at(h, from, SEEN_FIN, 'F', &s->last_fin, at + n);
        break;
    case RST:
        note_at(h, from, SEEN_RST, 'R', &s->last_rst, at);
        break;
    case SYN | FIN:
    case SYN | RST:
        (void)note_once(h, from, SEEN_ODD, 'Q');
        break;
    default:
        (void)note_once(h, from, SEEN_FIN_RST, 'I');
        break;
    }
}

/* A window of 0 means something unless the peer has nothing to say any more. */
static void note_window(struct history *h, unsigned from, const struct decoded *d)
{
    if (d->tcp_window == 0 && !(d->tcp_flags & LW_TCP_RST) &&
        state_of(h, 1 - from) != TCP_CLOSED && state_of(h, from) != TCP_RESET)
        history_count(h, from, &h->side[from].n_zero_windows, 'W');
}

/* Where in the peer's stream the acknowledgement is. */
static int64_t note_ack(struct history *h, unsigned from, const struct decoded *d)
{
    struct history_side *peer = &h->side[1 - from];
    int32_t delta;

    if (state_of(h, 1 - from) == TCP_INACTIVE) {
        start_stream(peer, d->tcp_ack - 1, 0);
        return 1;
    }
    delta = distance(peer, d->tcp_ack, peer->acked);
    if (peer->acked + delta < 0)
        return 0;
    if (delta > 0 && !(d->tcp_flags & LW_TCP_RST) &&
        (d->tcp_ack != 0 || delta <= JUMP_MAX)) {
        peer->acked += delta;
        return peer->acked;
    }
    return peer->acked + delta;
}

static void note_sent(struct history *h, unsigned from, const struct decoded *d,
                      uint32_t n)
{
    struct history_side *s = &h->side[from];
    uint32_t end = d->tcp_seq + n;
    int32_t delta = distance(s, end, s->sent);

    if (d->tcp_flags & (LW_TCP_SYN | LW_TCP_RST) &&
        (delta > JUMP_MAX || delta < -JUMP_MAX))
        return;
    /* Of a long stream maybe only SYN and FIN were captured: it cannot lie behind. */
    if (d->tcp_flags & LW_TCP_FIN && s->sent == 1) {
        s->sent += (uint32_t)delta;
        return;
    }
    if (state_of(h, from) == TCP_RESET)
        return;
    if (delta > 0)
        s->sent += delta;
    else if (d->payload_bytes > 0)
        history_count(h, from, &s->n_retransmitted, 'T');
}

/* Established, or closed after having been so. */
static bool is_clean(uint8_t state)
{
    return tcp_now(state) == TCP_ESTABLISHED ||
           (tcp_now(state) == TCP_CLOSED && tcp_before(state) == TCP_ESTABLISHED);
}

static void stream_gap(struct history *h, unsigned side, int64_t n)
{
    struct history_side *s = &h->side[side];

    s->delivered += n;
    if (!is_clean(h->tcp[0]) || !is_clean(h->tcp[1]))
        return;
    history_count(h, side, &s->n_gaps, 'G');
    s->missed_bytes += (uint64_t)n;
}

static void drop_held(struct history_side *s)
{
    s->n_held--;
    for (unsigned i = 0; i < s->n_held; i++)
        s->held[i] = s->held[i + 1];
}

/* Go on with what was captured behind a hole that is no more. */
static void deliver_held(struct history_side *s)
{
    while (s->n_held > 0 && s->held[0].from <= s->delivered) {
        if (s->held[0].to > s->delivered)
            s->delivered = s->held[0].to;
        drop_held(s);
    }
}

/* Keep [from, to) in order, joined to what it touches. */
static void hold(struct history_side *s, int64_t from, int64_t to)
{
    unsigned at = 0;
    unsigned end;

    while (at < s->n_held && s->held[at].to < from)
        at++;
    if (at == HISTORY_HELD) {
        s->held[at - 1].to = to;
        return;
    }
    for (end = at; end < s->n_held && s->held[end].from <= to; end++) {
        if (s->held[end].from < from)
            from = s->held[end].from;
        if (s->held[end].to > to)
            to = s->held[end].to;
    }
    if (end == at) {
        /* A new range: the last two become one when there is no room. */
        if (s->n_held == HISTORY_HELD) {
            s->held[HISTORY_HELD - 2].to = s->held[HISTORY_HELD - 1].to;
            s->n_held--;
        }
        for (unsigned i = s->n_held; i > at; i--)
            s->held[i] = s->held[i - 1];
        s->n_held++;
    } else {
        unsigned joined = end - at - 1;

        s->n_held = (uint8_t)(s->n_held - joined);
        for (unsigned i = at + 1; i < s->n_held; i++)
            s->held[i] = s->held[i + joined];
    }
    s->held[at] = (struct stream_range){from, to};
}

/* What lies before `seq` was acknowledged: it will not be captured any more. */
static void give_up(struct history *h, unsigned side, int64_t seq)
{
    struct history_side *s = &h->side[side];

    /* The numbers of a partial connection were guessed; a keep-alive lies before. */
    if (seq <= 2 && h->partial)
        return;
    if (s->seen & SEEN_ENOUGH) {
        s->delivered = seq;
        return;
    }
    while (s->n_held > 0 && s->held[0].from < seq) {
        stream_gap(h, side, s->held[0].from - s->delivered);
        deliver_held(s);
    }
    if (seq > s->delivered)
        stream_gap(h, side, seq - s->delivered);
}

static void trim(struct history *h, unsigned side, int64_t seq)
{
    struct history_side *s = &h->side[side];

    if (seq > s->delivered)
        give_up(h, side, seq);
    if (s->n_held > 0 && s->held[0].from == s->delivered)
        deliver_held(s);
    s->trimmed = seq;
}

/* Whether data of this side is still to come, or the peer's to be acknowledged. */
static bool is_pending(const struct history *h, unsigned side)
{
    const struct history_side *s = &h->side[side];
    const struct history_side *peer = &h->side[1 - side];

    if (s->seen & SEEN_ENOUGH || s->sent < s->delivered)
        return false;
    if (s->delivered != s->sent - 1 && s->delivered != s->sent)
        return true;
    return state_of(h, side) != TCP_RESET && peer->stored > peer->trimmed;
}

static void close_side(struct history *h, unsigned side)
{
    h->close_waits = is_pending(h, side);
    if (h->close_waits || h->side[side].seen & SEEN_CLOSE)
        return;
    h->side[side].seen |= SEEN_CLOSE;
    if (state_of(h, side) == TCP_RESET || h->side[1 - side].seen & SEEN_CLOSE ||
        state_of(h, 1 - side) == TCP_INACTIVE)
        h->closed_ns = h->last_ns;
}

static void check_end(struct history *h, unsigned side)
{
    struct history_side *s = &h->side[side];
    enum tcp_endpoint now = state_of(h, side);

    if (s->seen & SEEN_END ||
        (!(s->seen & SEEN_ANY_FIN) && now != TCP_CLOSED && now != TCP_RESET) ||
        is_pending(h, side))
        return;
    s->seen |= SEEN_END;
    if (h->close_waits) {
        close_side(h, side);
        h->close_waits = false;
    }
}

static void stream_acked(struct history *h, unsigned side, int64_t seq)
{
    struct history_side *s = &h->side[side];

    if (s->seen & SEEN_ANY_FIN && seq >= s->fin)
        seq = s->fin - 1;
    if (seq <= s->trimmed)
        return;
    trim(h, side, seq);
    check_end(h, side);
}

static void store(struct history *h, unsigned side, int64_t from, int64_t to)
{
    struct history_side *s = &h->side[side];

    if (to > s->stored)
        s->stored = to;
    if (from > s->delivered) {
        hold(s, from, to);
        return;
    }
    if (to <= s->delivered)
        return;
    s->delivered = to;
    deliver_held(s);
    if (s->acked <= 1 && history_tcp_bytes(h, side) > UNACKED_MAX)
        trim(h, side, s->delivered);
}

/* What was captured and not acknowledged. */
static int64_t backlog(const struct history_side *s)
{
    int64_t n = s->delivered > s->trimmed ? s->delivered - s->trimmed : 0;

    for (unsigned i = 0; i < s->n_held; i++)
        n += s->held[i].to - s->held[i].from;
    return n;
}

static void stream_data(struct history *h, unsigned side, int64_t from, uint32_t n)
{
    struct history_side *s = &h->side[side];
    int64_t to = from + n;
    int64_t done = s->acked > s->trimmed ? s->acked : s->trimmed;

    if (s->seen & SEEN_ENOUGH || to <= done)
        return;
    store(h, side, from > done ? from : done, to);
    if ((s->acked <= 1 && s->stored - s->delivered > ABOVE_HOLE_MAX) ||
        backlog(s) > BACKLOG_MAX) {
        s->seen |= SEEN_ENOUGH;
        s->n_held = 0;
        s->stored = s->trimmed;
    }
}

/* A connection that began with a SYN and ACK is no scan if it goes on: then the other
 * side began it. */
static void note_answered_syn(struct history *h, uint8_t flags)
{
    if (h->n_letters != 1 || h->letters[0] != 'H' ||
        flags & (LW_TCP_SYN | LW_TCP_FIN | LW_TCP_RST))
        return;
    h->n_letters = 0;
    history_flip(h);
    history_letter(h, 1 - h->orig, 'H');
    h->tcp[1 - h->orig] = TCP_ESTABLISHED;
    h->partial = false;
}

static void note_partial(struct history *h, unsigned from, uint8_t flags)
{
    if (h->side[from].seen & SEEN_PACKET)
        return;
    if (from == h->orig)
        h->partial = !(flags & LW_TCP_SYN) || flags & LW_TCP_ACK;
    else if (!h->partial)
        h->partial = !(flags & LW_TCP_SYN);
}

/* Returns whether the sender closed its side. */
static bool note_state(struct history *h, unsigned from, const struct decoded *d)
{
    uint8_t flags = d->tcp_flags;
    bool new = state_of(h, from) == TCP_INACTIVE;
    bool closes;

    if (new &&from != h->orig && flags &LW_TCP_SYN && !(flags & LW_TCP_ACK) &&
        state_of(h, h->orig) == TCP_SYN_ACK_SENT) {
        history_flip(h);
        tcp_state_establish(h->tcp);
        h->partial = false;
        return false;
    }
    closes = tcp_state_step(h->tcp, from, h->orig, flags, d->payload_bytes > 0);
    if (new && !(flags & LW_TCP_SYN) && state_of(h, from) == TCP_ESTABLISHED)
        h->partial = false;
    return closes;
}

void history_tcp(struct history *h, const struct decoded *d, unsigned from,
                 int64_t time_ns)
{
    struct history_side *s = &h->side[from];
    bool syn = (d->tcp_flags & LW_TCP_SYN) != 0;
    bool fin = (d->tcp_flags & LW_TCP_FIN) != 0;
    bool rst = (d->tcp_flags & LW_TCP_RST) != 0;
    /* What a RST carries is no part of the stream. */
    uint32_t n = (rst ? 0 : d->payload_bytes) + syn + fin;
    int64_t acked = 0;
    int64_t at;
    bool closes;

    note_answered_syn(h, d->tcp_flags);
    note_partial(h, from, d->tcp_flags);
    begin_stream(h, from, d->tcp_seq, syn, n);
    at = s->sent + distance(s, d->tcp_seq, s->sent);
    note_flags(h, from, d->tcp_flags, at, d->payload_bytes);
    note_window(h, from, d);
    if (!(h->side[0].seen & h->side[1].seen & SEEN_CLOSE) && time_ns > h->last_ns)
        h->last_ns = time_ns;
    if (fin) {
        s->seen |= SEEN_ANY_FIN;
        s->fin = at + n;
    }
    if (d->tcp_flags & LW_TCP_ACK)
        acked = note_ack(h, from, d);
    note_sent(h, from, d, n);
    closes = note_state(h, from, d);
    if (d->tcp_flags & LW_TCP_ACK)
        stream_acked(h, 1 - from, acked);
    s->seen |= SEEN_PACKET;
    if (d->payload_bytes > 0 && !rst && at >= 0 && d->payload.n >= d->payload_bytes)
        stream_data(h, from, at + syn, d->payload_bytes);
    check_end(h, from);
    if (closes)
        close_side(h, from);
}

uint64_t history_tcp_bytes(const struct history *h, unsigned side)
{
    const struct history_side *s = &h->side[side];
    int64_t n = s->sent > s->acked ? s->sent : s->acked;

    /* A connection that one side had forgotten: its numbers mean nothing. */
    if (tcp_before(h->tcp[side]) == TCP_SYN_SENT && state_of(h, side) == TCP_RESET &&
        state_of(h, 1 - side) == TCP_INACTIVE && s->acked > 1)
        return 0;
    /* Neither SYN nor FIN is data. */
    if (n > 0)
        n--;
    if (s->seen & SEEN_ANY_FIN && n > 0)
        n--;
    return n > 0 ? (uint64_t)n : 0;
}

/* A SYN that cannot be of this connection. */
static bool is_reuse(const struct history *h, const struct decoded *d)
{
    const struct history_side *s = &h->side[h->orig];
    const struct history_side *r = &h->side[1 - h->orig];

    if (d->layer != DECODE_TRANSPORT || !(d->tcp_flags & LW_TCP_SYN))
        return false;
    if (d->tcp_flags & LW_TCP_ACK) {
        if (state_of(h, h->orig) != TCP_INACTIVE)
            return false;
        s = r;
    }
    if ((h->side[0].seen | h->side[1].seen) & SEEN_CLOSE)
        return true;
    if (d->tcp_seq == s->start)
        return false;
    return d->tcp_flags & LW_TCP_ACK || state_of(h, h->orig) != TCP_SYN_ACK_SENT ||
           state_of(h, 1 - h->orig) != TCP_INACTIVE || d->tcp_seq != r->start;
}

static bool is_opening(uint8_t state)
{
    return tcp_now(state) == TCP_INACTIVE || tcp_now(state) == TCP_SYN_SENT ||
           tcp_now(state) == TCP_SYN_ACK_SENT;
}

/* Zeek's tcp_attempt_delay, tcp_close_delay, and what it gives a handshake. */
bool history_tcp_is_over(const struct history *h, const struct decoded *d,
                         int64_t time_ns)
{
    const int64_t attempt_ns = 5 * NS_PER_S;
    const int64_t close_ns = 5 * NS_PER_S;
    const int64_t handshake_ns = 60 * NS_PER_S;
    uint8_t o = h->tcp[h->orig];

    if (is_opening(h->tcp[0]) && is_opening(h->tcp[1])) {
        if (time_ns - h->last_ns >= handshake_ns)
            return true;
        if (tcp_now(o) != TCP_INACTIVE &&
            tcp_now(h->tcp[1 - h->orig]) == TCP_INACTIVE &&
            time_ns - h->start_ns >= attempt_ns)
            return true;
    }
    if (h->closed_ns != 0 && time_ns - h->closed_ns >= close_ns)
        return true;
    return is_reuse(h, d);
}
