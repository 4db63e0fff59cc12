/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/watch.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/events.h"
#include "serve/frames.h"
#include "serve/judge_flow.h"
#include "serve/metrics.h"
#include "serve/present.h"
#include "serve/recording.h"
#include "serve/server_priv.h"
#include "serve/suppressed.h"
#include "serve/watch_apart.h"
#include "serve/watch_feed.h"
#include "store/admin.h"

#include <lapwing/log.h>

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    WAIT_MS = 200,
    SILENCE_S = 30, /* it says something each second */
    END_S = 5,      /* that it may take to end when told to */
    RETRY_FIRST_S = 2,
    RETRY_MAX_S = 60,
    STORIES = 256
};

/* A new story (somebody not heard of lately does something) ends the capture under way
 * early, so that its alert is in the store soon: when a little more of it is there. */
#define STORY_NS         (600 * NS_PER_S)
#define STORY_MORE_NS    (10 * NS_PER_S)
#define CAPTURE_LEAST_NS (30 * NS_PER_S)
#define LOOK_NS          (5 * NS_PER_S)

struct watch {
    struct watches *set;
    bool has_thread;
    pthread_t thread;
    /* Under set->lock. */
    bool on;
    struct watch_view view;
    struct watch_second history[WATCH_HISTORY]; /* ring */
    size_t n_history;
    size_t next_history;
    /* The thread's own. */
    struct recording recording;
    int64_t cut_ns; /* when the capture under way ends */
    struct {
        uint64_t key;
        int64_t time_ns;
    } stories[STORIES];
    struct watch_tick before;
    struct buf flows; /* those of this second, a JSON array but for its end */
};

struct watches {
    struct server *server; /* borrowed */
    struct events *events; /* owned */
    int64_t every_ns;
    uint64_t bytes_max;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* `on` of one, or `stopping` */
    bool stopping;
    size_t n;
    struct watch item[WATCHES_MAX];
};

const char *watch_state_name(enum watch_state state)
{
    static const char *const names[] = {"stopped", "starting", "running", "failed"};

    return names[state];
}

/* ---- what is known, and told ----------------------------------------------------- */

static bool is_wanted(struct watch *w)
{
    bool wanted;

    (void)pthread_mutex_lock(&w->set->lock);
    wanted = w->on && !w->set->stopping;
    (void)pthread_mutex_unlock(&w->set->lock);
    return wanted;
}

/* Tell of it as it is now, with the second that passed (NULL: none did). */
static void tell_watch(struct watch *w, const struct watch_second *second)
{
    struct watch_view view;
    struct buf text;
    struct jsonw j;

    (void)pthread_mutex_lock(&w->set->lock);
    view = w->view;
    (void)pthread_mutex_unlock(&w->set->lock);
    buf_init(&text);
    jsonw_init(&j, &text);
    jsonw_object(&j);
    put_watch(&j, &view);
    jsonw_key(&j, "second");
    if (second == NULL)
        jsonw_null(&j);
    else
        put_watch_second(&j, second);
    jsonw_key(&j, "flows");
    buf_add_char(&w->flows, ']');
    jsonw_raw(&j, buf_text(&w->flows));
    jsonw_object_end(&j);
    if (buf_ok(&text) && buf_ok(&w->flows))
        events_tell(w->set->events, EVENT_LIVE, buf_text(&text));
    buf_release(&text);
    buf_reset(&w->flows);
    buf_add_char(&w->flows, '[');
}

static void set_state(struct watch *w, enum watch_state state, const char *error,
                      int64_t retry_ns)
{
    (void)pthread_mutex_lock(&w->set->lock);
    w->view.state = state;
    w->view.since_ns = clock_ns();
    w->view.retry_ns = retry_ns;
    (void)snprintf(w->view.error, sizeof w->view.error, "%s", error);
    (void)pthread_mutex_unlock(&w->set->lock);
    tell_watch(w, NULL);
}

