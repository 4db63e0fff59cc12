/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One side's segments in order.
 *
 *                 next              first piece       second piece
 *      handed on   |      hole      [ bytes )( lost )  hole  [ bytes )
 *     -------------+----------------+---------------------------------> seq
 *
 * Pieces neither touch `next` nor overlap each other.  A segment that lies in order is
 * handed on up to the first piece, then that piece, then what of the segment lies
 * behind it: so that what came first counts, wherever the bytes lie.
 *
 * Sequence numbers wrap: everything is compared by signed distance.  A segment further
 * than AHEAD_MAX ahead cannot be in a window (2^30 bytes, RFC 7323, 2.2) and is taken
 * for a stray.
 *
 * A list of at most some hundred pieces was preferred to a tree: holes are few, and
 * most segments behind one belong at its end.
 */
#include "stream_side.h"

#include "base/assert.h"

#include <string.h>

#define AHEAD_MAX (INT32_C(1) << 30)

/* A SYN may come after what it opens: so many bytes, an unscaled window. */
enum { LATE_MAX = 65535 };

static int32_t distance(uint32_t from, uint32_t to)
{
    return (int32_t)(to - from);
}

static struct stream_piece *piece_at(const struct stream_out *out, uint32_t index)
{
    return slab_at(out->pieces, index);
}

static uint32_t piece_end(const struct stream_piece *p)
{
    return p->seq + p->n + p->lost;
}

/* ---- handing on ------------------------------------------------------------------ */

static void hand_on(struct stream_side *s, const uint8_t *bytes, size_t n,
                    const struct stream_out *out)
{
    if (n == 0)
        return;
    s->next += (uint32_t)n;
    s->delivered += n;
    out->data(out->ctx, bytes, n);
}

static void leave_out(struct stream_side *s, uint32_t n, const struct stream_out *out)
{
    if (n == 0)
        return;
    s->next += n;
    s->missing += n;
    out->gap(out->ctx, n);
}

/* Hand on the pieces that lie in order now. */
static void hand_on_pieces(struct stream_side *s, const struct stream_out *out)
{
    while (s->first != SLAB_NONE) {
        struct stream_piece *p = piece_at(out, s->first);
        uint32_t index = s->first;

        if (p->seq != s->next)
            return;
        s->first = p->next;
        if (s->first == SLAB_NONE)
            s->last = SLAB_NONE;
        s->n_pieces--;
        hand_on(s, p->bytes, p->n, out);
        leave_out(s, p->lost, out);
        slab_give(out->pieces, index);
    }
}

/* The hole before the first piece stays one. */
static void give_up_hole(struct stream_side *s, const struct stream_out *out)
{
    leave_out(s, piece_at(out, s->first)->seq - s->next, out);
    hand_on_pieces(s, out);
}

/* The peer has what lies in the hole: it was lost on the way to us only. */
static bool hole_is_acked(const struct stream_side *s, const struct stream_out *out)
{
    return s->has_ack && s->first != SLAB_NONE &&
           distance(piece_at(out, s->first)->seq, s->acked) >= 0;
}

static void give_up_acked(struct stream_side *s, const struct stream_out *out)
{
    while (hole_is_acked(s, out))
        give_up_hole(s, out);
}

/* ---- holding --------------------------------------------------------------------- */

/* A part of a segment. */
struct part {
    uint32_t seq;
    struct span captured;
    uint32_t wire;
};

static struct part part_from(struct part p, uint32_t n)
{
    return (struct part){p.seq + n, span_from(p.captured, n), p.wire - n};
}

static struct part part_first(struct part p, uint32_t n)
{
    if (n > p.wire)
        n = p.wire;
    return (struct part){p.seq, span_first(p.captured, n), n};
}

/* An empty piece at `seq`, behind piece `before` (SLAB_NONE: in front).  SLAB_NONE:
 * there is no room. */
