/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/watch_feed.h"

#include "serve/present.h"

/* put_share() would keep it below one. */
static void put_number(struct jsonw *w, const char *key, double v)
{
    jsonw_key(w, key);
    jsonw_f64(w, v); /* NaN is null */
}

void put_watch_second(struct jsonw *w, const struct watch_second *s)
{
    jsonw_object(w);
    put_time(w, "time", s->time_ns);
    jsonw_put_u64(w, "packets", s->packets);
    jsonw_put_u64(w, "bytes", s->bytes);
    jsonw_put_u64(w, "drops", s->drops);
    jsonw_put_u64(w, "flows", s->flows);
    jsonw_put_u64(w, "alerts", s->alerts);
    put_number(w, "delay", s->delay_s);
    put_number(w, "delay_max", s->delay_max_s);
    jsonw_object_end(w);
}

static void put_sum(struct jsonw *w, const struct watch_tick *t)
{
    jsonw_key(w, "total");
    jsonw_object(w);
    jsonw_put_u64(w, "packets", t->packets);
    jsonw_put_u64(w, "bytes", t->bytes);
    jsonw_put_u64(w, "drops", t->drops);
    jsonw_put_u64(w, "flows", t->flows);
    jsonw_put_u64(w, "alerts", t->alerts);
    jsonw_put_u64(w, "active_flows", t->active);
    jsonw_key(w, "by_class");
    jsonw_object(w);
    for (int i = 0; i < LW_N_VERDICTS; i++)
        if (t->by_class[i] > 0)
            jsonw_put_u64(w, lw_verdict_name((enum lw_verdict_class)i), t->by_class[i]);
    jsonw_object_end(w);
    jsonw_object_end(w);
}

static void put_recording(struct jsonw *w, const struct watch_view *v)
{
    jsonw_key(w, "recording");
    jsonw_object(w);
    put_time_or_null(w, "since", v->recording_ns);
    jsonw_put_u64(w, "bytes", v->recorded_bytes);
    jsonw_object_end(w);
}

void put_watch(struct jsonw *w, const struct watch_view *v)
{
    jsonw_put_text(w, "interface", v->name);
    jsonw_put_text(w, "state", watch_state_name(v->state));
    put_text_or_null(w, "error", v->error);
    put_time_or_null(w, "since", v->since_ns);
    put_time_or_null(w, "retry", v->retry_ns);
    put_sum(w, &v->sum);
    put_recording(w, v);
    put_id_or_null(w, "capture", v->capture);
}
