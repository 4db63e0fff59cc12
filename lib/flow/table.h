/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/table.h - flows by key, and the memory they live in.
 *
 * The table grows in chunks up to its limit and never shrinks; once grown it allocates
 * nothing.  Flows do not move: a pointer stays good until the flow is removed.
 */
#ifndef FLOW_TABLE_H
#define FLOW_TABLE_H

#include "base/prefetch.h"
#include "key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** No flow, in links. */
#define FLOW_NONE UINT32_MAX

/** The two lists that a flow is on (list.h), by index. */
struct flow_link {
    uint32_t prev;
    uint32_t next;
};

enum { FLOW_LINK_TIMER, FLOW_LINK_AGE, FLOW_N_LINKS };

/** What one side of a flow sent; fields as in struct lw_side.  One cache line. */
struct flow_side {
    uint64_t packets;
    uint64_t frame_bytes;
    uint64_t ip_bytes;
    uint64_t payload_bytes;
    int64_t first_ns;
    int64_t last_ns;
    uint32_t next_seq; /* the sequence number after the highest one seen; RTP: SSRC;
                          ARP: the end of the MAC address given last */
    uint32_t retransmitted;
    uint32_t urgent : 24; /* stays at its greatest */
    uint32_t argus_tos : 8;
    uint8_t tcp_flags; /* of this record */
    uint8_t tos;
    uint8_t ttl;
    uint8_t heard; /* enum flow_heard: outlives the record */
};

enum flow_heard {
    HEARD_IP = 1,      /* tos and ttl are known */
    HEARD_SEQ = 2,     /* next_seq is known */
    HEARD_PACKETS = 4, /* anything at all */
    HEARD_TWO_MACS = 8 /* ARP: the side gave different ones */
};

enum flow_flag {
    FLOW_FIRST_SIDE = 1, /* the key's side that was heard first */
    FLOW_TOUCHED = 2,    /* heard again since it was last looked at for eviction */
    FLOW_ANSWERED = 4,   /* both sides were heard */
    FLOW_CONTINUED = 8,  /* a status record was reported before */
    FLOW_CLOSED = 16,    /* TCP: finished or reset */
    FLOW_SYN_KNOWN = 32, /* TCP: the initiator is known, it is ... */
    FLOW_SYN_SIDE = 64,  /* ... this side */
    FLOW_STEADY = 128,   /* TCP: nothing but SYN, FIN and RST is news to Argus */
    FLOW_MEDIA = 128     /* UDP: RTP so far, as far as Argus can tell */
};

/* What the flow still says does not matter to any stream. */
enum { FLOW_UNHEARD = 128 };

struct flow {
    /* First line: lookup, and what every packet changes. */
    _Alignas(64) struct flow_key key;
    int64_t last_ns;  /* of either side, never moving back */
    int64_t start_ns; /* the earliest packet of this record */
    uint32_t hash;
    uint8_t flags;        /* enum flow_flag */
    uint8_t timer_class;  /* enum timer_class, and FLOW_UNHEARD */
    uint8_t tcp_state[2]; /* enum tcp_endpoint, by side */

    /* One line each. */
    struct flow_side side[2];

    /* Last line: seldom touched. */
    struct flow_link link[FLOW_N_LINKS];
    uint64_t id;
    uint32_t index;            /* of the flow itself */
    uint16_t bad_fragments[2]; /* stays at its greatest */
    uint8_t timer_slot;
    uint8_t link_bytes; /* of each frame that Argus does not count */
    uint16_t vlan_id;
    uint8_t icmp_type; /* of the first packet */
    uint8_t icmp_code;
    uint16_t ether_type;     /* of the first packet */
    uint32_t tunnel_id;      /* as in struct lw_record */
    uint16_t overlapping[2]; /* fragments, by side; stays at its highest value */
    uint8_t tunnel_kind;
    uint8_t tunnel_depth;

    /* Argus' view (argus.h). */
    uint8_t argus_tcp;     /* enum argus_tcp; UDP: enum argus_udp */
    uint8_t argus_flags;   /* enum argus_flag */
    uint8_t argus_opening; /* TCP flags of the first packet */
    uint8_t told_type;     /* ICMP: type and code of a complaint */
    uint8_t told_code;
    int64_t told_ns; /* a packet that is not its own told about the flow */
};

static inline enum lw_flow_kind flow_kind(const struct flow *f)
{
    return (enum lw_flow_kind)(f->key.kind & ~FLOW_KEY_IP6);
}

static inline unsigned flow_timer_class(const struct flow *f)
{
    return f->timer_class & (FLOW_UNHEARD - 1);
}

static inline void flow_set_timer_class(struct flow *f, unsigned timer_class)
{
    f->timer_class = (uint8_t)((f->timer_class & FLOW_UNHEARD) | timer_class);
}

static inline bool flow_is_unheard(const struct flow *f)
{
    return f->timer_class & FLOW_UNHEARD;
}

