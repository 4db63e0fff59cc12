/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/mem.h - the one allocator.
 *
 * Every allocation of Lapwing passes through here, so that a test can make the Nth
 * one fail and count them.  Sizes of arrays are checked for overflow.  A failed
 * allocation returns NULL; whoever asked turns that into LW_ENOMEM.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/** `size` bytes, uninitialised; size 0 gives a unique pointer. */
void *mem_alloc(size_t size) __attribute__((malloc, warn_unused_result));

/** `n` zeroed objects of `size` bytes. */
void *mem_zalloc(size_t n, size_t size) __attribute__((malloc, warn_unused_result));

/** Resize to `n` objects of `size` bytes; on failure `p` stays as it was. */
void *mem_resize(void *p, size_t n, size_t size) __attribute__((warn_unused_result));

/** `n` objects of `size` bytes for a large table: uninitialised, aligned to a cache
 * line, and on huge pages where it fills one, because a table that is read at random
 * costs a walk of the page tables a look otherwise. */
void *mem_alloc_table(size_t n, size_t size) __attribute__((warn_unused_result));

/** Make room for `need` objects in an array that grows by half: `*cap` is raised and
 *  the array returned, or NULL with nothing changed. */
void *mem_grow(void *p, size_t *cap, size_t need, size_t size)
    __attribute__((warn_unused_result));

/** Copies; NULL when memory is out. */
char *mem_strdup(const char *s) __attribute__((malloc, warn_unused_result));
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, warn_unused_result));
void *mem_dup(const void *p, size_t n) __attribute__((malloc, warn_unused_result));

/** NULL is fine. */
void mem_free(void *p);

/** Test hook: the n-th allocation from now (1 = next) fails, and every later one if
 *  `keep_failing`; 0 switches it off.  Not for use with threads. */
void mem_fail_at(uint64_t n, int keep_failing);

/** Allocations and resizes asked for since the process started. */
uint64_t mem_count(void);

#endif /* BASE_MEM_H */
