/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs are kept in the order in which they appeared, in an array that grows, with an
 * open-addressed table of indices over it (linear probing, at most half full).  Nothing
 * that is printed depends on a hash value.
 *
 * Groups are found greedily: of all sources and destinations of a class take the one
 * with the most flows, make it a line, take its pairs away, and again.  Where one pair
 * has most of a group's flows it becomes the line instead, so that the port scan of one
 * host is not lost in the sweep over its neighbours.
 */
#include "cmd/suspects.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
    N_SLOTS = 4 * SUSPECT_PAIRS_MAX, /* a power of two */
    /* When pairs are full there is room for so many destinations yet. */
    N_PAIRS_AND_SUMS = SUSPECT_PAIRS_MAX + SUSPECT_PAIRS_MAX / 4,
    SAME_HOST_MAX = 3
};

_Static_assert((N_SLOTS & (N_SLOTS - 1)) == 0 && N_PAIRS_AND_SUMS <= N_SLOTS / 2,
               "the table must be a power of two and at most half full");

/* What makes two flows the same story; compared and hashed as bytes. */
struct key {
    struct lw_addr src;
    struct lw_addr dst;
    uint8_t verdict;
    uint8_t ip_version;
    uint8_t is_mac;
    uint8_t many_sources;
};

_Static_assert(sizeof(struct key) == 36, "no padding may take part in a key");

struct suspects {
    struct suspect *list; /* (n), owned */
    struct key *keys;     /* (n), owned */
    size_t n;
    size_t cap_list;
    size_t cap_keys;
    uint32_t *slots; /* (N_SLOTS), index + 1 or 0; owned */
    uint64_t seed;
    uint64_t homeless[LW_N_VERDICTS]; /* flows that found no room at all */
};

enum lw_status suspects_new(struct suspects **out, struct lw_error *err)
{
    struct suspects *s = mem_zalloc(1, sizeof *s);

    if (s != NULL)
        s->slots = mem_zalloc(N_SLOTS, sizeof s->slots[0]);
    if (s == NULL || s->slots == NULL) {
        suspects_free(s);
        return lw_fail(err, LW_ENOMEM, "out of memory for the summary");
    }
    s->seed = hash_random_seed();
    *out = s;
    return LW_OK;
}

void suspects_free(struct suspects *s)
{
    if (s == NULL)
        return;
    mem_free(s->list);
    mem_free(s->keys);
    mem_free(s->slots);
    mem_free(s);
}

/* ---- gathering ------------------------------------------------------------------- */

static struct key key_of(const struct lw_finding *f)
{
    unsigned from = lw_record_initiator(f->rec);

    return (struct key){
        .src = f->rec->addr[from],
        .dst = f->rec->addr[from ^ 1],
        .verdict = (uint8_t)f->verdict.verdict,
        .ip_version = f->rec->ip_version,
        .is_mac = f->rec->kind == LW_FLOW_OTHER ? 1 : 0,
    };
}

/* The slot of a key: its own, or the free one where it belongs. */
static uint32_t *find_slot(const struct suspects *s, const struct key *key)
{
    size_t i = hash_bytes(key, sizeof *key, s->seed) & (N_SLOTS - 1);

    while (s->slots[i] != 0 && memcmp(&s->keys[s->slots[i] - 1], key, sizeof *key) != 0)
        i = (i + 1) & (N_SLOTS - 1);
    return &s->slots[i];
}

static enum lw_status grow(struct suspects *s, struct lw_error *err)
{
    struct suspect *list = mem_grow(s->list, &s->cap_list, s->n + 1, sizeof *list);
    struct key *keys;

