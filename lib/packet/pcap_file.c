/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcap files, in every dialect that still turns up.
 *
 *     file     0  4  magic: byte order, and which dialect
 *              4  4  version, major and minor
 *              8  8  time zone and accuracy, not used by anybody
 *             16  4  longest capture length ("snaplen")
 *             20  4  link type, under some bits that do not matter here
 *     packet   0  4  time, seconds (unsigned, so until 2106)
 *              4  4  micro- or nanoseconds
 *              8  4  captured length
 *             12  4  length on the wire
 *             16     [8 more bytes in the "modified" dialect of old Linux patches,
 *                    4 more in that of Nokia firewalls]
 *
 * Sources: draft-ietf-opsawg-pcap for the format; libpcap's sf-pcap.c for the
 * dialects and for the two lengths, which changed places before version 2.3.
 */
#include "base/mem.h"
#include "base/timefmt.h"
#include "capture_priv.h"

enum {
    FILE_HEADER_BYTES = 24,
    PACKET_HEADER_BYTES = 16,
    MODIFIED_HEADER_BYTES = 24,
    NOKIA_HEADER_BYTES = 20,
    /* How far to look for the dialect. */
    GUESS_PACKETS = 3,
    GUESS_BYTES = 1 << 20,
    /* Nobody has seen a longer one, not even on a bus. */
    WIRE_BYTES_MAX = 128 << 20
};

struct dialect {
    uint32_t magic;
    uint32_t fraction_ns; /* what the second time field counts */
    uint32_t header_bytes;
};

static const struct dialect dialects[] = {
    {0xa1b2c3d4, 1000, PACKET_HEADER_BYTES},
    {0xa1b23c4d, 1, PACKET_HEADER_BYTES},
    {0xa1b2cd34, 1000, MODIFIED_HEADER_BYTES},
};

/* Which of the two length fields is the captured one. */
enum length_order {
    CAPTURED_FIRST,
    WIRE_FIRST,
    SMALLER_IS_CAPTURED /* version 2.3: written both ways */
};

struct pcap_file {
    struct capture_source source; /* first */
    bool big_endian;
    enum length_order lengths;
    uint32_t fraction_ns;
    uint32_t header_bytes;
    uint32_t link_type;
    uint32_t packet_max;
    uint32_t snaplen; /* what the header says: broken by some writers */
};

static struct pcap_file *pcap_of(struct capture_source *src)
{
    return (struct pcap_file *)src;
}

static const struct dialect *find_dialect(struct span head, bool *big_endian)
{
    uint32_t magic;

    if (!span_get_be32(head, 0, &magic))
        return NULL;
    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) {
        *big_endian = magic == dialects[i].magic;
        if (*big_endian || __builtin_bswap32(magic) == dialects[i].magic)
            return &dialects[i];
    }
    return NULL;
}

static bool pcap_probe(struct span head)
{
    bool big_endian;

    return find_dialect(head, &big_endian) != NULL;
}

static uint32_t get32(struct span s, size_t at, bool big_endian)
{
    uint32_t v = span_be32(s, at);

    return big_endian ? v : __builtin_bswap32(v);
}

static uint16_t get16(struct span s, size_t at, bool big_endian)
{
    uint16_t v = span_be16(s, at);

    return big_endian ? v : __builtin_bswap16(v);
}

/* As libpcap decides it; DG/UX tcpdump wrote version 543.0 with the old order. */
static enum length_order length_order(uint16_t major, uint16_t minor)
{
    if (major == 2 && minor == 3)
        return SMALLER_IS_CAPTURED;
    if ((major == 2 && minor < 3) || major == 543)
        return WIRE_FIRST;
    return CAPTURED_FIRST;
}

