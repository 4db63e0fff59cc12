/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of flows, from the first payload to the last record.
 *
 *     SLOT_NEW    nothing was said yet; SYNs are remembered
 *        | first payload: stream_begin()
 *     SLOT_OPEN   put in order; the first bytes are kept until the protocol is known
 *        | settle(): the protocol is known, or cannot be any more
 *        +--> SLOT_OPEN   somebody wants it: what was kept is told, then what comes
 *        |       | its handshake was read, and no tap listens
 *        |       v
 *        |    SLOT_KEPT   the handshake's facts wait for the flow's records
 *        '--> SLOT_DONE   nobody does: nothing is kept but which protocol it is
 *
 * Of UDP each datagram is judged until one is known; SLOT_QUIC reads on to the other
 * side's first one.
 *
 * Opening bytes are kept by side, for recognition, with the turns in which they came,
 * for the tap: who asks and who answers must not get mixed up.  Most connections are
 * recognised by their first segment, of which nothing is kept then.
 *
 * Everything lies in slabs.  Where one is full, the stream does without: one that
 * cannot be put in order is judged by its first segment alone, one whose opening cannot
 * be kept is settled with what is at hand.
 */
#include "streams.h"

#include "app.h"
#include "base/assert.h"
#include "base/mem.h"
#include "handshake.h"
#include "report.h"
#include "stream_side.h"

#include <string.h>

enum {
    STREAMS_DEFAULT = 1 << 16,
    OPENINGS_MAX = 1 << 13,
    OPENING_BYTES = 1024, /* of a side */
    OPENING_TURNS = 24,
    DATAGRAMS_TRIED = 6,
    HELLOS_MAX = 1 << 12,
    HANDSHAKES_FACTOR = 4, /* of streams: they outlast them */
    READ_DEFAULT = 1 << 20,
    HELD_DEFAULT = 256 << 10,
    POOL_DEFAULT = 16 << 20
};

enum slot_phase { SLOT_NEW, SLOT_OPEN, SLOT_QUIC, SLOT_KEPT, SLOT_DONE };

/* What every flow has. */
struct stream_slot {
    /* SLOT_OPEN: its stream; SLOT_QUIC and SLOT_KEPT: its handshake; SLOT_NEW, of UDP:
     * RTP's last numbers. */
    uint32_t ref;
    uint32_t
        start[2];  /* sequence number of the SYN, or RTP's source, by side of the key */
    uint8_t app;   /* enum lw_app */
    uint8_t phase; /* enum slot_phase */
    uint8_t has_start; /* bit i: start[i] is known */
    uint8_t tried;     /* datagrams that were looked at */
};

_Static_assert(sizeof(struct stream_slot) == STREAM_SLOT_BYTES,
               "four of them are a cache line");

/* Whose turn it was to say how many bytes. */
struct turn {
    uint64_t n;
    uint8_t side;
    bool is_gap;
};

struct opening {
    uint16_t n[2];
    bool is_broken[2]; /* a gap followed its bytes */
    uint16_t n_turns;
    struct turn turns[OPENING_TURNS];
    uint8_t bytes[2][OPENING_BYTES];
};

struct stream {
    struct stream_side side[2]; /* of the flow's key */
    uint64_t read[2];           /* bytes that the tap was told of, gaps included */
    uint64_t beyond[2]; /* bytes that it was not told of yet: beyond its limit */
    uint32_t opening;   /* SLAB_NONE: nothing is kept */
    uint32_t state;     /* of the tap; SLAB_NONE: it does not listen */
    uint32_t handshake; /* SLAB_NONE: there is none to read */
    uint16_t port[2];
    uint8_t client; /* side of the key */
    bool is_sure;   /* `client` is: it sent the SYN */
    bool settled;
    bool reads_handshake; /* it is not over */
};

/* One packet on its way, or the end. */
struct delivery {
    struct streams *ss;
    struct stream_slot *slot;
    struct stream *s;
    const struct flow *f;
    unsigned side; /* whose bytes they are */
};

/* ---- slots ----------------------------------------------------------------------- */

