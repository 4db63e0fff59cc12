/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcapng files: blocks, in sections that may each have their own byte order.
 *
 *     block      0  4  type           section  8  4  byte-order magic 1a2b3c4d
 *                4  4  length (whole) header  12  4  version, major and minor
 *                8  .  body                   16  8  section length, not needed
 *              n-4  4  length again           24  .  options
 *
 *     interface  8  2  link type      enhanced 8  4  interface
 *     descrip-  10  2  reserved       packet  12  8  time, high word first
 *     tion      12  4  snaplen                20  4  captured length
 *               16  .  options                24  4  length on the wire
 *                                             28  .  data, then options
 *     simple     8  4  wire length    obsolete 8  2  interface, 10 2 drops;
 *     packet    12  .  data           packet         then as enhanced
 *
 * A section forgets the interfaces of the one before it.  Blocks of other types are
 * passed over, so they may have any length; blocks that we read must fit a limit.
 * Source: draft-ietf-opsawg-pcapng; the obsolete block is in its appendix.
 */
#include "base/mem.h"
#include "capture_priv.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_OBSOLETE_PACKET = 2,
    BLOCK_SIMPLE_PACKET = 3,
    BLOCK_PACKET = 6
};

enum {
    BLOCK_HEADER_BYTES = 8,
    BLOCK_BYTES_MIN = 12,
    SECTION_BYTES_MIN = 28,
    INTERFACE_BYTES_MIN = 20,
    PACKET_HEADER_BYTES = 28,
    SIMPLE_HEADER_BYTES = 12,
    /* Wireshark's limit, too. */
    BLOCK_BYTES_MAX = 16 << 20,
    /* Far more than any machine has; bounds memory. */
    INTERFACES_MAX = 65536
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4dU

enum { OPTION_END = 0, OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 };

struct interface {
    uint32_t link_type;
    uint32_t snaplen; /* 0: no limit */
    int64_t offset_ns;
    /* A time of t units is t * ns_per_unit, or t / units_per_ns where that is above 1;
     * for units of a power of two the exponent is in `binary`, otherwise 0. */
    uint32_t ns_per_unit;
    uint64_t units_per_ns;
    uint8_t binary;
    bool is_binary;
};

struct pcapng_file {
    struct capture_source source; /* first */
    struct feed feed;
    bool big_endian;
    struct interface *interfaces; /* (n_interfaces), owned */
    size_t n_interfaces;
    size_t cap_interfaces;
    size_t behind;   /* bytes of the last packet's block that are still to be passed */
    int64_t last_ns; /* of the last packet that had a time */
};

struct block {
    uint32_t type;
    uint32_t n_bytes;
};

static struct pcapng_file *pcapng_of(struct capture_source *src)
{
    return (struct pcapng_file *)src;
}

static bool pcapng_probe(struct span head)
{
    return span_be32(head, 0) == BLOCK_SECTION &&
           (span_be32(head, 8) == BYTE_ORDER_MAGIC ||
            span_be32(head, 8) == __builtin_bswap32(BYTE_ORDER_MAGIC));
}

static uint32_t get32(const struct pcapng_file *f, struct span s, size_t at)
{
    uint32_t v = span_be32(s, at);

    return f->big_endian ? v : __builtin_bswap32(v);
}

static uint16_t get16(const struct pcapng_file *f, struct span s, size_t at)
{
    uint16_t v = span_be16(s, at);

    return f->big_endian ? v : __builtin_bswap16(v);
}

/* Bring `n` bytes in sight.  LW_END when the file ends before them; that is no damage
 * when it ends exactly here. */
static enum lw_status need(struct pcapng_file *f, size_t n, struct lw_error *err)
{
    struct lw_error why;
    enum lw_status st;

    if (f->feed.ahead.n >= n)
        return LW_OK;
    st = feed_more(&f->feed, n, &why);
    if (st != LW_OK)
        return capture_source_failed(&f->source, st, &why, err);
    if (f->feed.ahead.n >= n)
        return LW_OK;
    return f->feed.ahead.n == 0 ? LW_END : capture_source_cut(&f->source, &f->feed);
}

/* Move past `n` bytes, in sight or not. */
static enum lw_status pass(struct pcapng_file *f, size_t n, struct lw_error *err)
{
    struct lw_error why;
    enum lw_status st;
    bool whole;

