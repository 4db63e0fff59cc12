/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/slab.h - a bounded number of objects of one size.
 *
 * Grows in chunks up to its limit and never shrinks; once grown it allocates nothing.
 * Objects do not move.  When memory is out it behaves as a full one.
 */
#ifndef FLOW_SLAB_H
#define FLOW_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** No object. */
#define SLAB_NONE UINT32_MAX

enum { SLAB_CHUNK_SHIFT = 6, SLAB_CHUNK = 1 << SLAB_CHUNK_SHIFT };

struct slab {
    char **chunks;       /* owned (max / SLAB_CHUNK, rounded up), each owned or NULL */
    size_t object_bytes; /* a multiple of 8 */
    uint32_t max;
    uint32_t n_made; /* objects that ever had memory */
    uint32_t n_used;
    uint32_t free_list; /* index of a free object, whose first bytes hold the next */
};

/** Get ready for up to `max` objects (1 or more) of `object_bytes` (1 or more).  False
 *  when memory is out. */
bool slab_init(struct slab *s, uint32_t max, size_t object_bytes);
void slab_release(struct slab *s);

/** Index of an object that was free, uninitialised; SLAB_NONE when all are in use. */
uint32_t slab_take(struct slab *s);
void slab_give(struct slab *s, uint32_t index);

static inline void *slab_at(const struct slab *s, uint32_t index)
{
    return s->chunks[index >> SLAB_CHUNK_SHIFT] +
           (size_t)(index & (SLAB_CHUNK - 1)) * s->object_bytes;
}

#endif /* FLOW_SLAB_H */
