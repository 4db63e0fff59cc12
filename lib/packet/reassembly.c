/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reassembly by pages.
 *
 *     datagram   key, time, ends, page numbers ...          one of a fixed array
 *       page[0] -> have 64 bits | 512 bytes     bytes    0 to  511 of the datagram
 *       page[1] -> have 64 bits | 512 bytes     bytes  512 to 1023
 *       ...
 *
 * Fragments begin at multiples of 8 bytes, so one bit says whether 8 bytes are there:
 * overlap, duplicate and completeness are questions to bit masks, and a fragment costs
 * the same however many came before it.  Lists of fragments, as kernels keep them, were
 * rejected: their cost under attack grows with the number of pieces (CVE-2018-5391).
 *
 * Datagrams are found by a hash of their whole key, and kept in the order in which they
 * began, which is also that in which they time out and give way; so nothing that is
 * reported depends on the hash.
 */
#include "reassembly.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "decode_priv.h"

enum {
    UNIT_BYTES = 8,
    PAGE_BYTES = 512, /* 64 units */
    PAGE_SHIFT = 9,
    DATAGRAM_MAX = 65535,
    PAGES_PER_DATAGRAM = 128,
    PAGES_PER_SLAB = 64,
    /* As Linux keeps incomplete datagrams (net.ipv4.ipfrag_time). */
    LIFETIME_S = 30
};

struct page {
    uint64_t have; /* bit i: the unit of 8 bytes from 8 * i on is there */
    uint8_t bytes[PAGE_BYTES];
};

struct reassembly_slab {
    struct page pages[PAGES_PER_SLAB];
};

/* No padding: hashed and compared as bytes.  In IPv6 the protocol does not belong to
 * it (RFC 8200, 4.5). */
struct datagram_key {
    struct lw_addr addr[2];
    uint32_t id;
    uint16_t vlan_id;
    uint16_t tunnel_tag;
    uint16_t protocol;
    uint16_t ip_version;
    uint32_t unused;
};

_Static_assert(sizeof(struct datagram_key) == 48, "a key has no padding");

struct reassembly_datagram {
    struct datagram_key key;
    int64_t begun_ns;
    uint32_t bucket;
    uint32_t next_in_bucket; /* or in the free list */
    uint32_t older;
    uint32_t newer;
    uint32_t n_units;
    uint32_t highest;  /* end of the furthest fragment */
    uint32_t total;    /* bytes; 0: the last fragment is not there yet */
    uint8_t protocol;  /* the first fragment's */
    bool header_known; /* the first fragment had the transport header */
    bool dropped;      /* later fragments are ignored */
    uint16_t page[PAGES_PER_DATAGRAM]; /* number + 1; 0: none */
};

void reassembly_init(struct reassembly *r, uint32_t max_bytes, uint32_t max_datagrams)
{
    if (max_bytes == 0)
        max_bytes = REASSEMBLY_BYTES_DEFAULT;
    if (max_datagrams == 0)
        max_datagrams = REASSEMBLY_DATAGRAMS_DEFAULT;
    LW_ASSERT(max_bytes >= REASSEMBLY_BYTES_MIN && max_bytes <= REASSEMBLY_BYTES_MAX);
    LW_ASSERT(max_datagrams <= REASSEMBLY_DATAGRAMS_MAX);
    *r = (struct reassembly){.max_pages = max_bytes / PAGE_BYTES,
                             .max_datagrams = max_datagrams,
                             .bucket_mask = 1,
                             .seed = hash_random_seed()};
    while (r->bucket_mask + 1 < max_datagrams)
        r->bucket_mask = r->bucket_mask << 1 | 1;
}

void reassembly_release(struct reassembly *r)
{
    for (uint32_t i = 0; i < r->n_slabs; i++)
        mem_free(r->slabs[i]);
    for (size_t i = 0; i < sizeof r->whole / sizeof r->whole[0]; i++)
        mem_free(r->whole[i]);
    mem_free(r->slabs);
    mem_free(r->buckets);
    mem_free(r->datagrams);
    *r = (struct reassembly){.datagrams = NULL};
}

/* The arrays come with the first fragment: most captures have none. */
static bool get_ready(struct reassembly *r)
{
    uint32_t n_slabs = (r->max_pages + PAGES_PER_SLAB - 1) / PAGES_PER_SLAB;

    if (r->ready || r->failed)
        return r->ready;
    r->datagrams = mem_zalloc(r->max_datagrams + 1U, sizeof *r->datagrams);
    r->buckets = mem_zalloc(r->bucket_mask + 1U, sizeof *r->buckets);
    r->slabs = mem_zalloc(n_slabs, sizeof(struct reassembly_slab *));
    r->ready = r->datagrams != NULL && r->buckets != NULL && r->slabs != NULL;
    r->failed = !r->ready;
    return r->ready;
}

