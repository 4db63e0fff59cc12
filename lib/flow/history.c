/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's history, sizes and duration by the rules of Zeek 7 (documentation:
 * https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html).  Where
 * the documentation is silent, its behaviour was read off its source and its published
 * test baselines; docs/zeek-parity.md says how closely they are met.  TCP is in
 * history_tcp.c.
 *
 * Zeek takes whoever sent first for the originator, unless the first packet is no SYN
 * and comes from a port where a server is to be expected and does not go to one.
 */
#include "base/inet_sum.h"
#include "base/mem.h"
#include "history_priv.h"
#include "server_port.h"
#include "tcp_state.h"

#include <string.h>

/* In the `seen` of what is not TCP. */
enum { SEEN_DATAGRAM = 1 };

bool histories_init(struct histories *hs, uint32_t max_flows)
{
    uint32_t n = (max_flows + FLOW_CHUNK - 1) >> FLOW_CHUNK_SHIFT;

    *hs = (struct histories){.chunks = mem_zalloc(n, sizeof(struct history *))};
    if (hs->chunks == NULL)
        return false;
    hs->n_chunks = n;
    return true;
}

void histories_release(struct histories *hs)
{
    for (uint32_t i = 0; i < hs->n_chunks; i++)
        mem_free(hs->chunks[i]);
    mem_free(hs->chunks);
    *hs = (struct histories){.chunks = NULL};
}

/* The flow's history, or NULL when memory for it is out. */
static struct history *history_of(const struct histories *hs, const struct flow *f)
{
    struct history *chunk = hs->chunks[f->index >> FLOW_CHUNK_SHIFT];

    return chunk == NULL ? NULL : &chunk[f->index & (FLOW_CHUNK - 1)];
}

void history_letter(struct history *h, unsigned from, char letter)
{
    if (h->n_letters >= LW_HISTORY_MAX - 1)
        return;
    if (from != h->orig && letter >= 'A' && letter <= 'Z')
        letter = (char)(letter - 'A' + 'a');
    h->letters[h->n_letters++] = letter;
}

void history_count(struct history *h, unsigned from, uint32_t *n, char letter)
{
    uint32_t left = ++*n;

    while (left % 10 == 0 && left > 0)
        left /= 10;
    if (left == 1)
        history_letter(h, from, letter);
}

void history_flip(struct history *h)
{
    h->orig = 1 - h->orig;
    history_letter(h, h->orig, '^');
}

static bool is_broadcast(const struct lw_addr *a)
{
    static const uint8_t ones[4] = {255, 255, 255, 255};

    return memcmp(a->bytes, ones, sizeof ones) == 0;
}

/* Whether the receiver of a first packet is to be the originator. */
static bool begins_flipped(enum lw_flow_kind kind, const struct decoded *d)
{
    bool tcp = kind == LW_FLOW_TCP;
    bool syn = tcp && d->tcp_flags & LW_TCP_SYN;
    bool to_server;

    if ((!tcp && kind != LW_FLOW_UDP) || d->layer != DECODE_TRANSPORT ||
        (syn && !(d->tcp_flags & LW_TCP_ACK)) || !server_port_is(tcp, d->port[0]) ||
        (d->ip_version == 4 && is_broadcast(&d->addr[1])))
        return false;
    to_server = server_port_is(tcp, d->port[1]);
    if (tcp && to_server)
        return !syn && d->port[0] < d->port[1];
    return !to_server;
}

void histories_begin(struct histories *hs, const struct flow *f)
{
    struct history **chunk = &hs->chunks[f->index >> FLOW_CHUNK_SHIFT];
    struct history *h;

    if (*chunk == NULL)
        *chunk = mem_zalloc(FLOW_CHUNK, sizeof **chunk);
    h = history_of(hs, f);
    if (h != NULL)
        *h = (struct history){.kind = (uint8_t)flow_kind(f)};
}

/* The first packet that Zeek sees. */
static void begin(struct history *h, const struct decoded *d, unsigned from,
                  int64_t time_ns)
{
    h->logged = true;
    h->start_ns = time_ns;
    h->last_ns = time_ns;
    h->orig = (uint8_t)from;
    for (unsigned i = 0; i < 2; i++) {
        h->side[i].delivered = 1;
        h->side[i].trimmed = 1;
    }
    if (begins_flipped((enum lw_flow_kind)h->kind, d))
        history_flip(h);
}

