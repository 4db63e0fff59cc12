/* SPDX-License-Identifier: Apache-2.0 */
/* The statistics of a stream against the same computed anew, from all of its packets,
 * for each of them. */
#include "base/quick.h"
#include "base/rng.h"
#include "feature/damped.h"
#include "feature/decay.h"
#include "test.h"

#include <lapwing/capture.h>

#include <math.h>
#include <string.h>

enum { PACKETS = 400, HOSTS = 4, NS_PER_MS = 1000000 };

/* What is left of a weight is known to a float's precision of what it was, so below
 * this share its deviation is not compared. */
#define FORGOTTEN 1e-3

static struct damped_packet packets[PACKETS];
static float got[PACKETS][DAMPED_STATS * DAMPED_LANES];

/* Few hosts and ports; pauses from nothing to a minute; one source behind two MACs. */
static void make_packets(uint64_t seed)
{
    int64_t now_ns = INT64_C(1700000000123456789);
    struct rng r;

    rng_init(&r, seed);
    for (unsigned i = 0; i < PACKETS; i++) {
        struct damped_packet *p = &packets[i];
        unsigned src = (unsigned)rng_below(&r, HOSTS);
        unsigned dst = (unsigned)rng_below(&r, HOSTS);

        now_ns += rng_below(&r, 20) == 0 ? (int64_t)rng_below(&r, 60000) * NS_PER_MS
                                         : (int64_t)rng_below(&r, 30 * NS_PER_MS);
        memset(p, 0, sizeof *p);
        p->time_ns = now_ns;
        p->bytes = 60 + (uint32_t)rng_below(&r, 1440);
        p->kind = 4;
        p->protocol = rng_below(&r, 2) == 0 ? 6 : 17;
        p->addr[0].bytes[3] = (uint8_t)src;
        p->addr[1].bytes[3] = (uint8_t)dst;
        p->port[0] = (uint16_t)(src + 1000 * rng_below(&r, 2));
        p->port[1] = (uint16_t)(dst + 1000 * rng_below(&r, 2));
        p->mac[5] = (uint8_t)(src == 0 ? rng_below(&r, 2) : src);
    }
}

static void add_all(void)
{
    const struct damped_config cfg = {0};
    struct damped *d = damped_new(&cfg);

    assert_non_null(d);
    for (unsigned i = 0; i < PACKETS; i++)
        assert_true(damped_add(d, &packets[i], got[i]));
    damped_free(d);
}

/* ---- the naive way --------------------------------------------------------------- */

enum relation { SAME_MAC_SENDER, SAME_SENDER, SAME_CHANNEL, SAME_SOCKET };

static bool addr_is(const struct damped_packet *a, unsigned i,
                    const struct damped_packet *b, unsigned j)
{
    return memcmp(&a->addr[i], &b->addr[j], sizeof a->addr[i]) == 0;
}

static bool goes(enum relation rel, const struct damped_packet *a,
                 const struct damped_packet *b, unsigned back)
{
    if (rel == SAME_MAC_SENDER)
        return addr_is(a, 0, b, 0) && memcmp(a->mac, b->mac, sizeof a->mac) == 0;
    if (rel == SAME_SENDER)
        return addr_is(a, 0, b, 0);
    if (!addr_is(a, 0, b, back) || !addr_is(a, 1, b, 1 - back))
        return false;
    return rel == SAME_CHANNEL ||
           (a->port[0] == b->port[back] && a->port[1] == b->port[1 - back] &&
            a->protocol == b->protocol);
}

static double left(unsigned rate, int64_t from_ns, int64_t to_ns)
{
    double s = (double)(decay_tick_ns(to_ns) - decay_tick_ns(from_ns)) / 1e9;

    return exp2(-(double)damped_rates[rate] * s);
}

struct naive {
    double w;
    double mean;
    double var;
};

/* Of the packets up to `last` that go as `like` does (or back), seen at the time of
 * `now`: their sizes, or the intervals between them in microseconds. */
static struct naive moments(enum relation rel, unsigned like, unsigned back, int last,
                            int now, unsigned rate, bool intervals)
{
    double w = 0;
    double sum = 0;
    double squares = 0;
    int before = -1;
    struct naive n = {0};

    for (int pass = 0; pass < 2; pass++) {
        before = -1;
        for (int i = 0; i <= last; i++) {
            double x = packets[i].bytes;
            double k = left(rate, packets[i].time_ns, packets[now].time_ns);

            if (!goes(rel, &packets[like], &packets[i], back))
                continue;
            if (intervals && before < 0) {
                before = i;
                continue;
            }
            if (intervals)
                x = (double)(packets[i].time_ns - packets[before].time_ns) / 1e3;
            before = i;
            if (pass == 0) {
                w += k;
                sum += k * x;
            } else {
                squares += k * (x - n.mean) * (x - n.mean);
            }
        }
        n.w = w;
        n.mean = w > 0 ? sum / w : 0;
    }
    n.var = w > 0 ? squares / w : 0;
    return n;
}