/* ---- pages ---------------------------------------------------------------------- */

static struct page *page_at(const struct reassembly *r, uint16_t ref)
{
    uint32_t i = ref - 1U;

    return &r->slabs[i / PAGES_PER_SLAB]->pages[i % PAGES_PER_SLAB];
}

/* Free pages are linked through `have`. */
static void free_page(struct reassembly *r, uint16_t ref)
{
    page_at(r, ref)->have = r->free_page;
    r->free_page = ref;
}

static bool add_slab(struct reassembly *r)
{
    struct reassembly_slab *slab;

    if (r->n_pages_made >= r->max_pages)
        return false;
    slab = mem_alloc(sizeof *slab);
    if (slab == NULL)
        return false;
    r->slabs[r->n_slabs++] = slab;
    return true;
}

/* An empty page, or 0. */
static uint16_t take_page(struct reassembly *r)
{
    uint16_t ref = r->free_page;

    if (ref != 0) {
        r->free_page = (uint16_t)page_at(r, ref)->have;
    } else {
        if (r->n_pages_made == r->n_slabs * PAGES_PER_SLAB && !add_slab(r))
            return 0;
        ref = (uint16_t)++r->n_pages_made;
    }
    page_at(r, ref)->have = 0;
    return ref;
}

/* ---- datagrams ------------------------------------------------------------------ */

static uint32_t index_of(const struct reassembly *r,
                         const struct reassembly_datagram *g)
{
    return (uint32_t)(g - r->datagrams);
}

static void free_pages(struct reassembly *r, struct reassembly_datagram *g)
{
    for (uint32_t i = 0; i << PAGE_SHIFT < g->highest; i++) {
        if (g->page[i] != 0)
            free_page(r, g->page[i]);
        g->page[i] = 0;
    }
    g->highest = 0;
}

static void leave_list(struct reassembly *r, const struct reassembly_datagram *g)
{
    if (g->older != 0)
        r->datagrams[g->older].newer = g->newer;
    else
        r->oldest = g->newer;
    if (g->newer != 0)
        r->datagrams[g->newer].older = g->older;
    else
        r->newest = g->older;
}

static void end(struct reassembly *r, struct reassembly_datagram *g)
{
    uint32_t i = index_of(r, g);
    uint32_t *link = &r->buckets[g->bucket];

    while (*link != i)
        link = &r->datagrams[*link].next_in_bucket;
    *link = g->next_in_bucket;
    leave_list(r, g);
    free_pages(r, g);
    g->next_in_bucket = r->free_list;
    r->free_list = i;
}

/* One that was dropped was counted then. */
static void give_up(struct reassembly *r, struct reassembly_datagram *g,
                    uint64_t *counter)
{
    if (!g->dropped)
        ++*counter;
    end(r, g);
}

/* Ignore what is still to come of it. */
static void drop(struct reassembly *r, struct reassembly_datagram *g)
{
    r->stats.dropped++;
    g->dropped = true;
    free_pages(r, g);
}

static bool is_over(const struct reassembly_datagram *g, int64_t now_ns)
{
    return now_ns - g->begun_ns > LIFETIME_S * NS_PER_S;
}

static void expire(struct reassembly *r, int64_t now_ns)
{
    while (r->oldest != 0 && is_over(&r->datagrams[r->oldest], now_ns))
        give_up(r, &r->datagrams[r->oldest], &r->stats.timed_out);
}

static void evict_oldest(struct reassembly *r)
{
    give_up(r, &r->datagrams[r->oldest], &r->stats.evicted);
}

static struct datagram_key key_of(const struct decoded *d)
{
    return (struct datagram_key){
        .addr = {d->addr[0], d->addr[1]},
        .id = d->fragment_id,
        .vlan_id = d->vlan_id,
        .tunnel_tag = d->tunnel_tag,
        .protocol = d->ip_version == 4 ? d->fragment_protocol : 0,
        .ip_version = d->ip_version,
    };
}

static struct reassembly_datagram *find(struct reassembly *r,
                                        const struct datagram_key *key, uint32_t bucket,
                                        int64_t now_ns)
{
    for (uint32_t i = r->buckets[bucket]; i != 0; i = r->datagrams[i].next_in_bucket) {
        struct reassembly_datagram *g = &r->datagrams[i];

        if (memcmp(&g->key, key, sizeof *key) != 0)
            continue;
        if (!is_over(g, now_ns))
            return g;
        give_up(r, g, &r->stats.timed_out);
        return NULL;
    }
    return NULL;
}

