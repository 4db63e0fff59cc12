/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of CICFlowMeter from the records of our meter.
 *
 * Lengths are payload and times are microseconds, as there.  Where the original is
 * wrong we are not; docs/cic-features.md lists each case.  What has no value is empty
 * there: rates of a flow that lasts no time, the lengths of a side that sent nothing,
 * times between packets of a side that sent one, the window of what is not TCP.
 */
#include "base/numfmt.h"
#include "base/put.h"
#include "base/timefmt.h"
#include "format.h"

#include <lapwing/flow_stats.h>

#include <math.h>
#include <string.h>

enum { FIN, SYN, RST, PSH, ACK, URG, ECE, CWR };

/* Up to nine decimals, without zeros at the end: below a nanosecond, and more than a
 * mean of so many packets knows.  What is too large for that has as many digits as it
 * takes to read it back. */
static char *put_number(char *p, double v)
{
    const double limit = 9e9; /* times 10^9 it fits 64 bits */

    if (!(v >= 0 && v < limit))
        return p + numfmt_f64(v, p);
    if (v == floor(v))
        return put_u64(p, (uint64_t)v);
    p = put_fixed(p, (int64_t)rint(v * 1e9), 9);
    while (p[-1] == '0')
        p--;
    return p[-1] == '.' ? p - 1 : p;
}

/* ---- what identifies a flow ----------------------------------------------------- */

static char *put_addr(char *p, const struct flow_line *l, unsigned side)
{
    return p + lw_record_addr_text(l->rec, side, p);
}

static char *put_port(char *p, const struct flow_line *l, unsigned side)
{
    return put_u64(p, l->rec->has_ports ? l->rec->port[side] : 0);
}

static char *put_flow_id(char *p, const struct flow_line *l)
{
    p = put_addr(p, l, l->src);
    p = put_text(p, "-");
    p = put_addr(p, l, l->dst);
    p = put_text(p, "-");
    p = put_port(p, l, l->src);
    p = put_text(p, "-");
    p = put_port(p, l, l->dst);
    p = put_text(p, "-");
    return put_u64(p, l->rec->protocol);
}

static char *put_src_ip(char *p, const struct flow_line *l)
{
    return put_addr(p, l, l->src);
}

static char *put_src_port(char *p, const struct flow_line *l)
{
    return put_port(p, l, l->src);
}

static char *put_dst_ip(char *p, const struct flow_line *l)
{
    return put_addr(p, l, l->dst);
}

static char *put_dst_port(char *p, const struct flow_line *l)
{
    return put_port(p, l, l->dst);
}

static char *put_protocol(char *p, const struct flow_line *l)
{
    return put_u64(p, l->rec->protocol);
}

/* ISO 8601 with a blank, UTC, microseconds: what every reader of CSV takes for a
 * time. */
static char *put_timestamp(char *p, const struct flow_line *l)
{
    char text[TIMEFMT_MAX]; /* "2011/08/16 10:01:46.972101" */
    size_t n = timefmt_argus(l->rec->start_ns, text);

    text[4] = '-';
    text[7] = '-';
    memcpy(p, text, n);
    return p + n;
}

/* ---- what was measured ---------------------------------------------------------- */

static double us(double ns)
{
    return ns / 1e3;
}

static double duration_s(const struct flow_line *l)
{
    return (double)(l->rec->end_ns - l->rec->start_ns) / 1e9;
}

static char *put_duration(char *p, const struct flow_line *l)
{
    return put_number(p, us((double)(l->rec->end_ns - l->rec->start_ns)));
}

static struct lw_length_stats both(const struct lw_flow_stats *s)
{
    struct lw_length_stats sum = s->side[0].payload;

    lw_length_stats_merge(&sum, &s->side[1].payload);
    return sum;
}

static double flag_count(const struct lw_flow_stats *s, unsigned flag)
{
    return (double)s->side[0].tcp_flags[flag] + s->side[1].tcp_flags[flag];
}

static double length_std(const struct lw_length_stats *s)
{
    return sqrt(lw_length_variance(s));
}

static double time_std_us(const struct lw_time_stats *s)
{
    return us(sqrt(lw_time_variance(s)));
}

static double mean_us(const struct lw_time_stats *s)
{
    return us((double)s->sum_ns / (double)s->n);
}

/* n things in m parts, nothing in none. */
static double average(uint64_t n, uint64_t parts)
{
    return parts == 0 ? 0 : (double)n / (double)parts;
}

