/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/forwarded.h - for whom a proxy asks (X-Forwarded-For).
 *
 * Each proxy appends the address that it was asked from, so the list is true from the
 * right, as far as the proxies are ours: the client is the rightmost address that is
 * not one of them.  What stands left of it, the client may have written himself.
 */
#ifndef SERVE_FORWARDED_H
#define SERVE_FORWARDED_H

#include "serve/http.h"
#include "store/flows.h"

/** Does a peer (an address as text) belong to the proxies? */
bool forwarded_is_proxy(const struct store_net *proxies, const char *peer);

/** The client of a request that came from `peer`, one of the proxies: `header` is the
 *  last X-Forwarded-For (NULL: absent).  Where it does not tell, the peer. */
void forwarded_client(const struct store_net *proxies, const char *peer,
                      const char *header, char out[HTTP_PEER_MAX]);

#endif /* SERVE_FORWARDED_H */
