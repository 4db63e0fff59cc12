/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Least significant digit first: one pass for each 11 bits in which the numbers differ
 * (Knuth, The Art of Computer Programming 3, 5.2.5).  Numbers count from the least one,
 * so that times of half an hour take 4 passes and not 6.
 */
#include "base/radix.h"

#include <stdbool.h>
#include <string.h>

enum { DIGIT_BITS = 11, N_DIGITS = 1 << DIGIT_BITS };

/* By which of an item's numbers. */
enum by { BY_KEY, BY_THEN };

static uint64_t number_of(const struct radix_item *item, enum by by)
{
    return by == BY_KEY ? item->key : item->then;
}

/* The least number, and how far the greatest is above it. */
struct range {
    uint64_t least;
    uint64_t width;
    bool in_order;
};

static struct range range_of(const struct radix_item *items, size_t n, enum by by)
{
    struct range r = {number_of(&items[0], by), 0, true};
    uint64_t greatest = r.least;

    for (size_t i = 1; i < n; i++) {
        uint64_t v = number_of(&items[i], by);

        if (v < number_of(&items[i - 1], by))
            r.in_order = false;
        if (v < r.least)
            r.least = v;
        if (v > greatest)
            greatest = v;
    }
    r.width = greatest - r.least;
    return r;
}

static unsigned digit_of(const struct radix_item *item, enum by by, uint64_t least,
                         unsigned shift)
{
    return (unsigned)((number_of(item, by) - least) >> shift) & (N_DIGITS - 1);
}

static void pass(const struct radix_item *from, struct radix_item *to, size_t n,
                 enum by by, uint64_t least, unsigned shift)
{
    size_t at[N_DIGITS] = {0};
    size_t sum = 0;

    for (size_t i = 0; i < n; i++)
        at[digit_of(&from[i], by, least, shift)]++;
    for (size_t i = 0; i < N_DIGITS; i++) {
        size_t count = at[i];

        at[i] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        to[at[digit_of(&from[i], by, least, shift)]++] = from[i];
}

static void sort_by(struct radix_item *items, struct radix_item *scratch, size_t n,
                    enum by by)
{
    const struct range r = range_of(items, n, by);
    struct radix_item *from = items;
    struct radix_item *to = scratch;

    if (r.in_order)
        return;
    for (unsigned shift = 0; shift < 64 && r.width >> shift != 0; shift += DIGIT_BITS) {
        struct radix_item *swap = from;

        pass(from, to, n, by, r.least, shift);
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, n * sizeof *items);
}

void radix_sort(struct radix_item *items, struct radix_item *scratch, size_t n)
{
    if (n < 2)
        return;
    sort_by(items, scratch, n, BY_THEN);
    sort_by(items, scratch, n, BY_KEY);
}
