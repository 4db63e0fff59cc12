/* SPDX-License-Identifier: Apache-2.0 */
/* store/addr.h - addresses and networks as blobs of the tables. */
#ifndef STORE_ADDR_H
#define STORE_ADDR_H

#include "store/flows.h"

/** How many of its bytes the tables keep: 1 where there is no address. */
size_t addr_bytes(const struct store_addr *a);
/** From the tables; kind 0 when it is none. */
struct store_addr addr_of_blob(const void *p, size_t n);
/** The greatest address of a network. */
struct store_addr net_last(const struct store_net *net);
/** Whether it is one address. */
bool net_is_host(const struct store_net *net);

static inline bool net_is_set(const struct store_net *net)
{
    return net->addr.bytes[0] != 0;
}

#endif /* STORE_ADDR_H */
