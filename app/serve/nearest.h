/* SPDX-License-Identifier: Apache-2.0 */
/* serve/nearest.h - the normal flow of the same capture that is most like a flow, and
 * where they differ. */
#ifndef SERVE_NEAREST_H
#define SERVE_NEAREST_H

#include "base/jsonw.h"
#include "store/flows.h"

struct server; /* serve/server.h */

/** Put the member "nearest_normal": {flow, distance, of, differences}, or null where
 * the flow is normal, nothing was kept to compare it with, or its model is not active.
 */
void nearest_put(struct jsonw *w, struct server *s, const struct store_flow *f);

#endif /* SERVE_NEAREST_H */