static uint32_t new_piece(struct stream_side *s, uint32_t before, uint32_t seq,
                          const struct stream_out *out)
{
    uint32_t *link = before == SLAB_NONE ? &s->first : &piece_at(out, before)->next;
    uint32_t index = SLAB_NONE;
    struct stream_piece *p;

    if (s->n_pieces < out->pieces_max)
        index = slab_take(out->pieces);
    if (index == SLAB_NONE)
        return SLAB_NONE;
    p = piece_at(out, index);
    p->next = *link;
    p->seq = seq;
    p->n = 0;
    p->lost = 0;
    *link = index;
    if (p->next == SLAB_NONE)
        s->last = index;
    s->n_pieces++;
    return index;
}

static bool has_room(const struct stream_piece *p, uint32_t seq)
{
    return p->seq + p->n == seq && p->lost == 0 && p->n < PIECE_BYTES;
}

/* Put a part that overlaps no piece behind piece `before` (SLAB_NONE: in front): into
 * that piece, as far as it ends there and has room, and into new ones.  Returns how
 * much of the part is held: less than all when there is no more room. */
static uint32_t insert(struct stream_side *s, uint32_t before, struct part p,
                       const struct stream_out *out)
{
    const uint32_t all = p.wire;

    while (p.wire > 0) {
        uint32_t n = (uint32_t)p.captured.n;
        struct stream_piece *b;

        if (before == SLAB_NONE || !has_room(piece_at(out, before), p.seq))
            before = new_piece(s, before, p.seq, out);
        if (before == SLAB_NONE)
            break;
        b = piece_at(out, before);
        if (n > PIECE_BYTES - b->n)
            n = PIECE_BYTES - b->n;
        (void)span_copy(p.captured, 0, b->bytes + b->n, n);
        b->n += n;
        p = part_from(p, n);
        if (p.captured.n == 0) {
            b->lost = p.wire;
            p.wire = 0;
        }
    }
    return all - p.wire;
}

/* Leave out what of a part the piece has already. */
static void step_over(struct stream_side *s, const struct stream_piece *piece,
                      struct part *p)
{
    int32_t covered = distance(p->seq, piece_end(piece));
    uint32_t n = covered < 0 ? 0 : (uint32_t)covered;

    if (n > p->wire)
        n = p->wire;
    s->repeated += n;
    *p = part_from(*p, n);
}

/* Hold what no piece has of a part that lies ahead.  False: there is no room for all of
 * it; *p is what is left. */
static bool hold(struct stream_side *s, struct part *p, const struct stream_out *out)
{
    uint32_t before = SLAB_NONE;
    uint32_t at = s->first;

    if (s->last != SLAB_NONE &&
        distance(piece_end(piece_at(out, s->last)), p->seq) >= 0) {
        before = s->last;
        at = SLAB_NONE;
    }
    while (p->wire > 0) {
        int32_t ahead =
            at == SLAB_NONE ? INT32_MAX : distance(p->seq, piece_at(out, at)->seq);

        if (ahead > 0) {
            struct part fits = part_first(*p, (uint32_t)ahead);
            uint32_t n = insert(s, before, fits, out);

            *p = part_from(*p, n);
            if (n < fits.wire)
                return false;
        }
        if (at == SLAB_NONE)
            break;
        step_over(s, piece_at(out, at), p);
        before = at;
        at = piece_at(out, at)->next;
    }
    return true;
}

/* ---- segments -------------------------------------------------------------------- */

/* A part that begins at `next`, and the pieces that it reaches. */
static void add_in_order(struct stream_side *s, struct part p,
                         const struct stream_out *out)
{
    while (p.wire > 0) {
        uint32_t room = p.wire;
        uint32_t covered;

        if (s->first != SLAB_NONE)
            room = piece_at(out, s->first)->seq - s->next;
        if (room > p.wire)
            room = p.wire;
        hand_on(s, p.captured.p, p.captured.n < room ? p.captured.n : room, out);
        leave_out(s, p.seq + room - s->next, out);
        p = part_from(p, room);
        hand_on_pieces(s, out);
        covered = s->next - p.seq;
        if (covered > p.wire)
            covered = p.wire;
        s->repeated += covered;
        p = part_from(p, covered);
    }
}