/* NULL when memory for it is out. */
static struct stream_slot *slot_of(const struct streams *ss, const struct flow *f)
{
    struct stream_slot *chunk = ss->chunks[f->index >> FLOW_CHUNK_SHIFT];

    return chunk == NULL ? NULL : &chunk[f->index & (FLOW_CHUNK - 1)];
}

static bool has_start(const struct stream_slot *slot, unsigned side)
{
    return (slot->has_start >> side & 1) != 0;
}

static struct stream *stream_at(const struct streams *ss, uint32_t ref)
{
    return slab_at(&ss->streams, ref);
}

/* ---- what listeners are told -------------------------------------------------------
 */

static void *state_of(const struct delivery *v)
{
    return slab_at(&v->ss->states, v->s->state);
}

static struct handshake *handshake_at(const struct streams *ss, uint32_t ref)
{
    return slab_at(&ss->handshakes, ref);
}

/* How many of the next `n` bytes of a side the tap gets. */
static uint64_t within_limit(const struct delivery *v, unsigned side, uint64_t n)
{
    uint64_t room = v->ss->read_max - v->s->read[side];

    if (n > room) {
        v->s->beyond[side] += n - room;
        n = room;
    }
    v->s->read[side] += n;
    return n;
}

static void tell_data(const struct delivery *v, unsigned side, const uint8_t *bytes,
                      size_t n)
{
    const unsigned from = side ^ v->s->client;

    if (v->s->reads_handshake)
        v->s->reads_handshake = handshake_data(handshake_at(v->ss, v->s->handshake),
                                               from, span_of(bytes, n), &v->ss->hellos);
    if (v->s->state == SLAB_NONE)
        return;
    n = (size_t)within_limit(v, side, n);
    if (n > 0)
        v->ss->tap->data(state_of(v), from, bytes, n);
}

static void tell_gap(const struct delivery *v, unsigned side, uint64_t n)
{
    const unsigned from = side ^ v->s->client;

    if (v->s->reads_handshake)
        v->s->reads_handshake =
            handshake_gap(handshake_at(v->ss, v->s->handshake), from, &v->ss->hellos);
    if (v->s->state == SLAB_NONE)
        return;
    n = within_limit(v, side, n);
    if (n > 0)
        v->ss->tap->gap(state_of(v), from, n);
}

static void tell_end(const struct delivery *v)
{
    if (v->s->state == SLAB_NONE)
        return;
    for (unsigned side = 0; side < 2; side++) {
        if (v->s->beyond[side] > 0)
            v->ss->tap->gap(state_of(v), side ^ v->s->client, v->s->beyond[side]);
    }
    v->ss->tap->end(state_of(v));
}

/* ---- openings -------------------------------------------------------------------- */

static struct opening *opening_of(const struct delivery *v)
{
    return slab_at(&v->ss->openings, v->s->opening);
}

/* NULL: there is no room to keep one. */
static struct opening *begun_opening(const struct delivery *v)
{
    struct opening *o;

    if (v->s->opening != SLAB_NONE)
        return opening_of(v);
    v->s->opening = slab_take(&v->ss->openings);
    if (v->s->opening == SLAB_NONE)
        return NULL;
    o = opening_of(v);
    memset(o, 0, offsetof(struct opening, turns));
    return o;
}

/* The turn that `side` goes on with, or a new one; NULL: no more are kept. */
static struct turn *turn_of(struct opening *o, unsigned side, bool is_gap)
{
    struct turn *t = &o->turns[o->n_turns];

    if (o->n_turns > 0 && t[-1].side == side && t[-1].is_gap == is_gap)
        return t - 1;
    if (o->n_turns == OPENING_TURNS)
        return NULL;
    o->n_turns++;
    *t = (struct turn){.side = (uint8_t)side, .is_gap = is_gap};
    return t;
}

