/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/lru_table.h - what is remembered of many keys, in bounded memory.
 *
 * Entries of one size are found by keys of one size.  A new key's entry is on trial;
 * asked for again, it is kept.  A full table forgets the entry on trial that was not
 * asked for longest, so that a scan of ever new keys pushes out only its own.  At most
 * four fifths of the table are kept; beyond that the kept entry that was not asked for
 * longest is on trial again.  (Segmented LRU: Karedla, Love and Wherry 1994.)
 *
 * What is forgotten depends on the order of the keys alone, never on their hashes.
 * Memory grows with use, up to max_entries.
 */
#ifndef BASE_LRU_TABLE_H
#define BASE_LRU_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lru_table; /* opaque */

/** Keys of `key_bytes`, compared byte by byte (padding is zero, then), entries of
 *  `entry_bytes` aligned to 8.  `seed` is of hash_random_seed().  NULL when memory is
 *  out. */
struct lru_table *lru_table_new(size_t key_bytes, size_t entry_bytes,
                                uint32_t max_entries, uint64_t seed);
/** NULL is fine. */
void lru_table_free(struct lru_table *t);

/** The key's entry, zeroed where *is_new says that it was not remembered.  It stays
 *  where it is until a later call forgets it.  NULL when memory is out for the very
 *  first entries; later the table is full at the size that it has. */
void *lru_table_get(struct lru_table *t, const void *key, bool *is_new);

/** The same in steps, for whoever knows his keys in advance: the hash of a key; asking
 *  memory for the place where its entry is found; then, which waits for that, for the
 *  entry; and the entry. */
uint32_t lru_table_hash(const struct lru_table *t, const void *key);
void lru_table_fetch_bucket(const struct lru_table *t, uint32_t hash);
void lru_table_fetch_entry(const struct lru_table *t, uint32_t hash);
void *lru_table_get_hashed(struct lru_table *t, const void *key, uint32_t hash,
                           bool *is_new);

/** The key's entry, or NULL; what is forgotten next does not change. */
void *lru_table_find(const struct lru_table *t, const void *key);

uint32_t lru_table_count(const struct lru_table *t);
/** Entries forgotten so far. */
uint64_t lru_table_forgotten(const struct lru_table *t);

#endif /* BASE_LRU_TABLE_H */
