/* SPDX-License-Identifier: Apache-2.0 */
#include "fragment.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/timefmt.h"

enum {
    SETS = 1024,
    WAYS = 4,
    /* As Linux keeps incomplete datagrams (net.ipv4.ipfrag_time). */
    LIFETIME_S = 30
};

void fragments_init(struct fragments *fr)
{
    *fr = (struct fragments){.entries = NULL};
}

void fragments_release(struct fragments *fr)
{
    mem_free(fr->entries);
    fr->entries = NULL;
}

static uint64_t tag_of(const struct decoded *d)
{
    struct {
        struct lw_addr addr[2];
        uint32_t id;
        uint32_t protocol;
    } key = {{d->addr[0], d->addr[1]},
             d->fragment_id,
             d->fragment_protocol | (uint32_t)d->tunnel_tag << 8};

    /* 64 bits of hash stand for the key itself.  They are not seeded as the flow
     * table's are: which datagram gives way to which decides the flow of a fragment,
     * and a file must always give the same flows. */
    return hash_bytes(&key, sizeof key, 0) | 1;
}

static bool alive(const struct fragment_entry *e, int64_t now_ns)
{
    return now_ns - e->time_ns <= LIFETIME_S * NS_PER_S;
}

static struct fragment_entry *set_of(const struct fragments *fr, uint64_t tag)
{
    return &fr->entries[(tag >> 32) % SETS * WAYS];
}

void fragments_put(struct fragments *fr, const struct decoded *d, int64_t now_ns,
                   uint32_t flow, uint64_t flow_id, unsigned from)
{
    uint64_t tag = tag_of(d);
    struct fragment_entry *set;
    struct fragment_entry *place;

    if (fr->entries == NULL && !fr->failed) {
        fr->entries = mem_zalloc((size_t)SETS * WAYS, sizeof *fr->entries);
        fr->failed = fr->entries == NULL;
    }
    if (fr->entries == NULL)
        return;
    set = set_of(fr, tag);
    place = set;
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].tag == tag || set[i].tag == 0) {
            place = &set[i];
            break;
        }
        if (set[i].time_ns < place->time_ns)
            place = &set[i];
    }
    *place = (struct fragment_entry){tag, flow_id, now_ns, flow, from};
}

const struct fragment_entry *fragments_get(const struct fragments *fr,
                                           const struct decoded *d, int64_t now_ns)
{
    uint64_t tag = tag_of(d);
    const struct fragment_entry *set;

    if (fr->entries == NULL)
        return NULL;
    set = set_of(fr, tag);
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].tag == tag && alive(&set[i], now_ns))
            return &set[i];
    }
    return NULL;
}
