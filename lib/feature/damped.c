/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the statistics are kept.
 *
 * A sum of n samples x is (w, mean, s): what is left of their number, their mean, and
 * what is left of their squared deviations from it.  The paper keeps sum and sum of
 * squares, whose difference a float cannot tell from nothing where sizes hardly vary;
 * Welford's update gives the same values and never subtracts squares (West, Updating
 * mean and variance estimates, CACM 1979, has it with weights):
 *
 *     w = 2^-(r t) w + 1    d = x - mean    mean += d / w    s = 2^-(r t) s + d (x -
 * mean)
 *
 * Both directions of a channel or socket are one entry with one time, so that one
 * factor brings all of it up to date.  It also holds what is left of the sum of
 * products of residuals, p = 2^-(r t) p + (x_i - mean_i)(x_j - mean_j), x_j the last
 * sample of the other direction: covariance p / (w_i + w_j), and correlation that
 * divided by both deviations, kept within -1 and 1 as p is an approximation.
 *
 * Decay goes in ticks (feature/decay.h): packets of one tick need no factor, and a sum
 * that is touched each microsecond still forgets.  Intervals are of the exact times, in
 * microseconds; the first packet of a direction has none.
 */
#include "feature/damped.h"

#include "base/hash.h"
#include "base/lru_table.h"
#include "base/mem.h"
#include "base/quick.h"
#include "base/simd.h"
#include "feature/decay.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SOCKETS_DEFAULT = 65536, NS_PER_US = 1000 };

const float damped_rates[DAMPED_RATES] = {5.0F, 3.0F, 1.0F, 0.1F, 0.01F};

/* Halvings in a nanosecond. */
static const float per_ns[DAMPED_LANES] = {5e-9F,  3e-9F,  1e-9F,  1e-10F,
                                           1e-11F, 1e-11F, 1e-11F, 1e-11F};

struct sum {
    float w[DAMPED_LANES];
    float mean[DAMPED_LANES];
    float s[DAMPED_LANES];
};

/* Of whoever sends. */
struct sender {
    int64_t tick_ns; /* that the sum is up to date for */
    struct sum size;
};

/* Two directions; 0 is from the lesser end to the greater one. */
struct pair {
    int64_t tick_ns;
    struct sum size[2];
    float residual[2][DAMPED_LANES]; /* of the last sample from the mean then */
    float products[DAMPED_LANES];
};

struct channel {
    struct pair pair;
    struct sum interval[2]; /* us */
    int64_t last_ns[2];
    bool heard[2];
};

/* Compared byte by byte: padding is zero. */
struct sender_key {
    struct lw_addr addr;
    uint8_t mac[6];
    uint8_t kind;
    uint8_t zero;
};

struct pair_key {
    struct lw_addr end[2];
    uint16_t port[2];
    uint8_t protocol;
    uint8_t kind;
    uint8_t zero[2];
};

struct damped {
    struct lru_table *mac_senders; /* owned, as the others */
    struct lru_table *senders;
    struct lru_table *channels;
    struct lru_table *sockets;
    bool by_avx2;
};

struct damped *damped_new(const struct damped_config *cfg)
{
    uint32_t n = cfg->max_sockets > 0 ? cfg->max_sockets : SOCKETS_DEFAULT;
    uint32_t half = n > 1 ? n / 2 : 1;
    uint64_t seed = hash_random_seed();
    struct damped *d = mem_zalloc(1, sizeof *d);

    if (d == NULL)
        return NULL;
    d->by_avx2 = simd_has_avx2();
    d->mac_senders =
        lru_table_new(sizeof(struct sender_key), sizeof(struct sender), half, seed);
    d->senders =
        lru_table_new(sizeof(struct sender_key), sizeof(struct sender), half, seed);
    d->channels =
        lru_table_new(sizeof(struct pair_key), sizeof(struct channel), half, seed);
    d->sockets = lru_table_new(sizeof(struct pair_key), sizeof(struct pair), n, seed);
    if (d->mac_senders == NULL || d->senders == NULL || d->channels == NULL ||
        d->sockets == NULL) {
        damped_free(d);
        return NULL;
    }
    return d;
}

void damped_free(struct damped *d)
{
    if (d == NULL)
        return;
    lru_table_free(d->mac_senders);
    lru_table_free(d->senders);
    lru_table_free(d->channels);
    lru_table_free(d->sockets);
    mem_free(d);
}

uint64_t damped_forgotten(const struct damped *d)
{
    return lru_table_forgotten(d->mac_senders) + lru_table_forgotten(d->senders) +
           lru_table_forgotten(d->channels) + lru_table_forgotten(d->sockets);
}

