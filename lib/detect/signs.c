/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/signs.h"

#include "base/lru_table.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "detect/sign_arp.h"
#include "detect/sign_said.h"
#include "detect/sign_table.h"
#include "feature/flow_past.h"
#include "feature/seen.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HOSTS = 65536, CONTACTS = 262144 };

/* Compared by its bytes: no padding. */
struct counter_key {
    uint64_t a[2]; /* 0: any, as b */
    uint64_t b[2];
    uint64_t more; /* IP version, rule, protocol and port, where they count */
};

struct counter {
    int64_t last_ns;
    uint64_t last_row; /* 1 + the number of the last row that was counted, as long as
                          the count was not reached with it; 0: none */
    bool reached;
    struct distinct d;
    /* Of what comes regularly. */
    int64_t last_start_ns;
    float n_gaps;
    float gap_s[2]; /* mean and variance, of the last LAST, as the next */
    float size[2];
};

enum { LAST = 8, REGULAR_GAPS = 5 };

/* Of a row: for the first rules that counted it, the row that each counted before. */
enum { STEPS = 8 };

struct trail {
    int64_t end_ns;
    uint8_t n;
    uint8_t rule[STEPS];
    uint64_t before[STEPS]; /* as last_row */
};

struct signs {
    struct lru_table *counters; /* owned; entries: struct counter */
    struct seen seen;           /* owned */
    struct sign_arp arp;        /* owned */
    int rows_before;            /* places in the view */
    int duplicate_acks;
    int said; /* of the feature that what was said is shown with */
    int feature[N_SIGN_RULES_MAX];
    struct sign_hindsight hindsight;
    struct trail *trails; /* (hindsight.n_rows), by a row's number, owned */
    uint64_t n_rows;      /* so far */
};

bool signs_apply(const struct lw_view *view)
{
    return strcmp(view->name, "flow") == 0;
}

struct signs *signs_new(const struct lw_view *view, uint32_t max_hosts,
                        const struct sign_hindsight *h)
{
    struct signs *s = mem_zalloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->rows_before = lw_view_find(view, "rows_before");
    s->duplicate_acks = lw_view_find(view, "fwd_duplicate_acks");
    s->said = lw_view_find(view, sign_said_table[1].feature);
    for (unsigned i = 0; i < sign_rules_n; i++)
        s->feature[i] = lw_view_find(view, sign_rules[i].sign.feature);
    s->counters = lru_table_new(sizeof(struct counter_key), sizeof(struct counter),
                                max_hosts == 0 ? HOSTS : max_hosts, hash_random_seed());
    if (h != NULL && h->n_rows > 0) {
        s->hindsight = *h;
        s->trails = mem_zalloc(h->n_rows, sizeof s->trails[0]);
    }
    if (sign_arp_init(&s->arp) && s->counters != NULL &&
        (s->hindsight.n_rows == 0 || s->trails != NULL) &&
        seen_init(&s->seen, CONTACTS))
        return s;
    signs_free(s);
    return NULL;
}

void signs_free(struct signs *s)
{
    if (s == NULL)
        return;
    lru_table_free(s->counters);
    seen_release(&s->seen);
    sign_arp_release(&s->arp);
    mem_free(s->trails);
    mem_free(s);
}

/* ---- counting -------------------------------------------------------------------- */

static void put_addr(uint64_t to[2], const struct lw_addr *addr)
{
    memcpy(to, addr->bytes, sizeof addr->bytes);
}

static struct counter_key key_of(const struct sign_rule *rule, const struct sign_row *r)
{
    const struct lw_addr *src = &r->rec->addr[r->from];
    const struct lw_addr *dst = &r->rec->addr[1 - r->from];
    struct counter_key key = {.more = r->rec->ip_version | (uint64_t)(rule - sign_rules)
                                                               << 8};
    uint64_t port = 0;

    switch (rule->key) {
    case SIGN_OF_SOURCE:
        put_addr(key.a, src);
        break;
    case SIGN_OF_TARGET:
        put_addr(key.b, dst);
        break;
    case SIGN_OF_PAIR:
        put_addr(key.a, src);
        put_addr(key.b, dst);
        break;
    case SIGN_OF_SOURCE_PORT:
        put_addr(key.a, src);
        port = r->dport;
        break;
    case SIGN_OF_SERVICE:
        put_addr(key.b, dst);
        port = r->dport;
        break;
    case SIGN_OF_TIE:
        put_addr(key.a, src);
        put_addr(key.b, dst);
        port = r->dport;
        break;
    case SIGN_OF_REPLIER_PORT:
        put_addr(key.b, dst);
        port = r->sport;
        break;
    case SIGN_OF_DOMAIN:
        put_addr(key.a, src);
        put_addr(key.b, dst);
        port = sign_domain_of(r->rec->tag);
        break;
    }
    key.more |= port << 24;
    if (rule->what != SIGN_PROTOCOLS)
        key.more |= (uint64_t)r->rec->protocol << 16;
    return key;
}