    if (list == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for the summary");
    s->list = list;
    keys = mem_grow(s->keys, &s->cap_keys, s->n + 1, sizeof *keys);
    if (keys == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for the summary");
    s->keys = keys;
    return LW_OK;
}

static enum lw_status new_suspect(struct suspects *s, const struct key *key,
                                  uint32_t *slot, struct suspect **out,
                                  struct lw_error *err)
{
    enum lw_status st = grow(s, err);

    if (st != LW_OK)
        return st;
    s->keys[s->n] = *key;
    s->list[s->n] = (struct suspect){
        .verdict = (enum lw_verdict_class)key->verdict,
        .many_sources = key->many_sources != 0,
        .port_min = UINT32_MAX,
        .first_ns = INT64_MAX,
        .last_ns = INT64_MIN,
    };
    *out = &s->list[s->n];
    *slot = (uint32_t)++s->n;
    return LW_OK;
}

/* *out is NULL when there is no room at all. */
static enum lw_status find_or_add(struct suspects *s, struct key key,
                                  struct suspect **out, struct lw_error *err)
{
    uint32_t *slot = find_slot(s, &key);

    *out = NULL;
    if (*slot == 0 && s->n >= SUSPECT_PAIRS_MAX) {
        key.src = (struct lw_addr){{0}};
        key.many_sources = 1;
        slot = find_slot(s, &key);
    }
    if (*slot != 0) {
        *out = &s->list[*slot - 1];
        return LW_OK;
    }
    return s->n < N_PAIRS_AND_SUMS ? new_suspect(s, &key, slot, out, err) : LW_OK;
}

/* An attack that was recognised before one that was not, then by score. */
static int compare_suspicion(const struct lw_verdict *va, const struct lw_record *ra,
                             const struct lw_verdict *vb, const struct lw_record *rb)
{
    bool unknown_a = va->verdict == LW_VERDICT_NOT_RECOGNIZED;
    bool unknown_b = vb->verdict == LW_VERDICT_NOT_RECOGNIZED;

    if (unknown_a != unknown_b)
        return unknown_a ? 1 : -1;
    if (va->attack_score < vb->attack_score || va->attack_score > vb->attack_score)
        return va->attack_score < vb->attack_score ? 1 : -1;
    if (va->confidence < vb->confidence || va->confidence > vb->confidence)
        return va->confidence < vb->confidence ? 1 : -1;
    if (ra->start_ns != rb->start_ns)
        return ra->start_ns > rb->start_ns ? 1 : -1;
    if (ra->flow_id != rb->flow_id)
        return ra->flow_id > rb->flow_id ? 1 : -1;
    return 0;
}

static void take_in(struct suspect *p, const struct lw_finding *f)
{
    const struct lw_record *rec = f->rec;
    bool first = p->n_flows == 0;

    if (rec->has_ports) {
        uint32_t port = rec->port[lw_record_initiator(rec) ^ 1];

        p->port_min = port < p->port_min ? port : p->port_min;
        p->port_max = port > p->port_max ? port : p->port_max;
    }
    p->first_ns = rec->start_ns < p->first_ns ? rec->start_ns : p->first_ns;
    p->last_ns = rec->end_ns > p->last_ns ? rec->end_ns : p->last_ns;
    p->n_flows += first || !f->again ? 1 : 0;
    if (!first &&
        compare_suspicion(&f->verdict, rec, &p->worst_verdict, &p->worst) >= 0)
        return;
    p->worst = *rec;
    p->worst_verdict = f->verdict;
    p->sign = f->sign;
    p->sign_reason = f->reasons[0];
    LW_ASSERT(f->view->n_features <= SUSPECT_VALUES_MAX);
    memcpy(p->values, f->values, f->view->n_features * sizeof(float));
}

enum lw_status suspects_add(struct suspects *s, const struct lw_finding *f,
                            uint64_t *n_flows, struct lw_error *err)
{
    struct suspect *p;
    enum lw_status st = find_or_add(s, key_of(f), &p, err);

    if (st != LW_OK)
        return st;
    if (p == NULL) {
        s->homeless[f->verdict.verdict] += f->again ? 0 : 1;
        *n_flows = s->homeless[f->verdict.verdict];
        return LW_OK;
    }
    take_in(p, f);
    *n_flows = p->n_flows;
    return LW_OK;
}

/* ---- the worst ------------------------------------------------------------------- */

static int by_suspicion(const void *a, const void *b)
{
    const struct suspect *const *pa = a;
    const struct suspect *const *pb = b;

    return compare_suspicion(&(*pa)->worst_verdict, &(*pa)->worst,
                             &(*pb)->worst_verdict, &(*pb)->worst);
}

static bool same_host(const struct suspect *a, const struct suspect *b, unsigned side)
{
    unsigned sa = lw_record_initiator(&a->worst) ^ side;
    unsigned sb = lw_record_initiator(&b->worst) ^ side;

    return a->worst.ip_version == b->worst.ip_version &&
           memcmp(&a->worst.addr[sa], &b->worst.addr[sb], sizeof(struct lw_addr)) == 0;
}

/* May `p` join the list without more than `max` of its class sharing a host? */
static bool is_different(const struct suspect *p, const struct suspect *const *list,
                         size_t n, unsigned max)
{
    unsigned same[2] = {0, 0};

    for (size_t i = 0; i < n; i++) {
        if (list[i] == p)
            return false;
        for (unsigned side = 0; side < 2 && list[i]->verdict == p->verdict; side++)
            same[side] += same_host(p, list[i], side) ? 1 : 0;
    }
    return same[0] < max && same[1] < max;
}

size_t suspects_worst(const struct suspects *s, const struct suspect **out, size_t max)
{
    const struct suspect **all = mem_zalloc(s->n + 1, sizeof(const struct suspect *));
    size_t n = 0;

    if (all == NULL)
        return 0;
    for (size_t i = 0; i < s->n; i++)
        all[i] = &s->list[i];
    qsort(all, s->n, sizeof(const struct suspect *), by_suspicion);
    /* One of each story before a second of any. */
    for (unsigned same = 1; same <= SAME_HOST_MAX; same++) {
        for (size_t i = 0; i < s->n && n < max; i++) {
            if (is_different(all[i], out, n, same))
                out[n++] = all[i];
        }
    }
    mem_free(all);
    return n;
}

/* ---- groups ---------------------------------------------------------------------- */

/* The pairs of a class, in two orders. */
struct pairs {
    const struct suspects *all; /* borrowed */
    uint32_t *order[2];         /* (n) indices, by source and by destination; owned */
    bool *taken;                /* (all->n), in a group already; owned */
    size_t n;
};

/* A run of pairs with one source (side 0) or destination (side 1). */
struct run {
    unsigned side;
    size_t begin;
    size_t end;
    uint64_t n_flows;
};

static const struct lw_addr *addr_of(const struct key *k, unsigned side)
{
    return side == 0 ? &k->src : &k->dst;
}

/* qsort_r() hands the keys down; ties by the order of appearance. */
static int compare_keys(const struct key *keys, unsigned side, uint32_t a, uint32_t b)
{
    int c = memcmp(addr_of(&keys[a], side), addr_of(&keys[b], side),
                   sizeof(struct lw_addr));

    if (c == 0)
        c = (int)keys[a].many_sources - (int)keys[b].many_sources;
    if (c == 0)
        c = (int)keys[a].ip_version - (int)keys[b].ip_version;
    return c;
}

static int by_source(const void *a, const void *b, void *keys)
{
    const uint32_t *ia = a;
    const uint32_t *ib = b;
    int c = compare_keys(keys, 0, *ia, *ib);

    return c != 0 ? c : (*ia > *ib) - (*ia < *ib);
}

static int by_destination(const void *a, const void *b, void *keys)
{
    const uint32_t *ia = a;
    const uint32_t *ib = b;
    const struct key *k = keys;
    int c = memcmp(&k[*ia].dst, &k[*ib].dst, sizeof(struct lw_addr));

    return c != 0 ? c : (*ia > *ib) - (*ia < *ib);
}

static void pairs_release(struct pairs *p)
{
    mem_free(p->order[0]);
    mem_free(p->order[1]);
    mem_free(p->taken);
}

static enum lw_status pairs_init(struct pairs *p, const struct suspects *s,
                                 enum lw_verdict_class verdict, struct lw_error *err)
{
    *p = (struct pairs){.all = s};
    p->order[0] = mem_zalloc(s->n + 1, sizeof p->order[0][0]);
    p->order[1] = mem_zalloc(s->n + 1, sizeof p->order[1][0]);
    p->taken = mem_zalloc(s->n + 1, sizeof p->taken[0]);
    if (p->order[0] == NULL || p->order[1] == NULL || p->taken == NULL) {
        pairs_release(p);
        return lw_fail(err, LW_ENOMEM, "out of memory for the summary");
    }
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->list[i].verdict == verdict)
            p->order[0][p->n++] = i;
    }
    memcpy(p->order[1], p->order[0], p->n * sizeof p->order[0][0]);
    qsort_r(p->order[0], p->n, sizeof p->order[0][0], by_source, s->keys);
    qsort_r(p->order[1], p->n, sizeof p->order[1][0], by_destination, s->keys);
    return LW_OK;
}

