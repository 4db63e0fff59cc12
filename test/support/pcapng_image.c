/* SPDX-License-Identifier: Apache-2.0 */
#include "pcapng_image.h"

static void put16(struct buf *b, bool big_endian, uint16_t v)
{
    buf_add_le16(b, big_endian ? __builtin_bswap16(v) : v);
}

static void put32(struct buf *b, bool big_endian, uint32_t v)
{
    buf_add_le32(b, big_endian ? __builtin_bswap32(v) : v);
}

static void pad(struct buf *b)
{
    while (b->len % 4 != 0)
        buf_add_char(b, 0);
}

void ng_block(const struct ng *w, uint32_t type, const void *body, size_t n)
{
    uint32_t whole = (uint32_t)(12 + (n + 3) / 4 * 4);

    put32(w->b, w->big_endian, type);
    put32(w->b, w->big_endian, whole);
    buf_add(w->b, body, n);
    for (size_t i = n; i % 4 != 0; i++)
        buf_add_char(w->b, 0);
    put32(w->b, w->big_endian, whole);
}

void ng_section(const struct ng *w)
{
    struct buf body;

    buf_init(&body);
    put32(&body, w->big_endian, 0x1a2b3c4d);
    put16(&body, w->big_endian, 1);
    put16(&body, w->big_endian, 0);
    put32(&body, w->big_endian, 0xffffffff);
    put32(&body, w->big_endian, 0xffffffff);
    ng_block(w, 0x0a0d0d0a, body.data, body.len);
    buf_release(&body);
}

void ng_interface(const struct ng *w, const struct ng_interface *i)
{
    uint64_t offset = (uint64_t)i->tsoffset_s;
    bool big = w->big_endian;
    struct buf body;

    buf_init(&body);
    put16(&body, big, i->link_type == 0 ? 1 : i->link_type);
    put16(&body, big, 0);
    put32(&body, big, i->snaplen);
    put16(&body, big, 2); /* a name that must be passed over */
    put16(&body, big, 3);
    buf_add(&body, "eth", 3);
    pad(&body);
    if (i->has_tsresol) {
        put16(&body, big, 9);
        put16(&body, big, 1);
        buf_add_u8(&body, i->tsresol);
        pad(&body);
    }
    if (offset != 0) {
        put16(&body, big, 14);
        put16(&body, big, 8);
        buf_add_le64(&body, big ? __builtin_bswap64(offset) : offset);
    }
    put32(&body, big, 0);
    ng_block(w, 1, body.data, body.len);
    buf_release(&body);
}

static void put_times_and_data(struct buf *body, bool big, uint64_t units,
                               const struct lw_packet *pkt)
{
    put32(body, big, (uint32_t)(units >> 32));
    put32(body, big, (uint32_t)units);
    put32(body, big, pkt->captured_bytes);
    put32(body, big, pkt->wire_bytes);
    buf_add(body, pkt->data, pkt->captured_bytes);
    pad(body);
}

void ng_packet(const struct ng *w, uint32_t interface, uint64_t units,
               const struct lw_packet *pkt)
{
    bool big = w->big_endian;
    struct buf body;

    buf_init(&body);
    put32(&body, big, interface);
    put_times_and_data(&body, big, units, pkt);
    put16(&body, big, 2); /* epb_flags: inbound */
    put16(&body, big, 4);
    put32(&body, big, 1);
    put32(&body, big, 0);
    ng_block(w, 6, body.data, body.len);
    buf_release(&body);
}

void ng_obsolete(const struct ng *w, uint16_t interface, uint64_t units,
                 const struct lw_packet *pkt)
{
    bool big = w->big_endian;
    struct buf body;

    buf_init(&body);
    put16(&body, big, interface);
    put16(&body, big, 7); /* drops */
    put_times_and_data(&body, big, units, pkt);
    ng_block(w, 2, body.data, body.len);
    buf_release(&body);
}

void ng_simple(const struct ng *w, const struct lw_packet *pkt)
{
    struct buf body;

    buf_init(&body);
    put32(&body, w->big_endian, pkt->wire_bytes);
    buf_add(&body, pkt->data, pkt->captured_bytes);
    pad(&body);
    ng_block(w, 3, body.data, body.len);
    buf_release(&body);
}
