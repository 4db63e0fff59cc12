/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets in, scores out: a CSV line for each (-w), and a summary of what was alarmed.
 *
 * Ours, the rivals and the box plot of packet rates are all counted in windows of 10 s
 * from the first packet, so that they can be compared.
 */
#include "cmd/detect_stream.h"

#include "base/buf.h"
#include "base/numfmt.h"
#include "base/outfile.h"
#include "base/put.h"
#include "base/timefmt.h"
#include "cmd/capture_loop.h"
#include "cmd/command.h"
#include "cmd/print_json.h"
#include "cmd/progress.h"
#include "cmd/rate_print.h"
#include "cmd/stream_alerts.h"
#include "cmd/terminal.h"
#include "cmd/text.h"

#include <math.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1024, END_MAX = 64, TOP_MAX = 1000 };

/* Windows in which something was alarmed; packets come about in order. */
struct windows {
    int64_t last;
    uint64_t n;
};

struct run {
    const struct detect_stream *cfg;
    struct lw_stream *stream;     /* owned */
    struct stream_alerts *alerts; /* owned */
    struct lw_rate *rate;         /* owned */
    struct outfile *out;          /* owned; NULL without -w */
    int64_t start_ns;
    bool any;
    struct windows ours;
    struct windows theirs[LW_STREAM_RIVALS_MAX];
    enum lw_status failed; /* inside a callback, kept in `why` */
    struct lw_error why;
};

static FILE *summary_stream(const struct detect_stream *cfg)
{
    return cfg->write != NULL && strcmp(cfg->write, "-") == 0 ? stderr : stdout;
}

/* ---- the table of scores --------------------------------------------------------- */

static void put_header(struct run *r)
{
    FILE *f = outfile_stream(r->out);

    (void)fputs("packet,time,src,sport,dst,dport,proto,bytes,score,p_value,alert", f);
    for (uint32_t i = 0; r->cfg->rivals && i < lw_stream_model_rivals(r->cfg->model);
         i++) {
        const char *name = lw_stream_model_rival_name(r->cfg->model, i);

        (void)fprintf(f, ",%s,%s alert", name, name);
    }
    (void)fputc('\n', f);
}

static char *put_addr(char *p, const struct lw_stream_packet *k, unsigned side)
{
    const uint8_t *bytes = k->addr[side].bytes;

    return k->ip_version == 4   ? put_ip4(p, bytes)
           : k->ip_version == 6 ? put_ip6(p, bytes)
                                : put_mac(p, bytes);
}

static char *put_port(char *p, const struct lw_stream_packet *k, unsigned side)
{
    return k->port[side] == 0 ? p : put_u64(p, k->port[side]);
}

static char *put_number(char *p, float v)
{
    return p + numfmt_f32(v, p);
}

static char *put_rivals(char *p, const struct run *r, const struct lw_stream_packet *k)
{
    for (uint32_t i = 0; r->cfg->rivals && i < lw_stream_model_rivals(r->cfg->model);
         i++) {
        *p++ = ',';
        if (k->is_scored)
            p = put_number(p, k->rival_score[i]);
        *p++ = ',';
        if (k->is_scored)
            *p++ = k->rival_alert[i] ? '1' : '0';
    }
    return p;
}

/* What could not be decoded has a number, a time and a length. */
static void put_line(struct run *r, const struct lw_stream_packet *k)
{
    char line[LINE_MAX_BYTES];
    char *p = put_u64(line, k->number);

    *p++ = ',';
    p = put_fixed(p, k->time_ns, 9);
    *p++ = ',';
    p = k->is_scored ? put_addr(p, k, 0) : p;
    *p++ = ',';
    p = put_port(p, k, 0);
    *p++ = ',';
    p = k->is_scored ? put_addr(p, k, 1) : p;
    *p++ = ',';
    p = put_port(p, k, 1);
    *p++ = ',';
    p = k->is_scored ? put_u64(p, k->protocol) : p;
    *p++ = ',';
    p = put_u64(p, k->bytes);
    *p++ = ',';
    p = k->is_scored ? put_number(p, k->score) : p;
    *p++ = ',';
    p = k->is_scored ? put_number(p, k->p_value) : p;
    *p++ = ',';
    if (k->is_scored)
        *p++ = k->alert ? '1' : '0';
    p = put_rivals(p, r, k);
    *p++ = '\n';
    (void)fwrite(line, 1, (size_t)(p - line), outfile_stream(r->out));
}

/* ---- packets --------------------------------------------------------------------- */