/* What is counted once, however often it comes. */
static uint64_t counted_of(const struct sign_rule *rule, const struct sign_row *r)
{
    struct counter_key key = {.more = 0};

    switch (rule->what) {
    case SIGN_AMOUNTS:
    case SIGN_REGULAR:
        break;
    case SIGN_TARGETS:
        put_addr(key.a, &r->rec->addr[1 - r->from]);
        break;
    case SIGN_PORTS:
        key.more = (uint64_t)r->rec->protocol << 16 | r->dport;
        break;
    case SIGN_SOURCES:
        put_addr(key.a, &r->rec->addr[r->from]);
        break;
    case SIGN_PROTOCOLS:
        key.more = r->rec->protocol;
        break;
    case SIGN_NAMES:
        key.more = sign_domain_of(r->rec->tag);
        break;
    }
    return seen_key(key.a[0] ^ key.more, key.a[1]);
}

/* West's incremental moments (1979), where the last LAST values count. */
static void moments_add(float m[2], double x, double share)
{
    double off = x - (double)m[0];

    m[0] = (float)((double)m[0] + share * off);
    m[1] = (float)((1 - share) * ((double)m[1] + share * off * off));
}

static bool is_even(const float m[2], double most)
{
    return m[0] > 0 && (double)m[1] <= most * most * (double)m[0] * (double)m[0];
}

/* Gaps spread by at most a third of their mean, sizes by a fourth; a twentieth of a
 * second is no pause. */
static bool regular(struct counter *c, const struct sign_row *r, bool is_new)
{
    const double size = (double)r->s->payload_bytes;
    double gap_s = (double)(r->rec->start_ns - c->last_start_ns) / (double)NS_PER_S;
    double share;

    c->last_start_ns = r->rec->start_ns;
    if (is_new) {
        moments_add(c->size, size, 1);
        return false;
    }
    c->n_gaps = c->n_gaps < LAST ? c->n_gaps + 1 : LAST;
    share = 1 / (double)c->n_gaps;
    moments_add(c->gap_s, fabs(gap_s), share);
    moments_add(c->size, size, 1 / (double)(c->n_gaps + 1));
    return c->n_gaps >= REGULAR_GAPS && (double)c->gap_s[0] > 0.5 &&
           is_even(c->gap_s, 0.33) && is_even(c->size, 0.25);
}

/* The count with this row in it; *out is what keeps it. */
static double count(struct signs *s, const struct sign_rule *rule,
                    const struct sign_row *r, double amount, struct counter **out)
{
    const struct counter_key key = key_of(rule, r);
    const int64_t now_ns = decay_tick_ns(r->rec->end_ns);
    bool is_new;
    struct counter *c = lru_table_get(s->counters, &key, &is_new);
    struct decayed lost = {{0}};

    *out = c;
    if (c == NULL)
        return 0;
    if (is_new)
        c->last_ns = now_ns;
    if (now_ns > c->last_ns) {
        lost = decay_lost(now_ns - c->last_ns);
        c->last_ns = now_ns;
    }
    if (rule->what == SIGN_REGULAR && !regular(c, r, is_new))
        return 0;
    if (rule->what == SIGN_AMOUNTS || rule->what == SIGN_REGULAR) {
        decay_by(&c->d.n, &lost);
        decay_add(&c->d.n, (float)amount);
    } else {
        uint64_t host = seen_key(key.a[0] ^ key.b[1] ^ key.more, key.a[1] ^ key.b[0]);

        distinct_add(&c->d, &lost, &s->seen, host, counted_of(rule, r), now_ns);
    }
    return (double)c->d.n.v[rule->span];
}

/* ---- rows ------------------------------------------------------------------------ */

/* RFC 1918, 3927, 4193, 4291 */
static bool is_private(const struct lw_record *rec, const struct lw_addr *addr)
{
    const uint8_t *b = addr->bytes;

    if (rec->ip_version == 6)
        return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
    return b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
           (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254);
}

static struct sign_row row_of(const struct signs *s, const struct lw_record *rec,
                              const float *row)
{
    const unsigned from = lw_record_initiator(rec);

    return (struct sign_row){
        .rec = rec,
        .s = &rec->side[from],
        .d = &rec->side[1 - from],
        .from = from,
        .sport = rec->port[from],
        .dport = rec->port[1 - from],
        .seconds = (double)(rec->end_ns - rec->start_ns) / (double)NS_PER_S,
        .again = row[s->rows_before] > 0,
        .goes_on = rec->end_reason == LW_END_STATUS,
        .failed = flow_failed(rec),
        .to_group = flow_to_group(rec),
        .leaves = rec->ip_version != 0 && !is_private(rec, &rec->addr[1 - from]),
        .duplicate_acks = row[s->duplicate_acks],
    };
}

/* A lie in ARP; *why is of it where there is one. */
static const struct lw_sign *lie_of(struct signs *s, const struct lw_record *rec,
                                    const float *row, struct lw_reason *why)
{
    static const struct lw_sign sign = {"arp-spoofing", LW_VERDICT_PROBE,
                                        "total_length_of_fwd_packets", ""};
    const char *words = sign_arp_find(&s->arp, rec);

    if (words == NULL)
        return NULL;
    *why = (struct lw_reason){.feature_idx = (uint16_t)s->said, .value = row[s->said]};
    (void)snprintf(why->words, sizeof why->words, "%s", words);
    return &sign;
}

