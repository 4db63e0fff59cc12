/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet/reassembly.h - datagrams from their fragments, in bounded memory.
 *
 * Memory is taken in slabs as it is needed, up to the limits, and kept; a flood of
 * fragments allocates nothing once they are reached.  The oldest incomplete datagram
 * gives way.  Time is packet time.
 *
 * Overlaps: in IPv4 the bytes that came first are kept; in IPv6 the datagram is dropped
 * with all its fragments, also those to come (RFC 5722, RFC 8200 4.5).  A fragment that
 * repeats what is there already is a duplicate and no overlap.
 */
#ifndef PACKET_REASSEMBLY_H
#define PACKET_REASSEMBLY_H

#include "packet/decode.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    REASSEMBLY_BYTES_DEFAULT = 4 << 20,
    REASSEMBLY_BYTES_MIN = 128 << 10, /* two of the longest datagrams */
    REASSEMBLY_BYTES_MAX = 31 << 20,
    REASSEMBLY_DATAGRAMS_DEFAULT = 2048,
    REASSEMBLY_DATAGRAMS_MAX = 1 << 16
};

/** Datagrams: begun = completed + malformed + timed_out + evicted + dropped + those
 *  that are incomplete now. */
struct reassembly_stats {
    uint64_t fragments;  /* handed to reassembly_add(); of these */
    uint64_t unusable;   /* cannot be part of a datagram, or were not captured whole */
    uint64_t duplicates; /* repeat what is there */
    uint64_t overlaps;   /* contradict or extend over what is there */
    uint64_t begun;
    uint64_t completed;
    uint64_t malformed; /* complete, but what is in them contradicts itself */
    uint64_t timed_out;
    uint64_t evicted; /* gave way to others */
    uint64_t dropped; /* overlapping IPv6 fragments, or ends that contradict */
};

struct reassembly_datagram;
struct reassembly_slab;

struct reassembly {
    uint32_t max_pages;
    uint32_t max_datagrams;
    bool ready;                            /* the arrays below are there */
    bool failed;                           /* memory was out: do without */
    struct reassembly_datagram *datagrams; /* owned (max_datagrams + 1), 0 unused */
    uint32_t *buckets;                     /* owned (bucket_mask + 1) */
    uint32_t bucket_mask;
    uint32_t n_made;    /* datagrams that were ever used */
    uint32_t free_list; /* of datagrams; 0 is none, here and below */
    uint32_t oldest;
    uint32_t newest;
    struct reassembly_slab **slabs; /* owned, each owned */
    uint32_t n_slabs;
    uint32_t n_pages_made;
    uint16_t free_page;
    uint8_t *whole[1 + TUNNEL_DEPTH_MAX]; /* owned: the last complete one, by level */
    uint64_t seed;
    struct reassembly_stats stats;
};

/** Zero stands for the defaults; limits out of range are a bug.  Allocates nothing. */
void reassembly_init(struct reassembly *r, uint32_t max_bytes, uint32_t max_datagrams);
void reassembly_release(struct reassembly *r);

/** Take a fragment (d->is_fragment) in.  Sets d->overlaps, and when its datagram is
 *  complete d->reassembled and what belongs to it.  d->tunnel_depth may be at most
 *  TUNNEL_DEPTH_MAX. */
void reassembly_add(struct reassembly *r, struct decoded *d, int64_t now_ns);

#endif /* PACKET_REASSEMBLY_H */
