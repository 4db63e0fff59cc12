/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/tell.h"

#include "serve/events.h"
#include "serve/present.h"
#include "serve/server_priv.h"

/* Told of one analysis at most; the list has the others. */
enum { ALERTS_TOLD_MAX = 100 };

static void tell(struct server *s, enum event_topic topic, struct buf *text)
{
    if (buf_ok(text) && text->len > 0)
        events_tell(s->events, topic, buf_text(text));
    buf_release(text);
}

static void on_capture(void *ctx, const struct store_capture *c)
{
    put_capture(ctx, c);
}

static void on_job(void *ctx, const struct store_job *j)
{
    put_job(ctx, j);
}

static void on_alert(void *ctx, const struct store_alert *a)
{
    put_alert(ctx, a);
}

void tell_capture(struct server *s, int64_t id)
{
    struct buf text;
    struct jsonw w;

    buf_init(&text);
    jsonw_init(&w, &text);
    if (store_capture_get(s->store, id, on_capture, &w, NULL) != LW_OK)
        buf_reset(&text);
    tell(s, EVENT_CAPTURE, &text);
}

void tell_job(struct server *s, int64_t id)
{
    struct buf text;
    struct jsonw w;

    buf_init(&text);
    jsonw_init(&w, &text);
    if (store_job_get(s->store, id, on_job, &w, NULL) != LW_OK)
        buf_reset(&text);
    tell(s, EVENT_JOB, &text);
}

void tell_alert(struct server *s, int64_t id)
{
    struct buf text;
    struct jsonw w;

    buf_init(&text);
    jsonw_init(&w, &text);
    if (store_alert_get(s->store, id, on_alert, &w, NULL) != LW_OK)
        buf_reset(&text);
    tell(s, EVENT_ALERT, &text);
}

static void on_each_alert(void *ctx, const struct store_alert *a)
{
    struct server *s = ctx;
    struct buf text;
    struct jsonw w;

    buf_init(&text);
    jsonw_init(&w, &text);
    put_alert(&w, a);
    tell(s, EVENT_ALERT, &text);
}

void tell_alerts_of(struct server *s, int64_t capture)
{
    struct store_alert_filter filter;
    struct store_page page = {.limit = ALERTS_TOLD_MAX};

    store_alert_filter_init(&filter);
    filter.capture = capture;
    filter.resolved = 0;
    filter.sort = STORE_ALERT_SEVERITY;
    /* A reader who was not told finds them in the list. */
    if (store_alert_list(s->store, &filter, &page, on_each_alert, s, NULL) != LW_OK)
        return;
}

void tell_deleted(struct server *s, const char *kind, int64_t id)
{
    struct buf text;
    struct jsonw w;

    buf_init(&text);
    jsonw_init(&w, &text);
    jsonw_object(&w);
    jsonw_put_text(&w, "kind", kind);
    jsonw_key(&w, "id");
    jsonw_i64(&w, id);
    jsonw_object_end(&w);
    tell(s, EVENT_DELETED, &text);
}
