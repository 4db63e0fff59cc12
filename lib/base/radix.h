/* SPDX-License-Identifier: Apache-2.0 */
/* base/radix.h - sorting many items by whole numbers, without comparing them. */
#ifndef BASE_RADIX_H
#define BASE_RADIX_H

#include <stddef.h>
#include <stdint.h>

struct radix_item {
    uint64_t key;
    uint64_t then; /* orders what has the same key */
    uint32_t value;
};

/** Sort n items by key, then by `then`, both upwards; what is equal in both keeps its
 *  order.  `scratch` has room for n more. */
void radix_sort(struct radix_item *items, struct radix_item *scratch, size_t n);

#endif /* BASE_RADIX_H */