/* Each packet's residual times the last one of the other direction, as it was then. */
static double products(enum relation rel, unsigned now, unsigned rate)
{
    double residual[2] = {0, 0};
    double sum = 0;

    for (unsigned i = 0; i <= now; i++)
        for (unsigned back = 0; back < 2; back++) {
            struct naive n;

            if (!goes(rel, &packets[now], &packets[i], back))
                continue;
            n = moments(rel, i, 0, (int)i, (int)i, rate, false);
            residual[back] = packets[i].bytes - n.mean;
            sum += residual[0] * residual[1] *
                   left(rate, packets[i].time_ns, packets[now].time_ns);
            break; /* to itself: one direction */
        }
    return sum;
}

static void check(unsigned i, unsigned stat, unsigned rate, double want)
{
    double tolerance = 2e-3 + 2e-3 * fabs(want);

    assert_near(got[i][stat * DAMPED_LANES + rate], want, tolerance);
}

static void check_sum(unsigned i, unsigned stat, unsigned rate, struct naive n)
{
    check(i, stat, rate, n.w);
    check(i, stat + 1, rate, n.mean);
    if (n.w < FORGOTTEN)
        return;
    /* A float's deviation of what hardly varies is some 10^-3 of the mean. */
    assert_near(got[i][(stat + 2) * DAMPED_LANES + rate], sqrt(n.var),
                2e-3 * (1 + fabs(n.mean)));
}

static void check_pair(unsigned i, unsigned stat, unsigned rate, enum relation rel)
{
    bool alone = addr_is(&packets[i], 0, &packets[i], 1) &&
                 (rel == SAME_CHANNEL || packets[i].port[0] == packets[i].port[1]);
    struct naive a = moments(rel, i, 0, (int)i, (int)i, rate, false);
    struct naive b = {0};
    double cov;
    double both;

    if (!alone)
        b = moments(rel, i, 1, (int)i, (int)i, rate, false);
    check_sum(i, stat, rate, a);
    if (b.w < FORGOTTEN && rate + 1 < DAMPED_RATES) /* the slowest forgets less here */
        return;
    check(i, stat + 3, rate, hypot(a.mean, b.mean));
    assert_near(got[i][(stat + 4) * DAMPED_LANES + rate], hypot(a.var, b.var),
                5 + 5e-3 * hypot(a.var, b.var));
    if (alone)
        return;
    cov = products(rel, i, rate) / (a.w + b.w);
    both = sqrt(a.var) * sqrt(b.var);
    assert_near(got[i][(stat + 5) * DAMPED_LANES + rate], cov,
                5 + 5e-3 * fabs(cov) + 2e-3 * both);
    if (both > 100)
        assert_near(got[i][(stat + 6) * DAMPED_LANES + rate],
                    fmax(-1, fmin(1, cov / both)), 0.06);
}

static void a_stream_is_as_computed_anew(void **state)
{
    (void)state;
    make_packets(1);
    add_all();
    for (unsigned i = 0; i < PACKETS; i += 7)
        for (unsigned r = 0; r < DAMPED_RATES; r++) {
            check_sum(i, 0, r,
                      moments(SAME_MAC_SENDER, i, 0, (int)i, (int)i, r, false));
            check_sum(i, 3, r, moments(SAME_SENDER, i, 0, (int)i, (int)i, r, false));
            check_pair(i, 6, r, SAME_CHANNEL);
            check_sum(i, 13, r, moments(SAME_CHANNEL, i, 0, (int)i, (int)i, r, true));
            check_pair(i, 16, r, SAME_SOCKET);
        }
}

static void first_packets_have_no_past(void **state)
{
    (void)state;
    make_packets(2);
    add_all();
    for (unsigned r = 0; r < DAMPED_LANES; r++) {
        assert_near(got[0][r], 1, 0);                               /* weight */
        assert_near(got[0][DAMPED_LANES + r], packets[0].bytes, 0); /* mean */
        assert_near(got[0][2 * DAMPED_LANES + r], 0, 0);            /* deviation */
        assert_near(got[0][13 * DAMPED_LANES + r], 0, 0);           /* no interval */
    }
}

