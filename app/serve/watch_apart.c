/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/watch_apart.h"

#include "base/timefmt.h"
#include "sandbox/walls.h"
#include "serve/frames.h"
#include "serve/host_names.h"
#include "serve/judge_flow.h"
#include "serve/opinion.h"
#include "serve/watch_wire.h"

#include <lapwing/capture.h>
#include <lapwing/detect.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of a second and class no more is shown: nobody reads more, and a flood must not drown
 * what listens, nor what else happens.  All are counted. */
enum { SHOWN_MAX = 30, MAX_FLOWS = 1 << 18 };

/* The traffic model judges what lasts each 10 s, so that a flow that was silent for so
 * long has nothing more to wait for; a minute, as in captures, would be one of delay.
 */
#define IDLE_NS (10 * NS_PER_S)

#define TICK_NS NS_PER_S
#define HAND_NS (NS_PER_S / 5) /* packets wait no longer */

struct watcher {
    struct judge_config cfg;
    struct lw_capture *cap;       /* owned */
    struct lw_detector *detector; /* owned */
    struct opinions opinions;     /* owned; only what they judge by is used */
    struct host_names names;      /* owned */
    struct teller teller;
    struct buf records; /* packets that were not handed on yet */
    uint32_t link_type; /* of these */
    struct watch_tick tick;
    int64_t next_tick_ns; /* of the monotonic clock, as the next */
    int64_t next_hand_ns;
    int64_t now_ns; /* of the clock that packets are stamped by, as of this batch */
    unsigned shown[LW_N_VERDICTS]; /* since the last tick */
    enum lw_status failed;         /* in a callback */
    struct lw_error why;
};

