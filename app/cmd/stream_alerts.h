/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/stream_alerts.h - alarmed packets, gathered so that a person can read them.
 *
 * Alarmed packets from one address to another are one alert while no more than a minute
 * passes between two of them.  When there are too many pairs (a flood from invented
 * addresses), further ones are gathered by destination alone.
 */
#ifndef CMD_STREAM_ALERTS_H
#define CMD_STREAM_ALERTS_H

#include <lapwing/packet_stream.h>

enum { STREAM_ALERTS_MAX = 4096 };

struct stream_alert {
    struct lw_stream_packet worst; /* its highest score; addresses hold for all */
    uint64_t n_packets;
    int64_t first_ns;
    int64_t last_ns;
    uint32_t port_min; /* of the destination; min > max: none */
    uint32_t port_max;
    bool many_sources;
};

struct stream_alerts; /* opaque */

LW_MUST enum lw_status stream_alerts_new(struct stream_alerts **out,
                                         struct lw_error *err);
/** NULL is fine. */
void stream_alerts_free(struct stream_alerts *a);

/** Gather an alarmed packet; the alert that it belongs to, borrowed until the next
 *  call.  NULL when memory is out. */
const struct stream_alert *stream_alerts_add(struct stream_alerts *a,
                                             const struct lw_stream_packet *p);

size_t stream_alerts_count(const struct stream_alerts *a);
/** Those with most packets, up to `max`, most first; borrowed.  Returns how many. */
size_t stream_alerts_largest(const struct stream_alerts *a,
                             const struct stream_alert **out, size_t max);

#endif /* CMD_STREAM_ALERTS_H */
