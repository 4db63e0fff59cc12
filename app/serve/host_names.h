/* SPDX-License-Identifier: Apache-2.0 */
/* serve/host_names.h - what the hosts of a capture are called, by its own packets.  The
 * first name told of an address stays; beyond HOST_NAMES_MAX addresses no more are
 * kept.
 */
#ifndef SERVE_HOST_NAMES_H
#define SERVE_HOST_NAMES_H

#include "store/flows.h"
#include "store/key_table.h"

#include <lapwing/capture.h>

enum { HOST_NAMES_MAX = 100000 };

struct host_names {
    struct key_table addrs; /* numbers of addresses */
    char **names;           /* (addrs.n) owned; by number, from 1 */
    size_t cap;
    bool failed; /* memory is out */
};

void host_names_init(struct host_names *h);
void host_names_release(struct host_names *h);
/** Keep the names that a packet tells. */
void host_names_read(struct host_names *h, const struct lw_packet *pkt);
/** NULL: none is known. */
const char *host_names_get(const struct host_names *h, const struct store_addr *a);

#endif /* SERVE_HOST_NAMES_H */
