/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/metrics.h"

#include "base/assert.h"
#include "base/mem.h"
#include "serve/route.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Statuses by their first digit; 0: gone. */
enum { N_CLASSES = 6 };

struct metrics {
    _Atomic uint64_t counters[METRICS_N_COUNTERS];
    int64_t started_s;
    _Atomic uint64_t requests[]; /* (n_routes + 1, N_CLASSES) */
};

enum lw_status metrics_new(struct metrics **out, struct lw_error *err)
{
    struct metrics *m =
        mem_zalloc(1, sizeof *m + (n_routes + 1) * N_CLASSES * sizeof m->requests[0]);

    if (m == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    m->started_s = (int64_t)time(NULL);
    *out = m;
    return LW_OK;
}

void metrics_free(struct metrics *m)
{
    mem_free(m);
}

void metrics_add(struct metrics *m, enum metrics_counter c, uint64_t n)
{
    (void)atomic_fetch_add_explicit(&m->counters[c], n, memory_order_relaxed);
}

uint64_t metrics_get(const struct metrics *m, enum metrics_counter c)
{
    return atomic_load_explicit(&m->counters[c], memory_order_relaxed);
}

void metrics_count_request(struct metrics *m, size_t route_idx, unsigned status)
{
    unsigned class = status / 100 < N_CLASSES ? status / 100 : 0;

    LW_ASSERT(route_idx <= n_routes);
    (void)atomic_fetch_add_explicit(&m->requests[route_idx * N_CLASSES + class], 1,
                                    memory_order_relaxed);
}

uint64_t metrics_requests(const struct metrics *m)
{
    uint64_t n = 0;

    for (size_t i = 0; i < (n_routes + 1) * N_CLASSES; i++)
        n += atomic_load_explicit(&m->requests[i], memory_order_relaxed);
    return n;
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP lapwing_%s %s\n# TYPE lapwing_%s %s\n", name, help, name,
               type);
}

static void gauge(struct buf *out, const char *name, const char *help, uint64_t v)
{
    head(out, name, "gauge", help);
    buf_printf(out, "lapwing_%s %llu\n", name, (unsigned long long)v);
}

static void write_requests(const struct metrics *m, struct buf *out)
{
    static const char *const classes[N_CLASSES] = {"gone", "1xx", "2xx",
                                                   "3xx",  "4xx", "5xx"};

    head(out, "http_requests_total", "counter",
         "Requests by route and class of status; gone: the client left before.");
    for (size_t r = 0; r <= n_routes; r++)
        for (size_t k = 0; k < N_CLASSES; k++) {
            uint64_t n = atomic_load_explicit(&m->requests[r * N_CLASSES + k],
                                              memory_order_relaxed);

            if (n > 0)
                buf_printf(out,
                           "lapwing_http_requests_total{method=\"%s\",route=\"%s\","
                           "status=\"%s\"} %llu\n",
                           r < n_routes ? route_table[r].method : "",
                           r < n_routes ? route_table[r].pattern : "other", classes[k],
                           (unsigned long long)n);
        }
}

uint64_t metrics_resident_bytes(void)
{
    unsigned long long size = 0;
    unsigned long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (f == NULL)
        return 0;
    if (fscanf(f, "%llu %llu", &size, &pages) != 2)
        pages = 0;
    (void)fclose(f);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void metrics_write(const struct metrics *m, const struct metrics_gauges *g,
                   struct buf *out)
{
#define METRICS_WRITE(name, help)                                                      \
    head(out, #name "_total", "counter", help);                                        \
    buf_printf(out, "lapwing_" #name "_total %llu\n",                                  \
               (unsigned long long)metrics_get(m, METRICS_##name));
    METRICS_COUNTER_LIST(METRICS_WRITE)
#undef METRICS_WRITE
    write_requests(m, out);
    head(out, "build_info", "gauge", "1; the label tells the version.");
    buf_printf(out, "lapwing_build_info{version=\"%s\"} 1\n", lw_version());
    gauge(out, "start_time_seconds", "When the server started, Unix time.",
          (uint64_t)m->started_s);
    gauge(out, "http_connections", "Connections that are open.", g->connections);
    gauge(out, "store_up", "1 where the store answers.", g->store_up ? 1 : 0);
    gauge(out, "jobs_queued", "Jobs that wait.", g->jobs_queued);
    gauge(out, "jobs_running", "Jobs that run.", g->jobs_running);
    gauge(out, "event_clients", "Clients that follow events.", g->event_clients);
    gauge(out, "database_bytes", "Size of the database.", g->database_bytes);
    gauge(out, "blob_bytes", "Size of the stored captures and artefacts.",
          g->blob_bytes);
    gauge(out, "resident_memory_bytes", "Resident memory.", metrics_resident_bytes());
}