/* Spoofed sources push each other out; who was asked for again stays. */
static void memory_is_bounded(void **state)
{
    const struct damped_config cfg = {.max_sockets = 64};
    struct damped *d = damped_new(&cfg);
    float f[DAMPED_STATS * DAMPED_LANES];
    struct damped_packet p = {.time_ns = 1, .bytes = 100, .kind = 4};

    (void)state;
    assert_non_null(d);
    for (unsigned i = 0; i < 10000; i++) {
        p.addr[0].bytes[0] = 1;
        memcpy(p.addr[0].bytes + 1, &i, 3);
        assert_true(damped_add(d, &p, f));
        if (i % 8 == 0) {
            p.addr[0] = (struct lw_addr){.bytes = {9}};
            assert_true(damped_add(d, &p, f));
        }
    }
    assert_true(f[0] > 0);
    p.addr[0] = (struct lw_addr){.bytes = {9}};
    assert_true(damped_add(d, &p, f));
    assert_near(f[0], 1251, 0.5); /* at one time nothing decays */
    assert_true(damped_forgotten(d) > 9000);
    damped_free(d);
}

/* Times before 1970 do not exist, but clocks go back, and numbers must stay finite. */
static void odd_times_do_no_harm(void **state)
{
    const struct damped_config cfg = {0};
    struct damped *d = damped_new(&cfg);
    float f[DAMPED_STATS * DAMPED_LANES];
    const int64_t times[] = {0, LW_TIME_MAX_NS, 5, LW_TIME_MAX_NS, 0, 1};
    struct damped_packet p = {.bytes = UINT32_MAX, .kind = 0};

    (void)state;
    assert_non_null(d);
    for (unsigned i = 0; i < sizeof times / sizeof times[0]; i++) {
        p.time_ns = times[i];
        p.bytes = i % 2 == 0 ? UINT32_MAX : 0;
        assert_true(damped_add(d, &p, f));
        damped_spread(f);
        for (unsigned k = 0; k < DAMPED_STATS * DAMPED_LANES; k++)
            assert_true(isfinite(f[k]));
    }
    damped_free(d);
}

/* A block of packets turned at once has the numbers of each of them alone. */
static void a_block_is_turned_as_its_packets_are(void **state)
{
    static float rows[DAMPED_BLOCK * DAMPED_STATS * DAMPED_LANES];
    static float out[DAMPED_FEATURES * DAMPED_BLOCK];
    const size_t width = (size_t)DAMPED_STATS * DAMPED_LANES;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        rows[i] = (float)((double)(i * 2654435761U % 100003) - 5e4) * (float)(i % 97);
    damped_turn(rows, out);
    for (size_t p = 0; p < DAMPED_BLOCK; p++) {
        damped_spread(rows + p * width);
        for (size_t k = 0; k < DAMPED_FEATURES; k++)
            assert_memory_equal(
                &out[k * DAMPED_BLOCK + p],
                &rows[p * width + k / DAMPED_RATES * DAMPED_LANES + k % DAMPED_RATES],
                sizeof *out);
    }
}

static void quick_functions_are_near(void **state)
{
    (void)state;
    for (double x = 0; x < 1e30; x = x * 1.01 + 1e-4)
        assert_near(quick_log2_1p((float)x), log1p((double)(float)x) / log(2),
                    2e-6 + 2e-7 * log2(1 + x));
    for (double x = -60; x < 60; x += 0.013)
        assert_near(quick_sigmoid((float)x), 1 / (1 + exp(-(double)(float)x)), 1e-6);
    for (unsigned i = 0; i < 100000; i++) {
        float x = (float)((int)i - 50000) / 700.0F;
        float size = quick_log2_1p(fabsf(x));
        float one = quick_sigmoid(x);
        quick8 s = (quick8){0} + x;
        quick8 l = s;

        quick8_sigmoid(&s);
        quick8_signed_log2_1p(&l);
        size = x < 0 ? -size : size;
        assert_memory_equal(&one, &s, sizeof one);
        assert_true(memcmp(&size, &l, sizeof size) == 0 || x == 0);
    }
    assert_true(quick_sigmoid(-1e30F) > 0);
    assert_near(quick_sigmoid(1e30F), 1, 0);
}

static void every_feature_has_a_name(void **state)
{
    char names[DAMPED_FEATURES][DAMPED_NAME_MAX];

    (void)state;
    for (unsigned i = 0; i < DAMPED_FEATURES; i++) {
        assert_true(strlen(damped_name(i, names[i])) < DAMPED_NAME_MAX - 1);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_as_computed_anew),
        cmocka_unit_test(first_packets_have_no_past),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(odd_times_do_no_harm),
        cmocka_unit_test(a_block_is_turned_as_its_packets_are),
        cmocka_unit_test(quick_functions_are_near),
        cmocka_unit_test(every_feature_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
