/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/flow_past.h"

#include "base/lru_table.h"

#include <stddef.h>
#include <string.h>

/* Who is whose peer, in hashes that are the same in every run. */
enum { AS_SOURCE = 1, AS_DESTINATION, AS_SERVICE, PORTS_OF_SOURCE };

bool flow_past_init(struct flow_past *p, uint32_t max_hosts, uint32_t max_contacts)
{
    const size_t key = sizeof(struct past_key);
    uint64_t seed = hash_random_seed();

    *p = (struct flow_past){.sources = NULL};
    p->sources = lru_table_new(key, sizeof(struct past_host), max_hosts, seed);
    p->destinations = lru_table_new(key, sizeof(struct past_host), max_hosts, seed);
    p->services =
        lru_table_new(key, offsetof(struct past_host, ports), max_hosts, seed);
    if (p->sources != NULL && p->destinations != NULL && p->services != NULL &&
        seen_init(&p->seen, max_contacts))
        return true;
    flow_past_release(p);
    return false;
}

void flow_past_release(struct flow_past *p)
{
    lru_table_free(p->sources);
    lru_table_free(p->destinations);
    lru_table_free(p->services);
    seen_release(&p->seen);
}

bool flow_to_group(const struct lw_record *rec)
{
    static const uint8_t everybody[4] = {255, 255, 255, 255};
    const uint8_t *bytes = rec->addr[1 - lw_record_initiator(rec)].bytes;

    if (rec->ip_version == 6)
        return bytes[0] == 0xff;
    if (rec->ip_version == 4)
        return bytes[0] >> 4 == 0xe || memcmp(bytes, everybody, 4) == 0;
    return rec->kind != LW_FLOW_ARP && (bytes[0] & 1) != 0;
}

bool flow_failed(const struct lw_record *rec)
{
    if (flow_to_group(rec))
        return false;
    return !lw_record_heard(rec, 1 - lw_record_initiator(rec)) ||
           rec->conn == LW_CONN_REJ || rec->conn == LW_CONN_RSTOS0;
}

static struct past_key key_of(const struct lw_record *rec, unsigned side)
{
    struct past_key key = {.more = rec->ip_version};

    memcpy(key.addr, rec->addr[side].bytes, sizeof key.addr);
    return key;
}

/* 0 for what has none. */
static uint64_t port_of(const struct lw_record *rec)
{
    uint16_t port = rec->port[1 - lw_record_initiator(rec)];

    return (uint64_t)rec->protocol << 16 | port;
}

static uint64_t hash_of(const struct past_key *key)
{
    return seen_key(key->addr[0] ^ key->more, key->addr[1]);
}

/* What a flow adds to each of its hosts. */
struct flow_part {
    int64_t end_ns;
    float flows;
    float bytes;
    float failed;
};

/* Whole frames; where nobody knows them, IP. */
static uint64_t bytes_of(const struct lw_side *s, uint32_t lacks)
{
    return lacks & LW_LACKS_FRAME_BYTES ? s->ip_bytes : s->frame_bytes;
}

static struct flow_part part_of(const struct lw_record *rec, bool again)
{
    const float once = again ? 0.0F : 1.0F;

    return (struct flow_part){.end_ns = decay_tick_ns(rec->end_ns),
                              .flows = once,
                              .bytes = (float)(bytes_of(&rec->side[0], rec->lacks) +
                                               bytes_of(&rec->side[1], rec->lacks)),
                              .failed = flow_failed(rec) ? once : 0.0F};
}

/* Brings the sums to the time of the flow, as far as time has not gone back; returns
 * what was lost. */
static struct decayed host_add(struct past_host *h, bool is_new,
                               const struct flow_part *f)
{
    struct decayed lost = {{0}};

    if (is_new)
        h->last_ns = f->end_ns;
    if (f->end_ns > h->last_ns) {
        lost = decay_lost(f->end_ns - h->last_ns);
        h->last_ns = f->end_ns;
        decay_by(&h->flows, &lost);
        decay_by(&h->bytes, &lost);
        decay_by(&h->failed, &lost);
    }
    decay_add(&h->flows, f->flows);
    decay_add(&h->bytes, f->bytes);
    decay_add(&h->failed, f->failed);
    return lost;
}

