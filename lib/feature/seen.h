/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/seen.h - when something was seen last, and how many different ones there
 * were.
 *
 * `seen` remembers when keys came last, in a table of fixed size: of a key it keeps a
 * part of its hash and the time, eight to a cache line, and of a full line the one that
 * is longest ago gives way.
 *
 * `distinct` counts what is different, damped: each peer of a host counts 2^-(time
 * since it was last seen / half-life).  When a peer comes, the sum must go up by what
 * its last visit does not count for any more, 1 - 2^-(age / half-life), so all it needs
 * is the age.
 *
 * Errors.  Exact, to ticks, while a host has at most DISTINCT_EXACT peers within
 * about a second and the table has room.  Beyond that, only every second, fourth, ...
 * of its peers is looked at and counts twice, four times, ...: a standard error of 6 %
 * (1 / sqrt(DISTINCT_EXACT / 2)), and a host takes at most some 360 places a second.  A
 * peer that comes again after its place was given away counts as new: if the least age
 * that was given away is A, a sum is at most 1 / (1 - 2^-(A / half-life)) times what it
 * should be.  Two keys are taken for one with a probability of 2^-29 a look.
 *
 * The hash has no secret in it, as rows must not differ from run to run.  Who prepares
 * collisions makes the table forget keys of his own and of those in the same line.
 */
#ifndef FEATURE_SEEN_H
#define FEATURE_SEEN_H

#include "base/hash.h"
#include "feature/decay.h"

#include <stdbool.h>
#include <stdint.h>

enum { SEEN_WAYS = 8, DISTINCT_EXACT = 512 };

/** Never, or not any more. */
#define SEEN_NEVER INT64_MAX

/** Ages are told in ticks; what is longer ago than SEEN_MEMORY_NS was never. */
#define SEEN_MEMORY_NS (INT64_C(3600) * 1000000000)

/** One cache line. */
struct seen_line {
    uint32_t tag[SEEN_WAYS];  /* 0: nothing */
    uint32_t tick[SEEN_WAYS]; /* modulo 2^32 (208 days) */
};

struct seen {
    struct seen_line *lines; /* owned (mask + 1) */
    uint32_t mask;
    uint64_t forgotten;    /* keys that gave way within SEEN_MEMORY_NS */
    int64_t least_lost_ns; /* the least age of these; SEEN_NEVER: there is none */
};

/** Room for about `max` keys, rounded up to a power of two.  False when memory is out.
 */
bool seen_init(struct seen *s, uint32_t max);
void seen_release(struct seen *s);

/** How long ago the key was seen last; it is seen now. */
int64_t seen_touch(struct seen *s, uint64_t key, int64_t now_ns);

/** A key from two numbers. */
static inline uint64_t seen_key(uint64_t a, uint64_t b)
{
    return hash_fold(a ^ 0xa0761d6478bd642fULL, b ^ 0xe7037ed1a0b428dbULL);
}

/** What is known of the different peers of one host.  All zero: none yet. */
struct distinct {
    struct decayed n;   /* different ones */
    struct decayed new; /* visits of ones that were not seen within SEEN_MEMORY_NS */
    uint64_t first;     /* the first peer has its place here: most have no other */
    int64_t first_ns;
    bool has_first;
};

/** Bring up to date by what is lost since the last call, then count a visit
 *  of `peer`, a hash; `host` is another, of whose peer it is. */
void distinct_add(struct distinct *d, const struct decayed *lost, struct seen *s,
                  uint64_t host, uint64_t peer, int64_t now_ns);

/** The same when the age of the last visit is known. */
void distinct_add_aged(struct distinct *d, const struct decayed *lost, int64_t age_ns);

#endif /* FEATURE_SEEN_H */
