/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/events.h - what happens, told to everybody who listens (server-sent events).
 *
 * The latest EVENTS_KEPT events are kept, so that a client that lost its connection
 * gets what it missed.  A client that reads too slowly to stay within them is told to
 * reload; nobody waits for it.
 */
#ifndef SERVE_EVENTS_H
#define SERVE_EVENTS_H

#include "serve/http.h"

#define EVENT_TOPIC_LIST(X)                                                            \
    X(JOB, "job")                                                                      \
    X(ALERT, "alert")                                                                  \
    X(CAPTURE, "capture")                                                              \
    X(DELETED, "deleted")                                                              \
    X(LIVE, "live") /* told apart from the others: watch.h */

enum event_topic {
#define EVENT_TOPIC_ENUM(name, text) EVENT_##name,
    EVENT_TOPIC_LIST(EVENT_TOPIC_ENUM)
#undef EVENT_TOPIC_ENUM
        N_EVENT_TOPICS
};

enum { EVENTS_KEPT = 1024, EVENTS_CLIENTS_MAX = 1000 };

extern const char *const event_topic_names[N_EVENT_TOPICS];

struct events; /* opaque */

/** Start; the caller owns *out.  LW_ENOMEM, LW_EIO. */
LW_MUST enum lw_status events_new(struct events **out, struct lw_error *err);
/** End all streams; what is told afterwards is told to nobody. */
void events_close(struct events *e);
/** After the listener has stopped.  NULL is fine. */
void events_free(struct events *e);

/** Tell it: `json` is one line without its end.  Any thread. */
void events_tell(struct events *e, enum event_topic topic, const char *json);

struct events_follow {
    unsigned topics;  /* a bit each */
    uint64_t last;    /* from behind this event on; 0: from now on */
    bool for_a_while; /* the stream ends after a minute, to be asked for again */
};

/** Turn a reply into a stream of events. */
void events_follow(struct events *e, const struct http_request *req,
                   struct http_reply *reply, const struct events_follow *what);

unsigned events_clients(struct events *e);

#endif /* SERVE_EVENTS_H */