    if (f->feed.ahead.n >= n) {
        feed_skip(&f->feed, n);
        return LW_OK;
    }
    st = feed_pass(&f->feed, n, &whole, &why);
    if (st != LW_OK)
        return capture_source_failed(&f->source, st, &why, err);
    return whole ? LW_OK : capture_source_cut(&f->source, &f->feed);
}

/* t / 2^binary seconds in nanoseconds, exactly rounded down. */
static uint64_t binary_to_ns(uint64_t t, uint8_t binary)
{
    __extension__ typedef unsigned __int128 wide;

    if (binary >= 96)
        return 0;
    return (uint64_t)(((wide)t * 1000000000U) >> binary);
}

/* Times beyond what int64_t nanoseconds hold (the year 2262) stay at its end. */
static int64_t time_ns(const struct interface *i, uint64_t t)
{
    uint64_t ns;
    int64_t sum;

    if (i->is_binary)
        ns = binary_to_ns(t, i->binary);
    else if (i->units_per_ns > 1)
        ns = t / i->units_per_ns;
    else if (__builtin_mul_overflow(t, (uint64_t)i->ns_per_unit, &ns))
        ns = INT64_MAX;
    if (ns > INT64_MAX)
        ns = INT64_MAX;
    if (__builtin_add_overflow((int64_t)ns, i->offset_ns, &sum))
        return INT64_MAX;
    return sum;
}

/* The high bit chooses between powers of two and of ten. */
static void set_resolution(struct interface *i, uint8_t tsresol)
{
    i->is_binary = (tsresol & 0x80) != 0;
    i->binary = tsresol & 0x7f;
    i->ns_per_unit = 1;
    i->units_per_ns = 1;
    for (unsigned e = i->binary; e < 9; e++)
        i->ns_per_unit *= 10;
    for (unsigned e = 9; e < i->binary; e++) {
        if (__builtin_mul_overflow(i->units_per_ns, 10, &i->units_per_ns))
            i->units_per_ns = UINT64_MAX;
    }
}

static void set_offset(struct interface *i, int64_t seconds)
{
    if (__builtin_mul_overflow(seconds, INT64_C(1000000000), &i->offset_ns))
        i->offset_ns = seconds < 0 ? INT64_MIN / 2 : INT64_MAX;
}

/* Go through the options of an interface: code 2, length 2, value padded to 4. */
static void read_options(const struct pcapng_file *f, struct span s,
                         struct interface *i)
{
    while (span_has(s, 0, 4)) {
        uint16_t code = get16(f, s, 0);
        size_t n = get16(f, s, 2);

        if (code == OPTION_END || !span_has(s, 4, n))
            return;
        if (code == OPTION_TSRESOL && n >= 1)
            set_resolution(i, span_u8(s, 4));
        if (code == OPTION_TSOFFSET && n >= 8) {
            uint64_t hi = get32(f, s, f->big_endian ? 4 : 8);
            uint64_t lo = get32(f, s, f->big_endian ? 8 : 4);

            set_offset(i, (int64_t)(hi << 32 | lo));
        }
        s = span_from(s, 4 + (n + 3) / 4 * 4);
    }
}

static enum lw_status read_interface(struct pcapng_file *f, struct block b,
                                     struct lw_error *err)
{
    struct span s = span_first(f->feed.ahead, b.n_bytes - 4);
    struct interface *i;
    void *p;

    if (f->n_interfaces == INTERFACES_MAX)
        return capture_source_damaged(&f->source, &f->feed,
                                      "more than %d interfaces in a section",
                                      INTERFACES_MAX);
    p = mem_grow(f->interfaces, &f->cap_interfaces, f->n_interfaces + 1, sizeof *i);
    if (p == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", stream_name(f->feed.in));
    f->interfaces = p;
    i = &f->interfaces[f->n_interfaces++];
    *i = (struct interface){.link_type = get16(f, s, 8), .snaplen = get32(f, s, 12)};
    set_resolution(i, 6);
    read_options(f, span_from(s, 16), i);
    return LW_OK;
}

/* Learn the byte order from the section header in sight.  The block's type reads the
 * same either way; its length does not. */
static enum lw_status read_section(struct pcapng_file *f, struct lw_error *err)
{
    enum lw_status st = need(f, SECTION_BYTES_MIN, err);
    struct span s = f->feed.ahead;
    uint32_t n;