static bool same_end(const struct pairs *p, unsigned side, size_t a, size_t b)
{
    const struct key *ka = &p->all->keys[p->order[side][a]];
    const struct key *kb = &p->all->keys[p->order[side][b]];

    return memcmp(addr_of(ka, side), addr_of(kb, side), sizeof(struct lw_addr)) == 0 &&
           (side == 1 || ka->many_sources == kb->many_sources);
}

/* Sources without room of their own are no host that could be named. */
static bool is_host(const struct pairs *p, unsigned side, size_t i)
{
    return side == 1 || p->all->keys[p->order[0][i]].many_sources == 0;
}

/* The run with the most flows that are not taken yet. */
static struct run largest_run(const struct pairs *p)
{
    struct run best = {0};

    for (unsigned side = 0; side < 2; side++) {
        for (size_t i = 0; i < p->n;) {
            struct run r = {.side = side, .begin = i};

            for (; i < p->n && same_end(p, side, r.begin, i); i++) {
                uint32_t at = p->order[side][i];

                r.n_flows += p->taken[at] ? 0 : p->all->list[at].n_flows;
            }
            r.end = i;
            if (r.n_flows > best.n_flows && is_host(p, side, r.begin))
                best = r;
        }
    }
    return best;
}

/* Where one pair has four fifths of a run's flows, that pair alone. */
static void narrow(const struct pairs *p, struct run *r)
{
    for (size_t i = r->begin; i < r->end; i++) {
        uint32_t at = p->order[r->side][i];

        if (!p->taken[at] && p->all->list[at].n_flows * 5 >= r->n_flows * 4) {
            r->begin = i;
            r->end = i + 1;
            return;
        }
    }
}

