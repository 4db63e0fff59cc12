/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_bench DIR N: load N flows as one capture, then time the first and the next page
 * of every filter in every order.  Beside it, in the same run, the same rows in plain
 * SQLite: one table that has seven indexes from the beginning.
 *
 * Flows look like a day of an office with a flood and a scan in it: few busy hosts,
 * many that are seldom seen, ports and classes as skewed.  The same every time.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "bench.h"
#include "store/addr.h"
#include "store/alerts.h"
#include "store/db.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TIMES = 3, PAGE = 100, PEER_BATCH = 10000 };

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t draw(uint32_t i, uint32_t what)
{
    const uint32_t key[2] = {i, what};

    return hash_bytes(key, sizeof key, 3);
}

/* The n-th host: the first ones are by far the busiest (like 1/n). */
static struct store_addr host(uint64_t random, unsigned n_hosts)
{
    double u = (double)(random >> 11) / 9007199254740992.0;
    unsigned n = (unsigned)(exp(u * log((double)n_hosts)) - 1);
    struct store_addr a = {{4, 10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};

    return a;
}

static void set_attack(struct store_flow *f, uint32_t i)
{
    uint64_t kind = draw(i, 20) % 1000;

    if (kind < 60) { /* a flood: many sources, one destination */
        f->verdict = LW_VERDICT_DOS;
        f->addr[0] = host(draw(i, 21), 1 << 20);
        f->addr[0].bytes[1] = 198;
        f->addr[1] = (struct store_addr){{4, 10, 0, 0, 1}};
        f->port[1] = 80;
    } else if (kind < 80) { /* a scan: one source, many destinations and ports */
        f->verdict = LW_VERDICT_PROBE;
        f->addr[0] = (struct store_addr){{4, 203, 0, 113, 9}};
        f->port[1] = (int32_t)(draw(i, 22) % 1024);
    } else if (kind < 81) {
        f->verdict = LW_VERDICT_BOTNET;
    } else {
        return;
    }
    f->alerted = true;
    f->severity = 3;
    f->score = 0.7F + (float)(draw(i, 23) % 300000) / 1e6F;
    f->packets[0] = 1;
    f->packets[1] = draw(i, 24) % 2;
    f->bytes[0] = 60;
    f->bytes[1] = 60 * f->packets[1];
    f->words = "far more connections than usual";
}

static struct store_flow make_flow(uint32_t i, struct store_score scores[2],
                                   char id[40])
{
    static const char *const protos[] = {"tcp", "tcp", "tcp", "udp", "udp", "icmp"};
    static const char *const services[] = {"tls", "tls", "http", "dns", "dns", NULL};
    static const char *const states[] = {"FSPA_FSPA", "FSA_FSA", "CON",
                                         "CON",       "S_",      "INT"};
    static const int32_t ports[] = {443, 443, 80, 53, 53, 123, 22, 25};
    unsigned kind = (unsigned)(draw(i, 1) % 6);
    double u = (double)(draw(i, 2) >> 11) / 9007199254740992.0;
    struct store_flow f = {
        /* About in the order of time, as flows come out of a meter. */
        .start_ns = INT64_C(1700000000000000000) + (int64_t)i * 8640000 -
                    (int64_t)(draw(i, 3) % 60000000000),
        .duration_ns = (int64_t)(exp(u * 16) * 1e6),
        .proto = protos[kind],
        .service = services[kind],
        .state = states[kind],
        .addr = {host(draw(i, 4), 50000), host(draw(i, 5), 200000)},
        .port = {(int32_t)(32768 + draw(i, 6) % 28000), ports[draw(i, 7) % 8]},
        .packets = {1 + (uint64_t)exp(u * 6), (uint64_t)exp(u * 7)},
        .community_id = id,
        .verdict = LW_VERDICT_NORMAL,
        .confidence = 0.9F,
        .score = (float)(draw(i, 8) % 400000) / 1e6F,
        .scores = scores,
        .n_scores = 2,
    };

    f.bytes[0] = f.packets[0] * (60 + draw(i, 9) % 600);
    f.bytes[1] = f.packets[1] * (60 + draw(i, 10) % 1400);
    set_attack(&f, i);
    (void)snprintf(id, 40, "1:%016" PRIx64 "%011" PRIx64 "=", draw(i, 11),
                   draw(i, 12) >> 20);
    scores[0] = (struct store_score){.detector = "attack",
                                     .model = "0123456789ab",
                                     .view = "kdd",
                                     .verdict = f.verdict,
                                     .score = f.score,
                                     .threshold = 0.5F,
                                     .p_value = 0.3F,
                                     .confidence = 0.9F,
                                     .alert = f.alerted};
    scores[1] = scores[0];
    scores[1].detector = "botnet";
    scores[1].score = f.score / 2;
    scores[1].alert = false;
    return f;
}

/* ------------------------------------------------------------------------- ours */

static void note_id(void *ctx, const struct store_job *j)
{
    int64_t *id = ctx;

    *id = j->id;
}

static double load(struct store *s, uint32_t n)
{
    const struct store_upload_config up = {.name = "bench.pcap", .analyse = true};
    struct store_load *l = NULL;
    struct lw_error err = {.msg = ""};
    int64_t id;
    int64_t capture;
    int64_t job = 0;
    double start;
    double cpu;
    double rows;

    must(store_upload_begin(s, &up, &id, &err), &err);
    must(store_upload_append(s, id, 0, "x", 1, &err), &err);
    must(store_upload_commit(s, id, &capture, &job, &err), &err);
    must(store_job_claim(s, note_id, &job, &err), &err);
    start = now_s();
    cpu = seconds();
    must(store_load_begin(&l, s, job, &err), &err);
    for (uint32_t i = 0; i < n; i++) {
        struct store_score scores[2];
        char cid[40];
        struct store_flow f = make_flow(i, scores, cid);

        must(store_load_add(l, &f, false, &err), &err);
    }
    rows = now_s() - start;
    must(store_load_finish(l, NULL, &err), &err);
    start = now_s() - start;
    cpu = seconds() - cpu;
    (void)printf("loaded %u flows in %.1f s (rows %.1f s, indexes and the rest %.1f s; "
                 "processor %.1f s): %.0f flows/s, %.0f a processor second\n",
                 n, start, rows, start - rows, cpu, n / start, n / cpu);
    (void)fflush(stdout);
    return start;
}

static void ignore_flow(void *ctx, const struct store_flow *f)
{
    uint64_t *n = ctx;

    *n += f->id != 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Median processor milliseconds of the first page and of the one behind it: a page is
 * one thread's work, and other programs' work is none of it. */
static void time_pages(struct store *s, const struct store_flow_filter *f,
                       double out[2], uint64_t *rows)
{
    double times[2][TIMES];
    struct lw_error err = {.msg = ""};

    for (int k = 0; k < TIMES; k++) {
        struct store_page page = {.limit = PAGE};
        char cursor[STORE_CURSOR_MAX] = "";

        *rows = 0;
        for (int p = 0; p < 2; p++) {
            double start = seconds();

            must(store_flow_list(s, f, &page, ignore_flow, rows, &err), &err);
            times[p][k] = (seconds() - start) * 1e3;
            memcpy(cursor, page.next, sizeof cursor);
            page.cursor = cursor;
        }
    }
    for (int p = 0; p < 2; p++) {
        qsort(times[p], TIMES, sizeof times[p][0], by_value);
        out[p] = times[p][TIMES / 2];
    }
}

static const char *const filters[][4] = {
    /* name=value pairs; several are one filter */
    {NULL},
    {"class=DoS", NULL},
    {"class=Probe", NULL},
    {"class=Botnet", NULL},
    {"class=Normal", NULL},
    {"alerted=true", NULL},
    {"protocol=udp", NULL},
    {"service=dns", NULL},
    {"host=10.0.0.0", NULL},   /* the busiest */
    {"host=10.0.0.9", NULL},   /* busy */
    {"host=10.0.20.20", NULL}, /* seldom seen */
    {"host=10.0.0.1", NULL},   /* the one that is flooded */
    {"host=10.0.16.0/20", NULL},
    {"host=10.0.0.0/8", NULL},
    {"source=203.0.113.9", NULL}, /* the one that scans */
    {"destination=10.0.0.2", NULL},
    {"port=53", NULL},
    {"port=40000", NULL},
    {"port=22", NULL},
    {"min_score=0.9", NULL},
    {"min_score=0.2", NULL},
    {"from=1700001000", "to=1700001600", NULL}, /* ten minutes */
    {"from=1700002000", "to=1700070000", NULL}, /* much of the day */
    {"host=10.0.0.9", "class=Probe", NULL},
    {"host=10.0.0.9", "from=1700002000", "to=1700070000", NULL},
    {"class=DoS", "from=1700002000", "to=1700070000", NULL},
    {"class=Normal", "min_score=0.39", NULL},
    {"port=22", "protocol=tcp", NULL},
};

static const char *const sorts[] = {"time", "score", "duration", "packets", "bytes"};

static void set(struct store_flow_filter *f, const char *name, const char *value)
{
    struct lw_error err = {.msg = ""};

    must(store_flow_filter_set(f, name, span_of(value, strlen(value)), &err), &err);
}

static double time_filter(struct store *s, const char *const *pairs)
{
    double worst = 0;

    (void)printf("| %s", pairs[0] == NULL ? "none" : "");
    for (size_t k = 0; k < 4 && pairs[k] != NULL; k++)
        (void)printf("%s%s", k > 0 ? ", " : "", pairs[k]);
    for (size_t sort = 0; sort < 5; sort++) {
        struct store_flow_filter f;
        double ms[2][2];
        uint64_t rows = 0;

        for (int up = 0; up < 2; up++) {
            store_flow_filter_init(&f);
            for (size_t k = 0; k < 4 && pairs[k] != NULL; k++) {
                char name[32];
                const char *equals = strchr(pairs[k], '=');

                (void)snprintf(name, sizeof name, "%.*s", (int)(equals - pairs[k]),
                               pairs[k]);
                set(&f, name, equals + 1);
            }
            set(&f, "sort", sorts[sort]);
            f.ascending = up;
            time_pages(s, &f, ms[up], &rows);
            worst = fmax(worst, fmax(ms[up][0], ms[up][1]));
        }
        (void)printf(" | %.1f %.1f / %.1f %.1f", ms[0][0], ms[0][1], ms[1][0],
                     ms[1][1]);
    }
    (void)printf(" |\n");
    (void)fflush(stdout);
    return worst;
}

static void time_queries(struct store *s)
{
    double worst = 0;
    size_t n = sizeof filters / sizeof filters[0];

    (void)printf("processor milliseconds, median of %d: descending first and next page "
                 "/ ascending "
                 "(%d rows a page)\n",
                 TIMES, PAGE);
    (void)printf("| filter | time | score | duration | packets | bytes |\n");
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, time_filter(s, filters[i]));
    (void)printf("slowest: %.1f ms\n", worst);
}

static void ignore_top(void *ctx, const struct store_top_row *row)
{
    (void)ctx;
    (void)row;
}

static void time_figures(struct store *s)
{
    static struct store_bin bins[100];
    static const char *const names[] = {"sources", "destinations", "services",
                                        "ports",   "protocols",    "conversations"};
    struct store_flow_filter f;
    struct store_summary sum;
    struct store_series series;
    struct lw_error err = {.msg = ""};
    double start = seconds();

    store_flow_filter_init(&f);
    must(store_stats_summary(s, &f, &sum, &err), &err);
    (void)printf("summary %.1f ms\n", (seconds() - start) * 1e3);
    start = seconds();
    must(store_stats_series(s, &f, bins, 100, &series, &err), &err);
    (void)printf("series of 100 bins %.1f ms\n", (seconds() - start) * 1e3);
    for (int what = 0; what <= STORE_TOP_CONVERSATIONS; what++) {
        start = seconds();
        must(store_stats_top(s, (enum store_top)what, STORE_BY_FLOWS, &f, 10,
                             ignore_top, NULL, &err),
             &err);
        (void)printf("top %s %.1f ms\n", names[what], (seconds() - start) * 1e3);
    }
}

/* ------------------------------------------------------------------------- peer */

/* The same columns in one table, whose indexes exist while it is filled. */
static void load_peer(const char *dir, uint32_t n)
{
    char path[4096];
    struct db *d = NULL;
    struct lw_error err = {.msg = ""};
    double start;
    double cpu;

    (void)snprintf(path, sizeof path, "%s/peer.db", dir);
    must(db_open(&d, path, DB_CREATE, &err), &err);
    must(db_exec(
             d,
             "PRAGMA synchronous=NORMAL;"
             "CREATE TABLE flows (id INTEGER PRIMARY KEY, start INTEGER, duration"
             " INTEGER, proto TEXT, service TEXT, state TEXT, src TEXT, dst TEXT, sport"
             " INTEGER, dport INTEGER, packets INTEGER, bytes INTEGER, class INTEGER,"
             " score REAL, community TEXT);"
             "CREATE INDEX a ON flows(start);CREATE INDEX b ON flows(score);"
             "CREATE INDEX c ON flows(src, start);CREATE INDEX d ON flows(dst, start);"
             "CREATE INDEX e ON flows(dport, start);CREATE INDEX f ON flows(class, "
             "start);"
             "CREATE INDEX g ON flows(bytes)",
             &err),
         &err);
    start = now_s();
    cpu = seconds();
    for (uint32_t i = 0; i < n; i++) {
        struct store_score scores[2];
        char cid[40];
        char src[STORE_ADDR_TEXT_MAX];
        char dst[STORE_ADDR_TEXT_MAX];
        struct store_flow f = make_flow(i, scores, cid);

        if (i % PEER_BATCH == 0)
            must(db_exec(d, i == 0 ? "BEGIN" : "COMMIT;BEGIN", &err), &err);
        (void)store_addr_text(&f.addr[0], src);
        (void)store_addr_text(&f.addr[1], dst);
        must(db_run(d, &err,
                    "INSERT INTO flows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                    "?, ?)",
                    "iiitttttiiiiidt", (int64_t)i, f.start_ns, f.duration_ns, f.proto,
                    f.service, f.state, src, dst, (int64_t)f.port[0],
                    (int64_t)f.port[1], (int64_t)(f.packets[0] + f.packets[1]),
                    (int64_t)(f.bytes[0] + f.bytes[1]), (int64_t)f.verdict,
                    (double)f.score, cid),
             &err);
    }
    must(db_exec(d, "COMMIT", &err), &err);
    start = now_s() - start;
    cpu = seconds() - cpu;
    db_close(d);
    (void)printf(
        "plain SQLite with seven indexes: %u flows in %.1f s (processor %.1f s): "
        "%.0f flows/s\n",
        n, start, cpu, n / start);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    const struct store_config cfg = {.create = true};
    struct store *s = NULL;
    struct lw_error err = {.msg = ""};
    uint32_t n = argc == 3 || argc == 4 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;

    if (n == 0) {
        (void)fprintf(stderr, "usage: store_bench DIR FLOWS [PEER-FLOWS]\n");
        return 2;
    }
    must(store_open(&s, argv[1], &cfg, &err), &err);
    (void)load(s, n);
    time_queries(s);
    time_figures(s);
    store_close(s);
    load_peer(argv[1], argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : n);
    return 0;
}
