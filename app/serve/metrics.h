/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/metrics.h - what the server counts of itself, for Prometheus.
 *
 * Names follow Prometheus' conventions: lapwing_<what>_<unit>, counters end in _total.
 * No label holds an address or a name that clients choose.
 */
#ifndef SERVE_METRICS_H
#define SERVE_METRICS_H

#include "base/buf.h"

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>

/** Counters that are no more than that: name, what it means. */
#define METRICS_COUNTER_LIST(X)                                                        \
    X(uploads, "Captures that were received whole.")                                   \
    X(upload_bytes, "Bytes of captures received.")                                     \
    X(uploads_failed, "Captures that could not be received or stored.")                \
    X(jobs_done, "Jobs that succeeded.")                                               \
    X(jobs_failed, "Jobs that failed.")                                                \
    X(jobs_cancelled, "Jobs that were cancelled.")                                     \
    X(jobs_requeued, "Jobs found interrupted at a start and queued again.")            \
    X(packets, "Packets read by jobs.")                                                \
    X(flows, "Flows judged by jobs.")                                                  \
    X(alerted_flows, "Flows that reached a detector's threshold.")                     \
    X(records_classified, "Records judged for clients.")                               \
    X(live_packets, "Packets seen on interfaces.")                                     \
    X(live_drops, "Packets of interfaces lost before they were seen.")                 \
    X(events_sent, "Server-sent events.")                                              \
    X(requests_denied, "Requests without a right to what they asked.")

enum metrics_counter {
#define METRICS_ENUM(name, help) METRICS_##name,
    METRICS_COUNTER_LIST(METRICS_ENUM)
#undef METRICS_ENUM
        METRICS_N_COUNTERS
};

/** What is known only when it is asked for. */
struct metrics_gauges {
    bool store_up; /* it could say what follows */
    unsigned connections;
    unsigned jobs_queued;
    unsigned jobs_running;
    unsigned event_clients;
    uint64_t database_bytes;
    uint64_t blob_bytes;
};

struct metrics; /* opaque */

LW_MUST enum lw_status metrics_new(struct metrics **out, struct lw_error *err);
void metrics_free(struct metrics *m);

/** Any thread, no lock. */
void metrics_add(struct metrics *m, enum metrics_counter c, uint64_t n);
uint64_t metrics_get(const struct metrics *m, enum metrics_counter c);
/** A request to a row of the route table (n_routes: none) has ended; status 0: the
 *  client left. */
void metrics_count_request(struct metrics *m, size_t route_idx, unsigned status);
uint64_t metrics_requests(const struct metrics *m);
/** Of this process. */
uint64_t metrics_resident_bytes(void);

/** Everything as text in Prometheus' exposition format 0.0.4. */
void metrics_write(const struct metrics *m, const struct metrics_gauges *g,
                   struct buf *out);

#endif /* SERVE_METRICS_H */