static enum lw_status read_file_header(struct pcap_file *f, struct span head,
                                       const char *name, struct lw_error *err)
{
    const struct dialect *dialect = find_dialect(head, &f->big_endian);
    uint16_t major;
    uint16_t minor;

    if (dialect == NULL || head.n < FILE_HEADER_BYTES)
        return lw_fail(err, LW_EFORMAT,
                       "%s: cut off inside the file header: %zu of %d bytes", name,
                       head.n, FILE_HEADER_BYTES);
    major = get16(head, 4, f->big_endian);
    minor = get16(head, 6, f->big_endian);
    if (major < 2 || (major > 2 && major != 543))
        return lw_fail(err, LW_EFORMAT, "%s: pcap version %u.%u is unknown (2.4 is)",
                       name, major, minor);
    f->lengths = length_order(major, minor);
    f->fraction_ns = dialect->fraction_ns;
    f->header_bytes = dialect->header_bytes;
    /* The upper 6 bits tell of a checksum at the end of frames. */
    f->link_type = get32(head, 20, f->big_endian) & 0x03ffffff;
    if (f->link_type > UINT16_MAX)
        return lw_fail(err, LW_EFORMAT,
                       "%s: there is no link type %u: a damaged header", name,
                       f->link_type);
    f->packet_max = capture_packet_max(f->link_type);
    f->snaplen = get32(head, 16, f->big_endian);
    return LW_OK;
}

/* The two lengths of a packet header as they are meant. */
static void read_lengths(const struct pcap_file *f, struct span s, uint32_t *captured,
                         uint32_t *wire)
{
    uint32_t first = get32(s, 8, f->big_endian);
    uint32_t second = get32(s, 12, f->big_endian);
    bool swapped = f->lengths == WIRE_FIRST ||
                   (f->lengths == SMALLER_IS_CAPTURED && first > second);

    *captured = swapped ? second : first;
    *wire = swapped ? first : second;
}

/* How many things are odd about a packet header. */
static unsigned count_odd(const struct pcap_file *f, struct span s)
{
    uint32_t captured;
    uint32_t wire;
    unsigned n = 0;

    read_lengths(f, s, &captured, &wire);
    n += get32(s, 4, f->big_endian) >= NS_PER_S / f->fraction_ns;
    n += captured > f->packet_max;
    n += captured > f->snaplen;
    n += captured > wire;
    n += wire > WIRE_BYTES_MAX;
    return n;
}

/* How odd the first odd one of the first packets is, if their headers are so long; 0
 * also for what is past the end, or too far on. */
static unsigned oddness(struct pcap_file *f, uint32_t header_bytes)
{
    struct lw_error ignored;
    size_t at = 0;

    for (unsigned i = 0; i < GUESS_PACKETS && at < GUESS_BYTES; i++) {
        uint32_t captured;
        uint32_t wire;
        struct span s;
        unsigned n;

        if (feed_need(&f->source.feed, at + PACKET_HEADER_BYTES, &ignored) != LW_OK)
            return 0;
        s = span_from(f->source.feed.ahead, at);
        if (s.n < PACKET_HEADER_BYTES)
            return 0;
        n = count_odd(f, s);
        if (n > 0)
            return n;
        read_lengths(f, s, &captured, &wire);
        at += header_bytes + captured;
    }
    return 0;
}

/* Two dialects with longer packet headers were also written under the standard magic
 * number: the least odd one is taken.  Wireshark guesses by the same signs.  Pipes are
 * not looked ahead into: the packets may not be there yet. */
static void guess_header_bytes(struct pcap_file *f)
{
    static const uint32_t others[] = {MODIFIED_HEADER_BYTES, NOKIA_HEADER_BYTES};
    unsigned least = oddness(f, PACKET_HEADER_BYTES);

    for (size_t i = 0; least > 0 && i < sizeof others / sizeof others[0]; i++) {
        unsigned n = oddness(f, others[i]);

        if (n < least) {
            least = n;
            f->header_bytes = others[i];
        }
    }
}

