/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/judge_apart.h"

#include "sandbox/walls.h"
#include "serve/frames.h"
#include "serve/judge_wire.h"
#include "serve/models.h"

#include <lapwing/log.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WAIT_MS = 250,  /* until the caller is asked again whether to go on */
    SILENCE_S = 300 /* a process that says nothing for so long hangs */
};

/* ---- the process ------------------------------------------------------------------
 */

static enum lw_status tell_flow(void *ctx, const struct store_flow *f, bool keep_detail,
                                struct lw_error *err)
{
    struct teller *t = ctx;

    wire_put_flow(&t->out, f, keep_detail);
    return tell(t, FRAMES_PIECE_BYTES) ? LW_OK
                                       : lw_fail(err, LW_EPERM, "nobody listens");
}

static bool tell_progress(void *ctx, double share, const struct judge_totals *so_far)
{
    struct teller *t = ctx;

    wire_put_progress(&t->out, share < 0 ? 0 : share > 1 ? 1 : share, so_far);
    return tell(t, 1);
}

static enum lw_status load_models(struct wire_request *r, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (int i = 0; st == LW_OK && i < N_JUDGES; i++) {
        const char *name = model_role_names[judge_roles[i]];

        if (i != JUDGE_BOTNET || r->files[i].n > 0)
            st = model_new(&r->cfg.models[i], judge_roles[i], r->files[i].p,
                           r->files[i].n, name, err);
    }
    return st;
}

static enum lw_status serve_request(struct wire_request *r, struct teller *t,
                                    const struct walls_config *walls,
                                    struct judge_totals *totals, struct lw_error *err)
{
    struct walls_report report = {.network = false};
    enum lw_status st = load_models(r, err);

    r->cfg.fd = CHILD_FIRST_FD;
    r->cfg.name = "capture";
    r->cfg.flow = tell_flow;
    r->cfg.progress = tell_progress;
    r->cfg.ctx = t;
    if (st == LW_OK)
        st = walls_close(walls, &report, err);
    if (st == LW_OK && !(report.network && report.files))
        (void)fprintf(stderr,
                      "this system lets it have no wall of its own around %s%s%s; "
                      "system calls are filtered all the same",
                      report.network ? "" : "the network",
                      report.network || report.files ? "" : " and ",
                      report.files ? "" : "files (Landlock)");
    return st == LW_OK ? judge_capture(&r->cfg, totals, err) : st;
}

int judge_apart_main(char *const *words, size_t n_words)
{
    struct walls_config walls = {.parent_death = true};
    struct wire_request r = {0};
    struct teller t = {.broken = false};
    struct judge_totals totals = {0};
    struct buf bytes;
    struct lw_error err = {.code = LW_OK};
    enum lw_status st;

    if (n_words != 2)
        return 2;
    walls.memory_bytes = strtoull(words[0], NULL, 10);
    walls.cpu_s = (uint32_t)strtoul(words[1], NULL, 10);
    buf_init(&bytes);
    buf_init(&t.out);
    if (!read_request(&bytes))
        return 1;
    st = wire_take_request(&r, span_of(bytes.data, bytes.len), &err);
    if (st == LW_OK)
        st = serve_request(&r, &t, &walls, &totals, &err);
    wire_put_end(&t.out, st, st == LW_OK ? "" : err.msg, &totals);
    (void)tell(&t, 1);
    for (int i = 0; i < N_JUDGES; i++)
        model_drop(r.cfg.models[i]);
    wire_request_release(&r);
    buf_release(&bytes);
    buf_release(&t.out);
    return t.broken ? 1 : 0;
}

/* ---- the server -------------------------------------------------------------------
 */

struct listener {
    const struct judge_config *cfg;
    struct frames process;
    struct wire_frame frame;
    struct judge_totals totals;
    double share;
    bool ended;   /* it said so */
    bool stopped; /* the caller does not want to go on */
    bool silent;
    enum lw_status failed; /* of what it said, or the caller's function */
    struct lw_error why;
};