/* How many of the bytes were kept. */
static size_t keep_data(const struct delivery *v, const uint8_t *bytes, size_t n)
{
    const unsigned side = v->side;
    struct opening *o = begun_opening(v);
    struct turn *t;

    if (o == NULL)
        return 0;
    if (n > (size_t)(OPENING_BYTES - o->n[side]))
        n = (size_t)(OPENING_BYTES - o->n[side]);
    if (n == 0 || o->is_broken[side] || (t = turn_of(o, side, false)) == NULL)
        return 0;
    memcpy(o->bytes[side] + o->n[side], bytes, n);
    o->n[side] = (uint16_t)(o->n[side] + n);
    t->n += n;
    return n;
}

static bool keep_gap(const struct delivery *v, uint64_t n)
{
    struct opening *o = begun_opening(v);
    struct turn *t = o == NULL ? NULL : turn_of(o, v->side, true);

    if (t == NULL)
        return false;
    o->is_broken[v->side] = o->n[v->side] > 0;
    t->n += n;
    return true;
}

/* What was kept, in its order. */
static void tell_opening(const struct delivery *v)
{
    const struct opening *o;
    size_t at[2] = {0, 0};

    if (v->s->opening == SLAB_NONE)
        return;
    o = opening_of(v);
    for (unsigned i = 0; i < o->n_turns; i++) {
        const struct turn *t = &o->turns[i];

        if (t->is_gap) {
            tell_gap(v, t->side, t->n);
        } else {
            tell_data(v, t->side, o->bytes[t->side] + at[t->side], (size_t)t->n);
            at[t->side] += (size_t)t->n;
        }
    }
}

static void drop_opening(const struct delivery *v)
{
    if (v->s->opening != SLAB_NONE)
        slab_give(&v->ss->openings, v->s->opening);
    v->s->opening = SLAB_NONE;
}

/* ---- recognition ----------------------------------------------------------------- */

/* The opening; where there is none, the bytes at hand. */
static struct span first_bytes(const struct delivery *v, unsigned side,
                               struct span more)
{
    const struct opening *o;

    if (v->s->opening == SLAB_NONE)
        return side == v->side ? more : span_of(NULL, 0);
    o = opening_of(v);
    return span_of(o->bytes[side], o->n[side]);
}

static enum app_answer judge_as(const struct delivery *v, struct span more,
                                bool is_last, unsigned client, enum lw_app *app)
{
    const struct app_seen seen = {
        {first_bytes(v, client, more), first_bytes(v, 1 - client, more)},
        {v->s->port[client], v->s->port[1 - client]},
        is_last};

    return app_of_stream(&seen, app);
}

/* Where no SYN was seen, whoever speaks like a client is the client. */
static enum app_answer judge(const struct delivery *v, struct span more, bool is_last,
                             enum lw_app *app)
{
    enum app_answer a = judge_as(v, more, is_last, v->s->client, app);
    enum app_answer b;

    if (a == APP_YES || v->s->is_sure)
        return a;
    b = judge_as(v, more, is_last, 1U - v->s->client, app);
    if (b == APP_YES)
        v->s->client = 1 - v->s->client;
    return b > a ? b : a;
}

static uint32_t take_handshake(struct streams *ss)
{
    uint32_t ref = slab_take(&ss->handshakes);

    if (ref == SLAB_NONE)
        ss->counts.refused++;
    return ref;
}

static void begin_handshake(const struct delivery *v, enum lw_app app)
{
    if (!v->ss->reads_handshakes || (app != LW_APP_TLS && app != LW_APP_SSH))
        return;
    v->s->handshake = take_handshake(v->ss);
    if (v->s->handshake != SLAB_NONE)
        v->s->reads_handshake =
            handshake_begin(handshake_at(v->ss, v->s->handshake), app);
}

static void begin_tap(const struct delivery *v, enum lw_app app)
{
    const unsigned first = v->f->flags & FLOW_FIRST_SIDE ? 1 : 0;
    const unsigned client = v->s->client;
    const struct lw_stream_start start = {
        .port = {v->s->port[client], v->s->port[1 - client]},
        .whole = {has_start(v->slot, client), has_start(v->slot, 1 - client)},
        .orig = (uint8_t)(client ^ first)};

    if (v->ss->tap == NULL || !v->ss->tap->wants(app))
        return;
    v->s->state = slab_take(&v->ss->states);
    if (v->s->state == SLAB_NONE) {
        v->ss->counts.refused++;
        return;
    }
    memset(state_of(v), 0, v->ss->tap->state_bytes);
    v->ss->tap->begin(state_of(v), app, &start);
}

