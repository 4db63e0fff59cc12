/* SPDX-License-Identifier: Apache-2.0 */
/* feature/flow_names.h - the flow view's columns by name. */
#ifndef FEATURE_FLOW_NAMES_H
#define FEATURE_FLOW_NAMES_H

/** Columns of the flow view. */
enum flow_column {
#define FLOW(name, ...) FLOW_##name,
#define STAT(name, ...) FLOW_##name,
#define FIRST(i)        FLOW_packet_##i,
#define PAST(name, ...)                                                                \
    FLOW_##name##_1s, FLOW_##name##_10s, FLOW_##name##_60s, FLOW_##name##_600s,
#include "feature/flow.def"
#undef FLOW
#undef STAT
#undef FIRST
#undef PAST
    N_FLOW
};

/** Those that are of the flow alone come first. */
enum { N_FLOW_OWN = FLOW_src_flows_1s };

#endif /* FEATURE_FLOW_NAMES_H */
