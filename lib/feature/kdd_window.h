/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_window.h - the connections that a kdd row looks back on.
 *
 * Two windows over the connections of the whole network, the latest included: those of
 * the last two seconds, at most 511, and the last 255.
 */
#ifndef FEATURE_KDD_WINDOW_H
#define FEATURE_KDD_WINDOW_H

#include "feature/intern.h"
#include "feature/kdd_names.h"

#include <lapwing/record.h>

#include <stdint.h>

enum { KDD_TIME_WINDOW_CONNS = 511, KDD_HOST_WINDOW_CONNS = 255 };

#define KDD_TIME_WINDOW_NS (INT64_C(2) * 1000000000)

/** What the windows remember of a connection. */
struct kdd_conn {
    struct lw_addr dst;
    int64_t end_ns;
    uint32_t service_key;
    uint16_t src_port;
    enum kdd_error error;
};

/** What a window says of the latest connection; every number includes it. */
struct kdd_counts {
    uint16_t host;             /* connections to the same host */
    uint16_t service;          /* ... to the same service, whatever the host */
    uint16_t both;             /* ... to the same service of the same host */
    uint16_t same_port;        /* ... to the same host from the same source port */
    uint16_t n_services;       /* different services of the host */
    uint16_t n_hosts;          /* different hosts of the service */
    uint16_t host_error[3];    /* by enum kdd_error, of `host` */
    uint16_t service_error[3]; /* ... of `service` */
};

/** What one window knows of a host or of a service. */
struct kdd_tally {
    uint16_t conns;
    uint16_t error[3]; /* by enum kdd_error */
    uint16_t pairs;    /* different services of the host, or hosts of the service */
};

/** One window: the latest `n` connections of the ring, counted by their numbers. */
struct kdd_window {
    unsigned n;
    unsigned max;
    struct kdd_tally host[INTERN_MAX];
    struct kdd_tally service[INTERN_MAX];
    uint16_t pair[INTERN_MAX];
    uint16_t port[INTERN_MAX];
};

struct kdd_windows {
    uint64_t n; /* connections so far; the latest is ring[(n - 1) % INTERN_MAX] */
    struct kdd_ref {
        int64_t end_ns; /* never falls */
        uint16_t host;  /* numbers of what it was about */
        uint16_t service;
        uint16_t pair; /* host and service */
        uint16_t port; /* host and source port */
        enum kdd_error error;
    } ring[INTERN_MAX];
    struct intern hosts;
    struct intern services;
    struct intern pairs;
    struct intern ports;
    struct kdd_window in_time;
    struct kdd_window in_host;
};

void kdd_windows_init(struct kdd_windows *w, uint64_t seed);
/** A connection enters; what is too old leaves.  One that ended before an earlier one
 *  counts as ended with it. */
void kdd_windows_add(struct kdd_windows *w, const struct kdd_conn *conn);
/** What `in_time` or `in_host` says of the connection added last. */
void kdd_windows_count(const struct kdd_windows *w, const struct kdd_window *window,
                       struct kdd_counts *out);

#endif /* FEATURE_KDD_WINDOW_H */