/* Whether anybody listens. */
static bool is_heard(const struct stream *s)
{
    return s->reads_handshake || s->state != SLAB_NONE;
}

/* Whoever wants the stream gets what was kept of it. */
static void settle(const struct delivery *v, enum lw_app app)
{
    v->s->settled = true;
    v->slot->app = (uint8_t)app;
    begin_handshake(v, app);
    begin_tap(v, app);
    if (is_heard(v->s))
        tell_opening(v);
    drop_opening(v);
}

/* ---- what comes in order --------------------------------------------------------- */

/* Bytes of a connection whose protocol is not known yet.  Returns how many of them were
 * kept, and perhaps told since. */
static size_t on_opening_data(const struct delivery *v, const uint8_t *bytes, size_t n)
{
    const bool is_first = v->s->opening == SLAB_NONE;
    enum app_answer answer = APP_MAYBE;
    enum lw_app app = LW_APP_UNKNOWN;
    size_t kept = 0;

    if (is_first)
        answer = judge(v, span_of(bytes, n), false, &app);
    if (answer == APP_MAYBE) {
        kept = keep_data(v, bytes, n);
        if (!is_first || kept < n)
            answer = judge(v, span_of(bytes, n), kept < n, &app);
    }
    if (answer != APP_MAYBE)
        settle(v, app);
    return kept;
}

static void on_data(void *ctx, const uint8_t *bytes, size_t n)
{
    const struct delivery *v = ctx;
    size_t kept = v->s->settled ? 0 : on_opening_data(v, bytes, n);

    if (v->s->settled && kept < n)
        tell_data(v, v->side, bytes + kept, n - kept);
}

static void on_gap(void *ctx, uint64_t n)
{
    const struct delivery *v = ctx;
    enum lw_app app = LW_APP_UNKNOWN;

    if (!v->s->settled) {
        if (keep_gap(v, n))
            return;
        (void)judge(v, span_of(NULL, 0), true, &app);
        settle(v, app);
    }
    tell_gap(v, v->side, n);
}

/* ---- a stream -------------------------------------------------------------------- */

static struct stream_out out_of(struct delivery *v)
{
    const struct stream *s = v->s;
    const bool deaf =
        s->settled && !s->reads_handshake && s->read[v->side] == v->ss->read_max;

    /* What lies beyond the limit need not be put in order. */
    return (struct stream_out){.data = on_data,
                               .gap = on_gap,
                               .ctx = v,
                               .pieces = &v->ss->pieces,
                               .pieces_max = deaf ? 0 : v->ss->pieces_max};
}

static void release_stream(const struct delivery *v)
{
    struct stream *s = v->s;
    const uint32_t handshake = s->handshake;

    drop_opening(v);
    for (unsigned side = 0; side < 2; side++) {
        v->ss->counts.delivered_bytes += s->side[side].delivered;
        v->ss->counts.missing_bytes += s->side[side].missing;
        v->ss->counts.repeated_bytes += s->side[side].repeated;
        stream_side_drop(&s->side[side], &v->ss->pieces);
    }
    if (s->state != SLAB_NONE)
        slab_give(&v->ss->states, s->state);
    if (handshake != SLAB_NONE)
        handshake_end(handshake_at(v->ss, handshake), &v->ss->hellos);
    slab_give(&v->ss->streams, v->slot->ref);
    v->slot->phase = handshake != SLAB_NONE ? SLOT_KEPT : SLOT_DONE;
    v->slot->ref = handshake;
}

/* Without room for a stream, the segment at hand is all there is to judge by. */
static void judge_alone(struct streams *ss, struct stream_slot *slot,
                        const struct flow *f, const struct decoded *d, unsigned from)
{
    unsigned client = flow_initiator(f);
    struct app_seen seen = {.port = {f->key.port[client], f->key.port[1 - client]},
                            .is_last = true};
    enum lw_app app = LW_APP_UNKNOWN;

    seen.said[from ^ client] = d->payload;
    (void)app_of_stream(&seen, &app);
    slot->app = (uint8_t)app;
    slot->phase = SLOT_DONE;
    ss->counts.refused++;
}

