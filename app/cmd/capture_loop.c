/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/capture_loop.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/timefmt.h"
#include "cmd/command.h"
#include "cmd/progress.h"
#include "cmd/signals.h"
#include "cmd/text.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { THREADS_MAX = 64 };

static struct {
    const char *read;
    const char *interface;
    int64_t threads;
} o;

static const struct opt rows[] = {
    {"read", 'r', OPT_TO_TEXT(&o.read), .metavar = "FILE|DIR|-",
     .help = "read a capture file (pcap or pcapng, also gzip, zstd or xz), the "
             "captures of a directory, or standard input"},
    {"interface", 'i', OPT_TO_TEXT(&o.interface), .metavar = "INTERFACE",
     .help = "listen on a network interface"},
    {"threads", 0, OPT_TO_INT(&o.threads), .metavar = "N", .initial = "0", .min = 0,
     .max = THREADS_MAX,
     .help =
         "how many threads work on a capture; 0: one per processor.  The results do "
         "not depend on it"},
};

const struct opt_group capture_group = {"Input", rows, sizeof rows / sizeof rows[0]};

struct loop {
    const struct capture_job *job; /* borrowed */
    struct capture_report *report; /* borrowed */
    struct lw_capture *cap;        /* owned */
    int64_t start_ns;              /* of the clock, for the rate */
};

const char *capture_source_name(void)
{
    const char *name = o.interface != NULL ? o.interface : o.read;

    return strcmp(name, "-") == 0 ? "standard input" : name;
}

const char *capture_read_path(void)
{
    return o.read;
}

bool capture_is_live(void)
{
    return o.interface != NULL;
}

enum lw_status capture_check_output(const char *path, struct lw_error *err)
{
    struct stat in;
    struct stat out;

    if (o.read == NULL || stat(o.read, &in) != 0 || stat(path, &out) != 0 ||
        !S_ISREG(in.st_mode) || in.st_dev != out.st_dev || in.st_ino != out.st_ino)
        return LW_OK;
    return lw_fail(err, LW_EINVAL,
                   "%s: is the capture that is read; name another output", path);
}

/* ---- progress and signals ------------------------------------------------------- */

static int64_t clock_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void show_progress(struct loop *l, const struct lw_capture_stats *s)
{
    char count[TEXT_MAX];
    char rate[TEXT_MAX];
    char what[128];
    double seconds = (double)(clock_ns() - l->start_ns) / (double)NS_PER_S;
    double done = -1;

    if (s->bytes_total > 0)
        done = (double)s->bytes_read / (double)s->bytes_total;
    (void)snprintf(
        what, sizeof what, "%s packets, %s/s", text_count(s->seen, count),
        text_count(seconds > 0 ? (uint64_t)((double)s->seen / seconds) : 0, rate));
    progress_show(NULL, done, what);
}

static void print_account(const struct capture_job *job,
                          const struct lw_capture_stats *c);

static void tick(struct loop *l, const struct lw_capture_stats *s)
{
    if (signals_take_dump()) {
        progress_clear();
        print_account(l->job, s);
    }
    if (signals_pipe_closed())
        lw_capture_stop(l->cap);
    show_progress(l, s);
}

static void stop_capture(void *ctx)
{
    lw_capture_stop(ctx);
}

/* ---- the loop ------------------------------------------------------------------- */

static void note_times(struct capture_report *r, const struct lw_run_batch *batch)
{
    int64_t first_ns = r->any ? r->first_ns : INT64_MAX;
    int64_t last_ns = r->any ? r->last_ns : INT64_MIN;

    for (size_t i = 0; i < batch->n_packets; i++) {
        int64_t time_ns = batch->packets[i].time_ns;

        first_ns = time_ns < first_ns ? time_ns : first_ns;
        last_ns = time_ns > last_ns ? time_ns : last_ns;
    }
    r->first_ns = first_ns;
    r->last_ns = last_ns;
    r->any = true;
}

static enum lw_status on_batch(void *ctx, const struct lw_run_batch *batch,
                               struct lw_error *err)
{
    struct loop *l = ctx;

    if (batch->packets[0].data != NULL) /* no pause, which comes alone */
        note_times(l->report, batch);
    tick(l, batch->capture);
    return l->job->batch == NULL ? LW_OK : l->job->batch(l->job->ctx, batch, err);
}

static unsigned n_threads(void)
{
    cpu_set_t ours;

    if (o.threads > 0)
        return (unsigned)o.threads;
    if (sched_getaffinity(0, sizeof ours, &ours) != 0)
        return 1;
    return CPU_COUNT(&ours) < THREADS_MAX ? (unsigned)CPU_COUNT(&ours) : THREADS_MAX;
}

