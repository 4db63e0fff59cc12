/* SPDX-License-Identifier: Apache-2.0 */
#include "mutate_packets.h"

#include "edit_packet.h"

#include <string.h>

enum { FRAGMENTS_MAX = 6, CROSSED_MAX = 12, SUMS_RIGHT_OF_8 = 7 };

/* Too large for a stack. */
static struct sequence sequences[2];

/* What a change works with; there is at least one packet. */
struct change {
    struct sequence *s;
    size_t i; /* the packet that is to change */
    uint32_t link_type;
    struct rng *r;
    mutate_bytes_fn bytes; /* NULL: none */
};

static struct packet *chosen(const struct change *c)
{
    return c->s->at[c->i];
}

/* Most of what is changed by field is what a sender could have sent. */
static void mend(struct packet *p, const struct change *c)
{
    if (rng_below(c->r, 8) < SUMS_RIGHT_OF_8)
        edit_checksums(p, c->link_type);
}

/* ---- the sequence --------------------------------------------------------------- */

static void duplicate(const struct change *c)
{
    (void)sequence_copy(c->s, (size_t)rng_below(c->r, c->s->n + 1), chosen(c));
}

static void drop(const struct change *c)
{
    size_t n = 1 + (rng_below(c->r, 4) == 0 ? (size_t)rng_below(c->r, c->s->n) : 0);

    while (n-- > 0 && c->s->n > c->i && c->s->n > 1)
        sequence_remove(c->s, c->i);
}

static void exchange(const struct change *c)
{
    const size_t j = rng_below(c->r, 2) == 0 ? (c->i + 1) % c->s->n
                                             : (size_t)rng_below(c->r, c->s->n);
    struct packet *p = chosen(c);

    c->s->at[c->i] = c->s->at[j];
    c->s->at[j] = p;
}

static void reverse(const struct change *c)
{
    edit_reverse(chosen(c), c->link_type);
    mend(chosen(c), c);
}

static void reverse_all(const struct change *c)
{
    for (size_t i = 0; i < c->s->n; i++)
        edit_reverse(c->s->at[i], c->link_type);
}

/* The same back, soon after. */
static void answer(const struct change *c)
{
    struct packet *p = sequence_copy(c->s, c->i + 1, chosen(c));

    if (p == NULL)
        return;
    p->step = (uint8_t)rng_below(c->r, 32);
    edit_reverse(p, c->link_type);
    edit_tcp(p, c->link_type, c->r);
    mend(p, c);
}

/* The whole again, at once or after a long time. */
static void repeat(const struct change *c)
{
    const size_t n = c->s->n;

    for (size_t i = 0; i < n; i++) {
        struct packet *p = sequence_copy(c->s, c->s->n, c->s->at[i]);

        if (p == NULL)
            return;
        if (i == 0)
            p->step = (uint8_t)rng_below(c->r, 256);
    }
}

static void retime(const struct change *c)
{
    chosen(c)->step = (uint8_t)rng_below(c->r, 256);
}

static void retime_all(const struct change *c)
{
    const uint8_t step = (uint8_t)rng_below(c->r, 256);

    for (size_t i = 0; i < c->s->n; i++)
        c->s->at[i]->step = step;
}

/* ---- one packet ----------------------------------------------------------------- */

static void endpoint(const struct change *c)
{
    edit_endpoint(chosen(c), c->link_type, c->r);
    mend(chosen(c), c);
}

/* The same change to all makes another flow, or moves its service. */
static void endpoint_of_all(const struct change *c)
{
    const uint64_t seed = rng_next(c->r);

    for (size_t i = 0; i < c->s->n; i++) {
        struct rng r;

        rng_init(&r, seed);
        edit_endpoint(c->s->at[i], c->link_type, &r);
        edit_checksums(c->s->at[i], c->link_type);
    }
}

static void tcp(const struct change *c)
{
    edit_tcp(chosen(c), c->link_type, c->r);
    mend(chosen(c), c);
}

static void length(const struct change *c)
{
    edit_length(chosen(c), c->link_type, c->r);
    mend(chosen(c), c);
}

static void size(const struct change *c)
{
    edit_size(chosen(c), c->r);
}

static void checksums(const struct change *c)
{
    struct packet *p = chosen(c);

    edit_checksums(p, c->link_type);
    if (rng_below(c->r, 2) == 0 && p->n > 0)
        p->bytes[rng_below(c->r, p->n)] ^= 1;
}

static void bytes(const struct change *c)
{
    struct packet *p = chosen(c);

    if (c->bytes == NULL || p->n == 0)
        return;
    p->n = c->bytes(p->bytes, p->n, sizeof p->bytes);
    if (rng_below(c->r, 2) == 0)
        edit_checksums(p, c->link_type);
}

/* ---- tunnels and fragments ------------------------------------------------------ */

static void encapsulate(const struct change *c)
{
    edit_encapsulate(chosen(c), c->link_type,
                     (enum encapsulation)rng_below(c->r, N_ENCAPSULATIONS),
                     (uint8_t)rng_below(c->r, 3));
    mend(chosen(c), c);
}

/* From the chosen one on: a tunnel of many packets. */
static void encapsulate_all(const struct change *c)
{
    const enum encapsulation how =
        (enum encapsulation)rng_below(c->r, N_ENCAPSULATIONS);
    const uint8_t which = (uint8_t)rng_below(c->r, 16);

    for (size_t i = c->i; i < c->s->n; i++) {
        edit_encapsulate(c->s->at[i], c->link_type, how, which);
        edit_checksums(c->s->at[i], c->link_type);
    }
}