static bool begin_stream(struct streams *ss, struct stream_slot *slot,
                         const struct flow *f)
{
    const struct stream_out unused = {.pieces = &ss->pieces};
    struct stream *s;

    slot->ref = slab_take(&ss->streams);
    if (slot->ref == SLAB_NONE)
        return false;
    s = stream_at(ss, slot->ref);
    *s = (struct stream){.opening = SLAB_NONE,
                         .state = SLAB_NONE,
                         .handshake = SLAB_NONE,
                         .port = {f->key.port[0], f->key.port[1]},
                         .client = (uint8_t)flow_initiator(f),
                         .is_sure = (f->flags & FLOW_SYN_KNOWN) != 0};
    for (unsigned side = 0; side < 2; side++) {
        stream_side_init(&s->side[side]);
        if (has_start(slot, side))
            stream_side_syn(&s->side[side], slot->start[side], &unused);
    }
    slot->phase = SLOT_OPEN;
    ss->counts.begun++;
    return true;
}

/* First what it acknowledges: its sender had read that before it spoke. */
static void add_ack(struct delivery *v, unsigned from, uint32_t ack)
{
    struct stream_out out;

    v->side = 1 - from;
    out = out_of(v);
    stream_side_ack(&v->s->side[1 - from], ack, &out);
}

static void add_segment(struct delivery *v, const struct decoded *d, unsigned from)
{
    struct stream_side *side = &v->s->side[from];
    const uint32_t syn = (d->tcp_flags & LW_TCP_SYN) != 0;
    uint32_t wire = d->reassembled ? (uint32_t)d->payload.n : d->payload_bytes;
    struct stream_out out;

    if (d->tcp_flags & LW_TCP_RST)
        wire = 0; /* a reason in words (RFC 9293, 3.5.3), not part of the stream */
    else if (d->tcp_flags & LW_TCP_ACK)
        add_ack(v, from, d->tcp_ack);
    v->side = from;
    out = out_of(v);
    if (syn)
        stream_side_syn(side, d->tcp_seq, &out);
    if (wire > 0)
        stream_side_add(side, d->tcp_seq + syn, d->payload, wire, &out);
    if ((d->tcp_flags & (LW_TCP_FIN | LW_TCP_RST)) == LW_TCP_FIN)
        stream_side_fin(side, d->tcp_seq + syn + wire);
    if (v->s->settled && !is_heard(v->s))
        release_stream(v);
}

static void add_tcp(struct streams *ss, struct stream_slot *slot, const struct flow *f,
                    const struct decoded *d, unsigned from)
{
    struct delivery v = {ss, slot, NULL, f, from};

    if (slot->phase == SLOT_NEW) {
        if (d->tcp_flags & LW_TCP_SYN) {
            slot->start[from] = d->tcp_seq;
            slot->has_start |= (uint8_t)(1U << from);
        }
        if (d->payload_bytes == 0 || d->tcp_flags & LW_TCP_RST)
            return;
        if (!begin_stream(ss, slot, f)) {
            judge_alone(ss, slot, f, d, from);
            return;
        }
    }
    v.s = stream_at(ss, slot->ref);
    add_segment(&v, d, from);
}

/* ---- datagrams ------------------------------------------------------------------- */

/* One datagram could be anything that begins so; two of a source with numbers that
 * follow each other are RTP. */
static bool is_second_rtp(struct stream_slot *slot, struct span datagram, unsigned from)
{
    const unsigned shift = 16 * from;
    uint32_t source;
    uint16_t number;
    bool follows;

    if (!app_is_rtp(datagram, &source, &number))
        return false;
    follows = has_start(slot, from) && slot->start[from] == source &&
              (uint16_t)(number - 1) == (uint16_t)(slot->ref >> shift);
    slot->start[from] = source;
    slot->has_start |= (uint8_t)(1U << from);
    slot->ref = (slot->ref & ~(UINT32_C(0xffff) << shift)) | (uint32_t)number << shift;
    return follows;
}

