/* SPDX-License-Identifier: Apache-2.0 */
#include "slab.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

enum { ALIGNED_BYTES = 8 };

static uint32_t n_chunks(const struct slab *s)
{
    return (s->max + SLAB_CHUNK - 1) >> SLAB_CHUNK_SHIFT;
}

bool slab_init(struct slab *s, uint32_t max, size_t object_bytes)
{
    LW_ASSERT(max >= 1 && max <= UINT32_MAX - SLAB_CHUNK && object_bytes >= 1);
    *s = (struct slab){.max = max,
                       .object_bytes = (object_bytes + ALIGNED_BYTES - 1) /
                                       ALIGNED_BYTES * ALIGNED_BYTES,
                       .free_list = SLAB_NONE};
    s->chunks = mem_zalloc(n_chunks(s), sizeof *s->chunks);
    return s->chunks != NULL;
}

void slab_release(struct slab *s)
{
    for (uint32_t i = 0; s->chunks != NULL && i < n_chunks(s); i++)
        mem_free(s->chunks[i]);
    mem_free(s->chunks);
    *s = (struct slab){.chunks = NULL};
}

static bool make_chunk(struct slab *s, uint32_t i)
{
    uint32_t left = s->max - (i << SLAB_CHUNK_SHIFT);

    s->chunks[i] =
        mem_alloc_table(left < SLAB_CHUNK ? left : SLAB_CHUNK, s->object_bytes);
    return s->chunks[i] != NULL;
}

uint32_t slab_take(struct slab *s)
{
    uint32_t index = s->free_list;

    if (index != SLAB_NONE) {
        memcpy(&s->free_list, slab_at(s, index), sizeof s->free_list);
    } else {
        if (s->n_made == s->max)
            return SLAB_NONE;
        index = s->n_made;
        if (s->chunks[index >> SLAB_CHUNK_SHIFT] == NULL &&
            !make_chunk(s, index >> SLAB_CHUNK_SHIFT))
            return SLAB_NONE;
        s->n_made++;
    }
    s->n_used++;
    return index;
}

void slab_give(struct slab *s, uint32_t index)
{
    LW_DEBUG_ASSERT(index < s->n_made && s->n_used > 0);
    memcpy(slab_at(s, index), &s->free_list, sizeof s->free_list);
    s->free_list = index;
    s->n_used--;
}