/* ---- sums ------------------------------------------------------------------------ */

/* Eight rates at once. */
#define LANES(p) (*(quick8_at *)(void *)(p))

/* What is lost until the packet's tick, and from when on that counts; false: nothing.
 * Packets out of order come at the latest time that was seen. */
SIMD_BODY bool lost_until(int64_t *tick_ns, int64_t time_ns, float lost[DAMPED_LANES])
{
    int64_t now_ns = decay_tick_ns(time_ns);
    int64_t age_ns = now_ns - *tick_ns;

    if (age_ns <= 0)
        return false;
    *tick_ns = now_ns;
    decay_lost_of(per_ns, DAMPED_LANES, age_ns, lost);
    return true;
}

SIMD_BODY void forget(float *v, const float *lost)
{
    quick8 x = LANES(v);
    quick8 left = x - x * *(const quick8_at *)(const void *)lost;

    quick8_put(&left, 0.0F,
               (left < 1e-18F) & (left > -1e-18F)); /* no denormal numbers */
    LANES(v) = left;
}

SIMD_BODY void sum_forget(struct sum *s, const float *lost)
{
    forget(s->w, lost);
    forget(s->s, lost);
}

SIMD_BODY void sum_add(struct sum *s, float x)
{
    quick8 w = LANES(s->w) + 1.0F;
    quick8 off = x - LANES(s->mean);
    quick8 mean = LANES(s->mean) + off / w;
    quick8 squares = LANES(s->s) + off * (x - mean);

    quick8_put(&squares, 0.0F, squares < 0.0F); /* by rounding */
    LANES(s->w) = w;
    LANES(s->mean) = mean;
    LANES(s->s) = squares;
}

/* 0 where the weight is. */
SIMD_BODY void variance(quick8 *out, const struct sum *s)
{
    quick8 w = *(const quick8_at *)s->w;
    quick8_bits none = w <= 0.0F;

    quick8_put(&w, 1.0F, none);
    *out = *(const quick8_at *)s->s / w;
    quick8_put(out, 0.0F, none);
}

/* Weight, mean, deviation. */
SIMD_BODY void put_sum(float *out, const struct sum *s)
{
    quick8 v;

    variance(&v, s);
    quick8_sqrt(&v);
    LANES(out) = *(const quick8_at *)s->w;
    LANES(out + DAMPED_LANES) = *(const quick8_at *)s->mean;
    LANES(out + 2 * (size_t)DAMPED_LANES) = v;
}

/* ---- two directions -------------------------------------------------------------- */

SIMD_BODY void pair_add(struct pair *p, unsigned side, float x)
{
    struct sum *mine = &p->size[side];
    quick8 residual;

    sum_add(mine, x);
    residual = x - LANES(mine->mean);
    LANES(p->residual[side]) = residual;
    LANES(p->products) += residual * LANES(p->residual[1 - side]);
}

SIMD_BODY void pair_forget(struct pair *p, const float *lost)
{
    sum_forget(&p->size[0], lost);
    sum_forget(&p->size[1], lost);
    forget(p->products, lost);
}

/* Those of the direction, then magnitude, radius, covariance, correlation. */
SIMD_BODY void put_pair(float *out, const struct pair *p, unsigned side)
{
    const struct sum *a = &p->size[side];
    const struct sum *b = &p->size[1 - side];
    const quick8 mean_a = *(const quick8_at *)a->mean;
    const quick8 mean_b = *(const quick8_at *)b->mean;
    quick8 magnitude = mean_a * mean_a + mean_b * mean_b;
    quick8 cov = *(const quick8_at *)p->products /
                 (*(const quick8_at *)a->w + *(const quick8_at *)b->w);
    quick8_bits none;
    quick8 radius;
    quick8 both;
    quick8 va;
    quick8 vb;

    put_sum(out, a);
    variance(&va, a);
    variance(&vb, b);
    radius = va * va + vb * vb;
    quick8_sqrt(&magnitude);
    quick8_sqrt(&radius);
    quick8_sqrt(&vb);
    both = LANES(out + 2 * (size_t)DAMPED_LANES) * vb;
    none = both <= 0.0F;
    quick8_put(&both, 1.0F, none);
    both = cov / both;
    quick8_put(&both, 1.0F, both > 1.0F);
    quick8_put(&both, -1.0F, both < -1.0F);
    quick8_put(&both, 0.0F, none);
    LANES(out + 3 * (size_t)DAMPED_LANES) = magnitude;
    LANES(out + 4 * (size_t)DAMPED_LANES) = radius;
    LANES(out + 5 * (size_t)DAMPED_LANES) = cov;
    LANES(out + 6 * (size_t)DAMPED_LANES) = both;
}