static void note_window(struct windows *w, int64_t window)
{
    if (w->n > 0 && w->last == window)
        return;
    w->last = window;
    w->n++;
}

static const char *end_text(const struct lw_stream_packet *k, unsigned side,
                            char out[END_MAX])
{
    char *p = put_addr(out, k, side);

    *p = '\0';
    return out;
}

/* The first, tenth, hundredth ... of an alert, where somebody watches an interface. */
static void tell_live(const struct run *r, const struct stream_alert *a,
                      const struct lw_stream_packet *k)
{
    uint64_t n = a->n_packets;
    char text[2][END_MAX];
    char clock[TEXT_MAX];
    FILE *f = summary_stream(r->cfg);

    while (n >= 10 && n % 10 == 0)
        n /= 10;
    if (!capture_is_live() || r->cfg->json || n != 1)
        return;
    progress_clear();
    (void)fprintf(f, "%s Anomaly %s%s -> %s, %llu packets so far: %s\n",
                  text_clock(k->time_ns, clock), a->many_sources ? "many, now " : "",
                  end_text(k, 0, text[0]), end_text(k, 1, text[1]),
                  (unsigned long long)a->n_packets, k->reason);
    (void)fflush(f);
}

static void on_packet(void *ctx, const struct lw_stream_packet *k)
{
    struct run *r = ctx;
    int64_t window;

    if (r->failed != LW_OK)
        return;
    if (!r->any)
        r->start_ns = k->time_ns;
    r->any = true;
    window = (k->time_ns - r->start_ns) / LW_RATE_WINDOW_NS;
    r->failed = lw_rate_add(r->rate, k->time_ns, &r->why);
    for (uint32_t i = 0; i < lw_stream_model_rivals(r->cfg->model); i++)
        if (k->rival_alert[i])
            note_window(&r->theirs[i], window);
    if (k->alert) {
        const struct stream_alert *a = stream_alerts_add(r->alerts, k);

        note_window(&r->ours, window);
        if (a == NULL)
            r->failed = lw_fail(&r->why, LW_ENOMEM, "out of memory for alerts");
        else
            tell_live(r, a, k);
    }
    if (r->out != NULL)
        put_line(r, k);
}

static enum lw_status run_stream(void *ctx, struct lw_capture *cap, struct lw_run *run,
                                 struct lw_error *err)
{
    struct run *r = ctx;

    return lw_stream_run(r->stream, cap, run, err);
}

static enum lw_status on_batch(void *ctx, const struct lw_run_batch *batch,
                               struct lw_error *err)
{
    struct run *r = ctx;

    (void)batch;
    if (r->failed != LW_OK)
        *err = r->why;
    return r->failed;
}

static void get_counters(void *ctx, struct lw_meter_stats *out)
{
    struct run *r = ctx;
    struct lw_stream_stats s;

    lw_stream_get_stats(r->stream, &s);
    *out = (struct lw_meter_stats){
        .seen = s.packets, .decoded = s.scored, .malformed = s.packets - s.scored};
}

/* ---- the summary ----------------------------------------------------------------- */

static void print_alert(FILE *f, const struct stream_alert *a)
{
    char end[2][END_MAX];
    char text[2][TEXT_MAX];
    char ports[32] = "";

    if (a->port_min == a->port_max)
        (void)snprintf(ports, sizeof ports, " port %u", a->port_min);
    else if (a->port_min < a->port_max)
        (void)snprintf(ports, sizeof ports, " ports %u-%u", a->port_min, a->port_max);
    (void)fprintf(f, "  %s  %9s  %8s  %7.3g  %s -> %s%s\n",
                  text_clock(a->first_ns, text[0]), text_count(a->n_packets, text[1]),
                  text_duration(a->last_ns - a->first_ns, (char[TEXT_MAX]){0}),
                  (double)a->worst.p_value,
                  a->many_sources ? "many sources" : end_text(&a->worst, 0, end[0]),
                  end_text(&a->worst, 1, end[1]), ports);
    (void)fprintf(f, "       %s\n", a->worst.reason);
}

static void print_alerts(FILE *f, const struct run *r)
{
    const struct stream_alert *top[TOP_MAX];
    size_t n = stream_alerts_largest(r->alerts, top,
                                     r->cfg->top < TOP_MAX ? r->cfg->top : TOP_MAX);
    char count[TEXT_MAX];

    if (n == 0)
        return;
    (void)fprintf(f,
                  "\nAlerts: %s, from one host to another while no more than a minute "
                  "passes%s\n  %-12s  %9s  %8s  %7s  %s\n",
                  text_count(stream_alerts_count(r->alerts), count),
                  n < stream_alerts_count(r->alerts) ? "; the largest:" : "", "first",
                  "packets", "lasts", "p", "who, and what is least as it was");
    for (size_t i = 0; i < n; i++)
        print_alert(f, top[i]);
}