static int64_t clock_of(clockid_t which)
{
    struct timespec t;

    (void)clock_gettime(which, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ---- flows ----------------------------------------------------------------------- */

/* Why, of a flow that is shown. */
static enum lw_status say_why(struct watcher *w, const struct lw_finding *f, char *out,
                              size_t n)
{
    struct lw_reason reasons[LW_MAX_REASONS];
    size_t n_reasons = 0;
    enum lw_status st = LW_OK;

    if (f->sign != NULL) {
        opinion_words(f->reasons, f->n_reasons, out, n);
        return LW_OK;
    }
    st = lw_classifier_explain(w->opinions.model->classifier, f->values, &f->verdict,
                               reasons, LW_MAX_REASONS, &n_reasons, &w->why);
    opinion_words(reasons, n_reasons, out, n);
    return st;
}

static enum lw_status show(struct watcher *w, const struct lw_finding *f,
                           const struct opinion *p)
{
    const struct store_score score = opinion_score(&w->opinions, p);
    char words[OPINION_WORDS_BYTES] = "";
    struct flow_texts texts;
    struct store_flow flow;
    enum lw_status st = LW_OK;

    judge_describe(&w->cfg, &w->names, f->rec, &flow, &texts);
    flow.scores = &score;
    flow.n_scores = 1;
    flow.verdict = (enum lw_verdict_class)p->verdict;
    flow.confidence = p->confidence;
    flow.score = p->score;
    flow.alerted = p->alert;
    flow.severity = judge_severity(flow.verdict);
    if (p->alert)
        st = say_why(w, f, words, sizeof words);
    flow.words = words;
    wire_put_flow(&w->teller.out, &flow, false);
    return st;
}

static void count(struct watcher *w, const struct lw_finding *f,
                  const struct opinion *p)
{
    struct watch_tick *t = &w->tick;
    int64_t delay = w->now_ns - f->rec->end_ns;

    t->flows++;
    t->alerts += p->alert;
    t->by_class[p->verdict]++;
    t->delays++;
    delay = delay < 0 ? 0 : delay;
    t->delay_sum_ns += delay;
    t->delay_max_ns = delay > t->delay_max_ns ? delay : t->delay_max_ns;
}

static void on_finding(void *ctx, const struct lw_finding *f)
{
    struct watcher *w = ctx;
    struct opinion p;

    if (w->failed != LW_OK)
        return;
    p = opinion_of(&w->opinions, f);
    count(w, f, &p);
    if (w->shown[p.verdict]++ < SHOWN_MAX)
        w->failed = show(w, f, &p);
}

/* ---- packets and time ------------------------------------------------------------ */

static void hand_on(struct watcher *w)
{
    if (w->records.len == 0)
        return;
    watch_put_packets(&w->teller.out, w->link_type, &w->records);
    buf_reset(&w->records);
}

static void take_packet(struct watcher *w, const struct lw_packet *pkt)
{
    if (pkt->data == NULL)
        return;
    host_names_read(&w->names, pkt);
    if (pkt->link_type != w->link_type)
        hand_on(w);
    w->link_type = pkt->link_type;
    watch_put_packet(&w->records, pkt);
    w->tick.packets++;
    w->tick.bytes += pkt->wire_bytes;
    if (w->records.len >= WATCH_PACKETS_MAX)
        hand_on(w);
}

static void tick(struct watcher *w, const struct lw_capture_stats *s)
{
    struct lw_detector_stats d;

    lw_detector_get_stats(w->detector, &d);
    w->tick.active = d.meter.active;
    w->tick.drops = s->kernel_drops;
    watch_put_tick(&w->teller.out, &w->tick);
    w->tick.delays = 0;
    w->tick.delay_sum_ns = w->tick.delay_max_ns = 0;
    memset(w->shown, 0, sizeof w->shown);
}

static enum lw_status on_batch(void *ctx, const struct lw_run_batch *batch,
                               struct lw_error *err)
{
    struct watcher *w = ctx;
    int64_t now = clock_of(CLOCK_MONOTONIC);

    w->now_ns = clock_of(CLOCK_REALTIME);
    for (size_t i = 0; i < batch->n_packets; i++)
        take_packet(w, &batch->packets[i]);
    if (w->failed != LW_OK) {
        *err = w->why;
        return w->failed;
    }
    if (w->names.failed || !buf_ok(&w->records))
        return lw_fail(err, LW_ENOMEM, "out of memory for packets");
    if (now >= w->next_hand_ns) {
        hand_on(w);
        w->next_hand_ns = now + HAND_NS;
    }
    if (now >= w->next_tick_ns) {
        tick(w, batch->capture);
        w->next_tick_ns = now + TICK_NS;
    }
    return tell(&w->teller, 1) ? LW_OK : lw_fail(err, LW_EPERM, "nobody listens");
}

/* ---- the process ----------------------------------------------------------------- */

static struct lw_capture *to_stop; /* by a signal */

static void on_term(int signal)
{
    (void)signal;
    lw_capture_stop(to_stop);
}

static enum lw_status open_all(struct watcher *w, const struct watch_request *r,
                               struct lw_error *err)
{
    const struct span file = r->judge.files[JUDGE_TRAFFIC];
    const struct lw_capture_config capture = {.snaplen = WATCH_SNAPLEN};
    const struct lw_detector_config cfg = {.meter = {.apps = true,
                                                     .max_flows = MAX_FLOWS,
                                                     .idle_tcp_ns = IDLE_NS,
                                                     .idle_udp_ns = IDLE_NS},
                                           .finding = on_finding,
                                           .ctx = w,
                                           .no_reasons = true,
                                           .hindsight_ns = -1};
    struct model *m = NULL;
    enum lw_status st =
        model_new(&m, MODEL_ROLE_TRAFFIC, file.p, file.n, "traffic", err);

    w->cfg = r->judge.cfg;
    w->cfg.models[JUDGE_TRAFFIC] = m;
    if (st == LW_OK) {
        opinions_init(&w->opinions, m, w->cfg.thresholds[JUDGE_TRAFFIC],
                      OPINION_BY_NUMBER, 1);
        host_names_init(&w->names);
        st = lw_detector_new(&w->detector, m->classifier, &cfg, err);
    }
    return st == LW_OK ? lw_capture_open_live(&w->cap, r->interface, &capture, err)
                       : st;
}

static enum lw_status watch(struct watcher *w, const struct walls_config *walls,
                            struct lw_error *err)
{
    const struct lw_run run = {.n_threads = 1, .batch = on_batch, .batch_ctx = w};
    const struct sigaction act = {.sa_handler = on_term};
    enum lw_status st;

    to_stop = w->cap;
    (void)sigaction(SIGTERM, &act, NULL);
    st = walls_close(walls, NULL, err);
    /* That the interface is open is told at once. */
    watch_put_tick(&w->teller.out, &w->tick);
    if (st == LW_OK && !tell(&w->teller, 1))
        st = lw_fail(err, LW_EPERM, "nobody listens");
    return st == LW_OK ? lw_detector_run(w->detector, w->cap, &run, err) : st;
}

/* Everything goes with the process: the interface and its memory too. */
int watch_apart_main(char *const *words, size_t n_words)
{
    struct walls_config walls = {.parent_death = true, .socket = true};
    struct watch_request r = {.interface = ""};
    struct watcher w = {.failed = LW_OK};
    const struct judge_totals none = {0};
    struct lw_error err = {.code = LW_OK};
    struct buf bytes;
    enum lw_status st;

    if (n_words != 1)
        return 2;
    walls.memory_bytes = strtoull(words[0], NULL, 10);
    buf_init(&bytes);
    buf_init(&w.records);
    buf_init(&w.teller.out);
    if (!read_request(&bytes))
        return 1;
    st = watch_take_request(&r, span_of(bytes.data, bytes.len), &err);
    if (st == LW_OK)
        st = open_all(&w, &r, &err);
    if (st == LW_OK)
        st = watch(&w, &walls, &err);
    hand_on(&w);
    wire_put_end(&w.teller.out, st, st == LW_OK ? "" : err.msg, &none);
    (void)tell(&w.teller, 1);
    return w.teller.broken ? 1 : 0;
}
