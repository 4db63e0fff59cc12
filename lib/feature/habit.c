/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/habit.h"

#include "base/hash.h"
#include "base/lru_table.h"
#include "base/timefmt.h"
#include "feature/decay.h"

#include <math.h>
#include <string.h>

enum { SLOW = DECAY_N - 1 }; /* the half-life of 600 s */

enum {
    Z_MAX = 10,
    OUTLIER = 3,  /* standard deviations */
    LAST = 8,     /* flows that a tie's moments are of, about */
    TIE_FLOWS = 3 /* from so many on they say something */
};

/* Spread of the logarithms that nothing falls below: a tenth. */
static const double least_spread = 0.1;

/* Damped flows that make something usual: two, the older of them 600 s ago. */
static const float usual_flows = 1.5F;

struct moments {
    float mean;
    float variance;
};

struct host_habit {
    int64_t last_ns; /* sums are of this time */
    float flows;     /* damped */
    float weight[N_HABITS];
    struct moments of[N_HABITS];
};

struct tie {
    int64_t last_ns;
    int64_t last_start_ns;
    float flows; /* damped */
    float failed;
    uint32_t n_sizes; /* at most LAST, as the next */
    uint32_t n_gaps;
    struct moments size;
    struct moments gap_s;
};

/* Compared by its bytes: no padding. */
struct tie_key {
    uint64_t src[2];
    uint64_t dst[2]; /* 0: any */
    uint64_t more;   /* IP version, protocol and port, where they count */
};

bool habits_init(struct habits *h, uint32_t max_hosts, uint32_t max_ties)
{
    uint64_t seed = hash_random_seed();

    *h = (struct habits){.hosts = NULL};
    h->hosts = lru_table_new(sizeof(struct tie_key), sizeof(struct host_habit),
                             max_hosts, seed);
    h->ties = lru_table_new(sizeof(struct tie_key), sizeof(struct tie), max_ties, seed);
    if (h->hosts != NULL && h->ties != NULL)
        return true;
    habits_release(h);
    return false;
}

void habits_release(struct habits *h)
{
    lru_table_free(h->hosts);
    lru_table_free(h->ties);
}

/* ---- numbers -------------------------------------------------------------------- */

/* The natural logarithm of a positive number, to 1e-9: the C library's may differ in
 * its last bits from one processor to the next.  With x = m 2^e and m about 1,
 * ln m = 2 (t + t^3/3 + t^5/5 + ...) for t = (m - 1) / (m + 1). */
static double ln(double x)
{
    const double ln2 = 0.69314718055994531;
    const double sqrt_half = 0.70710678118654752;
    int e;
    double m = frexp(x, &e);
    double t;
    double tt;

    if (m < sqrt_half) {
        m *= 2;
        e--;
    }
    t = (m - 1) / (m + 1);
    tt = t * t;
    return e * ln2 +
           2 * t *
               (1 + tt * (1.0 / 3 +
                          tt * (1.0 / 5 + tt * (1.0 / 7 + tt * (1.0 / 9 + tt / 11)))));
}

static double clamp(double x, double limit)
{
    if (x > limit)
        return limit;
    return x < -limit ? -limit : x;
}

/* A value counts with `share` of what all count (West 1979, incremental). */
static void moments_add(struct moments *m, double x, double share)
{
    double off = x - (double)m->mean;

    m->mean = (float)((double)m->mean + share * off);
    m->variance = (float)((1 - share) * ((double)m->variance + share * off * off));
}

/* What was before, brought to `now_ns`: the factor of the long half-life. */
static float bring_up(int64_t *last_ns, int64_t now_ns)
{
    const int64_t age_ns = decay_tick_ns(now_ns) - decay_tick_ns(*last_ns);
    const struct decayed lost = decay_lost(age_ns);

    if (now_ns > *last_ns)
        *last_ns = now_ns;
    return 1 - lost.v[SLOW];
}

/* ---- hosts ---------------------------------------------------------------------- */

/* How far `x` is from what is usual; it becomes part of it. */
static float host_compare(struct host_habit *h, enum habit_of i, double x, float factor)
{
    struct moments *m = &h->of[i];
    double spread = sqrt((double)m->variance);
    double z = (double)NAN;

    h->weight[i] *= factor;
    if (isnan(x))
        return NAN;
    spread = spread > least_spread ? spread : least_spread;
    if (h->weight[i] >= usual_flows) {
        z = clamp((x - (double)m->mean) / spread, Z_MAX);
        x = (double)m->mean + spread * clamp(z, OUTLIER);
    }
    h->weight[i] += 1;
    moments_add(m, x, 1 / (double)h->weight[i]);
    return (float)z;
}

