/* SPDX-License-Identifier: Apache-2.0 */
#include "store/dict.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum { SLOTS_MIN = 64 };

void store_dict_init(struct dict *d)
{
    memset(d, 0, sizeof *d);
}

void store_dict_release(struct dict *d)
{
    mem_free(d->slots);
    mem_free(d->bytes);
    mem_free(d->ends);
    memset(d, 0, sizeof *d);
}

const char *store_dict_key(const struct dict *d, uint32_t number, size_t *n)
{
    size_t from = number == 1 ? 0 : d->ends[number - 2];

    *n = d->ends[number - 1] - from;
    return d->bytes + from;
}

/* Where a key is, or belongs. */
static size_t place(const struct dict *d, const void *key, size_t n)
{
    size_t at = hash_bytes(key, n, 0) & (d->n_slots - 1);

    for (; d->slots[at] != 0; at = (at + 1) & (d->n_slots - 1)) {
        size_t have;
        const char *bytes = store_dict_key(d, d->slots[at], &have);

        if (have == n && memcmp(bytes, key, n) == 0)
            break;
    }
    return at;
}

uint32_t store_dict_find(const struct dict *d, const void *key, size_t n)
{
    return d->n_slots == 0 ? 0 : d->slots[place(d, key, n)];
}

static bool rehash(struct dict *d)
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
        const char *key = store_dict_key(d, i, &n);

        slots[place(d, key, n)] = i;
    }
    return true;
}

static bool keep(struct dict *d, const void *key, size_t n)
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

uint32_t store_dict_number(struct dict *d, const void *key, size_t n, bool *added)
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
