/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/fragments.h"

#include "base/hash.h"

#include <string.h>

/* Not seeded like the flow table: which datagram overwrites which decides the ports of
 * a record, and a file must always give the same records. */
static size_t slot_of(const struct decoded *d)
{
    uint64_t h = hash_bytes(d->addr, sizeof d->addr, 0);

    return (size_t)(hash_fold(h ^ d->fragment_id, 0x9e3779b97f4a7c15ULL ^ d->protocol) %
                    FRAGMENT_SLOTS);
}

void fragments_note(struct fragments *t, const struct decoded *d)
{
    struct fragment *f = &t->slots[slot_of(d)];

    f->addr[0] = d->addr[0];
    f->addr[1] = d->addr[1];
    f->id = d->fragment_id;
    f->port[0] = d->port[0];
    f->port[1] = d->port[1];
    f->protocol = d->protocol;
    f->used = true;
}

bool fragments_find(const struct fragments *t, const struct decoded *d,
                    uint16_t port[2])
{
    const struct fragment *f = &t->slots[slot_of(d)];

    if (!f->used || f->id != d->fragment_id || f->protocol != d->protocol ||
        memcmp(f->addr, d->addr, sizeof f->addr) != 0)
        return false;
    port[0] = f->port[0];
    port[1] = f->port[1];
    return true;
}
