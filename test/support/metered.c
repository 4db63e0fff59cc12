/* SPDX-License-Identifier: Apache-2.0 */
#include "metered.h"

#include "frame.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

void metered_init(struct metered *m, const struct lw_meter_config *cfg)
{
    struct lw_error err;

    memset(m, 0, sizeof *m);
    assert_int_equal(lw_meter_new(&m->meter, cfg, &err), LW_OK);
}

void metered_release(struct metered *m)
{
    metered_check_stats(m);
    lw_meter_free(m->meter);
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct metered *m = ctx;

    if (m->n_recs < METERED_MAX) {
        m->recs[m->n_recs] = *rec;
        if (rec->stats != NULL) {
            m->stats[m->n_recs] = *rec->stats;
            m->recs[m->n_recs].stats = &m->stats[m->n_recs];
        }
    }
    m->n_recs++;
    m->n_packets += rec->side[0].packets + rec->side[1].packets;
}

static void run_line(struct metered *m, const char *line)
{
    static struct frame f;
    char *rest = NULL;
    double time_s = strtod(line, &rest);

    assert_true(rest != line);
    rest += strspn(rest, " ");
    if (*rest == '\0') {
        struct lw_packet pause = {.time_ns = (int64_t)(time_s * 1e9)};

        m->last_id = lw_meter_add(m->meter, &pause, on_record, m);
        return;
    }
    m->last_id = lw_meter_add(m->meter, frame_at(&f, time_s, rest), on_record, m);
}

void metered_run(struct metered *m, const char *lines)
{
    while (*lines != '\0') {
        char line[512];
        size_t n = strcspn(lines, "\n");

        assert_true(n < sizeof line);
        memcpy(line, lines, n);
        line[n] = '\0';
        run_line(m, line);
        lines += n + (lines[n] == '\n');
    }
}

void metered_flush(struct metered *m)
{
    struct lw_meter_stats s;

    lw_meter_flush(m->meter, on_record, m);
    lw_meter_get_stats(m->meter, &s);
    assert_int_equal(m->n_packets, s.in_flows + s.inner_in_flows);
}

const char *metered_line(const struct metered *m, size_t i)
{
    static char line[LW_BINETFLOW_LINE_MAX];
    char *start;
    size_t n;

    assert_true(i < m->n_recs && i < METERED_MAX);
    n = lw_binetflow_format(&m->recs[i], "", line);
    assert_string_equal(line + n - 2, ",\n");
    line[n - 2] = '\0';
    start = strchr(line, ',');
    assert_non_null(start);
    return strchr(start + 1, ',') + 1;
}

void metered_check_stats(const struct metered *m)
{
    struct lw_meter_stats s;

    lw_meter_get_stats(m->meter, &s);
    assert_int_equal(s.seen, s.decoded + s.truncated + s.unsupported + s.malformed);
    assert_int_equal(s.decoded, s.in_flows + s.not_in_flows);
    assert_true(s.datagrams >= s.datagrams_reassembled + s.datagrams_malformed +
                                   s.datagrams_timed_out + s.datagrams_evicted +
                                   s.datagrams_dropped);
    assert_int_equal(s.records, m->n_recs);
}
