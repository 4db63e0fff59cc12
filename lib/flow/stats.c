/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sizes and times of a flow's packets.
 *
 * Lengths are kept as sums of integers and of their squares: exact, cheap to add, and
 * two sides make one by adding.  Squares of nanoseconds would not fit; times have
 * Welford's recurrence (Technometrics 4, 1962), which keeps its precision where the
 * spread is small against the mean.
 */
#include "stats.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* A length that a packet claims beyond this would make 2^24 such packets overflow the
 * sum of squares; none on a real wire is longer. */
enum { SQUARED_MAX = 1 << 20 };

static uint64_t limited(uint32_t bytes)
{
    return bytes < SQUARED_MAX ? bytes : SQUARED_MAX;
}

static void length_add(struct lw_length_stats *s, uint32_t bytes)
{
    uint64_t squared = limited(bytes);

    if (s->n == 0 || bytes < s->min_bytes)
        s->min_bytes = bytes;
    if (bytes > s->max_bytes)
        s->max_bytes = bytes;
    s->n++;
    s->sum_bytes += bytes;
    s->sum_squares += squared * squared;
}

static void time_add(struct lw_time_stats *s, int64_t ns)
{
    double off = (double)ns - s->mean_ns;

    if (s->n == 0 || ns < s->min_ns)
        s->min_ns = ns;
    if (ns > s->max_ns)
        s->max_ns = ns;
    s->n++;
    s->sum_ns += ns;
    s->mean_ns += off / (double)s->n;
    s->m2_ns2 += off * ((double)ns - s->mean_ns);
}

/* Time since *last_ns, which moves on to `now_ns` but never back. */
static int64_t pass(int64_t *last_ns, int64_t now_ns)
{
    int64_t gap = now_ns - *last_ns;

    if (gap < 0)
        return 0;
    *last_ns = now_ns;
    return gap;
}

static void end_active(struct flow_stats *s, int64_t end_ns)
{
    if (end_ns > s->active_start_ns)
        time_add(&s->known.active, end_ns - s->active_start_ns);
}

static void add_gap(struct flow_stats *s, int64_t time_ns)
{
    struct lw_flow_stats *k = &s->known;
    int64_t before_ns = s->last_ns;
    int64_t gap = pass(&s->last_ns, time_ns);

    time_add(&k->gap, gap);
    if (gap > LW_SUBFLOW_SILENCE_NS)
        k->subflows++;
    if (gap <= LW_IDLE_SILENCE_NS)
        return;
    end_active(s, before_ns);
    time_add(&k->idle, gap);
    s->active_start_ns = s->last_ns;
}

/* Data from one side ends what the other side was sending. */
static void add_to_bulk(struct flow_stats *s, uint32_t bytes, unsigned from,
                        int64_t time_ns)
{
    struct flow_run *run = &s->run[from];
    struct lw_bulk_stats *bulk = &s->known.side[from].bulk;
    int64_t gap;

    s->run[1 - from].packets = 0;
    if (run->packets == 0 || time_ns - run->last_ns > LW_BULK_SILENCE_NS) {
        *run = (struct flow_run){1, bytes, time_ns, time_ns};
        return;
    }
    gap = pass(&run->last_ns, time_ns);
    run->packets++;
    run->payload_bytes += bytes;
    if (run->packets == LW_BULK_PACKETS) {
        bulk->n++;
        bulk->packets += run->packets;
        bulk->payload_bytes += run->payload_bytes;
        bulk->duration_ns += run->last_ns - run->start_ns;
    } else if (run->packets > LW_BULK_PACKETS) {
        bulk->packets++;
        bulk->payload_bytes += bytes;
        bulk->duration_ns += gap;
    }
}

static void add_window(struct lw_side_stats *side, const struct stats_packet *p)
{
    if (!side->has_window) {
        side->first_window = p->tcp_window;
        side->min_window = p->tcp_window;
        side->max_window = p->tcp_window;
        side->has_window = true;
    }
    if (p->tcp_window < side->min_window)
        side->min_window = p->tcp_window;
    if (p->tcp_window > side->max_window)
        side->max_window = p->tcp_window;
    if (p->tcp_window == 0 && !(p->tcp_flags & LW_TCP_RST))
        side->zero_windows++;
}

static void add_ack(struct flow_stats *s, const struct stats_packet *p)
{
    enum { NOT_PURE = LW_TCP_SYN | LW_TCP_FIN | LW_TCP_RST };

    /* The first segment's acknowledgement repeats nothing. */
    if (s->known.side[p->from].has_window && p->payload_bytes == 0 &&
        p->tcp_ack == s->last_ack[p->from] &&
        p->tcp_window == s->last_window[p->from] &&
        (p->tcp_flags & (NOT_PURE | LW_TCP_ACK)) == LW_TCP_ACK)
        s->known.side[p->from].duplicate_acks++;
    s->last_ack[p->from] = p->tcp_ack;
    s->last_window[p->from] = p->tcp_window;
}

static void add_transport(struct flow_stats *s, const struct stats_packet *p)
{
    struct lw_side_stats *side = &s->known.side[p->from];

    side->header_bytes += p->transport_bytes;
    if (side->min_header_bytes == 0 || p->transport_bytes < side->min_header_bytes)
        side->min_header_bytes = p->transport_bytes;
    if (!p->is_tcp)
        return;
    add_ack(s, p);
    add_window(side, p);
    for (unsigned left = p->tcp_flags; left != 0; left &= left - 1)
        side->tcp_flags[__builtin_ctz(left)]++;
}