static void host_add(struct host_habit *h, bool is_new, const struct lw_record *rec,
                     const struct habit_flow *f, struct habit_view *out)
{
    const double values[N_HABITS] = {
        [HABIT_BYTES] = ln(1 + f->bytes),
        [HABIT_PACKETS] = ln(1 + f->packets),
        [HABIT_DURATION] = ln(1e-3 + f->seconds),
    };
    float factor;

    if (is_new)
        h->last_ns = rec->end_ns;
    factor = bring_up(&h->last_ns, rec->end_ns);
    h->flows = h->flows * factor + 1;
    for (unsigned i = 0; i < N_HABITS; i++)
        out->z[i] = host_compare(h, (enum habit_of)i, values[i], factor);
}

/* ---- ties ----------------------------------------------------------------------- */

static struct tie *tie_add(struct habits *h, const struct tie_key *key,
                           const struct lw_record *rec, bool failed, bool *is_new)
{
    struct tie *t = lru_table_get(h->ties, key, is_new);
    float factor;

    if (t == NULL)
        return NULL;
    if (*is_new)
        t->last_ns = rec->end_ns;
    factor = bring_up(&t->last_ns, rec->end_ns);
    t->flows = t->flows * factor + 1;
    t->failed = t->failed * factor + (failed ? 1 : 0);
    return t;
}

/* Standard deviation by mean; a share of nothing is not known. */
static float variation(const struct moments *m, uint32_t n)
{
    if (n < TIE_FLOWS || !(m->mean > 0))
        return NAN;
    return (float)(sqrt((double)m->variance) / (double)m->mean);
}

static void count_moment(struct moments *m, uint32_t *n, double x)
{
    if (*n < LAST)
        ++*n;
    moments_add(m, x, 1 / (double)*n);
}

static void tie_regularity(struct tie *t, bool is_new, const struct lw_record *rec,
                           const struct habit_flow *f, struct habit_view *out)
{
    if (!is_new) {
        double gap_s =
            fabs((double)(rec->start_ns - t->last_start_ns) / (double)NS_PER_S);

        count_moment(&t->gap_s, &t->n_gaps, gap_s);
        out->gap_s = (float)gap_s;
    }
    t->last_start_ns = rec->start_ns;
    if (!isnan(f->src_bytes))
        count_moment(&t->size, &t->n_sizes, f->src_bytes);
    out->gap_variation = variation(&t->gap_s, t->n_gaps);
    out->size_variation = variation(&t->size, t->n_sizes);
    out->tie_flows = t->flows;
    out->tie_failed = t->failed / t->flows;
}

static float share(const struct tie *t, const struct host_habit *h)
{
    return h == NULL ? NAN : t->flows < h->flows ? t->flows / h->flows : 1.0F;
}

void habits_add(struct habits *h, const struct lw_record *rec,
                const struct habit_flow *flow, struct habit_view *out)
{
    unsigned from = lw_record_initiator(rec);
    struct tie_key key = {.more = rec->ip_version};
    struct tie_key both;
    struct host_habit *host;
    struct tie *t;
    bool is_new;

    *out = (struct habit_view){
        {NAN, NAN, NAN}, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    memcpy(key.src, rec->addr[from].bytes, sizeof key.src);
    host = lru_table_get(h->hosts, &key, &is_new);
    if (host != NULL)
        host_add(host, is_new, rec, flow, out);
    both = key;
    memcpy(both.dst, rec->addr[1 - from].bytes, sizeof both.dst);
    t = tie_add(h, &both, rec, flow->failed, &is_new);
    if (t != NULL) {
        out->new_peer = is_new ? 1.0F : 0.0F;
        out->peer_share = share(t, host);
    }
    both.more |= (uint64_t)rec->protocol << 24 | (uint64_t)rec->port[1 - from] << 8 |
                 UINT64_C(1) << 32; /* not the tie to the host, whatever the port */
    t = tie_add(h, &both, rec, flow->failed, &is_new);
    if (t != NULL)
        tie_regularity(t, is_new, rec, flow, out);
    key.more = both.more | UINT64_C(1) << 33;
    t = tie_add(h, &key, rec, flow->failed, &is_new);
    if (t != NULL) {
        out->new_port = is_new ? 1.0F : 0.0F;
        out->port_share = share(t, host);
    }
}