_Static_assert(sizeof(struct flow_side) == 64, "one cache line");
_Static_assert(sizeof(struct flow) == 256, "four cache lines");
_Static_assert(offsetof(struct flow, side) == 64, "the first line is whole");

/* Chunk i has memory for FLOW_CHUNK << i flows: 256, 512, 1024 ... up to 2^24 in all.
 */
enum { FLOW_CHUNK_SHIFT = 8, FLOW_CHUNK = 1 << FLOW_CHUNK_SHIFT, FLOW_CHUNKS_MAX = 17 };

struct flow_slot {
    uint32_t hash;
    uint32_t ref; /* index of the flow plus one; 0 is an empty slot */
};

struct flow_table {
    struct flow_slot *slots; /* owned (mask + 1) */
    uint32_t mask;
    uint32_t n_flows;
    uint32_t max_flows;
    uint32_t n_made;    /* flows that ever had memory */
    uint32_t free_list; /* FLOW_NONE or the index of a free flow, linked by
                           FLOW_LINK_TIMER */
    uint32_t n_chunks;  /* that have memory */
    struct flow *chunks[FLOW_CHUNKS_MAX]; /* owned */
    uint64_t seed;
    size_t beside_bytes;           /* that each flow has beside it; 0: nothing */
    size_t beside_hot_bytes;       /* the first of them, which every packet touches */
    void *beside[FLOW_CHUNKS_MAX]; /* owned, for the flows of that chunk */
};

/** Get ready for up to `max_flows` (1 to 2^24).  False when memory is out. */
bool flow_table_init(struct flow_table *t, uint32_t max_flows);
void flow_table_release(struct flow_table *t);

/** Give every flow `bytes` more, uninitialised and left as they are when the flow is
 *  removed; every packet touches the first `hot_bytes` of them.  Only while no flow was
 * inserted.  False when memory is out; the table is then to be released. */
bool flow_table_attach(struct flow_table *t, size_t bytes, size_t hot_bytes);

/* The chunk and the place in it come from where the highest bit of index + FLOW_CHUNK
 * is, and what is below it. */
static inline struct flow *flow_at(const struct flow_table *t, uint32_t index)
{
    uint32_t n = index + FLOW_CHUNK;
    uint32_t high = 31U - (uint32_t)__builtin_clz(n);

    return &t->chunks[high - FLOW_CHUNK_SHIFT][n ^ 1U << high];
}

/** What a flow has beside it (flow_table_attach). */
static inline void *flow_beside(const struct flow_table *t, uint32_t index)
{
    uint32_t n = index + FLOW_CHUNK;
    uint32_t high = 31U - (uint32_t)__builtin_clz(n);

    return (char *)t->beside[high - FLOW_CHUNK_SHIFT] +
           (size_t)(n ^ 1U << high) * t->beside_bytes;
}

/** The flow of that key, or NULL. */
struct flow *flow_table_get(const struct flow_table *t, const struct flow_key *key,
                            uint32_t hash);

/** Bring what flow_table_get() and a packet of side `from` will touch nearer, as far as
 *  that does not mean waiting: first the index, in a second round the flow. */
PREFETCHES static inline void flow_table_prefetch_slot(const struct flow_table *t,
                                                       uint32_t hash)
{
    __builtin_prefetch(&t->slots[hash & t->mask]);
}

PREFETCHES static inline void flow_prefetch_beside(const struct flow_table *t,
                                                   uint32_t index, size_t bytes)
{
    prefetch_lines(flow_beside(t, index), bytes);
}

/* Returns the flow that it most likely is, whose key is to be compared, or NULL. */
PREFETCHES static inline struct flow *
flow_table_prefetch_flow(const struct flow_table *t, uint32_t hash, unsigned from)
{
    for (uint32_t at = hash & t->mask; t->slots[at].ref != 0; at = (at + 1) & t->mask) {
        struct flow *f;

        if (t->slots[at].hash != hash)
            continue;
        f = flow_at(t, t->slots[at].ref - 1);
        __builtin_prefetch(&f->key, 1);
        __builtin_prefetch(&f->side[from], 1);
        if (t->beside_hot_bytes != 0)
            flow_prefetch_beside(t, t->slots[at].ref - 1, t->beside_hot_bytes);
        return f;
    }
    return NULL;
}

/* Flows have indices below t->n_made; some of these may be free. */
static inline bool flow_is_free(const struct flow *f)
{
    return f->key.kind == FLOW_KEY_FREE;
}

/** Remove all flows at once, which takes no look at any of them. */
void flow_table_clear(struct flow_table *t);

/** A new flow, zeroed except key, hash and index.  The key must not be in the table.
 *  NULL when the table is full or cannot grow: evict one and try again. */
struct flow *flow_table_insert(struct flow_table *t, const struct flow_key *key,
                               uint32_t hash);

void flow_table_remove(struct flow_table *t, struct flow *f);

#endif /* FLOW_TABLE_H */