static void print_line(FILE *f, const char *name, uint64_t packets, uint64_t all,
                       uint64_t windows, uint64_t all_windows)
{
    char n[2][TEXT_MAX];

    (void)fprintf(f, "  %-26s %12s  %6.2f %%   %s of %llu\n", name,
                  text_count(packets, n[0]),
                  all > 0 ? 100 * (double)packets / (double)all : 0.0,
                  text_count(windows, n[1]), (unsigned long long)all_windows);
}

static void print_counts(FILE *f, const struct run *r, const struct lw_stream_stats *s,
                         const struct lw_rate_report *rate)
{
    const struct lw_stream_model *m = r->cfg->model;

    (void)fprintf(f, "\n  %-26s %12s  %8s   %s\n", "alarmed", "packets", "",
                  "windows of 10 s");
    print_line(f, "packet-stream", s->alerts, s->scored, r->ours.n, rate->n_windows);
    for (uint32_t i = 0; r->cfg->rivals && i < lw_stream_model_rivals(m); i++)
        print_line(f, lw_stream_model_rival_name(m, i), s->rival_alerts[i], s->scored,
                   r->theirs[i].n, rate->n_windows);
    rate_print_line(f, rate);
}

static void print_people(const struct run *r, const struct capture_report *report,
                         const struct lw_stream_stats *s,
                         const struct lw_rate_report *rate)
{
    const struct lw_stream_model *m = r->cfg->model;
    FILE *f = summary_stream(r->cfg);
    char text[2][TEXT_MAX];

    (void)fprintf(f, "%s%s%s  %s packets in %s", terminal_style(f, STYLE_BOLD),
                  capture_source_name(), terminal_style(f, STYLE_NONE),
                  text_count(s->packets, text[0]),
                  text_duration(report->last_ns - report->first_ns, text[1]));
    if (s->packets > s->scored)
        (void)fprintf(f, ", %s of them not decoded",
                      text_count(s->packets - s->scored, text[0]));
    (void)fprintf(f,
                  "\nmodel %s (%s): %u autoencoders, threshold %.4g for %g of normal "
                  "packets\n",
                  r->cfg->model_path, lw_stream_model_id(m), lw_stream_model_groups(m),
                  (double)lw_stream_model_threshold(m),
                  r->cfg->false_alarm > 0 ? r->cfg->false_alarm
                                          : lw_stream_model_false_alarm(m));
    print_counts(f, r, s, rate);
    print_alerts(f, r);
}

/* What the JSON is made of. */
struct told {
    const struct run *run;
    const struct capture_report *report;
    const struct lw_stream_stats *stats;
    const struct lw_rate_report *rate;
};

static void put_detector(struct jsonw *w, const char *name, uint64_t packets,
                         uint64_t windows)
{
    jsonw_object(w);
    jsonw_put_text(w, "name", name);
    jsonw_put_u64(w, "packets", packets);
    jsonw_put_u64(w, "windows", windows);
    jsonw_object_end(w);
}

static void put_alert(struct jsonw *w, const struct stream_alert *a)
{
    char end[END_MAX];
    char time[TIMEFMT_MAX];

    jsonw_object(w);
    (void)timefmt_eve(a->first_ns, time);
    jsonw_put_text(w, "first", time);
    (void)timefmt_eve(a->last_ns, time);
    jsonw_put_text(w, "last", time);
    if (!a->many_sources)
        jsonw_put_text(w, "src", end_text(&a->worst, 0, end));
    jsonw_put_text(w, "dst", end_text(&a->worst, 1, end));
    if (a->port_min <= a->port_max) {
        jsonw_put_u64(w, "dport_min", a->port_min);
        jsonw_put_u64(w, "dport_max", a->port_max);
    }
    jsonw_put_u64(w, "packets", a->n_packets);
    jsonw_put_f64(w, "score", (double)a->worst.score);
    jsonw_put_f64(w, "p_value", (double)a->worst.p_value);
    jsonw_put_text(w, "reason", a->worst.reason);
    jsonw_object_end(w);
}