static struct reassembly_datagram *begin(struct reassembly *r,
                                         const struct datagram_key *key,
                                         uint32_t bucket, int64_t now_ns)
{
    struct reassembly_datagram *g;
    uint32_t i;

    if (r->free_list == 0 && r->n_made == r->max_datagrams)
        evict_oldest(r);
    i = r->free_list;
    if (i != 0)
        r->free_list = r->datagrams[i].next_in_bucket;
    else
        i = ++r->n_made;
    g = &r->datagrams[i];
    /* Its pages are all 0 already. */
    g->key = *key;
    g->begun_ns = now_ns;
    g->bucket = bucket;
    g->next_in_bucket = r->buckets[bucket];
    g->older = r->newest;
    g->newer = 0;
    g->n_units = g->highest = g->total = 0;
    g->header_known = g->dropped = false;
    r->buckets[bucket] = i;
    if (r->newest != 0)
        r->datagrams[r->newest].newer = i;
    else
        r->oldest = i;
    r->newest = i;
    r->stats.begun++;
    return g;
}

/* ---- fragments ------------------------------------------------------------------ */

/* The part of a fragment that lies on one page. */
struct part {
    uint32_t page;
    uint32_t at; /* on the page, a multiple of a unit */
    uint32_t n;
    uint64_t units;    /* mask of the units it touches */
    struct span bytes; /* (n) */
};

/* Move on to the next part of `rest`, which belongs at *offset. */
static bool next_part(struct span *rest, uint32_t *offset, struct part *p)
{
    uint32_t n_units;

    if (rest->n == 0)
        return false;
    p->page = *offset >> PAGE_SHIFT;
    p->at = *offset & (PAGE_BYTES - 1);
    p->n = PAGE_BYTES - p->at;
    if (p->n > rest->n)
        p->n = (uint32_t)rest->n;
    n_units = (p->n + UNIT_BYTES - 1) / UNIT_BYTES;
    p->units = (n_units == 64 ? UINT64_MAX : (UINT64_C(1) << n_units) - 1)
               << p->at / UNIT_BYTES;
    p->bytes = span_first(*rest, p->n);
    *rest = span_from(*rest, p->n);
    *offset += p->n;
    return true;
}

/* The bytes of the i-th unit of a page in a part. */
static struct span unit_of(const struct part *p, uint32_t i)
{
    return span_first(span_from(p->bytes, i * UNIT_BYTES - p->at), UNIT_BYTES);
}

enum overlap { OVERLAP_NONE, OVERLAP_DUPLICATE, OVERLAP_OTHER };

static bool same_bytes(const struct page *page, const struct part *p)
{
    return span_begins(p->bytes, page->bytes + p->at, p->n);
}

static enum overlap overlap_of(const struct reassembly *r,
                               const struct reassembly_datagram *g,
                               const struct decoded *d)
{
    struct span rest = d->fragment;
    uint32_t offset = d->fragment_offset;
    bool any = false;
    bool all = true;
    struct part p;

    while (next_part(&rest, &offset, &p)) {
        const struct page *page =
            g->page[p.page] != 0 ? page_at(r, g->page[p.page]) : NULL;
        uint64_t there = page != NULL ? page->have & p.units : 0;

        any = any || there != 0;
        all = all && there == p.units && same_bytes(page, &p);
    }
    if (!any)
        return OVERLAP_NONE;
    return all ? OVERLAP_DUPLICATE : OVERLAP_OTHER;
}

/* Make sure of a page for every part; others give way.  False: there is no room even
 * so, and the datagram itself is gone. */
static bool get_pages(struct reassembly *r, struct reassembly_datagram *g,
                      const struct decoded *d)
{
    uint32_t last = (d->fragment_offset + d->fragment_bytes - 1) >> PAGE_SHIFT;

    for (uint32_t i = d->fragment_offset >> PAGE_SHIFT; i <= last; i++) {
        while (g->page[i] == 0 && (g->page[i] = take_page(r)) == 0) {
            bool itself = r->oldest == index_of(r, g);

            evict_oldest(r);
            if (itself)
                return false;
        }
    }
    return true;
}