/* How long ago the service was gone to. */
static int64_t age_of(const struct past_host *service, bool is_new, int64_t now_ns)
{
    if (is_new)
        return SEEN_NEVER;
    return now_ns > service->last_ns ? now_ns - service->last_ns : 0;
}

static void find_parties(const struct flow_past *p, const struct lw_record *rec,
                         struct past_parties *out)
{
    const unsigned from = lw_record_initiator(rec);

    out->source = key_of(rec, from);
    out->destination = key_of(rec, 1 - from);
    out->service = out->destination;
    out->service.more |= port_of(rec) << 8;
    out->source_hash = lru_table_hash(p->sources, &out->source);
    out->destination_hash = lru_table_hash(p->destinations, &out->destination);
    out->service_hash = lru_table_hash(p->services, &out->service);
}

/* The parties of a record that was announced, which is over with this; NULL: it was
 * not. */
static const struct past_parties *announced(struct flow_past *p,
                                            const struct lw_record *rec)
{
    for (unsigned i = 0; i < 2; i++) {
        if (p->coming[i].rec == rec) {
            p->coming[i].rec = NULL;
            return &p->coming[i].parties;
        }
    }
    return NULL;
}

static const struct past_parties *announce(struct flow_past *p,
                                           const struct lw_record *rec)
{
    for (unsigned i = 0; i < 2; i++) {
        if (p->coming[i].rec == rec)
            return &p->coming[i].parties;
    }
    p->latest = 1 - p->latest;
    p->coming[p->latest].rec = rec;
    find_parties(p, rec, &p->coming[p->latest].parties);
    return &p->coming[p->latest].parties;
}

void flow_past_fetch(struct flow_past *p, const struct lw_record *rec, unsigned step)
{
    const struct past_parties *of = announce(p, rec);

    if (step == 0) {
        lru_table_fetch_bucket(p->sources, of->source_hash);
        lru_table_fetch_bucket(p->destinations, of->destination_hash);
        lru_table_fetch_bucket(p->services, of->service_hash);
        return;
    }
    lru_table_fetch_entry(p->sources, of->source_hash);
    lru_table_fetch_entry(p->destinations, of->destination_hash);
    lru_table_fetch_entry(p->services, of->service_hash);
}

void flow_past_add(struct flow_past *p, const struct lw_record *rec, bool again,
                   struct flow_hosts *out)
{
    const struct flow_part part = part_of(rec, again);
    const uint64_t port_hash = seen_key(port_of(rec), PORTS_OF_SOURCE);
    const struct past_parties *of = announced(p, rec);
    struct past_parties found;
    uint64_t src_hash;
    uint64_t dst_hash;
    struct past_host *h;
    struct decayed lost;
    int64_t port_age = SEEN_NEVER;
    bool is_new;

    if (of == NULL) {
        find_parties(p, rec, &found);
        of = &found;
    }
    src_hash = hash_of(&of->source);
    dst_hash = hash_of(&of->destination);
    *out = (struct flow_hosts){NULL, NULL, NULL};
    h = lru_table_get_hashed(p->services, &of->service, of->service_hash, &is_new);
    if (h != NULL) {
        port_age = age_of(h, is_new, part.end_ns);
        lost = host_add(h, is_new, &part);
        distinct_add(&h->peers, &lost, &p->seen, dst_hash ^ port_hash ^ AS_SERVICE,
                     src_hash, part.end_ns);
        out->service = h;
    }
    h = lru_table_get_hashed(p->sources, &of->source, of->source_hash, &is_new);
    if (h != NULL) {
        lost = host_add(h, is_new, &part);
        distinct_add(&h->peers, &lost, &p->seen, src_hash ^ AS_SOURCE, dst_hash,
                     part.end_ns);
        distinct_add(&h->ports, &lost, &p->seen, src_hash ^ PORTS_OF_SOURCE, port_hash,
                     part.end_ns);
        out->source = h;
    }
    h = lru_table_get_hashed(p->destinations, &of->destination, of->destination_hash,
                             &is_new);
    if (h != NULL) {
        lost = host_add(h, is_new, &part);
        distinct_add(&h->peers, &lost, &p->seen, dst_hash ^ AS_DESTINATION, src_hash,
                     part.end_ns);
        distinct_add_aged(&h->ports, &lost, port_age);
        out->destination = h;
    }
}