static void put_summary(struct jsonw *w, const void *of)
{
    const struct told *t = of;
    const struct run *r = t->run;
    const struct stream_alert *top[TOP_MAX];
    size_t n = stream_alerts_largest(r->alerts, top,
                                     r->cfg->top < TOP_MAX ? r->cfg->top : TOP_MAX);

    jsonw_put_text(w, "source", capture_source_name());
    jsonw_put_text(w, "model", lw_stream_model_id(r->cfg->model));
    jsonw_put_u64(w, "packets", t->stats->packets);
    jsonw_put_u64(w, "scored", t->stats->scored);
    jsonw_put_f64(w, "seconds",
                  (double)(t->report->last_ns - t->report->first_ns) /
                      (double)NS_PER_S);
    jsonw_key(w, "detectors");
    jsonw_array(w);
    put_detector(w, "packet-stream", t->stats->alerts, r->ours.n);
    for (uint32_t i = 0; r->cfg->rivals && i < lw_stream_model_rivals(r->cfg->model);
         i++)
        put_detector(w, lw_stream_model_rival_name(r->cfg->model, i),
                     t->stats->rival_alerts[i], r->theirs[i].n);
    jsonw_array_end(w);
    jsonw_key(w, "packet_rate");
    rate_put_json(w, t->rate);
    jsonw_put_u64(w, "alerts", stream_alerts_count(r->alerts));
    jsonw_key(w, "largest");
    jsonw_array(w);
    for (size_t i = 0; i < n; i++)
        put_alert(w, top[i]);
    jsonw_array_end(w);
}

static enum lw_status print_summary(const struct run *r,
                                    const struct capture_report *report,
                                    struct lw_error *err)
{
    struct lw_stream_stats stats;
    struct lw_rate_report rate;
    const struct told told = {r, report, &stats, &rate};
    struct jsonw w;
    struct buf text;
    enum lw_status st = lw_rate_judge(r->rate, &rate, err);

    lw_stream_get_stats(r->stream, &stats);
    if (st != LW_OK)
        return st;
    if (!r->cfg->json) {
        print_people(r, report, &stats, &rate);
        return LW_OK;
    }
    buf_init(&text);
    jsonw_init(&w, &text);
    jsonw_object(&w);
    put_summary(&w, &told);
    jsonw_object_end(&w);
    if (buf_ok(&text))
        (void)fprintf(summary_stream(r->cfg), "%s\n", buf_text(&text));
    else
        st = lw_fail(err, LW_ENOMEM, "out of memory for the summary");
    buf_release(&text);
    return st;
}

/* ---- the run --------------------------------------------------------------------- */

static enum lw_status open_table(void *ctx, struct lw_error *err)
{
    struct run *r = ctx;
    enum lw_status st = LW_OK;

    if (r->cfg->write == NULL)
        return LW_OK;
    st = capture_check_output(r->cfg->write, err);
    if (st == LW_OK)
        st = outfile_open(&r->out, r->cfg->write, err);
    if (st == LW_OK)
        put_header(r);
    return st;
}

static enum lw_status finish(struct run *r, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    lw_stream_flush(r->stream);
    if (r->failed != LW_OK) {
        *err = r->why;
        return r->failed;
    }
    if (r->out != NULL)
        st = outfile_commit(r->out, err);
    r->out = NULL;
    return st;
}

static int run_all(struct run *r)
{
    const struct lw_stream_config cfg = {.false_alarm = r->cfg->false_alarm,
                                         .rivals = r->cfg->rivals,
                                         .packet = on_packet,
                                         .ctx = r};
    struct capture_job job = {.filter = r->cfg->filter,
                              .n_filter = r->cfg->n_filter,
                              .start = open_table,
                              .run = run_stream,
                              .batch = on_batch,
                              .meter = get_counters,
                              .ctx = r};
    struct capture_report report;
    struct lw_error err;
    enum lw_status st = lw_stream_new(&r->stream, r->cfg->model, &cfg, &err);
    int status;

    if (st == LW_EINVAL)
        return command_usage("%s", err.msg);
    if (st == LW_OK)
        st = stream_alerts_new(&r->alerts, &err);
    if (st == LW_OK)
        st = lw_rate_new(&r->rate, &err);
    if (st != LW_OK)
        return command_error(&err);
    status = capture_loop(&job, &report);
    if (status != STATUS_OK)
        return status;
    if (finish(r, &err) != LW_OK || print_summary(r, &report, &err) != LW_OK)
        return command_error(&err);
    capture_report_print(&job, &report);
    return STATUS_OK;
}

int detect_stream(const struct detect_stream *cfg)
{
    struct run r = {.cfg = cfg};
    int status = run_all(&r);

    outfile_abort(r.out);
    lw_rate_free(r.rate);
    stream_alerts_free(r.alerts);
    lw_stream_free(r.stream);
    return status;
}