static void add_pair(struct suspect_group *g, const struct suspect *s)
{
    g->any = g->any == NULL ? s : g->any;
    g->n_flows += s->n_flows;
    g->more_sources |= s->many_sources;
    g->port_min = s->port_min < g->port_min ? s->port_min : g->port_min;
    g->port_max = s->port_max > g->port_max ? s->port_max : g->port_max;
    g->first_ns = s->first_ns < g->first_ns ? s->first_ns : g->first_ns;
    g->last_ns = s->last_ns > g->last_ns ? s->last_ns : g->last_ns;
}

/* Pairs are distinct: in a run with one end in common the other ends differ. */
static void take_run(struct pairs *p, const struct run *r, struct suspect_group *g)
{
    uint64_t n_pairs = 0;

    *g = (struct suspect_group){
        .port_min = UINT32_MAX, .first_ns = INT64_MAX, .last_ns = INT64_MIN};
    for (size_t i = r->begin; i < r->end; i++) {
        uint32_t at = p->order[r->side][i];

        if (p->taken[at])
            continue;
        p->taken[at] = true;
        n_pairs++;
        add_pair(g, &p->all->list[at]);
    }
    LW_ASSERT(g->any != NULL);
    g->verdict = g->any->verdict;
    g->n_sources = r->side == 0 ? 1 : n_pairs;
    g->n_destinations = r->side == 1 ? 1 : n_pairs;
}

enum lw_status suspects_groups(const struct suspects *s, enum lw_verdict_class verdict,
                               struct suspect_group out[SUSPECT_GROUPS_MAX],
                               size_t *n_out, uint64_t *rest, struct lw_error *err)
{
    struct pairs p;
    enum lw_status st = pairs_init(&p, s, verdict, err);

    if (st != LW_OK)
        return st;
    *n_out = 0;
    for (; *n_out < SUSPECT_GROUPS_MAX; (*n_out)++) {
        struct run r = largest_run(&p);

        if (r.n_flows == 0)
            break;
        narrow(&p, &r);
        take_run(&p, &r, &out[*n_out]);
    }
    *rest = s->homeless[verdict];
    for (size_t i = 0; i < p.n; i++) {
        uint32_t at = p.order[0][i];

        *rest += p.taken[at] ? 0 : s->list[at].n_flows;
    }
    pairs_release(&p);
    return LW_OK;
}
