/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_window.h - the connections a KDD row looks back on.
 *
 * Two windows, both over the connections of the whole network: the last two seconds
 * (at most 511 connections) and the last 255 connections.
 */
#ifndef FEATURE_KDD_WINDOW_H
#define FEATURE_KDD_WINDOW_H

#include <lapwing/record.h>

#include <stdbool.h>

enum { KDD_TIME_WINDOW_CONNS = 511, KDD_HOST_WINDOW_CONNS = 255, KDD_RING = 512 };

/** What the windows remember of a connection. */
struct kdd_conn {
    struct lw_addr dst;
    int64_t end_ns;
    uint16_t src_port;
    uint8_t service; /* code in the view's list */
    bool serror;     /* SYN error: S0, S1, S2, S3 */
    bool rerror;     /* REJ */
};

/** What one window says of the connection it was asked about.  Rates are shares,
 *  rounded to two decimals as in the data set. */
struct kdd_window_counts {
    unsigned host;    /* connections to the same host, itself included */
    unsigned service; /* connections to the same service */
    float serror_rate;
    float srv_serror_rate;
    float rerror_rate;
    float srv_rerror_rate;
    float same_srv_rate;
    float diff_srv_rate;
    float srv_diff_host_rate;
    float same_src_port_rate;
};

struct kdd_windows {
    struct kdd_conn ring[KDD_RING];
    uint64_t n; /* connections ever added; the last is ring[(n - 1) % KDD_RING] */
};

void kdd_windows_init(struct kdd_windows *w);

/** Add a connection and look back from it. */
void kdd_windows_add(struct kdd_windows *w, const struct kdd_conn *conn,
                     struct kdd_window_counts *in_time,
                     struct kdd_window_counts *in_host);

#endif /* FEATURE_KDD_WINDOW_H */
