/* SPDX-License-Identifier: Apache-2.0 */
/* base/prefetch.h - asking memory for what will be needed, without waiting for it. */
#ifndef BASE_PREFETCH_H
#define BASE_PREFETCH_H

#include <stddef.h>

/** A function that only prefetches has no effect in gcc's eyes, which drops calls of it
 *  unless it is inlined. */
#define PREFETCHES __attribute__((always_inline))

/** The cache lines of `bytes` from p on; what p points to need not be there. */
PREFETCHES static inline void prefetch_lines(const void *p, size_t bytes)
{
    enum { LINE = 64 };

    for (size_t at = 0; at < bytes; at += LINE)
        __builtin_prefetch((const char *)p + at, 1);
}

#endif /* BASE_PREFETCH_H */