static enum lw_status pcap_open(struct capture_source **out, struct stream *in,
                                struct lw_error *err)
{
    struct pcap_file *f = mem_zalloc(1, sizeof *f);
    enum lw_status st;

    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", stream_name(in));
    f->source.ops = &capture_pcap;
    feed_init(&f->source.feed, in);
    st = feed_need(&f->source.feed, FILE_HEADER_BYTES, err);
    if (st == LW_OK)
        st = read_file_header(f, f->source.feed.ahead, stream_name(in), err);
    if (st != LW_OK) {
        mem_free(f);
        return st;
    }
    feed_skip(&f->source.feed, FILE_HEADER_BYTES);
    if (f->header_bytes == PACKET_HEADER_BYTES && stream_bytes_total(in) > 0)
        guess_header_bytes(f);
    *out = &f->source;
    return LW_OK;
}

/* The packet whose header `head` begins with, all of it in sight. */
static void give_packet(const struct pcap_file *f, struct span head,
                        struct lw_packet *pkt)
{
    pkt->time_ns = (int64_t)get32(head, 0, f->big_endian) * NS_PER_S +
                   (int64_t)get32(head, 4, f->big_endian) * f->fraction_ns;
    if (pkt->wire_bytes < pkt->captured_bytes)
        pkt->wire_bytes = pkt->captured_bytes;
    pkt->link_type = f->link_type;
    pkt->data = head.p + f->header_bytes;
}

static enum lw_status pcap_next(struct capture_source *src, struct lw_packet *pkt,
                                struct lw_error *err)
{
    struct pcap_file *f = pcap_of(src);
    size_t header = f->header_bytes;
    enum lw_status st = capture_need(src, header, err);

    if (st != LW_OK)
        return st;
    read_lengths(f, src->feed.ahead, &pkt->captured_bytes, &pkt->wire_bytes);
    if (pkt->captured_bytes > f->packet_max)
        return capture_damaged(src, "a packet claims %u bytes", pkt->captured_bytes);
    st = capture_need(src, header + pkt->captured_bytes, err);
    if (st != LW_OK)
        return st;
    give_packet(f, src->feed.ahead, pkt);
    feed_skip(&src->feed, header + pkt->captured_bytes);
    return LW_OK;
}

/* For the byte order and the order of lengths that it is compiled for. */
static inline size_t more_of(const struct pcap_file *f, struct span *ahead,
                             struct lw_packet *pkts, size_t max)
{
    const size_t header = f->header_bytes;
    size_t n;

    for (n = 0; n < max && ahead->n >= header; n++) {
        struct lw_packet *pkt = &pkts[n];

        read_lengths(f, *ahead, &pkt->captured_bytes, &pkt->wire_bytes);
        if (pkt->captured_bytes > f->packet_max ||
            ahead->n - header < pkt->captured_bytes)
            break;
        give_packet(f, *ahead, pkt);
        *ahead = span_from(*ahead, header + pkt->captured_bytes);
    }
    return n;
}

static size_t pcap_more(struct capture_source *src, struct lw_packet *pkts, size_t max)
{
    const struct pcap_file *f = pcap_of(src);
    struct span ahead = src->feed.ahead;
    size_t n;

    if (!f->big_endian && f->lengths == CAPTURED_FIRST &&
        f->header_bytes == PACKET_HEADER_BYTES) {
        const struct pcap_file usual = {.header_bytes = PACKET_HEADER_BYTES,
                                        .lengths = CAPTURED_FIRST,
                                        .fraction_ns = f->fraction_ns,
                                        .link_type = f->link_type,
                                        .packet_max = f->packet_max};

        n = more_of(&usual, &ahead, pkts, max);
    } else {
        n = more_of(f, &ahead, pkts, max);
    }
    feed_skip(&src->feed, src->feed.ahead.n - ahead.n);
    return n;
}

const struct capture_ops capture_pcap = {
    .name = "pcap",
    .probe = pcap_probe,
    .open = pcap_open,
    .next = pcap_next,
    .more = pcap_more,
};