static enum lw_status join_filter(const struct capture_job *job, struct buf *out,
                                  struct lw_error *err)
{
    for (size_t i = 0; i < job->n_filter; i++) {
        if (i > 0)
            buf_add_char(out, ' ');
        buf_add_text(out, job->filter[i]);
    }
    return buf_ok(out) ? LW_OK : lw_fail(err, LW_ENOMEM, "out of memory");
}

static enum lw_status open_capture(struct loop *l, struct lw_error *err)
{
    struct lw_capture_config cfg = {0};
    struct buf filter;
    enum lw_status st;

    buf_init(&filter);
    st = join_filter(l->job, &filter, err);
    cfg.filter = buf_text(&filter);
    if (st == LW_OK && o.interface != NULL)
        st = lw_capture_open_live(&l->cap, o.interface, &cfg, err);
    else if (st == LW_OK)
        st = lw_capture_open(&l->cap, o.read, &cfg, err);
    buf_release(&filter);
    return st;
}

static enum lw_status run_loop(struct loop *l, struct lw_error *err)
{
    struct lw_run run = {.n_threads = n_threads(), .batch = on_batch, .batch_ctx = l};
    enum lw_status st = open_capture(l, err);

    if (st != LW_OK)
        return st;
    signals_catch(stop_capture, l->cap);
    if (l->job->start != NULL)
        st = l->job->start(l->job->ctx, err);
    if (st == LW_OK)
        st = l->job->run(l->job->ctx, l->cap, &run, err);
    signals_release();
    progress_clear();
    lw_capture_get_stats(l->cap, &l->report->capture);
    l->report->interrupted = signals_stopped();
    lw_capture_close(l->cap);
    l->cap = NULL;
    return st;
}

int capture_check_input(void)
{
    if (o.read == NULL && o.interface == NULL)
        return command_usage("no input: -r FILE reads a capture, -i INTERFACE listens");
    if (o.read != NULL && o.interface != NULL)
        return command_usage("-r and -i exclude each other");
    return STATUS_OK;
}

int capture_loop(const struct capture_job *job, struct capture_report *out)
{
    struct loop l = {.job = job, .report = out, .start_ns = clock_ns()};
    struct lw_error err;
    enum lw_status st;
    int status = capture_check_input();

    *out = (struct capture_report){0};
    if (status != STATUS_OK)
        return status;
    st = run_loop(&l, &err);
    if (st == LW_OK)
        return STATUS_OK;
    return command_refused(st, &err);
}

/* ---- the account ---------------------------------------------------------------- */

static void add_part(char *out, const char *sep, uint64_t n, const char *what)
{
    size_t at = strlen(out);

    if (n > 0 && at < CAPTURE_DAMAGE_MAX) {
        char count[TEXT_MAX];

        (void)snprintf(out + at, CAPTURE_DAMAGE_MAX - at, "%s%s %s",
                       at == 0 || out[at - 1] == '(' ? "" : sep, text_count(n, count),
                       what);
    }
}

static void add_undecoded(const struct lw_meter_stats *m, char *out)
{
    uint64_t n = m->truncated + m->unsupported + m->malformed;
    char count[TEXT_MAX];
    char total[TEXT_MAX];
    char link[128];

    if (n == 0)
        return;
    (void)snprintf(out, CAPTURE_DAMAGE_MAX, "%s of %s packets not decoded (",
                   text_count(n, count), text_count(m->seen, total));
    add_part(out, ", ", m->truncated, "cut short");
    (void)snprintf(link, sizeof link, "of unsupported link types, first %u (%s)",
                   m->unsupported_link_type,
                   lw_link_type_text(m->unsupported_link_type));
    add_part(out, ", ", m->unsupported, link);
    add_part(out, ", ", m->malformed, "malformed");
    (void)strncat(out, ")", CAPTURE_DAMAGE_MAX - strlen(out) - 1);
}

void capture_damage(const struct lw_capture_stats *capture,
                    const struct lw_meter_stats *meter, char out[CAPTURE_DAMAGE_MAX])
{
    out[0] = '\0';
    add_undecoded(meter, out);
    add_part(out, "; ", capture->kernel_drops, "packets lost before they were seen");
    add_part(out, "; ", meter->evicted_unanswered + meter->evicted_answered,
             "flows cut in pieces because the flow table was full");
    if (capture->warning[0] != '\0') {
        size_t at = strlen(out);

        (void)snprintf(out + at, CAPTURE_DAMAGE_MAX - at, "%s%s", at == 0 ? "" : "; ",
                       capture->warning);
    }
}