static void note_recording(struct watch *w, int64_t capture)
{
    (void)pthread_mutex_lock(&w->set->lock);
    w->view.recorded_bytes = w->recording.bytes;
    w->view.recording_ns = w->recording.upload == 0 ? 0 : w->recording.began_ns;
    if (capture != 0)
        w->view.capture = capture;
    (void)pthread_mutex_unlock(&w->set->lock);
}

/* ---- captures -------------------------------------------------------------------- */

static enum lw_status end_recording(struct watch *w, struct lw_error *err)
{
    int64_t capture = 0;
    enum lw_status st =
        recording_end(&w->recording, w->set->server, w->view.name, &capture, err);

    note_recording(w, capture);
    return st;
}

static enum lw_status take_packets(struct watch *w, struct span payload,
                                   struct lw_error *err)
{
    bool begins = w->recording.upload == 0;
    struct span records;
    uint32_t link_type;
    enum lw_status st;

    if (!watch_take_packets(payload, &link_type, &records))
        return lw_fail(err, LW_EFORMAT,
                       "the process that watches says what is no answer");
    st = recording_add(&w->recording, w->set->server, w->view.name, link_type, records,
                       err);
    if (st == LW_OK && begins)
        w->cut_ns = w->recording.began_ns + w->set->every_ns;
    note_recording(w, 0);
    return st;
}

/* Is it time for another capture? */
static bool is_due(const struct watch *w)
{
    return w->recording.upload != 0 &&
           (clock_ns() >= w->cut_ns || w->recording.bytes >= w->set->bytes_max);
}

/* Alerts are gathered by who attacks, floods by who is attacked, as in the store. */
static void note_story(struct watch *w, const struct store_flow *f)
{
    unsigned side = f->verdict == LW_VERDICT_DOS ? 1 : 0;
    uint64_t key =
        hash_bytes(f->addr[side].bytes, STORE_ADDR_BYTES, 1 + (uint64_t)f->verdict);
    int64_t now = clock_ns();
    int64_t cut = now + STORY_MORE_NS;
    size_t at = key % STORIES;

    if (w->stories[at].key == key && now - w->stories[at].time_ns < STORY_NS)
        return;
    w->stories[at].key = key;
    w->stories[at].time_ns = now;
    if (w->recording.upload == 0)
        return;
    if (cut < w->recording.began_ns + CAPTURE_LEAST_NS)
        cut = w->recording.began_ns + CAPTURE_LEAST_NS;
    w->cut_ns = cut < w->cut_ns ? cut : w->cut_ns;
}

/* ---- frames ---------------------------------------------------------------------- */

static void take_flow(struct watch *w, const struct store_flow *f)
{
    struct buf text;
    struct jsonw j;

    if (f->alerted)
        note_story(w, f);
    buf_init(&text);
    jsonw_init(&j, &text);
    put_flow(&j, f);
    if (w->flows.len > 1)
        buf_add_char(&w->flows, ',');
    if (buf_ok(&text))
        buf_add(&w->flows, text.data, text.len);
    buf_release(&text);
}

/* What the sums grew by. */
static struct watch_second second_of(const struct watch_tick *now,
                                     const struct watch_tick *before)
{
    struct watch_second s = {.time_ns = clock_ns(),
                             .packets = now->packets - before->packets,
                             .bytes = now->bytes - before->bytes,
                             .drops = now->drops - before->drops,
                             .flows = now->flows - before->flows,
                             .alerts = now->alerts - before->alerts,
                             .delay_s = (double)NAN,
                             .delay_max_s = (double)NAN};

    if (now->delays > 0) {
        s.delay_s = (double)now->delay_sum_ns / (double)now->delays / (double)NS_PER_S;
        s.delay_max_s = (double)now->delay_max_ns / (double)NS_PER_S;
    }
    return s;
}

