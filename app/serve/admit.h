/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/admit.h - may this request be answered?
 *
 * In this order: does it come from where it may come from (the proxy), does it name us
 * (Host), was it made by our own pages and not in their name by others, and is whoever
 * asks allowed what the route needs.  What is refused for the sake of safety (401, 403,
 * 429) goes to the audit log.
 */
#ifndef SERVE_ADMIT_H
#define SERVE_ADMIT_H

#include "serve/auth.h"
#include "serve/route.h"

/** What a request must fulfil before its route is looked at: false, and the reply is a
 *  problem. `c->route` may be NULL. */
bool admit_request(const struct call *c);
/** What the route needs; `who` gets a name, or "". */
bool admit_client(const struct call *c, char who[HTTP_WHO_MAX]);

/** The client's address, also behind a proxy. */
void admit_address(const struct server *s, const struct http_request *req,
                   char out[HTTP_PEER_MAX]);

/** Whose token or session came with the request, where the server asks for that: false
 *  where none did or it is not valid. */
bool admit_principal(const struct call *c, struct auth_principal *who);

/** Answer 401, 403, 409, 429 or 503 of auth.h to whoever logs in, and note it. */
void admit_refuse_login(const struct call *c, const char *name, unsigned status);

/** A row of the audit log: who did what this request says. */
void admit_note(const struct call *c, const char *who, const char *object);

/** Now, on a clock that only goes forward. */
int64_t admit_mono_ns(void);

#endif /* SERVE_ADMIT_H */
