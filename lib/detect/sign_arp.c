/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sign_arp.h"

#include "base/hash.h"
#include "base/lru_table.h"
#include "base/timefmt.h"

#include <string.h>

enum { HOSTS = 16384, UNASKED = 4 };

/* After so long an address may have gone to another host. */
#define OWNED_NS (600 * NS_PER_S)

struct claim {
    int64_t last_ns;
    uint32_t of; /* the MAC address, or the address that it had first */
};

bool sign_arp_init(struct sign_arp *a)
{
    uint64_t seed = hash_random_seed();

    a->macs = lru_table_new(sizeof(uint32_t), sizeof(struct claim), HOSTS, seed);
    a->owners = lru_table_new(sizeof(uint32_t), sizeof(struct claim), HOSTS, seed);
    return a->macs != NULL && a->owners != NULL;
}

void sign_arp_release(struct sign_arp *a)
{
    lru_table_free(a->macs);
    lru_table_free(a->owners);
}

static bool is_recent(const struct claim *c, int64_t now_ns)
{
    return now_ns - c->last_ns < OWNED_NS;
}

/* A side says that `addr` is at `mac`.  Was it another's, who has one of its own? */
static bool takes_over(struct sign_arp *a, uint32_t addr, uint32_t mac, int64_t now_ns)
{
    bool is_new_addr;
    bool is_new_mac;
    struct claim *had = lru_table_get(a->macs, &addr, &is_new_addr);
    struct claim *owner = lru_table_get(a->owners, &mac, &is_new_mac);
    bool other;

    if (had == NULL || owner == NULL)
        return false;
    other = !is_new_addr && had->of != mac && is_recent(had, now_ns) && !is_new_mac &&
            owner->of != addr && is_recent(owner, now_ns);
    if (is_new_mac || !is_recent(owner, now_ns))
        owner->of = addr;
    owner->last_ns = now_ns;
    /* The address stays with whom it was while both claim it. */
    if (!other) {
        had->of = mac;
        had->last_ns = now_ns;
    }
    return other;
}

const char *sign_arp_find(struct sign_arp *a, const struct lw_record *rec)
{
    const struct lw_side *asks = &rec->side[rec->initiator];
    const struct lw_side *answers = &rec->side[1 - rec->initiator];
    const char *found = NULL;

    if (rec->kind != LW_FLOW_ARP)
        return NULL;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t addr;

        memcpy(&addr, rec->addr[i].bytes, sizeof addr);
        if (addr != 0 && rec->arp_mac[i] != 0 && rec->side[i].packets > 0 &&
            takes_over(a, addr, rec->arp_mac[i], rec->end_ns))
            found = "a host says that another's address is its own";
    }
    if (rec->arp_two_macs)
        found = "one address is said to be at two MAC addresses";
    else if (found == NULL && answers->packets >= asks->packets + UNASKED)
        found = "answers of ARP that nobody asked for, again and again";
    return found;
}
