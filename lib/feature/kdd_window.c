/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task description says "connections to the same host as the current connection"
 * without saying among which.  The data set answers: in all 494,021 rows of its ten
 * per cent, dst_host_count + dst_host_srv_count minus the connections that are in both
 * never exceeds 255 (give or take rounding), a full dst_host_srv_count always comes
 * with a dst_host_same_srv_rate of 1, and a full dst_host_count with a
 * dst_host_srv_diff_host_rate of 0.  So the host window is the last 255 connections,
 * whatever their destination, not 255 connections of each host.  The two-second window
 * obeys the same identity with 511.
 *
 * diff_srv_rate is not 1 - same_srv_rate: nine connections to one host, eight of them
 * to one service, show same_srv_rate 0.89 and diff_srv_rate 0.22.  It is the number of
 * different services, once there is more than one, over the count.
 *
 * Both windows are small, so each row scans them: a few hundred comparisons in one
 * cache-resident ring cost less than keeping hash tables right.
 */
#include "feature/kdd_window.h"

#include "base/timefmt.h"

#include <math.h>
#include <string.h>

enum { N_SERVICES = 256 };

void kdd_windows_init(struct kdd_windows *w)
{
    memset(w, 0, sizeof *w);
}

/* Raw counts over a window; the first four are indexed by host and service. */
struct tally {
    unsigned host;
    unsigned service;
    unsigned both;
    unsigned same_port;
    unsigned host_serror;
    unsigned host_rerror;
    unsigned service_serror;
    unsigned service_rerror;
    unsigned n_services; /* different ones of the same host */
};

static void tally_conn(struct tally *t, const struct kdd_conn *c,
                       const struct kdd_conn *now, uint8_t *service_seen)
{
    bool same_host = memcmp(&c->dst, &now->dst, sizeof c->dst) == 0;
    bool same_service = c->service == now->service;

    if (same_host) {
        t->host++;
        t->both += same_service;
        t->same_port += c->src_port == now->src_port;
        t->host_serror += c->serror;
        t->host_rerror += c->rerror;
        t->n_services += !service_seen[c->service];
        service_seen[c->service] = 1;
    }
    if (same_service) {
        t->service++;
        t->service_serror += c->serror;
        t->service_rerror += c->rerror;
    }
}

static float rate(unsigned part, unsigned whole)
{
    return whole == 0 ? 0.0f : (float)(round(100.0 * part / whole) / 100.0);
}

static void counts_from(const struct tally *t, struct kdd_window_counts *out)
{
    *out = (struct kdd_window_counts){
        .host = t->host,
        .service = t->service,
        .serror_rate = rate(t->host_serror, t->host),
        .srv_serror_rate = rate(t->service_serror, t->service),
        .rerror_rate = rate(t->host_rerror, t->host),
        .srv_rerror_rate = rate(t->service_rerror, t->service),
        .same_srv_rate = rate(t->both, t->host),
        .diff_srv_rate = rate(t->n_services > 1 ? t->n_services : 0, t->host),
        .srv_diff_host_rate = rate(t->service - t->both, t->service),
        .same_src_port_rate = rate(t->same_port, t->host),
    };
}

/* Look back over at most `max_conns`, no further than `since_ns`. */
static void look_back(const struct kdd_windows *w, unsigned max_conns, int64_t since_ns,
                      struct kdd_window_counts *out)
{
    const struct kdd_conn *now = &w->ring[(w->n - 1) % KDD_RING];
    uint8_t service_seen[N_SERVICES] = {0};
    struct tally t = {0};

    for (uint64_t back = 0; back < max_conns && back < w->n; back++) {
        const struct kdd_conn *c = &w->ring[(w->n - 1 - back) % KDD_RING];

        if (c->end_ns < since_ns)
            break;
        tally_conn(&t, c, now, service_seen);
    }
    counts_from(&t, out);
}

void kdd_windows_add(struct kdd_windows *w, const struct kdd_conn *conn,
                     struct kdd_window_counts *in_time,
                     struct kdd_window_counts *in_host)
{
    w->ring[w->n++ % KDD_RING] = *conn;
    look_back(w, KDD_TIME_WINDOW_CONNS, conn->end_ns - 2 * NS_PER_S, in_time);
    look_back(w, KDD_HOST_WINDOW_CONNS, INT64_MIN, in_host);
}
