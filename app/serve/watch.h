/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/watch.h - interfaces that are watched.
 *
 * Which ones may be, the command line says (--live); whether one is, an administrator
 * (route_live.c), which outlives a restart.  A thread for each has a process capture
 * and judge (watch_apart.h), tells of its flows and figures once a second (events with
 * the topic "live", a stream of their own), and makes captures of its packets
 * (recording.h), which are analysed like any other.
 *
 *     stopped --start--> starting --its first tick--> running
 *     starting, running --the process ended--> failed --after a while--> starting
 *     any --stop--> stopped
 */
#ifndef SERVE_WATCH_H
#define SERVE_WATCH_H

#include "serve/watch_wire.h"

enum { WATCHES_MAX = 16, WATCH_HISTORY = 300 };

struct server; /* serve/server.h */
struct events; /* serve/events.h */

enum watch_state { WATCH_STOPPED, WATCH_STARTING, WATCH_RUNNING, WATCH_FAILED };
const char *watch_state_name(enum watch_state state);

/** What happened in a second. */
struct watch_second {
    int64_t time_ns; /* its end */
    uint64_t packets;
    uint64_t bytes;
    uint64_t drops;
    uint64_t flows;
    uint64_t alerts;
    double delay_s; /* mean from a flow's last packet to its verdict; NaN: no flows */
    double delay_max_s;
};

/** A copy of what is known of one. */
struct watch_view {
    char name[IFNAMSIZ];
    enum watch_state state;
    char error[256];       /* why it failed; "" */
    int64_t since_ns;      /* in this state */
    int64_t retry_ns;      /* of a failed one: when it is tried again */
    struct watch_tick sum; /* since it was started */
    struct watch_second last;
    uint64_t recorded_bytes; /* of the capture that is being made; 0: none */
    int64_t recording_ns;    /* since when */
    int64_t capture;         /* the latest that was made; 0: none */
};

struct watches; /* opaque */

/** Watch interfaces ("eth0,eth1"; NULL or "": none) of which nobody said that they are
 *  not to be; a capture is made of each `every_ns`, or bytes_max.  The caller owns
 * *out. LW_EINVAL: no name of an interface, or too many.  LW_ENOMEM, LW_EIO. */
LW_MUST enum lw_status watches_new(struct watches **out, struct server *s,
                                   const char *interfaces, int64_t every_ns,
                                   uint64_t bytes_max, struct lw_error *err);
/** End all; what was recorded becomes captures. */
void watches_stop(struct watches *w);
/** After watches_stop() and the listener.  NULL is fine. */
void watches_free(struct watches *w);

size_t watches_count(const struct watches *w);
/** Of interface i, and up to WATCH_HISTORY seconds of it, oldest first, to history
 *  (NULL: not wanted); their number. */
size_t watches_get(struct watches *w, size_t i, struct watch_view *out,
                   struct watch_second *history);
/** LW_ENOTFOUND: not among those of the command line. */
LW_MUST enum lw_status watches_find(struct watches *w, const char *name, size_t *i,
                                    struct lw_error *err);
/** Start or stop one, and remember it.  What the store says. */
LW_MUST enum lw_status watches_set(struct watches *w, size_t i, bool on,
                                   struct lw_error *err);
/** How often captures are made. */
int64_t watches_every_ns(const struct watches *w);
/** Where topic "live" is told. */
struct events *watches_events(struct watches *w);

#endif /* SERVE_WATCH_H */
