/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/route.h"

/* What has a name of its own comes before what a {...} would take.  The first row is
 * the busiest. */
const struct route route_table[] = {
    {"POST", "/classify", SCOPE_READ, .handle = route_classify},
    {"GET", "/", SCOPE_NONE, .handle = route_welcome},
    {"GET", "/healthz", SCOPE_NONE, .handle = route_health},
    {"GET", "/readyz", SCOPE_NONE, .handle = route_ready, .slow = true},
    {"GET", "/metrics", SCOPE_READ, .handle = route_metrics, .slow = true},
    {"POST", "/api/v1/classify", SCOPE_READ, .handle = route_batch,
     .open = route_batch_open},
    {"GET", "/api/v1/events", SCOPE_READ, .handle = route_events},
    {"GET", "/api/v1/openapi.yaml", SCOPE_NONE, .handle = route_description},
};

const size_t n_routes = sizeof route_table / sizeof route_table[0];