static void add_first(struct flow_stats *s, const struct stats_packet *p)
{
    struct lw_flow_start *start = &s->known.start;

    if (start->n_packets == LW_FIRST_PACKETS)
        return;
    if (start->n_packets == 0)
        start->start_ns = p->time_ns;
    start->packet[start->n_packets++] = (struct lw_first_packet){
        .offset_ns = p->time_ns > start->start_ns ? p->time_ns - start->start_ns : 0,
        .payload_bytes = p->payload_bytes,
        .ip_bytes = p->ip_bytes < UINT16_MAX ? (uint16_t)p->ip_bytes : UINT16_MAX,
        .from = (uint8_t)p->from,
        .tcp_flags = p->tcp_flags};
}

static void add_head(struct lw_flow_start *start, const struct stats_packet *p)
{
    size_t known = start->n_head[p->from];
    size_t n =
        p->payload.n < LW_HEAD_BYTES - known ? p->payload.n : LW_HEAD_BYTES - known;

    if (n == 0)
        return;
    memcpy(start->head[p->from] + known, p->payload.p, n);
    start->n_head[p->from] = (uint8_t)(known + n);
}

static void add_time(struct flow_stats *s, unsigned from, int64_t time_ns)
{
    struct lw_side_stats *side = &s->known.side[from];

    if (!s->begun) {
        s->begun = true;
        s->known.subflows = 1;
        s->start_ns = time_ns;
        s->last_ns = time_ns;
        s->active_start_ns = time_ns;
    } else {
        add_gap(s, time_ns);
    }
    if (side->payload.n == 0)
        s->side_last_ns[from] = time_ns;
    else
        time_add(&side->gap, pass(&s->side_last_ns[from], time_ns));
}

/* What comes last, the packets and bytes themselves, is not worth clearing. */
void flow_stats_begin(struct flow_stats *s)
{
    memset(s, 0, offsetof(struct flow_stats, known.start.head));
}

void flow_stats_continue(struct flow_stats *s)
{
    memset(s, 0, offsetof(struct flow_stats, known.start));
    s->known.start.records++;
}

void flow_stats_add(struct flow_stats *s, const struct stats_packet *p)
{
    struct lw_side_stats *side = &s->known.side[p->from];
    double bytes = (double)limited(p->payload_bytes);

    add_time(s, p->from, p->time_ns);
    add_first(s, p);
    if (p->has_transport)
        add_transport(s, p);
    length_add(&side->payload, p->payload_bytes);
    length_add(&side->frame, p->frame_bytes);
    if (p->payload_bytes > 0) {
        side->payload_cubes += bytes * bytes * bytes;
        side->data_packets++;
        add_head(&s->known.start, p);
        add_to_bulk(s, p->payload_bytes, p->from, p->time_ns);
    }
}

const struct lw_flow_stats *flow_stats_finish(struct flow_stats *s)
{
    end_active(s, s->last_ns);
    return &s->known;
}

void lw_length_stats_merge(struct lw_length_stats *to,
                           const struct lw_length_stats *more)
{
    if (more->n == 0)
        return;
    if (to->n == 0 || more->min_bytes < to->min_bytes)
        to->min_bytes = more->min_bytes;
    if (more->max_bytes > to->max_bytes)
        to->max_bytes = more->max_bytes;
    to->n += more->n;
    to->sum_bytes += more->sum_bytes;
    to->sum_squares += more->sum_squares;
}

double lw_length_mean(const struct lw_length_stats *s)
{
    return s->n == 0 ? (double)NAN : (double)s->sum_bytes / (double)s->n;
}

/* n sum(x^2) - sum(x)^2, exactly; for nearly all flows 64 bits hold it. */
static double spread_of(const struct lw_length_stats *s)
{
    __extension__ typedef unsigned __int128 wide;
    wide squares;
    wide square;
    uint64_t a;
    uint64_t b;

    if (!__builtin_mul_overflow(s->n, s->sum_squares, &a) &&
        !__builtin_mul_overflow(s->sum_bytes, s->sum_bytes, &b) && a >= b)
        return (double)(a - b);
    squares = (wide)s->n * s->sum_squares;
    square = (wide)s->sum_bytes * s->sum_bytes;
    /* Only lengths beyond SQUARED_MAX, which are lies, can be off here. */
    return squares < square ? 0 : (double)(squares - square);
}

double lw_length_variance(const struct lw_length_stats *s)
{
    if (s->n < 2)
        return s->n == 0 ? (double)NAN : 0;
    return spread_of(s) / ((double)s->n * (double)(s->n - 1));
}

double lw_length_skewness(const struct lw_length_stats *s, double cubes)
{
    double n = (double)s->n;
    double mean = lw_length_mean(s);
    double square = lw_length_variance(s) * (n - 1) / n;
    double cube = cubes / n - mean * (3 * square + mean * mean);

    if (s->n == 0)
        return (double)NAN;
    return square > 0 ? cube / (square * sqrt(square)) : 0;
}

double lw_time_variance(const struct lw_time_stats *s)
{
    if (s->n < 2)
        return s->n == 0 ? (double)NAN : 0;
    return s->m2_ns2 / (double)(s->n - 1);
}
