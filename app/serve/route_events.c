/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/events.h"
#include "serve/params.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/watch.h"

#include <string.h>

/* What interfaces show each second would push the others out of what is kept. */
#define EVENTS_LIVE (1u << EVENT_LIVE)
#define EVENTS_ALL  (((1u << N_EVENT_TOPICS) - 1) & ~EVENTS_LIVE)

/* "job,alert" to a bit for each; 0 for anything else. */
static unsigned read_topics(const char *text)
{
    unsigned topics = 0;

    for (;;) {
        size_t n = strcspn(text, ",");
        size_t t = 0;

        while (t < N_EVENT_TOPICS && (strlen(event_topic_names[t]) != n ||
                                      strncmp(event_topic_names[t], text, n) != 0))
            t++;
        if (t == N_EVENT_TOPICS)
            return 0;
        topics |= 1u << t;
        if (text[n] == '\0')
            return topics;
        text += n + 1;
    }
}

void route_events(const struct call *c)
{
    const char *last_id = http_request_header(c->req, "Last-Event-ID");
    struct events *events = c->server->events;
    unsigned topics = EVENTS_ALL;
    struct events_follow what = {.for_a_while = c->server->needs_auth};
    struct params p;
    const char *text;

    params_init(&p, c->req->query, c->reply);
    text = params_text(&p, "topics");
    if (text != NULL)
        topics = read_topics(text);
    if (topics == EVENTS_LIVE)
        events = watches_events(c->server->watches);
    else if ((topics & EVENTS_LIVE) != 0)
        topics = 0;
    if (topics == 0)
        params_wrong(&p, "topics",
                     "expected job, alert, capture, deleted or several, "
                     "separated by commas; or live alone");
    if (!params_end(&p))
        return;
    /* What is no id of ours is one that is no longer known. */
    for (size_t i = 0; last_id != NULL && i < 18 && last_id[i] != '\0'; i++)
        what.last = last_id[i] >= '0' && last_id[i] <= '9'
                        ? what.last * 10 + (uint64_t)(last_id[i] - '0')
                        : 1;
    what.topics = topics;
    events_follow(events, c->req, c->reply, &what);
}
