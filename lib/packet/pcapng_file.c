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
    bool big_endian;
    struct interface *interfaces; /* (n_interfaces), owned */
    size_t n_interfaces;
    size_t cap_interfaces;
    int64_t last_ns; /* of the last packet that had a time */
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

/* t / 2^binary seconds in nanoseconds, exactly rounded down. */
static uint64_t binary_to_ns(uint64_t t, uint8_t binary)
{
    __extension__ typedef unsigned __int128 wide;

    if (binary >= 96)
        return 0;
    return (uint64_t)(((wide)t * 1000000000U) >> binary);
}

/* Times outside of what struct lw_packet promises stay at its ends. */
static int64_t time_ns(const struct interface *i, uint64_t t)
{
    uint64_t ns;
    int64_t sum;

    if (i->is_binary)
        ns = binary_to_ns(t, i->binary);
    else if (i->units_per_ns > 1)
        ns = t / i->units_per_ns;
    else if (__builtin_mul_overflow(t, (uint64_t)i->ns_per_unit, &ns))
        ns = LW_TIME_MAX_NS;
    if (ns > LW_TIME_MAX_NS)
        ns = LW_TIME_MAX_NS;
    if (__builtin_add_overflow((int64_t)ns, i->offset_ns, &sum) || sum > LW_TIME_MAX_NS)
        return LW_TIME_MAX_NS;
    return sum < 0 ? 0 : sum;
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
        i->offset_ns = seconds < 0 ? INT64_MIN : INT64_MAX;
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

static enum lw_status read_interface(struct pcapng_file *f, struct span s,
                                     struct lw_error *err)
{
    struct interface *i;
    void *p;

    if (f->n_interfaces == INTERFACES_MAX)
        return capture_damaged(&f->source, "more than %d interfaces in a section",
                               INTERFACES_MAX);
    p = mem_grow(f->interfaces, &f->cap_interfaces, f->n_interfaces + 1, sizeof *i);
    if (p == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory",
                       stream_name(f->source.feed.in));
    f->interfaces = p;
    i = &f->interfaces[f->n_interfaces++];
    *i = (struct interface){.link_type = get16(f, s, 8), .snaplen = get32(f, s, 12)};
    set_resolution(i, 6);
    read_options(f, span_from(span_first(s, s.n - 4), 16), i);
    return LW_OK;
}

/* Blocks are padded to 4 bytes, but some writers leave the padding out of the length.
 * 0 stands for a length that cannot be. */
static uint32_t padded(uint32_t n)
{
    return n > UINT32_MAX - 3 ? 0 : (n + 3) & ~3U;
}

/* The length at a block's end must repeat the one at its beginning. */
static enum lw_status check_end(struct pcapng_file *f, uint32_t n, uint32_t end)
{
    if (padded(end) == padded(n))
        return LW_OK;
    return capture_damaged(&f->source, "a block of %u bytes ends with length %u", n,
                           end);
}

/* Move past a block that is not read, of any length.  While the source holds, the block
 * is in sight, and the feed goes back to a damaged one: whoever asks next must be told
 * the same, not what seems to be behind it. */
static enum lw_status pass_block(struct pcapng_file *f, uint32_t n,
                                 struct lw_error *err)
{
    const struct feed before = f->source.feed;
    enum lw_status st = capture_pass(&f->source, padded(n) - 4, err);

    if (st != LW_OK)
        return st;
    st = capture_need(&f->source, 4, err);
    if (st != LW_OK)
        return st == LW_END ? capture_cut_off(&f->source) : st;
    st = check_end(f, n, get32(f, f->source.feed.ahead, 0));
    feed_skip(&f->source.feed, 4);
    if (st != LW_OK && f->source.hold)
        f->source.feed = before;
    return st;
}

/* Learn the byte order from the section header in sight, and pass it.  The block's type
 * reads the same either way; its length does not. */
static enum lw_status read_section(struct pcapng_file *f, struct lw_error *err)
{
    enum lw_status st = capture_need(&f->source, SECTION_BYTES_MIN, err);
    struct span s = f->source.feed.ahead;
    uint32_t n;

    if (st != LW_OK)
        return st;
    f->big_endian = span_be32(s, 8) == BYTE_ORDER_MAGIC;
    f->n_interfaces = 0;
    n = get32(f, s, 4);
    if (get32(f, s, 8) != BYTE_ORDER_MAGIC)
        return capture_damaged(&f->source, "no byte-order magic");
    if (get16(f, s, 12) != 1)
        return capture_damaged(&f->source, "pcapng version %u.%u is unknown (1.0 is)",
                               get16(f, s, 12), get16(f, s, 14));
    if (padded(n) < SECTION_BYTES_MIN)
        return capture_damaged(&f->source, "a section header claims %u bytes", n);
    return pass_block(f, n, err);
}

static enum lw_status pcapng_open(struct capture_source **out, struct stream *in,
                                  struct lw_error *err)
{
    struct pcapng_file *f = mem_zalloc(1, sizeof *f);
    enum lw_status st;

    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", stream_name(in));
    f->source.ops = &capture_pcapng;
    feed_init(&f->source.feed, in);
    st = read_section(f, err);
    if (st == LW_END) /* what would be a warning later is a failure here */
        st = lw_fail(err, LW_EFORMAT, "%s", f->source.warning);
    if (st != LW_OK) {
        mem_free(f);
        return st;
    }
    *out = &f->source;
    return LW_OK;
}

/* A packet whose data begin at `at` in its block. */
static enum lw_status give_packet(struct pcapng_file *f, struct span s, size_t at,
                                  struct lw_packet *pkt)
{
    if (pkt->captured_bytes > s.n - 4 - at ||
        pkt->captured_bytes > capture_packet_max(pkt->link_type))
        return capture_damaged(&f->source, "a packet claims %u bytes in a block of %zu",
                               pkt->captured_bytes, s.n);
    if (pkt->wire_bytes < pkt->captured_bytes)
        pkt->wire_bytes = pkt->captured_bytes;
    pkt->data = s.p + at;
    return LW_OK;
}

static enum lw_status read_packet(struct pcapng_file *f, struct span s, uint32_t index,
                                  struct lw_packet *pkt)
{
    const struct interface *i;

    if (index >= f->n_interfaces)
        return capture_damaged(&f->source, "a packet of interface %u, of %zu described",
                               index, f->n_interfaces);
    i = &f->interfaces[index];
    pkt->time_ns = time_ns(i, (uint64_t)get32(f, s, 12) << 32 | get32(f, s, 16));
    pkt->captured_bytes = get32(f, s, 20);
    pkt->wire_bytes = get32(f, s, 24);
    pkt->link_type = i->link_type;
    f->last_ns = pkt->time_ns;
    return give_packet(f, s, PACKET_HEADER_BYTES, pkt);
}

/* A simple packet has no time; it gets that of the packet before it.  It has no
 * captured length either: that is the least of wire length and snaplen. */
static enum lw_status read_simple_packet(struct pcapng_file *f, struct span s,
                                         struct lw_packet *pkt)
{
    const struct interface *i = f->interfaces;

    if (f->n_interfaces == 0)
        return capture_damaged(&f->source, "a packet before any interface");
    pkt->time_ns = f->last_ns;
    pkt->wire_bytes = get32(f, s, 8);
    pkt->captured_bytes = pkt->wire_bytes;
    pkt->link_type = i->link_type;
    if (i->snaplen != 0 && pkt->captured_bytes > i->snaplen)
        pkt->captured_bytes = i->snaplen;
    return give_packet(f, s, SIMPLE_HEADER_BYTES, pkt);
}

/* The least length of a block that we read; 0 for the others. */
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
        return 0;
    }
}

