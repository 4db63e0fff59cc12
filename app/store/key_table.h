/* SPDX-License-Identifier: Apache-2.0 */
/* store/key_table.h - numbers for byte strings: 1, 2, ... in the order they were first
 * seen.
 */
#ifndef STORE_KEY_TABLE_H
#define STORE_KEY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key_table {
    uint32_t *slots; /* (n_slots) owned: numbers, 0 is free */
    size_t n_slots;  /* a power of two */
    char *bytes;     /* owned: all keys */
    size_t bytes_cap;
    size_t *ends; /* (n) owned: where key i + 1 ends in bytes */
    size_t ends_cap;
    uint32_t n;
};

void key_table_init(struct key_table *d);
void key_table_release(struct key_table *d);
/** The number of a key, which is added if it is new; 0 when memory is out. */
uint32_t key_table_number(struct key_table *d, const void *key, size_t n, bool *added);
/** The number of a key; 0: it is not there. */
uint32_t key_table_find(const struct key_table *d, const void *key, size_t n);
/** The key with a number; borrowed until the next is added. */
const char *key_table_key(const struct key_table *d, uint32_t number, size_t *n);

#endif /* STORE_KEY_TABLE_H */