/* What was said weighs more than any count. */
static const struct lw_sign *said_by(const struct signs *s, const struct lw_record *rec,
                                     const float *row, struct lw_reason *why)
{
    const struct lw_sign *sign = &sign_said_table[sign_said_of(rec->tag)];

    if (sign->name == NULL)
        return NULL;
    *why = (struct lw_reason){.feature_idx = (uint16_t)s->said, .value = row[s->said]};
    (void)snprintf(why->words, sizeof why->words, "%s", sign->words);
    return sign;
}

static void explain(const struct signs *s, const struct sign_rule *rule,
                    const float *row, double n, struct lw_reason *why)
{
    const int feature = s->feature[rule - sign_rules];

    *why = (struct lw_reason){.feature_idx = (uint16_t)feature, .value = row[feature]};
    /* As a whole number: the C library takes long over others. */
    if (rule->least > 1)
        (void)snprintf(why->words, sizeof why->words, "%" PRIu64 " %s",
                       (uint64_t)rint(n), rule->sign.words);
    else
        (void)snprintf(why->words, sizeof why->words, "%s", rule->sign.words);
}

/* ---- hindsight ------------------------------------------------------------------- */

static struct trail *trail_of(const struct signs *s, uint64_t row)
{
    return &s->trails[row % s->hindsight.n_rows];
}

/* Does what was counted then still count for more than a quarter? */
static bool is_fresh(const struct sign_rule *rule, int64_t then_ns, int64_t now_ns)
{
    return (double)(now_ns - then_ns) <=
           2 * (double)decay_half_lives_s[rule->span] * (double)NS_PER_S;
}

static uint64_t row_before(const struct trail *t, const struct sign_rule *rule)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->rule[i] == rule - sign_rules)
            return t->before[i];
    return 0;
}

/* The count is reached: tell of the rows that led to it. */
static void tell_earlier(struct signs *s, const struct sign_rule *rule, uint64_t from,
                         int64_t now_ns, const struct lw_reason *why)
{
    while (from > 0 && s->n_rows - from < s->hindsight.n_rows) {
        const struct trail *t = trail_of(s, from - 1);

        if (!is_fresh(rule, t->end_ns, now_ns))
            break;
        s->hindsight.fn(s->hindsight.ctx, s->n_rows - (from - 1), &rule->sign, why);
        from = row_before(t, rule);
    }
}

/* A row was counted by the rule.  Rows before one with which the count was reached need
 * not be looked at again, so that each is told of at most once for each rule. */
static void follow(struct signs *s, const struct sign_rule *rule, struct counter *c,
                   const struct sign_row *r, const float *row, double n)
{
    struct trail *t = trail_of(s, s->n_rows);
    const bool reached = n >= rule->least;
    struct lw_reason why;

    if (reached && !c->reached) {
        explain(s, rule, row, n, &why);
        tell_earlier(s, rule, c->last_row, r->rec->end_ns, &why);
    }
    if (!reached && t->n < STEPS) {
        t->rule[t->n] = (uint8_t)(rule - sign_rules);
        t->before[t->n++] = c->last_row;
        c->last_row = s->n_rows + 1;
    } else if (reached) {
        c->last_row = 0;
    }
    c->reached = reached;
}

/* The gravest rule that a row meets, NULL where it meets none; *n is its count. */
static const struct sign_rule *rule_of(struct signs *s, const struct sign_row *r,
                                       const float *row, double *n_found)
{
    const struct sign_rule *found = NULL;
    const bool keeps = s->trails != NULL;

    if (keeps)
        *trail_of(s, s->n_rows) = (struct trail){.end_ns = r->rec->end_ns};
    for (unsigned i = 0; i < sign_rules_n; i++) {
        const struct sign_rule *rule = &sign_rules[i];
        const double amount = rule->amount(r);
        struct counter *c = NULL;
        double n;

        if (!(amount > 0))
            continue;
        n = rule->least > 0 ? count(s, rule, r, amount, &c) : amount;
        if (keeps && c != NULL)
            follow(s, rule, c, r, row, n);
        if (n < rule->least || found != NULL)
            continue;
        found = rule;
        *n_found = n;
    }
    return found;
}

const struct lw_sign *signs_find(struct signs *s, const struct lw_record *rec,
                                 const float *row, struct lw_reason *why)
{
    const struct sign_row r = row_of(s, rec, row);
    const struct lw_sign *lie = lie_of(s, rec, row, why);
    double n = 0;
    const struct sign_rule *found = rule_of(s, &r, row, &n);

    s->n_rows++;
    if (lie != NULL)
        return lie;
    if (sign_said_of(rec->tag) != SIGN_SAID_NOTHING)
        return said_by(s, rec, row, why);
    if (found == NULL)
        return NULL;
    explain(s, found, row, n, why);
    return &found->sign;
}