static bool ask(struct listener *l)
{
    if (l->cfg->progress != NULL &&
        !l->cfg->progress(l->cfg->ctx, l->share, &l->totals))
        l->stopped = true;
    return !l->stopped;
}

static void act(struct listener *l)
{
    const struct wire_frame *f = &l->frame;

    switch (f->kind) {
    case WIRE_FLOW:
        l->totals.flows++;
        l->failed = l->cfg->flow(l->cfg->ctx, &f->flow, f->keep_detail, &l->why);
        if (l->failed == LW_OK && l->totals.flows > l->cfg->max_flows)
            l->failed = lw_fail(&l->why, LW_ELIMIT, "more than %" PRIu64 " flows",
                                l->cfg->max_flows);
        break;
    case WIRE_PROGRESS:
        l->share = f->share;
        l->totals.packets = f->totals.packets;
        (void)ask(l);
        break;
    case WIRE_END:
        l->ended = true;
        break;
    }
}

/* Act on the whole frames that are there. */
static void take_frames(struct listener *l)
{
    while (l->failed == LW_OK && !l->ended && !l->stopped) {
        struct span payload;
        uint8_t kind;
        enum lw_status st = frames_next(&l->process, &kind, &payload, &l->why);

        if (st == LW_END)
            return;
        if (st == LW_OK)
            st = wire_take_frame(&l->frame, kind, payload, l->cfg, &l->why);
        l->failed = st;
        if (st == LW_OK)
            act(l);
    }
}

static void listen_to(struct listener *l)
{
    int64_t silence_ms = 0;

    while (l->failed == LW_OK && !l->stopped && !l->ended) {
        switch (frames_wait(&l->process, WAIT_MS)) {
        case FRAMES_HEARD:
            silence_ms = 0;
            take_frames(l);
            break;
        case FRAMES_SILENCE:
            silence_ms += WAIT_MS;
            l->silent = silence_ms > 1000 * SILENCE_S;
            if (!ask(l) || l->silent)
                return;
            break;
        case FRAMES_OVER:
            return;
        }
    }
}

static enum lw_status verdict_of(const struct listener *l, struct child_result r,
                                 struct lw_error *err)
{
    if (l->stopped)
        return lw_fail(err, LW_EPERM, "stopped");
    if (l->failed != LW_OK) {
        *err = l->why;
        return l->failed;
    }
    if (l->silent)
        return lw_fail(err, LW_ELIMIT, "analysis said nothing for %d s and was ended",
                       SILENCE_S);
    if (l->ended && l->frame.status != LW_OK)
        return lw_fail(err, l->frame.status, "%s", l->frame.msg);
    if (l->ended)
        return LW_OK;
    return lw_fail(err, r.end == CHILD_TIME ? LW_ELIMIT : LW_EIO,
                   "analysis ended early: %s (%d)%s%.120s", child_end_text(r.end),
                   r.status, l->process.n_log > 0 ? ": " : "", l->process.log);
}

enum lw_status judge_apart(const struct judge_config *cfg,
                           const struct judge_limits *limits, struct judge_totals *out,
                           struct lw_error *err)
{
    struct listener l = {.cfg = cfg};
    char memory[24];
    char cpu[12];
    const char *const words[] = {JUDGE_APART_WORD, memory, cpu};
    struct child_result r;
    struct buf request;
    enum lw_status st;

    (void)snprintf(memory, sizeof memory, "%" PRIu64, limits->memory_bytes);
    (void)snprintf(cpu, sizeof cpu, "%" PRIu32, limits->cpu_s);
    buf_init(&request);
    wire_put_request(&request, cfg);
    st = frames_start(&l.process, words, 3, &cfg->fd, 1, &request, err);
    buf_release(&request);
    if (st != LW_OK)
        return st;
    listen_to(&l);
    r = frames_end(&l.process, !l.ended);
    if (l.ended && l.process.n_log > 0)
        lw_log(LW_LOG_WARNING, "analysis: %s", l.process.log);
    st = verdict_of(&l, r, err);
    if (l.ended)
        l.totals = l.frame.totals;
    *out = l.totals;
    wire_frame_release(&l.frame);
    return st;
}
