/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/answer.h"
#include "serve/params.h"
#include "serve/problem.h"
#include "serve/route.h"
#include "serve/server_priv.h"
#include "serve/watch_feed.h"

static void put_one(struct jsonw *w, struct watches *set, size_t i,
                    struct watch_second *history)
{
    struct watch_view view;
    size_t n = watches_get(set, i, &view, history);

    jsonw_object(w);
    put_watch(w, &view);
    jsonw_key(w, "history");
    jsonw_array(w);
    for (size_t k = 0; k < n; k++)
        put_watch_second(w, &history[k]);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

/* Room for a history, or the reply says that there is none. */
static struct watch_second *history_new(const struct call *c)
{
    struct watch_second *h = mem_zalloc(WATCH_HISTORY, sizeof *h);

    if (h == NULL)
        problem_reply(c->reply, 503, NULL, "out of memory");
    return h;
}

void route_live_list(const struct call *c)
{
    struct watches *set = c->server->watches;
    struct watch_second *history;
    struct params p;
    struct jsonw w;

    params_init(&p, c->req->query, c->reply);
    if (!params_end(&p))
        return;
    history = history_new(c);
    if (history == NULL)
        return;
    jsonw_init(&w, c->reply->body);
    jsonw_object(&w);
    jsonw_key(&w, "every");
    jsonw_f64(&w, (double)watches_every_ns(set) / (double)NS_PER_S);
    jsonw_key(&w, "items");
    jsonw_array(&w);
    for (size_t i = 0; i < watches_count(set); i++)
        put_one(&w, set, i, history);
    jsonw_array_end(&w);
    jsonw_object_end(&w);
    buf_add_char(c->reply->body, '\n');
    mem_free(history);
}

static void set_one(const struct call *c, bool on)
{
    struct watches *set = c->server->watches;
    struct lw_error err;
    size_t i;

    if (answer_failed(c->reply, watches_find(set, c->arg[0], &i, &err), &err) ||
        answer_failed(c->reply, watches_set(set, i, on, &err), &err))
        return;
    answer_nothing(c->reply);
}

void route_live_start(const struct call *c)
{
    set_one(c, true);
}

void route_live_stop(const struct call *c)
{
    set_one(c, false);
}