/* Bring the block at the feed's place in sight, all of it, as *s; an unknown one is
 * passed and leaves *s empty. */
static enum lw_status next_block(struct pcapng_file *f, uint32_t *type, struct span *s,
                                 struct lw_error *err)
{
    enum lw_status st = capture_need(&f->source, BLOCK_HEADER_BYTES, err);
    uint32_t least;
    uint32_t n;

    *s = span_of(NULL, 0);
    if (st != LW_OK)
        return st;
    *type = get32(f, f->source.feed.ahead, 0);
    if (*type == BLOCK_SECTION)
        return f->source.hold ? LW_END : read_section(f, err);
    n = get32(f, f->source.feed.ahead, 4);
    if (f->source.hold && f->source.feed.ahead.n < padded(n))
        return LW_END;
    least = block_bytes_min(*type);
    if (padded(n) < BLOCK_BYTES_MIN || padded(n) < least ||
        (least > 0 && n > BLOCK_BYTES_MAX))
        return capture_damaged(&f->source, "a block of type %u claims %u bytes", *type,
                               n);
    if (least == 0)
        return pass_block(f, n, err);
    st = capture_need(&f->source, padded(n), err);
    if (st != LW_OK)
        return st;
    *s = span_first(f->source.feed.ahead, padded(n));
    return check_end(f, n, get32(f, *s, s->n - 4));
}

static enum lw_status pcapng_next(struct capture_source *src, struct lw_packet *pkt,
                                  struct lw_error *err)
{
    struct pcapng_file *f = pcapng_of(src);
    struct span s;
    uint32_t type;

    for (;;) {
        enum lw_status st = next_block(f, &type, &s, err);

        if (st != LW_OK)
            return st;
        if (s.n == 0)
            continue;
        if (type == BLOCK_INTERFACE)
            st = read_interface(f, s, err);
        else if (type == BLOCK_PACKET)
            st = read_packet(f, s, get32(f, s, 8), pkt);
        else if (type == BLOCK_OBSOLETE_PACKET)
            st = read_packet(f, s, get16(f, s, 8), pkt);
        else
            st = read_simple_packet(f, s, pkt);
        if (st != LW_OK)
            return st;
        feed_skip(&src->feed, s.n);
        if (type != BLOCK_INTERFACE)
            return LW_OK;
    }
}

static void pcapng_close(struct capture_source *src)
{
    struct pcapng_file *f = pcapng_of(src);

    mem_free(f->interfaces);
    f->interfaces = NULL;
}

const struct capture_ops capture_pcapng = {
    .name = "pcapng",
    .probe = pcapng_probe,
    .open = pcapng_open,
    .next = pcapng_next,
    .close = pcapng_close,
};