/* Which protocol it is. */
static enum lw_app judge_datagram(struct stream_slot *slot, const struct flow *f,
                                  struct span datagram, unsigned from)
{
    const unsigned client = flow_initiator(f);
    struct app_seen seen = {.port = {f->key.port[client], f->key.port[1 - client]},
                            .is_last = true};
    enum lw_app app = LW_APP_UNKNOWN;

    seen.said[from ^ client] = datagram;
    if (app_of_datagram(&seen, &app) != APP_YES && is_second_rtp(slot, datagram, from))
        app = LW_APP_RTP;
    return app;
}

static bool begin_quic(struct streams *ss, struct stream_slot *slot)
{
    uint32_t ref;

    if (!ss->reads_handshakes)
        return false;
    ref = take_handshake(ss);
    if (ref == SLAB_NONE)
        return false;
    slot->ref = ref;
    return handshake_begin(handshake_at(ss, ref), LW_APP_QUIC);
}

static void add_udp(struct streams *ss, struct stream_slot *slot, const struct flow *f,
                    const struct decoded *d, unsigned from)
{
    if (d->payload.n == 0)
        return;
    slot->tried++;
    if (slot->phase == SLOT_NEW) {
        slot->app = (uint8_t)judge_datagram(slot, f, d->payload, from);
        if (slot->app == LW_APP_QUIC && begin_quic(ss, slot))
            slot->phase = SLOT_QUIC;
        else if (slot->app != LW_APP_UNKNOWN || slot->tried == DATAGRAMS_TRIED)
            slot->phase = SLOT_DONE;
    }
    if (slot->phase == SLOT_QUIC &&
        (!handshake_datagram(handshake_at(ss, slot->ref), from ^ flow_initiator(f),
                             d->payload) ||
         slot->tried == DATAGRAMS_TRIED))
        slot->phase = SLOT_KEPT;
}

/* ---- flows ----------------------------------------------------------------------- */

void streams_begin(struct streams *ss, const struct flow *f)
{
    struct stream_slot **chunk = &ss->chunks[f->index >> FLOW_CHUNK_SHIFT];
    struct stream_slot *slot;

    /* Zero is SLOT_NEW: good for a flow that had to do without memory so far. */
    if (*chunk == NULL)
        *chunk = mem_zalloc(FLOW_CHUNK, sizeof **chunk);
    slot = slot_of(ss, f);
    if (slot != NULL)
        *slot = (struct stream_slot){.phase = SLOT_NEW};
}

void streams_add(struct streams *ss, struct flow *f, const struct decoded *d,
                 unsigned from)
{
    struct stream_slot *slot = slot_of(ss, f);

    if (slot == NULL || slot->phase >= SLOT_KEPT) {
        f->timer_class |= FLOW_UNHEARD;
        return;
    }
    if (d->is_fragment ? !d->reassembled : d->layer != DECODE_TRANSPORT)
        return;
    if (flow_kind(f) == LW_FLOW_TCP)
        add_tcp(ss, slot, f, d, from);
    else if (flow_kind(f) == LW_FLOW_UDP)
        add_udp(ss, slot, f, d, from);
    if (slot->phase >= SLOT_KEPT)
        f->timer_class |= FLOW_UNHEARD;
}

void streams_end(struct streams *ss, const struct flow *f)
{
    struct stream_slot *slot = slot_of(ss, f);
    struct delivery v = {ss, slot, NULL, f, 0};
    enum lw_app app = LW_APP_UNKNOWN;

    if (slot == NULL || slot->phase != SLOT_OPEN)
        return;
    v.s = stream_at(ss, slot->ref);
    for (unsigned side = 0; side < 2; side++) {
        struct stream_out out;

        v.side = side;
        out = out_of(&v);
        stream_side_end(&v.s->side[side], &out);
    }
    if (!v.s->settled) {
        (void)judge(&v, span_of(NULL, 0), true, &app);
        settle(&v, app);
    }
    tell_end(&v);
}

