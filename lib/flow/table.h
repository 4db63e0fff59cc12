/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/table.h - the active flows: found by key, aged by silence, bounded.
 *
 * Flows live in chunks that are added as needed up to the limit and never move.  Every
 * flow is on one of a few lists, by how long its kind may be silent and whether it was
 * answered.  All flows of a list have the same patience, so a list in order of last
 * packets is also in order of expiry: the oldest is always at a head.
 */
#ifndef FLOW_TABLE_H
#define FLOW_TABLE_H

#include "flow/key.h"
#include "flow/tcp_track.h"

#include <lapwing/record.h>

#include <stdbool.h>

/** How long a flow may be silent. */
enum flow_patience {
    FLOW_PATIENCE_TCP,
    FLOW_PATIENCE_CLOSED, /* TCP, over: stragglers only */
    FLOW_PATIENCE_UDP,
    FLOW_PATIENCE_ICMP,
    FLOW_PATIENCE_ARP,
    N_FLOW_PATIENCES
};

enum { FLOW_NONE = UINT32_MAX };

struct flow {
    struct flow_key key;
    uint32_t self;         /* own index */
    uint32_t next_in_slot; /* index of the next flow with the same hash slot */
    uint32_t hash;
    uint32_t older; /* neighbours on its list */
    uint32_t newer;
    int64_t touched_ns; /* packet time at its last packet, never going back */
    uint8_t patience;   /* enum flow_patience */
    bool answered;
    bool flipped; /* of its first packet */
    struct tcp_track tcp;
    struct lw_record rec;
};

struct flow_list {
    uint32_t oldest;
    uint32_t newest;
};

struct flow_table {
    struct flow **chunks; /* (n_chunks), each owned */
    size_t n_chunks;
    uint32_t n_made; /* flows in the chunks that were ever used */
    uint32_t free_head;
    uint32_t n_active;
    uint32_t max_flows;
    uint32_t *slots; /* (n_slots) heads, a power of two; owned */
    uint32_t n_slots;
    uint64_t seed;
    struct flow_list lists[N_FLOW_PATIENCES][2]; /* by patience and answered */
};

LW_MUST enum lw_status flow_table_init(struct flow_table *t, uint32_t max_flows,
                                       struct lw_error *err);
void flow_table_release(struct flow_table *t);

/** The flow with that key, or NULL. */
struct flow *flow_table_find(struct flow_table *t, const struct flow_key *key,
                             uint32_t *hash);

/** A zeroed flow for that key, on a list; NULL when the table is full or memory is
 *  out: evict one and ask again. */
struct flow *flow_table_insert(struct flow_table *t, const struct flow_key *key,
                               uint32_t hash, enum flow_patience patience,
                               int64_t now_ns);

/** The flow was heard: it becomes the newest of the list where it now belongs. */
void flow_table_touch(struct flow_table *t, struct flow *f, enum flow_patience patience,
                      bool answered, int64_t now_ns);

void flow_table_remove(struct flow_table *t, struct flow *f);

/** The longest silent flow of a list, or NULL. */
struct flow *flow_table_oldest(const struct flow_table *t, enum flow_patience patience,
                               bool answered);

/** The longest silent of all flows, or of those of one kind of list: 0 unanswered,
 *  1 answered, -1 both.  NULL when there is none. */
struct flow *flow_table_oldest_of_all(const struct flow_table *t, int answered);

#endif /* FLOW_TABLE_H */
