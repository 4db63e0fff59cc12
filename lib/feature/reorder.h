/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/reorder.h - records in the order of their ends.
 *
 * The meter reports a flow when it is sure that it is over, which for an idle flow is
 * long after its last packet.  Windows over past connections need them in the order
 * (end, start, flow id), equals as they came; records wait here until nothing older can
 * come.
 *
 * What a record borrows for the call only (statistics and the like) cannot wait.  So
 * the part of a row that is made of those is made on the way in, and waits with the
 * record.
 */
#ifndef FEATURE_REORDER_H
#define FEATURE_REORDER_H

#include <lapwing/record.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What is compared, and where the record is. */
struct reorder_key {
    int64_t end_ns;
    int64_t start_ns;
    uint64_t flow_id;
    uint32_t number; /* among equals, as they came; wraps */
    uint32_t slot;
};

enum {
    REORDER_LEVELS = 6,
    REORDER_BUCKETS = 256, /* of each level */
    REORDER_CHUNK = 7,     /* keys that are side by side */
    REORDER_ROOMS = 26,
    REORDER_AHEAD = 3 /* records whose turn comes next and that are known */
};

/** Part of a bucket. */
struct reorder_chunk {
    uint32_t next; /* plus one; 0: none */
    uint32_t n;
    struct reorder_key keys[REORDER_CHUNK];
};

struct reorder {
    struct reorder_key *heap; /* (n_heap): the next ones; owned (cap) */
    size_t n_heap;
    uint64_t now; /* units of time: up to here they are in the heap, */
    uint32_t bucket[REORDER_LEVELS][REORDER_BUCKETS];    /* beyond in these: the first
                                                            chunk plus one; 0: none */
    uint64_t used[REORDER_LEVELS][REORDER_BUCKETS / 64]; /* which have any, by bits */
    struct reorder_chunk *chunks;                        /* owned */
    uint32_t n_chunks;                                   /* that were ever used */
    uint32_t free_chunk;        /* those to be used again, linked as in a bucket */
    uint32_t *free_slots;       /* (cap - n) used last to first; owned (cap) */
    char *rooms[REORDER_ROOMS]; /* for records and what waits with them; owned */
    uint32_t n_rooms;
    uint32_t n_pushed; /* modulo 2^32 */
    size_t n;
    size_t cap;
    size_t n_own;
    size_t stride; /* of slots, in bytes */
};

/** `n_own` values wait with each record; may be 0. */
void reorder_init(struct reorder *r, size_t n_own);
void reorder_release(struct reorder *r);
/** Put in a copy without what it borrows; *own (n_own) is to be filled by the caller.
 *  False when memory is out. */
bool reorder_push(struct reorder *r, const struct lw_record *rec, float **own);
/** Take the first one; it and what waited with it stay readable until the next push.
 *  NULL when empty. */
const struct lw_record *reorder_pop(struct reorder *r, const float **own);
/** End of the first one; `r` is not empty. */
int64_t reorder_first_end_ns(const struct reorder *r);
/** The first one, unless another is pushed before it; its memory, and that of the one
 *  after it, is asked for, and may not have come.  NULL when there is none. */
const struct lw_record *reorder_coming(const struct reorder *r);

#endif /* FEATURE_REORDER_H */