/* Of the flow's handshake; SLAB_NONE: there is none. */
static uint32_t handshake_of(const struct streams *ss, const struct stream_slot *slot)
{
    if (slot->phase == SLOT_OPEN)
        return stream_at(ss, slot->ref)->handshake;
    return slot->phase == SLOT_QUIC || slot->phase == SLOT_KEPT ? slot->ref : SLAB_NONE;
}

void streams_report(const struct streams *ss, const struct flow *f,
                    struct lw_record *rec)
{
    const struct stream_slot *slot = slot_of(ss, f);
    uint32_t handshake;

    if (slot == NULL)
        return;
    rec->app = (enum lw_app)slot->app;
    if (slot->phase == SLOT_OPEN && stream_at(ss, slot->ref)->state != SLAB_NONE)
        rec->tapped = slab_at(&ss->states, stream_at(ss, slot->ref)->state);
    handshake = handshake_of(ss, slot);
    if (handshake != SLAB_NONE)
        rec->handshake = &handshake_at(ss, handshake)->facts;
}

void streams_forget(struct streams *ss, const struct flow *f)
{
    struct stream_slot *slot = slot_of(ss, f);
    struct delivery v = {ss, slot, NULL, f, 0};

    if (slot == NULL)
        return;
    if (slot->phase == SLOT_OPEN) {
        v.s = stream_at(ss, slot->ref);
        release_stream(&v);
    }
    if (slot->phase == SLOT_QUIC || slot->phase == SLOT_KEPT)
        slab_give(&ss->handshakes, slot->ref);
    slot->phase = SLOT_DONE;
}

/* ---- all of them ----------------------------------------------------------------- */

static uint32_t or_default(uint32_t configured, uint32_t otherwise)
{
    return configured != 0 ? configured : otherwise;
}

bool streams_init(struct streams *ss, uint32_t max_flows,
                  const struct lw_meter_config *cfg)
{
    const uint32_t n = (max_flows + FLOW_CHUNK - 1) >> FLOW_CHUNK_SHIFT;
    const uint32_t held = or_default(cfg->stream_held_bytes, HELD_DEFAULT);
    const uint32_t pool = or_default(cfg->stream_pool_bytes, POOL_DEFAULT);
    uint32_t max = or_default(cfg->stream_flows, STREAMS_DEFAULT);

    if (max > max_flows)
        max = max_flows;
    *ss = (struct streams){.chunks = mem_zalloc(n, sizeof(struct stream_slot *)),
                           .tap = cfg->tap,
                           .read_max = or_default(cfg->stream_bytes, READ_DEFAULT),
                           .pieces_max = (held + PIECE_BYTES - 1) / PIECE_BYTES};
    if (ss->chunks == NULL || !slab_init(&ss->streams, max, sizeof(struct stream)) ||
        !slab_init(&ss->pieces, pool / sizeof(struct stream_piece),
                   sizeof(struct stream_piece)) ||
        !slab_init(&ss->openings, max < OPENINGS_MAX ? max : OPENINGS_MAX,
                   sizeof(struct opening)) ||
        (ss->tap != NULL && !slab_init(&ss->states, max, ss->tap->state_bytes)))
        return false;
    if (cfg->handshakes && (!slab_init(&ss->handshakes, HANDSHAKES_FACTOR * max,
                                       sizeof(struct handshake)) ||
                            !slab_init(&ss->hellos, max < HELLOS_MAX ? max : HELLOS_MAX,
                                       sizeof(struct hello))))
        return false;
    ss->reads_handshakes = cfg->handshakes;
    ss->n_chunks = n;
    return true;
}

void streams_release(struct streams *ss)
{
    for (uint32_t i = 0; i < ss->n_chunks; i++)
        mem_free(ss->chunks[i]);
    mem_free(ss->chunks);
    slab_release(&ss->streams);
    slab_release(&ss->pieces);
    slab_release(&ss->openings);
    slab_release(&ss->states);
    slab_release(&ss->handshakes);
    slab_release(&ss->hellos);
    *ss = (struct streams){.chunks = NULL};
}
