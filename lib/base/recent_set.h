/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/recent_set.h - how many different things there were lately, in 264 bytes.
 *
 * Linear counting (Whang, Vander-Zanden and Taylor 1990) with times instead of bits:
 * each of 128 cells knows when a thing that hashes to it was last seen.  One set thus
 * answers for every window into the past of up to two hours, and it slides.
 *
 * Counts are estimates: -128 ln(share of the cells that saw nothing).  Their standard
 * error is 6.5 % at 32 things, 7.5 % at 128, 12 % at 384; up to 5 the nearest whole
 * number is right unless two share a cell (8 % of the cases at 5).  A full set says
 * 710.
 */
#ifndef BASE_RECENT_SET_H
#define BASE_RECENT_SET_H

#include <stdbool.h>
#include <stdint.h>

enum { RECENT_SET_CELLS = 128 };

/** All zero is an empty one. */
struct recent_set {
    int64_t origin;                  /* in units of a quarter of a second */
    uint16_t seen[RECENT_SET_CELLS]; /* units since origin; 0: never */
};

/** The longest window. */
#define RECENT_SET_WINDOW_NS (INT64_C(7200) * 1000000000)

/** A thing by its hash, whose bits all count, was seen.  Time may go back a little. */
void recent_set_add(struct recent_set *s, uint64_t hash, int64_t time_ns);

/** How many there were in the last `window_ns` before time_ns. */
float recent_set_count(const struct recent_set *s, int64_t time_ns, int64_t window_ns);

/** Was it, or one that shares its cell, seen in the window? */
bool recent_set_has(const struct recent_set *s, uint64_t hash, int64_t time_ns,
                    int64_t window_ns);

#endif /* BASE_RECENT_SET_H */
