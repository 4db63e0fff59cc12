/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/fragments.h - the ports of fragments that carry none.
 *
 * Only the first fragment of a datagram has a transport header.  A small table keeps
 * its ports for those that follow; a newer datagram overwrites an older one in its
 * place, so the table is bounded and needs no timer.
 */
#ifndef FLOW_FRAGMENTS_H
#define FLOW_FRAGMENTS_H

#include "packet/decode.h"

#include <stdbool.h>

enum { FRAGMENT_SLOTS = 1024 };

struct fragment {
    struct lw_addr addr[2];
    uint32_t id;
    uint16_t port[2];
    uint8_t protocol;
    bool used;
};

struct fragments {
    struct fragment slots[FRAGMENT_SLOTS];
};

/** Note a first fragment's ports. */
void fragments_note(struct fragments *t, const struct decoded *d);

/** The ports of a later fragment's datagram; false when its first was not seen. */
bool fragments_find(const struct fragments *t, const struct decoded *d,
                    uint16_t port[2]);

#endif /* FLOW_FRAGMENTS_H */
