/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First bytes of conversations, for whoever judges which protocol it is and for the
 * readers of handshakes.
 *
 *     0  bits 0 and 1: TLS, SSH, QUIC, or nothing but which protocol it is
 *     1  the server's port, little-endian
 *     3  pieces, each: bit 0 of the first byte: who speaks; bits 1 to 7 and the second
 *        byte: how many bytes (0: a gap); the bytes
 *
 * The same bytes one by one give the same facts: how a stream was cut into segments
 * does not show.  What is read was there.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "flow/app.h"
#include "flow/handshake.h"
#include "fuzz.h"

#include <string.h>

enum { HELLOS = 2, SAID_MAX = 4096 };

struct piece {
    unsigned from;
    struct span bytes; /* empty: a gap */
};

static bool take_piece(struct span *in, struct piece *out)
{
    uint8_t first;
    uint8_t second;

    if (!span_take_u8(in, &first) || !span_take_u8(in, &second))
        return false;
    out->from = first & 1;
    return span_take(in, (size_t)(first >> 1) << 8 | second, &out->bytes);
}

/* ---- handshakes ------------------------------------------------------------------ */

static bool starved; /* an allocation failed: not all was told */

/* In memory of its own that is gone after the call: reading past its end, or later, is
 * found. */
static bool tell(struct handshake *h, const struct piece *p, struct slab *hellos)
{
    uint8_t *own = mem_dup(p->bytes.p, p->bytes.n);
    bool wants = true;

    if (own == NULL) {
        starved = true;
        return true;
    }
    if (h->facts.app == LW_APP_QUIC)
        wants = handshake_datagram(h, p->from, span_of(own, p->bytes.n));
    else if (p->bytes.n == 0)
        wants = handshake_gap(h, p->from, hellos);
    else
        wants = handshake_data(h, p->from, span_of(own, p->bytes.n), hellos);
    mem_free(own);
    return wants;
}

static void check_tls(const struct lw_tls_facts *f)
{
    LW_ASSERT(memchr(f->alpn, '\0', sizeof f->alpn) != NULL);
    LW_ASSERT(f->server_name_bytes <= HELLO_MAX && f->n_alpn <= HELLO_MAX);
    LW_ASSERT(f->n_ciphers <= 65535 / 2 && f->n_extensions <= HELLO_MAX / 4);
    LW_ASSERT(f->n_extensions == LW_NOT_SEEN || f->n_ciphers != LW_NOT_SEEN);
    LW_ASSERT(f->n_extensions == LW_NOT_SEEN || f->server_name_bytes != LW_NOT_SEEN);
    LW_ASSERT(f->is_resumed <= 1 && f->offers_resumption <= 1 && f->has_grease <= 1);
    LW_ASSERT(f->certificate_bytes < 1 << 24);
}

/* All that will ever be needed. */
static bool make_room(struct slab *hellos)
{
    uint32_t first = SLAB_NONE;

    if (slab_init(hellos, HELLOS, sizeof(struct hello)))
        first = slab_take(hellos);
    if (first == SLAB_NONE) {
        slab_release(hellos);
        return false;
    }
    slab_give(hellos, first);
    return true;
}

static void read_pieces(struct span in, enum lw_app app, bool one_by_one,
                        struct lw_handshake *out)
{
    struct handshake h;
    struct slab hellos;
    struct piece p;
    bool wants = true;

    LW_ASSERT(handshake_begin(&h, app));
    if (!make_room(&hellos)) {
        starved = true;
        return;
    }
    while (wants && take_piece(&in, &p)) {
        size_t n = one_by_one && p.bytes.n > 0 ? p.bytes.n : 1;

        for (size_t i = 0; i < n; i++) {
            const struct piece part = {
                p.from, n == 1 ? p.bytes : span_first(span_from(p.bytes, i), 1)};

            wants = tell(&h, &part, &hellos);
        }
    }
    handshake_end(&h, &hellos);
    LW_ASSERT(hellos.n_used == 0);
    if (app == LW_APP_TLS)
        check_tls(&h.facts.tls);
    *out = h.facts;
    slab_release(&hellos);
}

/* ---- protocols ------------------------------------------------------------------- */

/* What each side says, all of it in one place. */
struct said {
    uint8_t bytes[2][SAID_MAX];
    size_t n[2];
};

static void read_all(struct span in, struct said *out)
{
    struct piece p;

    while (take_piece(&in, &p)) {
        size_t room = SAID_MAX - out->n[p.from];
        size_t n = p.bytes.n < room ? p.bytes.n : room;

        (void)span_copy(p.bytes, 0, out->bytes[p.from] + out->n[p.from], n);
        out->n[p.from] += n;
    }
}

static void judge(const struct said *s, uint16_t port)
{
    uint8_t *own[2] = {mem_dup(s->bytes[0], s->n[0]), mem_dup(s->bytes[1], s->n[1])};

    for (unsigned i = 0; i < 4 && own[0] != NULL && own[1] != NULL; i++) {
        const bool is_datagram = (i & 1) != 0;
        const struct app_seen seen = {
            {span_of(own[0], s->n[0]), span_of(own[1], is_datagram ? 0 : s->n[1])},
            {40000, port},
            (i & 2) != 0};
        enum lw_app app = LW_N_APPS;
        enum app_answer a =
            is_datagram ? app_of_datagram(&seen, &app) : app_of_stream(&seen, &app);

        LW_ASSERT((a == APP_YES) == (app != LW_N_APPS));
        LW_ASSERT(a != APP_MAYBE || !seen.is_last);
    }
    mem_free(own[0]);
    mem_free(own[1]);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    static const enum lw_app apps[] = {LW_APP_TLS, LW_APP_SSH, LW_APP_QUIC};
    struct span in = span_of(data, n);
    struct lw_handshake whole = {.app = LW_APP_UNKNOWN};
    struct lw_handshake cut = {.app = LW_APP_UNKNOWN};
    static struct said said;
    uint8_t kind;
    uint16_t port;

    if (!span_take_u8(&in, &kind) || !span_take_le16(&in, &port))
        return;
    said.n[0] = 0;
    said.n[1] = 0;
    read_all(in, &said);
    judge(&said, port);
    starved = false;
    kind &= 3;
    if (kind == 3)
        return;
    read_pieces(in, apps[kind], false, &whole);
    if (kind == 2)
        return;
    read_pieces(in, apps[kind], true, &cut);
    if (!starved)
        LW_ASSERT(memcmp(&whole, &cut, sizeof whole) == 0);
}
