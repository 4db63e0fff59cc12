/* SPDX-License-Identifier: Apache-2.0 */
/* feature/netflow_host_names.h - columns of the netflow_host view by name: those of
 * netflow come first. */
#ifndef FEATURE_NETFLOW_HOST_NAMES_H
#define FEATURE_NETFLOW_HOST_NAMES_H

#include "feature/netflow_names.h"

enum netflow_host_column {
    NETFLOW_HOST_before = N_NETFLOW - 1,
#define PAST(name, ...)                                                                \
    NETFLOW_HOST_##name##_10s, NETFLOW_HOST_##name##_60s, NETFLOW_HOST_##name##_600s,
#define HOST(name, ...) NETFLOW_HOST_##name,
#include "feature/netflow_host.def"
#undef PAST
#undef HOST
    N_NETFLOW_HOST
};

#endif /* FEATURE_NETFLOW_HOST_NAMES_H */