/* What of a part lies behind what was handed on. */
static struct part trim(struct stream_side *s, struct part p)
{
    int32_t old = distance(p.seq, s->next);
    uint32_t n = old <= 0 ? 0 : (uint32_t)old;

    if (n > p.wire)
        n = p.wire;
    s->repeated += n;
    return part_from(p, n);
}

void stream_side_init(struct stream_side *s)
{
    *s = (struct stream_side){.first = SLAB_NONE, .last = SLAB_NONE};
}

void stream_side_syn(struct stream_side *s, uint32_t seq, const struct stream_out *out)
{
    const int32_t behind = distance(seq + 1, s->next);

    if (s->started && behind >= 0 &&
        (uint32_t)behind <= s->delivered + s->missing + LATE_MAX)
        return; /* the same once more, or late */
    stream_side_end(s, out);
    s->started = true;
    s->next = seq + 1;
    s->has_ack = false;
    s->has_fin = false;
    s->is_over = false;
}

void stream_side_add(struct stream_side *s, uint32_t seq, struct span captured,
                     uint32_t wire_bytes, const struct stream_out *out)
{
    struct part p = {seq, span_first(captured, wire_bytes), wire_bytes};

    if (!s->started) {
        s->started = true;
        s->next = seq;
    }
    if (wire_bytes > (uint32_t)AHEAD_MAX || distance(s->next, seq) > AHEAD_MAX)
        return;
    for (;;) {
        p = trim(s, p);
        if (p.wire == 0 || s->is_over)
            return;
        if (p.seq == s->next) {
            add_in_order(s, p, out);
            break;
        }
        /* Nothing to wait for: no need to hold it. */
        if (s->first == SLAB_NONE && s->has_ack && distance(p.seq, s->acked) >= 0) {
            leave_out(s, p.seq - s->next, out);
            continue;
        }
        if (hold(s, &p, out)) {
            give_up_acked(s, out);
            break;
        }
        if (s->first != SLAB_NONE)
            give_up_hole(s, out);
        else
            leave_out(s, p.seq - s->next, out);
    }
    s->is_over = s->has_fin && s->next == s->fin;
}

void stream_side_fin(struct stream_side *s, uint32_t seq)
{
    if (!s->started) {
        s->started = true;
        s->next = seq;
    }
    if (s->has_fin || distance(s->next, seq) < 0 || distance(s->next, seq) > AHEAD_MAX)
        return;
    s->has_fin = true;
    s->fin = seq;
    s->is_over = s->next == seq;
}

void stream_side_ack(struct stream_side *s, uint32_t ack, const struct stream_out *out)
{
    if ((s->has_ack && distance(s->acked, ack) <= 0) ||
        (s->started && distance(s->next, ack) > AHEAD_MAX))
        return;
    s->has_ack = true;
    s->acked = ack;
    give_up_acked(s, out);
    s->is_over = s->has_fin && s->next == s->fin;
}

void stream_side_end(struct stream_side *s, const struct stream_out *out)
{
    while (s->first != SLAB_NONE)
        give_up_hole(s, out);
    if (s->has_fin && distance(s->next, s->fin) > 0)
        leave_out(s, s->fin - s->next, out);
}

void stream_side_drop(struct stream_side *s, struct slab *pieces)
{
    while (s->first != SLAB_NONE) {
        uint32_t next = ((struct stream_piece *)slab_at(pieces, s->first))->next;

        slab_give(pieces, s->first);
        s->first = next;
    }
    s->last = SLAB_NONE;
    s->n_pieces = 0;
}
