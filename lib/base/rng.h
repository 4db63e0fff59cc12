/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/rng.h - seeded random numbers, the same on every machine.
 *
 * xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64.  Not for
 * secrets.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/** Uniform in [0, n), without bias; n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);
/** Uniform in [0, 1). */
double rng_unit(struct rng *r);
/** Fisher-Yates: put `n` indices in random order. */
void rng_shuffle(struct rng *r, uint32_t *idx, size_t n);

#endif /* BASE_RNG_H */
