/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/inet_sum.h - the Internet checksum (RFC 1071), for checking only.
 *
 * A one's complement sum is the same in either byte order but for the order of its own
 * two bytes, and a sum of all ones is so in both: words are added as they lie in
 * memory.
 */
#ifndef BASE_INET_SUM_H
#define BASE_INET_SUM_H

#include "span.h"

/** Add the bytes to `sum`, which begins at 0; all but the last span must be even. */
static inline uint64_t inet_sum_add(uint64_t sum, struct span s)
{
    size_t at = 0;
    uint32_t word;
    uint16_t half;

    for (; at + sizeof word <= s.n; at += sizeof word) {
        memcpy(&word, s.p + at, sizeof word);
        sum += word;
    }
    if (at + sizeof half <= s.n) {
        memcpy(&half, s.p + at, sizeof half);
        sum += half;
        at += sizeof half;
    }
    if (at < s.n) {
        const uint8_t padded[2] = {s.p[at], 0};

        memcpy(&half, padded, sizeof half);
        sum += half;
    }
    return sum;
}

/** Whether all that was added, a checksum field with it, is as it was sent. */
static inline bool inet_sum_is_right(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

#endif /* BASE_INET_SUM_H */