/* A value of the flow; `s` are its statistics. */
#define OF_FLOW(id, known, value)                                                      \
    static char *put_##id(char *p, const struct flow_line *l)                          \
    {                                                                                  \
        const struct lw_flow_stats *s = l->rec->stats;                                 \
                                                                                       \
        if (s == NULL || !(known))                                                     \
            return p;                                                                  \
        return put_number(p, value);                                                   \
    }

/* A value of the lengths of all packets, `all`. */
#define OF_ALL(id, value)                                                              \
    static char *put_##id(char *p, const struct flow_line *l)                          \
    {                                                                                  \
        struct lw_length_stats all;                                                    \
                                                                                       \
        if (l->rec->stats == NULL)                                                     \
            return p;                                                                  \
        all = both(l->rec->stats);                                                     \
        return put_number(p, value);                                                   \
    }

/* A value of one side, `x`. */
#define OF_SIDE(id, index, known, value)                                               \
    static char *put_##id(char *p, const struct flow_line *l)                          \
    {                                                                                  \
        const struct lw_side_stats *x;                                                 \
                                                                                       \
        if (l->rec->stats == NULL)                                                     \
            return p;                                                                  \
        x = &l->rec->stats->side[index];                                               \
        if (!(known))                                                                  \
            return p;                                                                  \
        return put_number(p, value);                                                   \
    }

