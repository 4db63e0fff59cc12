/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key_table.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum { SLOTS_MIN = 64 };

void key_table_init(struct key_table *d)
{
    memset(d, 0, sizeof *d);
}

void key_table_release(struct key_table *d)
{
    mem_free(d->slots);
    mem_free(d->bytes);
    mem_free(d->ends);
    memset(d, 0, sizeof *d);
}

const char *key_table_key(const struct key_table *d, uint32_t number, size_t *n)
{
    size_t from = number == 1 ? 0 : d->ends[number - 2];

    *n = d->ends[number - 1] - from;
    return d->bytes + from;
}

/* Where a key is, or belongs. */
static size_t place(const struct key_table *d, const void *key, size_t n)
{
    size_t at = hash_bytes(key, n, 0) & (d->n_slots - 1);

    for (; d->slots[at] != 0; at = (at + 1) & (d->n_slots - 1)) {
        size_t have;
        const char *bytes = key_table_key(d, d->slots[at], &have);

        if (have == n && memcmp(bytes, key, n) == 0)
            break;
    }
    return at;
}

uint32_t key_table_find(const struct key_table *d, const void *key, size_t n)
{
    return d->n_slots == 0 ? 0 : d->slots[place(d, key, n)];
}

static bool rehash(struct key_table *d)
{
    size_t n_slots = d->n_slots == 0 ? SLOTS_MIN : 2 * d->n_slots;
    uint32_t *slots = mem_zalloc(n_slots, sizeof *slots);

    if (slots == NULL)
        return false;
    mem_free(d->slots);
    d->slots = slots;
    d->n_slots = n_slots;
    for (uint32_t i = 1; i <= d->n; i++) {
        size_t n;
        const char *key = key_table_key(d, i, &n);

        slots[place(d, key, n)] = i;
    }
    return true;
}

static bool keep(struct key_table *d, const void *key, size_t n)
{
    size_t from = d->n == 0 ? 0 : d->ends[d->n - 1];
    char *bytes = mem_grow(d->bytes, &d->bytes_cap, from + n + 1, 1);
    size_t *ends;

    if (bytes == NULL)
        return false;
    d->bytes = bytes;
    ends = mem_grow(d->ends, &d->ends_cap, d->n + 1, sizeof *ends);
    if (ends == NULL)
        return false;
    d->ends = ends;
    if (n > 0)
        memcpy(bytes + from, key, n);
    ends[d->n] = from + n;
    d->n++;
    return true;
}

uint32_t key_table_number(struct key_table *d, const void *key, size_t n, bool *added)
{
    size_t at;

    *added = false;
    if (2 * (d->n + 1) > d->n_slots && !rehash(d))
        return 0;
    at = place(d, key, n);
    if (d->slots[at] != 0)
        return d->slots[at];
    if (!keep(d, key, n))
        return 0;
    d->slots[at] = d->n;
    *added = true;
    return d->n;
}