static bool is_less(const struct watch_tick *a, const struct watch_tick *b)
{
    return a->packets < b->packets || a->bytes < b->bytes || a->drops < b->drops ||
           a->flows < b->flows || a->alerts < b->alerts;
}

static enum lw_status take_tick(struct watch *w, struct span payload,
                                struct lw_error *err)
{
    struct watch_tick now;
    struct watch_second s;

    if (!watch_take_tick(payload, &now) || is_less(&now, &w->before))
        return lw_fail(err, LW_EFORMAT,
                       "the process that watches says what is no answer");
    s = second_of(&now, &w->before);
    w->before = now;
    metrics_add(w->set->server->metrics, METRICS_live_packets, s.packets);
    metrics_add(w->set->server->metrics, METRICS_live_drops, s.drops);
    (void)pthread_mutex_lock(&w->set->lock);
    if (w->view.state == WATCH_STARTING) {
        w->view.state = WATCH_RUNNING;
        w->view.since_ns = s.time_ns;
        w->view.error[0] = '\0';
    }
    w->view.sum = now;
    w->view.last = s;
    w->history[w->next_history] = s;
    w->next_history = (w->next_history + 1) % WATCH_HISTORY;
    w->n_history += w->n_history < WATCH_HISTORY;
    (void)pthread_mutex_unlock(&w->set->lock);
    tell_watch(w, &s);
    return LW_OK;
}

/* A process and what it is told. */
struct session {
    struct watch *w;
    struct judge_config cfg;
    struct suppressed suppressed; /* owned */
    struct store_net home[SETTINGS_NETS_MAX];
    struct frames process;
    struct wire_frame frame;
    int64_t looked_ns; /* whether it judges by what holds now */
    bool ended;        /* it said so */
};

static enum lw_status prepare(struct session *e, struct lw_error *err)
{
    struct server *s = e->w->set->server;
    struct model *m = models_take(s->models, MODEL_ROLE_TRAFFIC);

    e->cfg.models[JUDGE_TRAFFIC] = m;
    if (m == NULL)
        return lw_fail(err, LW_ENOTFOUND, "no traffic model is active");
    for (int i = 0; i < N_JUDGES; i++)
        e->cfg.thresholds[i] = -1;
    e->cfg.thresholds[JUDGE_TRAFFIC] = settings_rule(s, m);
    e->cfg.n_home = settings_home(s, e->home);
    e->cfg.home = e->home;
    return LW_OK;
}

static enum lw_status start(struct session *e, struct lw_error *err)
{
    char memory[24];
    const char *const words[] = {WATCH_APART_WORD, memory};
    struct buf request;
    enum lw_status st = prepare(e, err);

    if (st != LW_OK)
        return st;
    (void)snprintf(memory, sizeof memory, "%" PRIu64,
                   e->w->set->server->limits.analysis.memory_bytes);
    buf_init(&request);
    watch_put_request(&request, e->w->view.name, &e->cfg);
    st = frames_start(&e->process, words, 2, NULL, 0, &request, err);
    buf_release(&request);
    return st;
}

/* Suppressions are heeded here, as they hold now; another model or threshold takes
 * another process.  False: it is time for that. */
static bool look(struct session *e)
{
    struct server *s = e->w->set->server;
    struct model *m = models_take(s->models, MODEL_ROLE_TRAFFIC);
    const struct model *judges = e->cfg.models[JUDGE_TRAFFIC];
    bool same = m == judges && settings_rule(s, m) == e->cfg.thresholds[JUDGE_TRAFFIC];
    struct lw_error err;

    model_drop(m);
    suppressed_release(&e->suppressed);
    if (suppressed_load(&e->suppressed, s->store, clock_ns(), &err) != LW_OK)
        lw_log(LW_LOG_WARNING, "live %s: %s", e->w->view.name, err.msg);
    e->cfg.suppressions = e->suppressed.items;
    e->cfg.n_suppressions = e->suppressed.n;
    e->looked_ns = clock_ns();
    return same;
}

