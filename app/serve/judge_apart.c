/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/judge_apart.h"

#include "base/mem.h"
#include "sandbox/child.h"
#include "sandbox/walls.h"
#include "serve/judge_wire.h"
#include "serve/models.h"

#include <lapwing/log.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WAIT_MS = 250,   /* until the caller is asked again whether to go on */
    SILENCE_S = 300, /* a process that says nothing for so long hangs */
    LOG_MAX = 1024,
    PIECE = 64 * 1024
};

/* ---- the process ------------------------------------------------------------------
 */

struct teller {
    struct buf out;
    bool broken; /* nobody listens */
};

static bool write_all(int fd, const void *data, size_t n)
{
    const uint8_t *p = data;

    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static bool tell(struct teller *t, size_t at_least)
{
    if (t->out.len < at_least)
        return true;
    t->broken = t->broken || !buf_ok(&t->out) ||
                !write_all(STDOUT_FILENO, t->out.data, t->out.len);
    buf_reset(&t->out);
    return !t->broken;
}

static enum lw_status tell_flow(void *ctx, const struct store_flow *f, bool keep_detail,
                                struct lw_error *err)
{
    struct teller *t = ctx;

    wire_put_flow(&t->out, f, keep_detail);
    return tell(t, PIECE) ? LW_OK : lw_fail(err, LW_EPERM, "nobody listens");
}

static bool tell_progress(void *ctx, double share, const struct judge_totals *so_far)
{
    struct teller *t = ctx;

    wire_put_progress(&t->out, share < 0 ? 0 : share > 1 ? 1 : share, so_far);
    return tell(t, 1);
}

static bool read_request(struct buf *out)
{
    char piece[PIECE];
    ssize_t n;

    while ((n = read(STDIN_FILENO, piece, sizeof piece)) > 0)
        buf_add(out, piece, (size_t)n);
    return n == 0 && buf_ok(out);
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
    struct child child;
    struct buf in; /* frames, the first maybe begun */
    struct wire_frame frame;
    struct judge_totals totals;
    double share;
    char log[LOG_MAX]; /* what it wrote on standard error */
    size_t n_log;
    bool ended;   /* it said so */
    bool stopped; /* the caller does not want to go on */
    bool silent;
    bool log_open;
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

/* Act on the whole frames that are there; the rest stays. */
static void take_frames(struct listener *l)
{
    struct span s = span_of(l->in.data, l->in.len);

    while (l->failed == LW_OK && !l->ended && !l->stopped) {
        struct span rest = s;
        struct span payload;
        uint8_t kind;
        uint32_t n;

        if (!span_take_u8(&rest, &kind) || !span_take_le32(&rest, &n))
            break;
        if (n > WIRE_FRAME_MAX) {
            l->failed = lw_fail(&l->why, LW_EFORMAT,
                                "the process that judges says what is no answer");
            break;
        }
        if (!span_take(&rest, n, &payload))
            break;
        l->failed = wire_take_frame(&l->frame, kind, payload, l->cfg, &l->why);
        if (l->failed == LW_OK)
            act(l);
        s = rest;
    }
    if (s.n > 0 && s.p != (const uint8_t *)l->in.data)
        memmove(l->in.data, s.p, s.n);
    l->in.len = s.n;
}

static void take_log(struct listener *l)
{
    char piece[512];
    ssize_t n = read(l->child.log, piece, sizeof piece);
    size_t room = LOG_MAX - 1 - l->n_log;

    l->log_open = n > 0;
    if (n > 0) {
        memcpy(l->log + l->n_log, piece, (size_t)n < room ? (size_t)n : room);
        l->n_log += (size_t)n < room ? (size_t)n : room;
    }
}

/* False at the end of what it says. */
static bool take_piece(struct listener *l)
{
    char piece[PIECE];
    ssize_t n = read(l->child.out, piece, sizeof piece);

    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0)
        return false;
    buf_add(&l->in, piece, (size_t)n);
    if (!buf_ok(&l->in))
        l->failed = lw_fail(&l->why, LW_ENOMEM, "out of memory for flows");
    else
        take_frames(l);
    return true;
}

static void listen_to(struct listener *l)
{
    int64_t silence_ms = 0;

    l->log_open = true;
    while (l->failed == LW_OK && !l->stopped && !l->ended) {
        struct pollfd p[2] = {
            {.fd = l->child.out, .events = POLLIN},
            {.fd = l->log_open ? l->child.log : -1, .events = POLLIN}};
        int n = poll(p, 2, WAIT_MS);

        if (n > 0 && p[1].revents != 0)
            take_log(l);
        if (n > 0 && p[0].revents != 0) {
            silence_ms = 0;
            if (!take_piece(l))
                return;
        } else if (n == 0) {
            silence_ms += WAIT_MS;
            l->silent = silence_ms > 1000 * SILENCE_S;
            if (!ask(l) || l->silent)
                return;
        }
    }
}

/* The request may be larger than a pipe: the process reads it all before it answers. */
static enum lw_status send_request(struct listener *l, struct lw_error *err)
{
    struct buf bytes;
    bool ok;

    buf_init(&bytes);
    wire_put_request(&bytes, l->cfg);
    ok = buf_ok(&bytes) && write_all(l->child.in, bytes.data, bytes.len);
    buf_release(&bytes);
    (void)close(l->child.in);
    l->child.in = -1;
    return ok ? LW_OK : lw_fail(err, LW_EIO, "the process that judges does not listen");
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
                   r.status, l->n_log > 0 ? ": " : "", l->log);
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
    enum lw_status st;

    (void)snprintf(memory, sizeof memory, "%" PRIu64, limits->memory_bytes);
    (void)snprintf(cpu, sizeof cpu, "%" PRIu32, limits->cpu_s);
    buf_init(&l.in);
    st = child_start(&l.child, words, 3, &cfg->fd, 1, err);
    if (st != LW_OK)
        return st;
    st = send_request(&l, err);
    if (st == LW_OK)
        listen_to(&l);
    if (!l.ended)
        child_kill(&l.child);
    r = child_wait(&l.child);
    if (l.ended && l.n_log > 0)
        lw_log(LW_LOG_WARNING, "analysis: %s", l.log);
    if (st == LW_OK)
        st = verdict_of(&l, r, err);
    if (l.ended)
        l.totals = l.frame.totals;
    *out = l.totals;
    wire_frame_release(&l.frame);
    buf_release(&l.in);
    return st;
}