/* ---- packets --------------------------------------------------------------------- */

SIMD_BODY void add_sender(struct sender *s, const struct damped_packet *p, float *out)
{
    float lost[DAMPED_LANES];

    if (lost_until(&s->tick_ns, p->time_ns, lost))
        sum_forget(&s->size, lost);
    sum_add(&s->size, (float)p->bytes);
    put_sum(out, &s->size);
}

SIMD_BODY void add_channel(struct channel *c, const struct damped_packet *p,
                           unsigned side, float *out)
{
    float lost[DAMPED_LANES];

    if (lost_until(&c->pair.tick_ns, p->time_ns, lost)) {
        pair_forget(&c->pair, lost);
        sum_forget(&c->interval[0], lost);
        sum_forget(&c->interval[1], lost);
    }
    pair_add(&c->pair, side, (float)p->bytes);
    if (c->heard[side]) {
        int64_t ns = p->time_ns - c->last_ns[side];

        sum_add(&c->interval[side], ns > 0 ? (float)ns / (float)NS_PER_US : 0.0F);
    }
    c->heard[side] = true;
    c->last_ns[side] = p->time_ns;
    put_pair(out, &c->pair, side);
    put_sum(out + 7 * (size_t)DAMPED_LANES, &c->interval[side]);
}

SIMD_BODY void add_socket(struct pair *s, const struct damped_packet *p, unsigned side,
                          float *out)
{
    float lost[DAMPED_LANES];

    if (lost_until(&s->tick_ns, p->time_ns, lost))
        pair_forget(s, lost);
    pair_add(s, side, (float)p->bytes);
    put_pair(out, s, side);
}

/* Which end is the lesser one; equal ends have one direction. */
static unsigned side_of(const struct damped_packet *p, bool with_ports)
{
    int order = memcmp(&p->addr[0], &p->addr[1], sizeof p->addr[0]);

    if (order == 0 && with_ports)
        order = (int)p->port[0] - (int)p->port[1];
    return order > 0 ? 1 : 0;
}

static void set_pair_key(struct pair_key *k, const struct damped_packet *p,
                         unsigned side, bool with_ports)
{
    memset(k, 0, sizeof *k);
    k->end[0] = p->addr[side];
    k->end[1] = p->addr[1 - side];
    k->kind = p->kind;
    if (!with_ports)
        return;
    k->port[0] = p->port[side];
    k->port[1] = p->port[1 - side];
    k->protocol = p->protocol;
}

/* What a packet changes. */
struct places {
    struct sender *mac_sender;
    struct sender *sender;
    struct channel *channel;
    struct pair *socket;
    unsigned channel_side;
    unsigned socket_side;
};

SIMD_BODY void update_loop(const struct places *at, const struct damped_packet *p,
                           float *out)
{
    enum { SENDER = 3 * DAMPED_LANES, CHANNEL = 10 * DAMPED_LANES };

    add_sender(at->mac_sender, p, out);
    add_sender(at->sender, p, out + SENDER);
    add_channel(at->channel, p, at->channel_side, out + 2 * (size_t)SENDER);
    add_socket(at->socket, p, at->socket_side, out + 2 * (size_t)SENDER + CHANNEL);
}

/* The same operations with the vectors that the processor has: the same bits. */
SIMD_AVX2 static void update_avx2(const struct places *at,
                                  const struct damped_packet *p, float *out)
{
    update_loop(at, p, out);
}

bool damped_add(struct damped *d, const struct damped_packet *p,
                float out[DAMPED_STATS * DAMPED_LANES])
{
    struct sender_key from = {.addr = p->addr[0], .kind = p->kind};
    struct pair_key key;
    struct places at = {.channel_side = side_of(p, false),
                        .socket_side = side_of(p, true)};
    bool is_new;

    at.sender = lru_table_get(d->senders, &from, &is_new);
    memcpy(from.mac, p->mac, sizeof from.mac);
    at.mac_sender = lru_table_get(d->mac_senders, &from, &is_new);
    set_pair_key(&key, p, at.channel_side, false);
    at.channel = lru_table_get(d->channels, &key, &is_new);
    set_pair_key(&key, p, at.socket_side, true);
    at.socket = lru_table_get(d->sockets, &key, &is_new);
    if (at.mac_sender == NULL || at.sender == NULL || at.channel == NULL ||
        at.socket == NULL)
        return false;
    if (d->by_avx2) {
        update_avx2(&at, p, out);
        return true;
    }
    update_loop(&at, p, out);
    return true;
}