static enum lw_status take_frame(struct session *e, uint8_t kind, struct span payload,
                                 struct lw_error *err)
{
    enum lw_status st;

    if (kind == WATCH_PACKETS)
        return take_packets(e->w, payload, err);
    if (kind == WATCH_TICK)
        return take_tick(e->w, payload, err);
    st = wire_take_frame(&e->frame, kind, payload, &e->cfg, err);
    if (st == LW_OK && kind == WIRE_FLOW) {
        judge_suppress(&e->cfg, &e->frame.flow);
        take_flow(e->w, &e->frame.flow);
    }
    e->ended = e->ended || (st == LW_OK && kind == WIRE_END);
    return st;
}

static enum lw_status take_frames(struct session *e, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    while (st == LW_OK && !e->ended) {
        struct span payload;
        uint8_t kind;

        st = frames_next(&e->process, &kind, &payload, err);
        if (st == LW_OK)
            st = take_frame(e, kind, payload, err);
    }
    return st == LW_END ? LW_OK : st;
}

/* Until it ends, or is no longer wanted and had its time to say so. */
static enum lw_status listen_to(struct session *e, struct lw_error *err)
{
    int64_t heard_ns = clock_ns();
    int64_t told_ns = 0; /* to end */
    enum lw_status st = LW_OK;

    while (st == LW_OK && !e->ended) {
        enum frames_heard heard = frames_wait(&e->process, WAIT_MS);
        int64_t now = clock_ns();

        if (heard == FRAMES_OVER)
            return LW_OK;
        if (heard == FRAMES_HEARD) {
            heard_ns = now;
            st = take_frames(e, err);
        }
        if (st == LW_OK && is_due(e->w))
            st = end_recording(e->w, err);
        if (told_ns == 0 &&
            ((now - e->looked_ns > LOOK_NS && !look(e)) || !is_wanted(e->w))) {
            told_ns = now;
            child_stop(&e->process.child);
        }
        if (told_ns != 0 && now - told_ns > END_S * NS_PER_S)
            return LW_OK;
        if (now - heard_ns > SILENCE_S * NS_PER_S)
            return lw_fail(err, LW_EIO, "it said nothing for %d s and was ended",
                           SILENCE_S);
    }
    return st;
}

/* What it said, or how it ended. */
static enum lw_status outcome(const struct session *e, struct child_result r,
                              struct lw_error *err)
{
    if (e->ended && e->frame.status != LW_OK)
        return lw_fail(err, e->frame.status, "%s", e->frame.msg);
    if (e->ended || !is_wanted(e->w))
        return LW_OK;
    return lw_fail(err, LW_EIO, "watching ended: %s (%d)%s%.120s",
                   child_end_text(r.end), r.status, e->process.n_log > 0 ? ": " : "",
                   e->process.log);
}

/* One process from beginning to end; what was recorded becomes a capture. */
static enum lw_status run_session(struct watch *w, struct lw_error *err)
{
    struct session *e = mem_zalloc(1, sizeof *e);
    struct lw_error other;
    enum lw_status st;