/* Pieces in place of the packet, some of them overlapping, missing or out of order. */
static void fragment(const struct change *c)
{
    static struct packet whole;
    const struct packet *p = chosen(c);
    const size_t n = edit_fragmentable(p, c->link_type);
    const size_t piece = 8 * (1 + (size_t)rng_below(c->r, n / 8 + 1));
    const uint16_t id = (uint16_t)rng_below(c->r, 4);
    size_t at = 0;

    if (n == 0)
        return;
    whole.step = p->step;
    whole.n = p->n;
    memcpy(whole.bytes, p->bytes, p->n);
    sequence_remove(c->s, c->i);
    for (unsigned k = 0; k < FRAGMENTS_MAX && at < n; k++) {
        size_t place = rng_below(c->r, 4) == 0 ? c->i : c->i + k;
        struct packet *q;

        q = sequence_insert(c->s, place < c->s->n ? place : c->s->n);
        if (q == NULL)
            return;
        (void)edit_fragment(&whole, c->link_type, at, piece, id, q);
        edit_checksums(q, c->link_type);
        if (k > 0)
            q->step = (uint8_t)rng_below(c->r, 24);
        at += rng_below(c->r, 8) == 0 && piece > 8 ? piece - 8 : piece;
    }
}

/* ---- which ---------------------------------------------------------------------- */

static const struct {
    void (*make)(const struct change *c);
    uint8_t weight;
} changes[] = {
    {duplicate, 3},       {drop, 4},
    {exchange, 3},        {reverse, 3},
    {reverse_all, 1},     {answer, 4},
    {repeat, 1},          {retime, 4},
    {retime_all, 1},      {endpoint, 3},
    {endpoint_of_all, 2}, {tcp, 8},
    {length, 3},          {size, 3},
    {checksums, 1},       {bytes, 10},
    {encapsulate, 2},     {encapsulate_all, 2},
    {fragment, 4},
};

enum { N_CHANGES = sizeof changes / sizeof changes[0] };

static unsigned sum_of_weights(void)
{
    unsigned sum = 0;

    for (size_t i = 0; i < N_CHANGES; i++)
        sum += changes[i].weight;
    return sum;
}

static void change_one(struct sequence *s, struct rng *r, mutate_bytes_fn fn)
{
    uint64_t pick = rng_below(r, sum_of_weights());
    struct change c = {.s = s, .link_type = sequence_link_type(s->head), .r = r};
    size_t k = 0;

    if (s->n == 0)
        return;
    c.bytes = fn;
    c.i = (size_t)rng_below(r, s->n);
    while (pick >= changes[k].weight)
        pick -= changes[k++].weight;
    changes[k].make(&c);
}

/* A bit of the options, the table's size or which allocation fails.  The link type
 * stays as it is most of the time: the packets are for it. */
static void change_head(uint8_t head[SEQUENCE_HEAD], struct rng *r)
{
    switch (rng_below(r, 8)) {
    case 0:
        head[0] = (uint8_t)(rng_below(r, 2) == 0 ? rng_below(r, 4) : rng_below(r, 256));
        break;
    case 1:
        head[3] = (uint8_t)rng_below(r, 256);
        break;
    case 2:
        head[3] = 0;
        break;
    case 3:
        head[2] ^= (uint8_t)(1U << rng_below(r, 8));
        break;
    case 4:
        head[2] ^= (uint8_t)(8U << rng_below(r, 5));
        break;
    default:
        head[1] ^= (uint8_t)(1U << rng_below(r, 8));
    }
}

size_t mutate_packets(uint8_t *data, size_t n, size_t max, unsigned seed,
                      mutate_bytes_fn fn)
{
    struct sequence *s = &sequences[0];
    struct rng r;

    if (max < SEQUENCE_HEAD)
        return n <= max ? n : 0;
    rng_init(&r, seed);
    sequence_read(s, data, n);
    if (rng_below(&r, 8) == 0)
        change_head(s->head, &r);
    for (uint64_t k = 1 + rng_below(&r, 4); k > 0; k--)
        change_one(s, &r, fn);
    return sequence_write(s, data, max);
}

/* Some packets of the other, one after the other or by turns: whole ones would make
 * every input as long as it may be. */
static void cross(struct sequence *a, const struct sequence *b, struct rng *r)
{
    const bool by_turns = rng_below(r, 2) == 0;
    const size_t first = b->n > 0 ? (size_t)rng_below(r, b->n) : 0;
    const size_t last = first + 1 + (size_t)rng_below(r, CROSSED_MAX);
    size_t at = by_turns ? (size_t)rng_below(r, a->n + 1) : a->n;

    for (size_t i = first; i < b->n && i < last; i++) {
        if (sequence_copy(a, at < a->n ? at : a->n, b->at[i]) == NULL)
            return;
        at += by_turns ? 1 + (size_t)rng_below(r, 2) : 1;
    }
}

size_t mutate_packets_cross(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
                            uint8_t *out, size_t max, unsigned seed)
{
    struct rng r;

    if (max < SEQUENCE_HEAD)
        return 0;
    rng_init(&r, seed);
    sequence_read(&sequences[0], a, n_a);
    sequence_read(&sequences[1], b, n_b);
    while (sequences[0].n > 1 && rng_below(&r, 2) == 0)
        sequence_remove(&sequences[0], sequences[0].n - 1);
    cross(&sequences[0], &sequences[1], &r);
    return sequence_write(&sequences[0], out, max);
}
