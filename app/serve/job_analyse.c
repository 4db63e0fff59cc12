/* SPDX-License-Identifier: Apache-2.0 */
/* The job that turns a capture into flows, verdicts and alerts. */
#include "base/mem.h"
#include "serve/jobs.h"
#include "serve/judge_apart.h"
#include "serve/metrics.h"
#include "serve/present.h"
#include "serve/server_priv.h"
#include "serve/suppressed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct analysis {
    struct job_run *run;
    struct store_load *load; /* owned */
};

static enum lw_status on_flow(void *ctx, const struct store_flow *f, bool keep_detail,
                              struct lw_error *err)
{
    struct analysis *a = ctx;

    return store_load_add(a->load, f, keep_detail, err);
}

static bool on_progress(void *ctx, double share, const struct judge_totals *so_far)
{
    struct analysis *a = ctx;
    const struct store_job_progress p = {.progress = share > 1 ? 1 : share,
                                         .packets = so_far->packets,
                                         .flows = so_far->flows};

    return job_progress(a->run, &p);
}

static enum lw_status judge(struct analysis *a, struct judge_config *cfg,
                            struct judge_totals *totals, struct lw_error *err)
{
    struct server *s = a->run->server;
    struct suppressed sup;
    enum lw_status st = suppressed_load(&sup, s->store, clock_ns(), err);

    if (st == LW_OK) {
        cfg->suppressions = sup.items;
        cfg->n_suppressions = sup.n;
        st = judge_apart(cfg, &s->limits.analysis, totals, err);
    }
    suppressed_release(&sup);
    return st;
}

static enum lw_status run(struct analysis *a, struct judge_config *cfg,
                          struct lw_error *err)
{
    struct job_run *r = a->run;
    struct judge_totals totals = {0};
    struct store_load_totals stored;
    struct store_load *load;
    enum lw_status st = store_load_begin(&a->load, r->server->store, r->id, err);

    if (st == LW_OK)
        st = judge(a, cfg, &totals, err);
    if (totals.warning[0] != '\0')
        job_log(r, "%s", totals.warning);
    if (st != LW_OK)
        return st;
    job_log(r, "%llu packets, %llu flows, %llu of them alerted",
            (unsigned long long)totals.packets, (unsigned long long)totals.flows,
            (unsigned long long)totals.alerted);
    stored = (struct store_load_totals){.packets = totals.packets,
                                        .first_ns = totals.first_ns,
                                        .last_ns = totals.last_ns};
    load = a->load;
    a->load = NULL; /* the store frees it */
    st = store_load_finish(load, &stored, err);
    if (st == LW_END) /* it was to stop */
        return lw_fail(err, LW_EPERM, "stopped");
    if (st == LW_OK) {
        metrics_add(r->server->metrics, METRICS_packets, totals.packets);
        metrics_add(r->server->metrics, METRICS_flows, totals.flows);
        metrics_add(r->server->metrics, METRICS_alerted_flows, totals.alerted);
    }
    return st;
}

/* A message begins with the path that it is about, which tells nobody anything. */
static void drop_path(struct lw_error *err, const char *path)
{
    size_t n = strlen(path);

    if (strncmp(err->msg, path, n) == 0 && strncmp(err->msg + n, ": ", 2) == 0)
        memmove(err->msg, err->msg + n + 2, strlen(err->msg + n + 2) + 1);
}

/* The models that are active now, and their thresholds. */
static void take_models(struct job_run *r, struct judge_config *cfg)
{
    struct server *s = r->server;

    for (int i = 0; i < N_JUDGES; i++) {
        struct model *m = models_take(s->models, judge_roles[i]);

        cfg->models[i] = m;
        if (m == NULL)
            continue;
        cfg->thresholds[i] = settings_rule(s, m);
        if (cfg->thresholds[i] < 0)
            job_log(r, "%s model %s, by its own thresholds", model_role_names[m->role],
                    lw_classifier_id(m->classifier));
        else
            job_log(r, "%s model %s, threshold %.4g", model_role_names[m->role],
                    lw_classifier_id(m->classifier), (double)cfg->thresholds[i]);
    }
}

enum lw_status job_analyse(struct job_run *r, struct lw_error *err)
{
    struct server *s = r->server;
    struct analysis a = {.run = r};
    struct store_net *home = mem_zalloc(SETTINGS_NETS_MAX, sizeof home[0]);
    struct judge_config cfg = {.home = home,
                               .name = "capture",
                               .max_flows = s->limits.analysis_flows,
                               .flow = on_flow,
                               .progress = on_progress,
                               .ctx = &a};
    uint64_t size;
    int fd = -1;
    enum lw_status st = store_capture_open(s->store, r->capture, &fd, &size, err);

    if (st == LW_OK && home == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    if (st == LW_OK) {
        cfg.n_home = settings_home(s, home);
        cfg.fd = fd;
        take_models(r, &cfg);
        st = run(&a, &cfg, err);
        if (st != LW_OK)
            drop_path(err, cfg.name);
    }
    store_load_abort(a.load);
    if (fd >= 0)
        (void)close(fd);
    for (int i = 0; i < N_JUDGES; i++)
        model_drop(cfg.models[i]);
    mem_free(home);
    return st;
}
