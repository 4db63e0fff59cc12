/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/hash.h - a fast seeded hash for tables whose keys an attacker may choose.
 *
 * Multiply-and-fold over 16-byte steps in the manner of wyhash.  Tables take a random
 * seed (hash_random_seed()), so colliding keys cannot be prepared; nothing printed or
 * stored may depend on a hash value.  For digests see base/digest.h.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide r = (wide)a * b;

    return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static inline uint64_t hash_load64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t hash_bytes(const void *data, size_t n, uint64_t seed)
{
    static const uint64_t k0 = 0xa0761d6478bd642fULL;
    static const uint64_t k1 = 0xe7037ed1a0b428dbULL;
    const uint8_t *p = data;
    uint64_t h = seed ^ k0;
    uint64_t a = 0;
    uint64_t b = 0;
    size_t left = n;

    for (; left > 16; left -= 16, p += 16)
        h = hash_fold(hash_load64(p) ^ k1, hash_load64(p + 8) ^ h);
    if (left >= 8) {
        a = hash_load64(p);
        b = hash_load64(p + left - 8);
    } else {
        for (size_t i = 0; i < left; i++)
            a = a << 8 | p[i];
    }
    return hash_fold(k1 ^ n, hash_fold(a ^ k1, b ^ h));
}

/** A seed that others cannot know, the same for the life of the process. */
uint64_t hash_random_seed(void);

#endif /* BASE_HASH_H */
