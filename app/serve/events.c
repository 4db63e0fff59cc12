/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ring of events for all; a client is a place in it.  A client that has caught up
 * sleeps, and is woken by the next event or, every 15 seconds, for a comment line that
 * keeps proxies from closing the connection and shows us who is gone.  Where clients
 * must log in, a stream ends after a minute: browsers come again by themselves, and
 * whoever has been shut out meanwhile stays out.
 *
 * Ids go on across restarts: they begin at the start's second times 2^20.
 */
#include "serve/events.h"

#include "base/assert.h"
#include "base/mem.h"
#include "serve/problem.h"
#include "serve/side_thread.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BEAT_MS = 15000, EVENTS_BEATS = 4 };

struct event {
    char *text; /* owned: "id: ...\nevent: ...\ndata: ...\n\n" */
    size_t n;
    enum event_topic topic;
};

struct client {
    struct client *next;
    struct client **link; /* what points to it */
    struct events *hub;
    struct http_waker *waker;
    unsigned topics;
    uint64_t at;   /* id of the next event to look at */
    char own[128]; /* something for this client alone, sent first */
    size_t own_n;
    size_t sent; /* of `own`, or of the event `at` */
    bool beat;
    unsigned beats_left; /* until it must come again; 0: it need not */
    bool over;
};

struct events {
    struct side_thread side;
    /* What follows is under side.lock. */
    struct event ring[EVENTS_KEPT]; /* by id */
    uint64_t first;                 /* id of the oldest kept, */
    uint64_t next;                  /* and of the one to come */
    struct client *clients;
    unsigned n_clients;
    bool closed;
};

const char *const event_topic_names[N_EVENT_TOPICS] = {
#define EVENT_TOPIC_NAME(name, text) text,
    EVENT_TOPIC_LIST(EVENT_TOPIC_NAME)
#undef EVENT_TOPIC_NAME
};

static void wake_all(struct events *e)
{
    for (struct client *c = e->clients; c != NULL; c = c->next)
        http_wake(c->waker);
}

static void *beat(void *ctx)
{
    struct events *e = ctx;

    (void)pthread_mutex_lock(&e->side.lock);
    while (!e->closed) {
        struct timespec until = side_thread_in(BEAT_MS);

        if (side_thread_wait(&e->side, &until))
            continue;
        for (struct client *c = e->clients; c != NULL; c = c->next) {
            c->beat = true;
            c->over = c->over || c->beats_left == 1;
            c->beats_left -= c->beats_left > 0;
        }
        wake_all(e);
    }
    (void)pthread_mutex_unlock(&e->side.lock);
    return NULL;
}

enum lw_status events_new(struct events **out, struct lw_error *err)
{
    struct events *e = mem_zalloc(1, sizeof *e);
    enum lw_status st;