    if (e == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    e->w = w;
    w->before = (struct watch_tick){0};
    st = start(e, err);
    if (st == LW_OK) {
        struct child_result r;

        st = listen_to(e, err);
        r = frames_end(&e->process, !e->ended);
        if (st == LW_OK)
            st = outcome(e, r, err);
    }
    if (end_recording(w, st == LW_OK ? err : &other) != LW_OK && st == LW_OK)
        st = LW_EIO;
    wire_frame_release(&e->frame);
    suppressed_release(&e->suppressed);
    model_drop(e->cfg.models[JUDGE_TRAFFIC]);
    mem_free(e);
    return st;
}

/* ---- the thread ------------------------------------------------------------------ */

/* Wait until it is to run, or (s > 0) at most so long until it is not.  False: the end.
 */
static bool wait_for_change(struct watch *w, int s)
{
    struct watches *set = w->set;
    struct timespec until;
    bool go_on;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += s;
    (void)pthread_mutex_lock(&set->lock);
    if (s > 0) {
        while (w->on && !set->stopping &&
               pthread_cond_timedwait(&set->changed, &set->lock, &until) == 0)
            continue;
    } else {
        while (!w->on && !set->stopping)
            (void)pthread_cond_wait(&set->changed, &set->lock);
    }
    go_on = !set->stopping;
    (void)pthread_mutex_unlock(&set->lock);
    return go_on;
}

static void *run(void *ctx)
{
    struct watch *w = ctx;
    int retry_s = RETRY_FIRST_S;

    while (wait_for_change(w, 0)) {
        int64_t began_ns = clock_ns();
        struct lw_error err = {.code = LW_OK};
        enum lw_status st;

        set_state(w, WATCH_STARTING, "", 0);
        st = run_session(w, &err);
        if (st == LW_OK) {
            if (!is_wanted(w))
                set_state(w, WATCH_STOPPED, "", 0);
            continue;
        }
        if (clock_ns() - began_ns > RETRY_MAX_S * NS_PER_S)
            retry_s = RETRY_FIRST_S;
        lw_log(LW_LOG_WARNING, "live %s: %s; trying again in %d s", w->view.name,
               err.msg, retry_s);
        set_state(w, WATCH_FAILED, err.msg, clock_ns() + retry_s * NS_PER_S);
        (void)wait_for_change(w, retry_s);
        retry_s = 2 * retry_s > RETRY_MAX_S ? RETRY_MAX_S : 2 * retry_s;
        if (!is_wanted(w)) {
            set_state(w, WATCH_STOPPED, "", 0);
            retry_s = RETRY_FIRST_S;
        }
    }
    return NULL;
}

/* ---- the set --------------------------------------------------------------------- */

#define KEY_PREFIX "live.stopped."

enum { KEY_MAX = sizeof KEY_PREFIX + IFNAMSIZ };

static void make_key(const struct watch *w, char out[KEY_MAX])
{
    (void)snprintf(out, KEY_MAX, KEY_PREFIX "%s", w->view.name);
}

static void on_stopped(void *ctx, const char *key, const char *value)
{
    (void)key;
    (void)value;
    *(bool *)ctx = false;
}

/* One that is named twice is there once. */
static enum lw_status add_watch(struct watches *set, const char *name, size_t n,
                                struct lw_error *err)
{
    struct watch *w = &set->item[set->n];
    char copy[IFNAMSIZ] = "";
    char key[KEY_MAX];
    size_t at;
    enum lw_status st;

    if (n == 0 || n >= IFNAMSIZ || memchr(name, '/', n) != NULL)
        return lw_fail(err, LW_EINVAL,
                       "--live: \"%.*s\" is no interface's name (`ip link` lists them)",
                       (int)(n > 40 ? 40 : n), name);
    memcpy(copy, name, n);
    if (watches_find(set, copy, &at, NULL) == LW_OK)
        return LW_OK;
    if (set->n == WATCHES_MAX)
        return lw_fail(err, LW_EINVAL, "--live: more than %d interfaces", WATCHES_MAX);
    w->set = set;
    w->on = true;
    w->view.since_ns = clock_ns();
    memcpy(w->view.name, copy, sizeof copy);
    buf_init(&w->flows);
    buf_add_char(&w->flows, '[');
    make_key(w, key);
    st = store_setting_get(set->server->store, key, on_stopped, &w->on, err);
    if (st != LW_OK && st != LW_ENOTFOUND)
        return st;
    set->n++;
    return LW_OK;
}

static enum lw_status add_all(struct watches *set, const char *names,
                              struct lw_error *err)
{
    enum lw_status st = LW_OK;