/* Only where there was any. */
static void print_fragments(const struct lw_meter_stats *m)
{
    uint64_t ended = m->datagrams_reassembled + m->datagrams_malformed +
                     m->datagrams_timed_out + m->datagrams_evicted +
                     m->datagrams_dropped;
    char n[7][TEXT_MAX];

    LW_ASSERT(m->datagrams >= ended);
    if (m->fragments == 0)
        return;
    (void)fprintf(
        stderr, "fragments: %s, of these %s unusable, %s repeated, %s overlapping\n",
        text_count(m->fragments, n[0]), text_count(m->fragments_unusable, n[1]),
        text_count(m->fragments_duplicate, n[2]),
        text_count(m->fragments_overlapping, n[3]));
    (void)fprintf(
        stderr,
        "datagrams in fragments: %s = %s put together + %s malformed + %s "
        "timed out + %s pushed out + %s contradictory + %s incomplete\n",
        text_count(m->datagrams, n[0]), text_count(m->datagrams_reassembled, n[1]),
        text_count(m->datagrams_malformed, n[2]),
        text_count(m->datagrams_timed_out, n[3]),
        text_count(m->datagrams_evicted, n[4]), text_count(m->datagrams_dropped, n[5]),
        text_count(m->datagrams - ended, n[6]));
}

static void print_streams(const struct lw_meter_stats *m)
{
    char n[5][TEXT_MAX];

    if (m->streams + m->streams_refused == 0)
        return;
    (void)fprintf(stderr,
                  "streams: %s in order, %s without room; %s bytes, %s missing, %s "
                  "repeated\n",
                  text_count(m->streams, n[0]), text_count(m->streams_refused, n[1]),
                  text_count(m->stream_bytes, n[2]),
                  text_count(m->stream_bytes_missing, n[3]),
                  text_count(m->stream_bytes_repeated, n[4]));
}

static void print_tunnels(const struct lw_meter_stats *m)
{
    char n[5][TEXT_MAX];

    if (m->tunnelled + m->inner_truncated + m->inner_malformed == 0)
        return;
    (void)fprintf(stderr,
                  "tunnels: %s packets, counted %s times more in flows inside; inside "
                  "%s truncated, %s malformed, %s too deep\n",
                  text_count(m->tunnelled, n[0]), text_count(m->inner_in_flows, n[1]),
                  text_count(m->inner_truncated, n[2]),
                  text_count(m->inner_malformed, n[3]),
                  text_count(m->tunnels_too_deep, n[4]));
}

/* Every packet is in exactly one of the terms: the identities are the meter's and the
 * capture's own. */
static void print_account(const struct capture_job *job,
                          const struct lw_capture_stats *c)
{
    struct lw_meter_stats m;
    char n[6][TEXT_MAX];

    job->meter(job->ctx, &m);
    LW_ASSERT(m.seen == m.decoded + m.truncated + m.unsupported + m.malformed);
    LW_ASSERT(m.decoded == m.in_flows + m.not_in_flows);
    (void)fprintf(stderr,
                  "packets: %s seen = %s decoded + %s filtered out + %s truncated + "
                  "%s unsupported + %s malformed\n",
                  text_count(c->seen, n[0]), text_count(m.decoded, n[1]),
                  text_count(c->filtered, n[2]), text_count(m.truncated, n[3]),
                  text_count(m.unsupported, n[4]), text_count(m.malformed, n[5]));
    (void)fprintf(stderr, "decoded: %s = %s in flows + %s in none; %s out of order\n",
                  text_count(m.decoded, n[0]), text_count(m.in_flows, n[1]),
                  text_count(m.not_in_flows, n[2]), text_count(m.out_of_order, n[3]));
    print_tunnels(&m);
    print_streams(&m);
    print_fragments(&m);
    (void)fprintf(stderr,
                  "flows: %s, records: %s; at most %s flows at once, %s evicted "
                  "unanswered, %s answered\n",
                  text_count(m.flows_created, n[0]), text_count(m.records, n[1]),
                  text_count(m.active_max, n[2]),
                  text_count(m.evicted_unanswered, n[3]),
                  text_count(m.evicted_answered, n[4]));
}

void capture_report_notes(const struct capture_job *job,
                          const struct capture_report *report)
{
    if (report->interrupted)
        command_note("interrupted; the results cover what was read");
    if (command_verbose())
        print_account(job, &report->capture);
}

void capture_report_print(const struct capture_job *job,
                          const struct capture_report *report)
{
    struct lw_meter_stats m;
    char damage[CAPTURE_DAMAGE_MAX];

    job->meter(job->ctx, &m);
    capture_damage(&report->capture, &m, damage);
    if (damage[0] != '\0')
        command_warn("%s", damage);
    capture_report_notes(job, report);
}