    if (e == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    e->first = (uint64_t)time(NULL) << 20;
    e->next = e->first;
    st = side_thread_start(&e->side, beat, e, err);
    if (st != LW_OK) {
        mem_free(e);
        return st;
    }
    *out = e;
    return LW_OK;
}

void events_close(struct events *e)
{
    if (e == NULL)
        return;
    (void)pthread_mutex_lock(&e->side.lock);
    e->closed = true;
    (void)pthread_cond_signal(&e->side.wake);
    wake_all(e);
    (void)pthread_mutex_unlock(&e->side.lock);
}

void events_free(struct events *e)
{
    if (e == NULL)
        return;
    events_close(e);
    side_thread_stop(&e->side);
    LW_ASSERT(e->clients == NULL);
    for (size_t i = 0; i < EVENTS_KEPT; i++)
        mem_free(e->ring[i].text);
    mem_free(e);
}

void events_tell(struct events *e, enum event_topic topic, const char *json)
{
    struct event *slot;
    struct buf text;

    buf_init(&text);
    (void)pthread_mutex_lock(&e->side.lock);
    buf_printf(&text, "id: %llu\nevent: %s\ndata: %s\n\n", (unsigned long long)e->next,
               event_topic_names[topic], json);
    /* Without memory nobody hears of it; clients see it when they next ask. */
    if (buf_ok(&text) && !e->closed) {
        slot = &e->ring[e->next % EVENTS_KEPT];
        mem_free(slot->text);
        slot->text = buf_take(&text, &slot->n);
        slot->topic = topic;
        e->next++;
        if (e->next - e->first > EVENTS_KEPT)
            e->first = e->next - EVENTS_KEPT;
        wake_all(e);
    }
    (void)pthread_mutex_unlock(&e->side.lock);
    buf_release(&text);
}

/* ---- a client -------------------------------------------------------------------- */

static void say(struct client *c, const char *what)
{
    c->own_n = (size_t)snprintf(c->own, sizeof c->own, "%s", what);
    c->sent = 0;
}

/* Copy on of what is being sent; false when all of it is. */
static bool copy_on(struct client *c, const char *text, size_t n, char *out, size_t max,
                    size_t *filled)
{
    size_t left = n - c->sent;
    size_t room = max - *filled;
    size_t now = left < room ? left : room;

    memcpy(out + *filled, text + c->sent, now);
    *filled += now;
    c->sent += now;
    if (c->sent < n)
        return true;
    c->sent = 0;
    return false;
}

static ssize_t fill(struct client *c, char *out, size_t max)
{
    struct events *e = c->hub;
    size_t filled = 0;

    if (c->own_n > 0) {
        if (copy_on(c, c->own, c->own_n, out, max, &filled))
            return (ssize_t)filled;
        c->own_n = 0;
    }
    if (c->at < e->first) {
        if (c->sent > 0)
            return HTTP_STREAM_FAILED; /* in the middle of what is gone */
        c->at = e->next;
        say(c, "event: reload\ndata: {}\n\n");
        return fill(c, out, max);
    }
    for (; c->at < e->next && filled < max; c->at++) {
        struct event *event = &e->ring[c->at % EVENTS_KEPT];

        if ((c->topics >> event->topic & 1) != 0 &&
            copy_on(c, event->text, event->n, out, max, &filled))
            break;
    }
    if (filled == 0 && c->beat && max >= 3) {
        memcpy(out, ":\n\n", 3);
        filled = 3;
    }
    c->beat = false;
    if (filled > 0)
        return (ssize_t)filled;
    return e->closed || c->over ? HTTP_STREAM_END : HTTP_STREAM_WAIT;
}

static ssize_t client_read(void *ctx, char *out, size_t max)
{
    struct client *c = ctx;
    ssize_t n;

    (void)pthread_mutex_lock(&c->hub->side.lock);
    n = fill(c, out, max);
    (void)pthread_mutex_unlock(&c->hub->side.lock);
    return n;
}

static void client_close(void *ctx)
{
    struct client *c = ctx;
    struct events *e = c->hub;

    (void)pthread_mutex_lock(&e->side.lock);
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    e->n_clients--;
    (void)pthread_mutex_unlock(&e->side.lock);
    mem_free(c);
}

static void add_client(struct events *e, struct client *c, uint64_t last)
{
    char hello[64];

    c->at = last == 0 ? e->next : last + 1;
    if (last == 0) {
        /* Its id is that of the event before, so that whoever comes again misses none.
         */
        (void)snprintf(hello, sizeof hello, "id: %llu\nevent: hello\ndata: {}\n\n",
                       (unsigned long long)(e->next - 1));
        say(c, hello);
    } else if (c->at < e->first || c->at > e->next) {
        c->at = e->next;
        say(c, "event: reload\ndata: {}\n\n");
    }
    c->next = e->clients;
    c->link = &e->clients;
    if (c->next != NULL)
        c->next->link = &c->next;
    e->clients = c;
    e->n_clients++;
}

void events_follow(struct events *e, const struct http_request *req,
                   struct http_reply *reply, const struct events_follow *what)
{
    static const struct http_stream_ops ops = {client_read, client_close};
    struct client *c = mem_zalloc(1, sizeof *c);
    bool full;

    if (c == NULL) {
        problem_reply(reply, 503, NULL, "out of memory");
        return;
    }
    c->hub = e;
    c->waker = http_request_waker(req);
    c->topics = what->topics;
    c->beats_left = what->for_a_while ? EVENTS_BEATS : 0;
    (void)pthread_mutex_lock(&e->side.lock);
    full = e->n_clients >= EVENTS_CLIENTS_MAX || e->closed;
    if (!full)
        add_client(e, c, what->last);
    (void)pthread_mutex_unlock(&e->side.lock);
    if (full) {
        mem_free(c);
        problem_reply(reply, 503, NULL, "too many clients follow events already");
        return;
    }
    reply->content_type = "text/event-stream";
    http_reply_header(reply, "Cache-Control", "no-store");
    reply->stream = &ops;
    reply->stream_ctx = c;
}

unsigned events_clients(struct events *e)
{
    unsigned n;

    (void)pthread_mutex_lock(&e->side.lock);
    n = e->n_clients;
    (void)pthread_mutex_unlock(&e->side.lock);
    return n;
}
