/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/fragment.h - which flow the later fragments of a datagram belong to.
 *
 * Only the first fragment has the ports.  The table remembers its flow under addresses,
 * protocol and identification, in bounded memory: it is a cache of 4 entries a set, the
 * oldest of which gives way.  No payload is kept.
 */
#ifndef FLOW_FRAGMENT_H
#define FLOW_FRAGMENT_H

#include "packet/decode.h"

#include <stdbool.h>
#include <stdint.h>

struct fragment_entry {
    uint64_t tag;     /* hash of addresses, protocol, identification; 0 is no entry */
    uint64_t flow_id; /* the flow may be gone: compare */
    int64_t time_ns;  /* of the first fragment */
    uint32_t flow;    /* index in the table */
    uint32_t from;    /* the side that sends */
};

struct fragments {
    struct fragment_entry *entries; /* owned; NULL until the first fragment */
    bool failed;                    /* memory was out: do without */
};

void fragments_init(struct fragments *fr);
void fragments_release(struct fragments *fr);

/** Remember the flow of a datagram's first fragment. */
void fragments_put(struct fragments *fr, const struct decoded *d, int64_t now_ns,
                   uint32_t flow, uint64_t flow_id, unsigned from);

/** The entry for a later fragment, or NULL. */
const struct fragment_entry *fragments_get(const struct fragments *fr,
                                           const struct decoded *d, int64_t now_ns);

#endif /* FLOW_FRAGMENT_H */