    if (st != LW_OK)
        return st;
    f->big_endian = span_be32(s, 8) == BYTE_ORDER_MAGIC;
    f->n_interfaces = 0;
    n = get32(f, s, 4);
    if (get32(f, s, 8) != BYTE_ORDER_MAGIC)
        return capture_source_damaged(&f->source, &f->feed, "no byte-order magic");
    if (get16(f, s, 12) != 1)
        return capture_source_damaged(&f->source, &f->feed,
                                      "pcapng version %u.%u is unknown (1.0 is)",
                                      get16(f, s, 12), get16(f, s, 14));
    if (n < SECTION_BYTES_MIN)
        return capture_source_damaged(&f->source, &f->feed,
                                      "a section header claims %u bytes", n);
    return pass(f, n, err);
}

static enum lw_status pcapng_open(struct capture_source **out, struct stream *in,
                                  struct lw_error *err)
{
    struct pcapng_file *f = mem_zalloc(1, sizeof *f);
    enum lw_status st;

    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", stream_name(in));
    f->source.ops = &capture_pcapng;
    feed_init(&f->feed, in);
    st = read_section(f, err);
    if (st == LW_END) /* the same fault later in the file would only be a warning */
        st =
            lw_fail(err, LW_EFORMAT, "%s",
                    f->source.warning[0] == '\0' ? stream_name(in) : f->source.warning);
    if (st != LW_OK) {
        mem_free(f);
        return st;
    }
    *out = &f->source;
    return LW_OK;
}

/* A packet whose data begin at `header` bytes into the block: bring them in sight, and
 * leave the rest of the block for the next call. */
static enum lw_status give_packet(struct pcapng_file *f, struct block b, size_t header,
                                  struct lw_packet *pkt, struct lw_error *err)
{
    enum lw_status st;

    if (pkt->captured_bytes > b.n_bytes - 4 - header ||
        pkt->captured_bytes > capture_packet_max(pkt->link_type))
        return capture_source_damaged(&f->source, &f->feed,
                                      "a packet claims %u bytes in a block of %u",
                                      pkt->captured_bytes, b.n_bytes);
    st = need(f, header + pkt->captured_bytes, err);
    if (st != LW_OK)
        return st;
    if (pkt->wire_bytes < pkt->captured_bytes)
        pkt->wire_bytes = pkt->captured_bytes;
    pkt->data = f->feed.ahead.p + header;
    feed_skip(&f->feed, header + pkt->captured_bytes);
    f->behind = b.n_bytes - header - pkt->captured_bytes;
    return LW_OK;
}

static enum lw_status read_packet(struct pcapng_file *f, struct block b,
                                  struct lw_packet *pkt, struct lw_error *err)
{
    enum lw_status st = need(f, PACKET_HEADER_BYTES, err);
    struct span s = f->feed.ahead;
    const struct interface *i;
    uint32_t index;

    if (st != LW_OK)
        return st;
    index = b.type == BLOCK_PACKET ? get32(f, s, 8) : get16(f, s, 8);
    if (index >= f->n_interfaces)
        return capture_source_damaged(&f->source, &f->feed,
                                      "a packet of interface %u, of %zu described",
                                      index, f->n_interfaces);
    i = &f->interfaces[index];
    pkt->time_ns = time_ns(i, (uint64_t)get32(f, s, 12) << 32 | get32(f, s, 16));
    pkt->captured_bytes = get32(f, s, 20);
    pkt->wire_bytes = get32(f, s, 24);
    pkt->link_type = i->link_type;
    f->last_ns = pkt->time_ns;
    return give_packet(f, b, PACKET_HEADER_BYTES, pkt, err);
}

/* A simple packet has no time; it gets that of the packet before it.  Its captured
 * length is the least of wire length, snaplen, and what the block holds. */
static enum lw_status read_simple_packet(struct pcapng_file *f, struct block b,
                                         struct lw_packet *pkt, struct lw_error *err)
{
    enum lw_status st = need(f, SIMPLE_HEADER_BYTES, err);
    const struct interface *i = f->interfaces;

