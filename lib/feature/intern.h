/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/intern.h - small numbers for large keys, as long as somebody uses them.
 *
 * At most INTERN_MAX different keys live at a time; each has a number below that, so
 * that what is counted per key is a plain array.  Fixed size, no allocation.
 */
#ifndef FEATURE_INTERN_H
#define FEATURE_INTERN_H

#include <stdint.h>

enum { INTERN_MAX = 512, INTERN_SLOTS = 2 * INTERN_MAX };

struct intern_key {
    uint64_t word[2];
};

struct intern {
    uint64_t seed;
    uint16_t slot[INTERN_SLOTS]; /* number + 1, 0 when empty; linear probing */
    uint16_t n_free;
    uint16_t free[INTERN_MAX]; /* (n_free), numbers not in use */
    struct intern_entry {
        struct intern_key key;
        uint16_t home; /* the slot where probing for it begins */
        uint16_t uses;
    } entry[INTERN_MAX]; /* by number */
};

void intern_init(struct intern *t, uint64_t seed);
/** The key's number; it is used once more. */
uint16_t intern_take(struct intern *t, struct intern_key key);
/** It is used once less; a number that nobody uses is given to another key. */
void intern_drop(struct intern *t, uint16_t number);

#endif /* FEATURE_INTERN_H */