/* Copy the units that are not there yet: what came first stays. */
static void store(struct reassembly *r, struct reassembly_datagram *g,
                  const struct decoded *d)
{
    struct span rest = d->fragment;
    uint32_t offset = d->fragment_offset;
    struct part p;

    while (next_part(&rest, &offset, &p)) {
        struct page *page = page_at(r, g->page[p.page]);
        uint64_t missing = p.units & ~page->have;

        g->n_units += (uint32_t)__builtin_popcountll(missing);
        if (missing == p.units) {
            (void)span_copy(p.bytes, 0, page->bytes + p.at, p.n);
        } else {
            for (uint64_t left = missing; left != 0; left &= left - 1) {
                uint32_t i = (uint32_t)__builtin_ctzll(left);
                struct span unit = unit_of(&p, i);

                (void)span_copy(unit, 0, page->bytes + i * UNIT_BYTES, unit.n);
            }
        }
        page->have |= missing;
    }
}

/* Does where it ends contradict the fragments before it? */
static bool ends_wrongly(const struct reassembly_datagram *g, const struct decoded *d,
                         uint32_t end_at)
{
    if (d->more_fragments)
        return g->total != 0 && end_at > g->total;
    return end_at < g->highest || (g->total != 0 && end_at != g->total);
}

static bool is_complete(const struct reassembly_datagram *g)
{
    return g->total != 0 && g->n_units == (g->total + UNIT_BYTES - 1) / UNIT_BYTES;
}

static void complete(struct reassembly *r, struct reassembly_datagram *g,
                     struct decoded *d)
{
    uint8_t **whole = &r->whole[d->tunnel_depth];
    uint32_t total = g->total;

    if (*whole == NULL)
        *whole = mem_alloc(PAGES_PER_DATAGRAM * PAGE_BYTES);
    if (*whole == NULL) {
        give_up(r, g, &r->stats.evicted);
        return;
    }
    for (uint32_t i = 0; i << PAGE_SHIFT < total; i++)
        memcpy(*whole + (i << PAGE_SHIFT), page_at(r, g->page[i])->bytes, PAGE_BYTES);
    end(r, g);
    if (decode_datagram(span_of(*whole, total), g->protocol, g->header_known, d) ==
        DECODE_OK)
        r->stats.completed++;
    else
        r->stats.malformed++;
}

static void note_ends(struct reassembly_datagram *g, const struct decoded *d,
                      uint32_t end_at)
{
    if (end_at > g->highest)
        g->highest = end_at;
    if (!d->more_fragments)
        g->total = end_at;
    if (d->fragment_offset == 0) {
        g->protocol = d->fragment_protocol;
        g->header_known = g->header_known || d->layer == DECODE_TRANSPORT;
    }
}

/* A fragment of a datagram that is not dropped. */
static void add_to(struct reassembly *r, struct reassembly_datagram *g,
                   struct decoded *d)
{
    uint32_t end_at = d->fragment_offset + d->fragment_bytes;
    enum overlap overlap = overlap_of(r, g, d);
    bool wrong = ends_wrongly(g, d, end_at);

    d->overlaps = overlap == OVERLAP_OTHER || (overlap != OVERLAP_NONE && wrong);
    if (d->overlaps)
        r->stats.overlaps++;
    if (wrong || (d->overlaps && d->ip_version == 6)) {
        drop(r, g);
        return;
    }
    if (overlap == OVERLAP_DUPLICATE) {
        r->stats.duplicates++;
        return;
    }
    /* Before the pages are: whoever frees them goes by it. */
    note_ends(g, d, end_at);
    if (!get_pages(r, g, d))
        return;
    store(r, g, d);
    if (is_complete(g))
        complete(r, g, d);
}

void reassembly_add(struct reassembly *r, struct decoded *d, int64_t now_ns)
{
    struct datagram_key key;
    struct reassembly_datagram *g;
    uint32_t bucket;

    r->stats.fragments++;
    if (d->bad_fragment || d->fragment_bytes == 0 ||
        d->fragment.n < d->fragment_bytes) {
        r->stats.unusable++;
        return;
    }
    if (!get_ready(r))
        return;
    LW_ASSERT(d->tunnel_depth <= TUNNEL_DEPTH_MAX);
    LW_ASSERT(d->fragment_offset + d->fragment_bytes <= DATAGRAM_MAX);
    expire(r, now_ns);
    key = key_of(d);
    bucket = (uint32_t)hash_bytes(&key, sizeof key, r->seed) & r->bucket_mask;
    g = find(r, &key, bucket, now_ns);
    if (g == NULL)
        g = begin(r, &key, bucket, now_ns);
    if (!g->dropped)
        add_to(r, g, d);
}
