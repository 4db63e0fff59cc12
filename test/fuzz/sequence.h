/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/sequence.h - inputs that are packets and how to meter them.
 *
 *     0  table size, 1 to 256; bit 5: with streams, of few connections at a time
 *     1  bit 0: cut as Argus does; bit 1: conn_log; bit 2: wrong checksums, too;
 *        bit 3: cut as Zeek does; bits 4 and 5: which flows of tunnels, outer (also 3),
 *        inner, both; bit 6: few datagrams are put together at once; bit 7: with
 *        statistics of packets
 *     2  bits 0 to 2: link type (sequence_link_type); bit 3: once an allocation failed,
 *        all others fail, too; bits 4 to 7: packets in a batch, 1, 6, ... 76
 *     3  which allocation fails, from 1 on; 0: none.  The run target takes it for
 *        how many times more the packets come, and bits 4 to 7 of byte 2 for threads
 *     4  packets, each:
 *          time step: exponent 5 bits, sign 1 bit, tens of exponent 2 bits
 *          length n; 255: length in 2 bytes; 254: length in 2 bytes, then in 2 bytes
 *          how many more there were on the wire (little-endian)
 *          the bytes
 *
 * Every input is read, however it ends: a packet that is not whole is not there.
 */
#ifndef FUZZ_SEQUENCE_H
#define FUZZ_SEQUENCE_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/flow.h>

enum {
    SEQUENCE_HEAD = 4,
    SEQUENCE_STARVES = 8, /* bit 3 of byte 2 */
    SEQUENCE_BACKWARDS = 0x20,
    /* What struct sequence holds; the target itself has no such limits. */
    SEQUENCE_PACKETS_MAX = 256,
    SEQUENCE_PACKET_BYTES = 2048
};

/** One packet as it stands in an input. */
struct sequence_entry {
    uint8_t step;
    uint16_t missing; /* bytes that were on the wire, but not captured */
    struct span bytes;
};

/** Take the next packet; false at the end. */
bool sequence_take(struct span *in, struct sequence_entry *out);

/** Append a packet of at most 65,535 bytes. */
void sequence_put(struct buf *b, const struct sequence_entry *e);

/** How far a packet's time is from that of the one before it: from a nanosecond to
 *  73 years. */
int64_t sequence_step_ns(uint8_t code);

/** The code whose step is nearest to `ns`. */
uint8_t sequence_step_code(int64_t ns);

uint32_t sequence_link_type(const uint8_t head[SEQUENCE_HEAD]);

/** Which number in byte 2 stands for a link type; -1: none. */
int sequence_link_code(uint32_t link_type);

/** How the input wants its packets metered. */
struct lw_meter_config sequence_config(const uint8_t head[SEQUENCE_HEAD]);

/** What the tap of such a configuration heard, as `tapped` of the records. */
struct sequence_heard {
    uint64_t data_bytes[2]; /* client, server */
    uint64_t gap_bytes[2];
    uint64_t hash; /* of everything, in its order */
    bool has_begun;
    bool has_ended;
};

/** A hash of what a record says of streams and handshakes, and of `seed`. */
uint64_t sequence_hash_streams(const struct lw_record *rec, uint64_t seed);

/** A packet that can be edited. */
struct packet {
    uint8_t step;
    uint16_t missing;
    size_t n;
    uint8_t bytes[SEQUENCE_PACKET_BYTES];
};

/** A whole input, for editing.  The first n of `at` are its packets in order, the
 * others are spare ones. */
struct sequence {
    uint8_t head[SEQUENCE_HEAD];
    size_t n;
    struct packet *at[SEQUENCE_PACKETS_MAX];
    struct packet packets[SEQUENCE_PACKETS_MAX];
};

/** Read an input.  Longer packets than fit are cut, more are left out; a head that is
 *  not whole is filled up with zeros. */
void sequence_read(struct sequence *s, const uint8_t *data, size_t n);

/** Write it to `out`: as many packets as fit whole.  Returns the length; `max` is at
 *  least SEQUENCE_HEAD. */
size_t sequence_write(const struct sequence *s, uint8_t *out, size_t max);

/** Put an empty packet before the i-th (i <= n) and return it; NULL: no more fit. */
struct packet *sequence_insert(struct sequence *s, size_t i);

/** Take the i-th packet out (i < n). */
void sequence_remove(struct sequence *s, size_t i);

/** A copy before the i-th place; NULL: no more fit. */
struct packet *sequence_copy(struct sequence *s, size_t i, const struct packet *p);

#endif /* FUZZ_SEQUENCE_H */