#define OF_SIDES(id, known, value)                                                     \
    OF_SIDE(fwd_##id, l->src, known, value)                                            \
    OF_SIDE(bwd_##id, l->dst, known, value)

OF_SIDES(packets, true, (double)x->payload.n)
OF_SIDES(bytes, true, (double)x->payload.sum_bytes)
OF_SIDES(len_max, x->payload.n > 0, x->payload.max_bytes)
OF_SIDES(len_min, x->payload.n > 0, x->payload.min_bytes)
OF_SIDES(len_mean, x->payload.n > 0, lw_length_mean(&x->payload))
OF_SIDES(len_std, x->payload.n > 0, length_std(&x->payload))
OF_FLOW(bytes_rate, duration_s(l) > 0, (double)both(s).sum_bytes / duration_s(l))
OF_FLOW(packets_rate, duration_s(l) > 0, (double)both(s).n / duration_s(l))
OF_FLOW(iat_mean, s->gap.n > 0, mean_us(&s->gap))
OF_FLOW(iat_std, s->gap.n > 0, time_std_us(&s->gap))
OF_FLOW(iat_max, s->gap.n > 0, us((double)s->gap.max_ns))
OF_FLOW(iat_min, s->gap.n > 0, us((double)s->gap.min_ns))
OF_SIDES(iat_total, x->gap.n > 0, us((double)x->gap.sum_ns))
OF_SIDES(iat_mean, x->gap.n > 0, mean_us(&x->gap))
OF_SIDES(iat_std, x->gap.n > 0, time_std_us(&x->gap))
OF_SIDES(iat_max, x->gap.n > 0, us((double)x->gap.max_ns))
OF_SIDES(iat_min, x->gap.n > 0, us((double)x->gap.min_ns))
OF_SIDES(psh, true, x->tcp_flags[PSH])
OF_SIDES(urg, true, x->tcp_flags[URG])
OF_SIDES(header, true, (double)x->header_bytes)
OF_SIDES(packets_rate, duration_s(l) > 0, (double)x->payload.n / duration_s(l))
OF_ALL(len_min, all.min_bytes)
OF_ALL(len_max, all.max_bytes)
OF_ALL(len_mean, lw_length_mean(&all))
OF_ALL(len_std, length_std(&all))
OF_ALL(len_var, lw_length_variance(&all))
OF_FLOW(fin, true, flag_count(s, FIN))
OF_FLOW(syn, true, flag_count(s, SYN))
OF_FLOW(rst, true, flag_count(s, RST))
OF_FLOW(psh, true, flag_count(s, PSH))
OF_FLOW(ack, true, flag_count(s, ACK))
OF_FLOW(urg, true, flag_count(s, URG))
OF_FLOW(cwr, true, flag_count(s, CWR))
OF_FLOW(ece, true, flag_count(s, ECE))
OF_SIDE(down_up, l->src, x->payload.n > 0,
        average(l->rec->stats->side[l->dst].payload.n, x->payload.n))
OF_ALL(size_mean, lw_length_mean(&all))
OF_SIDES(segment_mean, x->payload.n > 0, lw_length_mean(&x->payload))
OF_SIDES(bulk_bytes, true, average(x->bulk.payload_bytes, x->bulk.n))
OF_SIDES(bulk_packets, true, average(x->bulk.packets, x->bulk.n))
OF_SIDES(bulk_rate, x->bulk.n == 0 || x->bulk.duration_ns > 0,
         x->bulk.n == 0
             ? 0
             : (double)x->bulk.payload_bytes / ((double)x->bulk.duration_ns / 1e9))
OF_SIDE(subflow_fwd_packets, l->src, true,
        average(x->payload.n, l->rec->stats->subflows))
OF_SIDE(subflow_fwd_bytes, l->src, true,
        average(x->payload.sum_bytes, l->rec->stats->subflows))
OF_SIDE(subflow_bwd_packets, l->dst, true,
        average(x->payload.n, l->rec->stats->subflows))
OF_SIDE(subflow_bwd_bytes, l->dst, true,
        average(x->payload.sum_bytes, l->rec->stats->subflows))
OF_SIDES(window, x->has_window, x->first_window)
OF_SIDE(fwd_data_packets, l->src, true, (double)x->data_packets)
OF_SIDE(fwd_header_min, l->src, x->min_header_bytes > 0, x->min_header_bytes)
OF_FLOW(active_mean, true, s->active.n == 0 ? 0 : mean_us(&s->active))
OF_FLOW(active_std, true, s->active.n == 0 ? 0 : time_std_us(&s->active))
OF_FLOW(active_max, true, us((double)s->active.max_ns))
OF_FLOW(active_min, true, us((double)s->active.min_ns))
OF_FLOW(idle_mean, true, s->idle.n == 0 ? 0 : mean_us(&s->idle))
OF_FLOW(idle_std, true, s->idle.n == 0 ? 0 : time_std_us(&s->idle))
OF_FLOW(idle_max, true, us((double)s->idle.max_ns))
OF_FLOW(idle_min, true, us((double)s->idle.min_ns))

static char *put_label(char *p, const struct flow_line *l)
{
    return l->put_text(p, l->label, strlen(l->label));
}

/* ---- the formats ---------------------------------------------------------------- */

#define ORIGINAL "CICFlowMeter; errors corrected as docs/cic-features.md says"
#define CIC_AGAIN(blank, y2017)

static const struct flow_field fields_2017[] = {
#define CIC(id, shape, blank, y2017, y2018, type, unit, doc)                           \
    {{y2017, type, unit, doc, ORIGINAL, false},                                        \
     put_##id,                                                                         \
     FLOW_##shape,                                                                     \
     FLOW_NEEDS_NOTHING},
#include "cic.def"
#undef CIC
};

static const struct flow_field fields_2018[] = {
#define CIC(id, shape, blank, y2017, y2018, type, unit, doc)                           \
    {{y2018, type, unit, doc, ORIGINAL, false},                                        \
     put_##id,                                                                         \
     FLOW_##shape,                                                                     \
     FLOW_NEEDS_NOTHING},
#include "cic.def"
#undef CIC
};

enum { N_FIELDS = sizeof fields_2017 / sizeof fields_2017[0] };

static char *cic_header(char *p, struct flow_columns c, int64_t time_ns)
{
    (void)time_ns;
    return put_text(flow_put_names(p, c, ','), "\n");
}

static char *cic_record(char *p, struct flow_columns c, const struct flow_line *l)
{
    return put_text(flow_put_values(p, c, l, ',', ""), "\n");
}

/* IP only, as in the original. */
static bool takes(const struct lw_record *rec)
{
    return rec->ip_version != 0;
}

const struct lw_flow_format flow_format_cic = {
    .name = "cic",
    .doc =
        "the columns of CICFlowMeter under their names in the CIC-IDS2017 files, with "
        "its known errors corrected",
    .fields = fields_2017,
    .n_fields = N_FIELDS,
    .put_text = put_csv,
    .header = cic_header,
    .record = cic_record,
    .takes = takes,
    .needs_stats = true,
};

const struct lw_flow_format flow_format_cic2018 = {
    .name = "cic2018",
    .doc = "the same under their names in the CSE-CIC-IDS2018 files",
    .fields = fields_2018,
    .n_fields = N_FIELDS,
    .put_text = put_csv,
    .header = cic_header,
    .record = cic_record,
    .takes = takes,
    .needs_stats = true,
};