    if (st != LW_OK)
        return st;
    if (f->n_interfaces == 0)
        return capture_source_damaged(&f->source, &f->feed,
                                      "a packet before any interface");
    pkt->time_ns = f->last_ns;
    pkt->wire_bytes = get32(f, f->feed.ahead, 8);
    pkt->captured_bytes = pkt->wire_bytes;
    pkt->link_type = i->link_type;
    if (i->snaplen != 0 && pkt->captured_bytes > i->snaplen)
        pkt->captured_bytes = i->snaplen;
    return give_packet(f, b, SIMPLE_HEADER_BYTES, pkt, err);
}

static enum lw_status read_block_header(struct pcapng_file *f, struct block *b,
                                        struct lw_error *err)
{
    enum lw_status st = need(f, BLOCK_HEADER_BYTES, err);

    if (st != LW_OK)
        return st;
    b->type = get32(f, f->feed.ahead, 0);
    b->n_bytes = get32(f, f->feed.ahead, 4);
    return LW_OK;
}

static uint32_t block_bytes_min(uint32_t type)
{
    switch (type) {
    case BLOCK_INTERFACE:
        return INTERFACE_BYTES_MIN;
    case BLOCK_PACKET:
    case BLOCK_OBSOLETE_PACKET:
        return PACKET_HEADER_BYTES + 4;
    case BLOCK_SIMPLE_PACKET:
        return SIMPLE_HEADER_BYTES + 4;
    default:
        return BLOCK_BYTES_MIN;
    }
}

/* Read a block that is no packet. */
static enum lw_status read_other(struct pcapng_file *f, struct block b,
                                 struct lw_error *err)
{
    enum lw_status st;

    if (b.type != BLOCK_INTERFACE)
        return pass(f, b.n_bytes, err);
    if (b.n_bytes > BLOCK_BYTES_MAX)
        return capture_source_damaged(&f->source, &f->feed, "a block claims %u bytes",
                                      b.n_bytes);
    st = need(f, b.n_bytes, err);
    if (st == LW_OK)
        st = read_interface(f, b, err);
    return st == LW_OK ? pass(f, b.n_bytes, err) : st;
}

static enum lw_status pcapng_next(struct capture_source *src, struct lw_packet *pkt,
                                  struct lw_error *err)
{
    struct pcapng_file *f = pcapng_of(src);
    struct block b;
    enum lw_status st;

    st = pass(f, f->behind, err);
    f->behind = 0;
    while (st == LW_OK) {
        st = read_block_header(f, &b, err);
        if (st != LW_OK)
            return st;
        if (b.type == BLOCK_SECTION) {
            st = read_section(f, err);
            continue;
        }
        if (b.n_bytes < block_bytes_min(b.type) || b.n_bytes % 4 != 0)
            return capture_source_damaged(
                src, &f->feed, "a block of type %u claims %u bytes", b.type, b.n_bytes);
        if (b.type == BLOCK_PACKET || b.type == BLOCK_OBSOLETE_PACKET)
            return read_packet(f, b, pkt, err);
        if (b.type == BLOCK_SIMPLE_PACKET)
            return read_simple_packet(f, b, pkt, err);
        st = read_other(f, b, err);
    }
    return st;
}

static void pcapng_stats(const struct capture_source *src, struct lw_capture_stats *out)
{
    const struct pcapng_file *f = (const struct pcapng_file *)src;

    out->bytes_read = stream_bytes_read(f->feed.in);
    out->bytes_total = stream_bytes_total(f->feed.in);
}

static void pcapng_close(struct capture_source *src)
{
    struct pcapng_file *f = pcapng_of(src);

    feed_release(&f->feed);
    mem_free(f->interfaces);
    mem_free(f);
}

const struct capture_ops capture_pcapng = {
    .name = "pcapng",
    .probe = pcapng_probe,
    .open = pcapng_open,
    .next = pcapng_next,
    .stats = pcapng_stats,
    .close = pcapng_close,
};
