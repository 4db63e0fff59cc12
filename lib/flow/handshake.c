/* SPDX-License-Identifier: Apache-2.0 */
#include "handshake_priv.h"

#include <string.h>

bool handshake_begin(struct handshake *h, enum lw_app app)
{
    memset(h, 0, sizeof *h);
    h->facts.app = app;
    h->side[0].hello = SLAB_NONE;
    h->side[1].hello = SLAB_NONE;
    if (app == LW_APP_TLS)
        tls_begin(&h->facts.tls);
    else if (app == LW_APP_SSH)
        ssh_begin(&h->facts.ssh);
    else if (app == LW_APP_QUIC)
        quic_begin(&h->facts.quic);
    else
        return false;
    return true;
}

static bool wants_more(const struct handshake *h)
{
    return !h->side[0].is_done || !h->side[1].is_done;
}

bool handshake_data(struct handshake *h, unsigned from, struct span bytes,
                    struct slab *hellos)
{
    if (!h->side[from].is_done) {
        if (h->facts.app == LW_APP_TLS)
            tls_data(h, from, bytes, hellos);
        else
            ssh_data(h, from, bytes, hellos);
    }
    return wants_more(h);
}

bool handshake_gap(struct handshake *h, unsigned from, struct slab *hellos)
{
    handshake_side_end(&h->side[from], hellos);
    return wants_more(h);
}

bool handshake_datagram(struct handshake *h, unsigned from, struct span datagram)
{
    if (!h->side[from].is_done)
        quic_datagram(h, from, datagram);
    return wants_more(h);
}

void handshake_end(struct handshake *h, struct slab *hellos)
{
    handshake_side_end(&h->side[0], hellos);
    handshake_side_end(&h->side[1], hellos);
}

/* ---- what the readers share -------------------------------------------------------
 */

bool handshake_take_head(struct span *s, uint8_t *head, uint8_t *n, size_t want)
{
    struct span part;

    (void)span_take(s, s->n < want - *n ? s->n : want - *n, &part);
    (void)span_copy(part, 0, head + *n, part.n);
    *n = (uint8_t)(*n + part.n);
    return *n == want;
}

static void drop_hello(struct handshake_side *side, struct slab *hellos)
{
    if (side->hello != SLAB_NONE)
        slab_give(hellos, side->hello);
    side->hello = SLAB_NONE;
    side->n_gathered = 0;
}

/* Without room for it, the message is empty: nothing of it is known. */
static void keep_part(struct handshake_side *side, struct span part,
                      struct slab *hellos)
{
    size_t n = HELLO_MAX - side->n_gathered;
    struct hello *hello;

    if (side->hello == SLAB_NONE)
        return;
    hello = slab_at(hellos, side->hello);
    if (n > part.n)
        n = part.n;
    (void)span_copy(part, 0, hello->bytes + side->n_gathered, n);
    side->n_gathered += (uint32_t)n;
}

bool handshake_gather(struct handshake_side *side, struct span *s, struct span *whole,
                      struct slab *hellos)
{
    const bool is_first = side->message_left == side->message_bytes;
    struct span part;

    (void)span_take(s, s->n < side->message_left ? s->n : side->message_left, &part);
    side->message_left -= (uint32_t)part.n;
    if (is_first && side->message_left == 0) {
        *whole = span_first(part, HELLO_MAX);
        return true;
    }
    if (is_first) {
        drop_hello(side, hellos);
        side->hello = slab_take(hellos);
    }
    keep_part(side, part, hellos);
    if (side->message_left > 0)
        return false;
    *whole = side->hello == SLAB_NONE
                 ? span_of(NULL, 0)
                 : span_of(((struct hello *)slab_at(hellos, side->hello))->bytes,
                           side->n_gathered);
    return true;
}

void handshake_side_end(struct handshake_side *side, struct slab *hellos)
{
    side->is_done = true;
    if (side->hello != SLAB_NONE)
        drop_hello(side, hellos);
}

bool handshake_take_list(struct span *s, unsigned width, struct span *out)
{
    struct span rest = *s;
    size_t n = 0;

    for (unsigned i = 0; i < width; i++) {
        uint8_t byte;

        if (!span_take_u8(&rest, &byte))
            return false;
        n = n << 8 | byte;
    }
    if (!span_take(&rest, n, out))
        return false;
    *s = rest;
    return true;
}