static uint64_t pseudo_header(const struct decoded *d, size_t n)
{
    const uint8_t rest[8] = {
        (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, 0, 0, 0,
        d->protocol};
    size_t addr_bytes = d->ip_version == 4 ? 4 : 16;
    uint64_t sum = inet_sum_add(0, span_of(rest, sizeof rest));

    sum = inet_sum_add(sum, span_of(d->addr[0].bytes, addr_bytes));
    return inet_sum_add(sum, span_of(d->addr[1].bytes, addr_bytes));
}

/* A checksum that can be checked, and is wrong.  UDP over IPv4 may go without (RFC
 * 768), and so may what a tunnel carries over IPv6 (RFC 6935). */
static bool is_corrupt(enum lw_flow_kind kind, const struct decoded *d)
{
    enum { UDP_SUM_AT = 6, PORT_VXLAN = 4789 };
    struct span segment = d->segment;
    uint64_t sum = 0;
    uint16_t field = 0;

    if (segment.n == 0 || segment.n < d->transport_bytes + d->payload_bytes ||
        d->is_fragment)
        return false;
    if (kind == LW_FLOW_UDP && span_get_be16(segment, UDP_SUM_AT, &field) &&
        field == 0 && (d->ip_version == 4 || d->port[1] == PORT_VXLAN))
        return false;
    if (kind != LW_FLOW_ICMP)
        sum = pseudo_header(d, segment.n);
    return !inet_sum_is_right(inet_sum_add(sum, segment));
}

static bool has_checksum(enum lw_flow_kind kind)
{
    return kind == LW_FLOW_TCP || kind == LW_FLOW_UDP || kind == LW_FLOW_ICMP ||
           kind == LW_FLOW_ICMP6;
}

/* A datagram that was put together, as if it had come in one piece. */
static struct decoded in_one_piece(const struct decoded *d)
{
    struct decoded whole = *d;

    whole.is_fragment = false;
    whole.fragment_offset = 0;
    whole.ip_bytes = d->ip_bytes - d->fragment_bytes + (uint32_t)d->segment.n;
    whole.payload_bytes = (uint32_t)d->payload.n;
    if (d->transport_bytes > 0)
        whole.layer = DECODE_TRANSPORT;
    return whole;
}

static void add_datagram(struct history *h, unsigned from)
{
    struct history_side *s = &h->side[from];

    if (h->kind == LW_FLOW_UDP && !(s->seen & SEEN_DATAGRAM))
        history_letter(h, from, 'D');
    s->seen |= SEEN_DATAGRAM;
}

static void add(struct history *h, const struct decoded *d, unsigned from,
                int64_t time_ns, bool any_checksum)
{
    enum lw_flow_kind kind = (enum lw_flow_kind)h->kind;
    struct history_side *s = &h->side[from];

    if (!h->logged)
        begin(h, d, from, time_ns);
    if (!any_checksum && d->layer == DECODE_TRANSPORT && has_checksum(kind) &&
        is_corrupt(kind, d)) {
        if (kind == LW_FLOW_TCP || kind == LW_FLOW_UDP)
            history_count(h, from, &s->n_bad_sums, 'C');
        return;
    }
    s->packets++;
    s->ip_bytes += d->ip_bytes;
    s->payload_bytes += d->payload_bytes;
    if (kind == LW_FLOW_TCP && d->layer == DECODE_TRANSPORT) {
        history_tcp(h, d, from, time_ns);
        return;
    }
    if (time_ns > h->last_ns)
        h->last_ns = time_ns;
    add_datagram(h, from);
}

void histories_add(struct histories *hs, const struct flow *f, const struct decoded *d,
                   unsigned from, int64_t time_ns)
{
    struct history *h = history_of(hs, f);

    if (h == NULL || d->ip_version == 0)
        return;
    if (d->is_fragment) {
        const struct decoded whole = in_one_piece(d);

        /* Zeek sees a datagram when it is complete. */
        if (d->reassembled)
            add(h, &whole, from, time_ns, hs->any_checksum);
        return;
    }
    add(h, d, from, time_ns, hs->any_checksum);
}

bool histories_is_over(const struct histories *hs, const struct flow *f,
                       const struct decoded *d, int64_t time_ns)
{
    const struct history *h = history_of(hs, f);

    return h != NULL && h->logged && h->kind == LW_FLOW_TCP &&
           history_tcp_is_over(h, d, time_ns);
}

/* Zeek says for UDP who was heard at all; of other kinds it knows no states. */
static enum lw_conn state_of(const struct history *h, const uint64_t bytes[2])
{
    bool o = h->side[h->orig].seen & SEEN_DATAGRAM;
    bool r = h->side[1 - h->orig].seen & SEEN_DATAGRAM;

    if (h->kind == LW_FLOW_TCP)
        return tcp_state_conn(h->tcp, h->orig, bytes[0] + bytes[1] > 0);
    if (h->kind != LW_FLOW_UDP)
        return LW_CONN_OTH;
    if (o)
        return r ? LW_CONN_SF : LW_CONN_S0;
    return r ? LW_CONN_SHR : LW_CONN_OTH;
}

static uint64_t bytes_of(const struct history *h, unsigned side)
{
    if (h->kind == LW_FLOW_TCP)
        return history_tcp_bytes(h, side);
    return has_checksum((enum lw_flow_kind)h->kind) ? h->side[side].payload_bytes : 0;
}

void histories_report(const struct histories *hs, const struct flow *f,
                      struct lw_record *rec)
{
    const struct history *h = history_of(hs, f);
    unsigned first = f->flags & FLOW_FIRST_SIDE ? 1 : 0;
    struct lw_conn_log *out = &rec->conn_log;

    if (h == NULL || !h->logged)
        return;
    *out = (struct lw_conn_log){.known = true,
                                .orig = (uint8_t)(h->orig ^ first),
                                .start_ns = h->start_ns,
                                .duration_ns = h->last_ns - h->start_ns};
    for (unsigned i = 0; i < 2; i++) {
        const struct history_side *s = &h->side[i ^ first];

        out->bytes[i] = bytes_of(h, i ^ first);
        out->packets[i] = s->packets;
        out->ip_bytes[i] = s->ip_bytes;
        out->missed_bytes += s->missed_bytes;
    }
    out->state = state_of(h, out->bytes);
    memcpy(out->history, h->letters, h->n_letters);
}