    while (st == LW_OK && names != NULL && *names != '\0') {
        size_t n = strcspn(names, ",");

        st = add_watch(set, names, n, err);
        names += n + (names[n] == ',');
    }
    return st;
}

static enum lw_status start_threads(struct watches *set, struct lw_error *err)
{
    for (size_t i = 0; i < set->n; i++) {
        int failure = pthread_create(&set->item[i].thread, NULL, run, &set->item[i]);

        if (failure != 0)
            return lw_fail(err, LW_EIO, "cannot start a thread: %s", strerror(failure));
        set->item[i].has_thread = true;
    }
    return LW_OK;
}

enum lw_status watches_new(struct watches **out, struct server *s,
                           const char *interfaces, int64_t every_ns, uint64_t bytes_max,
                           struct lw_error *err)
{
    struct watches *set = mem_zalloc(1, sizeof *set);
    pthread_condattr_t attr;
    enum lw_status st;

    if (set == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    *out = set; /* freed with what it has come to */
    set->server = s;
    set->every_ns = every_ns;
    set->bytes_max = bytes_max;
    (void)pthread_mutex_init(&set->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&set->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    recording_recover(s);
    st = events_new(&set->events, err);
    if (st == LW_OK)
        st = add_all(set, interfaces, err);
    return st == LW_OK ? start_threads(set, err) : st;
}

void watches_stop(struct watches *set)
{
    if (set == NULL)
        return;
    (void)pthread_mutex_lock(&set->lock);
    set->stopping = true;
    (void)pthread_cond_broadcast(&set->changed);
    (void)pthread_mutex_unlock(&set->lock);
    for (size_t i = 0; i < set->n; i++)
        if (set->item[i].has_thread)
            (void)pthread_join(set->item[i].thread, NULL);
    for (size_t i = 0; i < set->n; i++)
        set->item[i].has_thread = false;
    events_close(set->events);
}

void watches_free(struct watches *set)
{
    if (set == NULL)
        return;
    watches_stop(set);
    events_free(set->events);
    for (size_t i = 0; i < set->n; i++)
        buf_release(&set->item[i].flows);
    (void)pthread_cond_destroy(&set->changed);
    (void)pthread_mutex_destroy(&set->lock);
    mem_free(set);
}

size_t watches_count(const struct watches *set)
{
    return set->n;
}

size_t watches_get(struct watches *set, size_t i, struct watch_view *out,
                   struct watch_second *history)
{
    struct watch *w = &set->item[i];
    size_t n;

    (void)pthread_mutex_lock(&set->lock);
    *out = w->view;
    n = w->n_history;
    for (size_t k = 0; history != NULL && k < n; k++)
        history[k] =
            w->history[(w->next_history + WATCH_HISTORY - n + k) % WATCH_HISTORY];
    (void)pthread_mutex_unlock(&set->lock);
    return n;
}

enum lw_status watches_find(struct watches *set, const char *name, size_t *i,
                            struct lw_error *err)
{
    for (*i = 0; *i < set->n; ++*i)
        if (strcmp(set->item[*i].view.name, name) == 0)
            return LW_OK;
    return lw_fail(err, LW_ENOTFOUND,
                   "no interface \"%.40s\" among those that the server may watch (its "
                   "option --live names them)",
                   name);
}

enum lw_status watches_set(struct watches *set, size_t i, bool on, struct lw_error *err)
{
    struct watch *w = &set->item[i];
    char key[KEY_MAX];
    enum lw_status st;

    make_key(w, key);
    st = store_setting_set(set->server->store, key, on ? NULL : "1", err);
    if (st != LW_OK)
        return st;
    (void)pthread_mutex_lock(&set->lock);
    w->on = on;
    (void)pthread_cond_broadcast(&set->changed);
    (void)pthread_mutex_unlock(&set->lock);
    return LW_OK;
}

int64_t watches_every_ns(const struct watches *set)
{
    return set->every_ns;
}

struct events *watches_events(struct watches *set)
{
    return set->events;
}