/* ---- names ----------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool is_wide;
} stats[DAMPED_STATS] = {
    {"sender (MAC and address), weight", true},
    {"sender (MAC and address), mean size", false},
    {"sender (MAC and address), deviation of sizes", false},
    {"sender (address), weight", true},
    {"sender (address), mean size", false},
    {"sender (address), deviation of sizes", false},
    {"channel, weight", true},
    {"channel, mean size", false},
    {"channel, deviation of sizes", false},
    {"channel, magnitude of sizes", false},
    {"channel, radius of sizes", true},
    {"channel, covariance of sizes", true},
    {"channel, correlation of sizes", false},
    {"channel, weight of intervals", true},
    {"channel, mean interval", true},
    {"channel, deviation of intervals", true},
    {"socket, weight", true},
    {"socket, mean size", false},
    {"socket, deviation of sizes", false},
    {"socket, magnitude of sizes", false},
    {"socket, radius of sizes", true},
    {"socket, covariance of sizes", true},
    {"socket, correlation of sizes", false},
};

SIMD_BODY void spread_loop(float *restrict v)
{
    for (unsigned k = 0; k < DAMPED_STATS; k++) {
        quick8 x;

        if (!stats[k].is_wide)
            continue;
        memcpy(&x, v + (size_t)k * DAMPED_LANES, sizeof x);
        quick8_signed_log2_1p(&x);
        memcpy(v + (size_t)k * DAMPED_LANES, &x, sizeof x);
    }
}

SIMD_AVX2 static void spread_avx2(float *v)
{
    spread_loop(v);
}

void damped_spread(float features[DAMPED_STATS * DAMPED_LANES])
{
    if (simd_has_avx2()) {
        spread_avx2(features);
        return;
    }
    spread_loop(features);
}

/* ---- blocks of packets ----------------------------------------------------------- */

#define WIDTH ((size_t)DAMPED_STATS * DAMPED_LANES)

/* Eight rows of eight become columns, by pairs, fours and halves. */
SIMD_BODY void turn_eight(const float *rows, quick8 col[DAMPED_LANES])
{
    quick8 pair[8];
    quick8 four[8];

    for (unsigned i = 0; i < 8; i += 2) {
        quick8 a = *(const quick8_at *)(rows + i * WIDTH);
        quick8 b = *(const quick8_at *)(rows + (i + 1) * WIDTH);

        pair[i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
        pair[i + 1] = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (unsigned i = 0; i < 8; i += 4)
        for (unsigned k = 0; k < 2; k++) {
            quick8 a = pair[i + k];
            quick8 b = pair[i + 2 + k];

            four[i + 2 * k] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
            four[i + 2 * k + 1] =
                __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (unsigned i = 0; i < 4; i++) {
        quick8 a = four[i];
        quick8 b = four[4 + i];

        col[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
        col[4 + i] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

SIMD_BODY void turn_loop(const float *rows, float *out)
{
    for (unsigned k = 0; k < DAMPED_STATS; k++)
        for (unsigned at = 0; at < DAMPED_BLOCK; at += 8) {
            quick8 col[DAMPED_LANES];

            turn_eight(rows + at * WIDTH + (size_t)k * DAMPED_LANES, col);
            for (unsigned r = 0; r < DAMPED_RATES; r++) {
                if (stats[k].is_wide)
                    quick8_signed_log2_1p(&col[r]);
                memcpy(out + (k * DAMPED_RATES + r) * (size_t)DAMPED_BLOCK + at,
                       &col[r], sizeof col[r]);
            }
        }
}

SIMD_AVX2 static void turn_avx2(const float *rows, float *out)
{
    turn_loop(rows, out);
}

void damped_turn(const float *rows, float *out)
{
    if (simd_has_avx2()) {
        turn_avx2(rows, out);
        return;
    }
    turn_loop(rows, out);
}

/* ---- names of features ----------------------------------------------------------- */

const char *damped_name(unsigned i, char out[DAMPED_NAME_MAX])
{
    static const char *const half_lives[DAMPED_RATES] = {"0.2 s", "0.33 s", "1 s",
                                                         "10 s", "100 s"};

    (void)snprintf(out, DAMPED_NAME_MAX, "%s, %s", stats[i / DAMPED_RATES].name,
                   half_lives[i % DAMPED_RATES]);
    return out;
}
