/* SPDX-License-Identifier: Apache-2.0 */
#include "store/alert_group.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void alert_groups_init(struct alert_groups *g, int64_t gap_ns)
{
    memset(g, 0, sizeof *g);
    g->gap_ns = gap_ns;
    key_table_init(&g->keys);
}

void alert_groups_release(struct alert_groups *g)
{
    for (size_t i = 0; i < g->n; i++) {
        mem_free(g->groups[i].detector);
        mem_free(g->groups[i].attack_id);
        mem_free(g->groups[i].proto);
        mem_free(g->groups[i].service);
        mem_free(g->groups[i].words);
        mem_free(g->groups[i].name[0]);
        mem_free(g->groups[i].name[1]);
    }
    mem_free(g->groups);
    mem_free(g->latest);
    key_table_release(&g->keys);
    memset(g, 0, sizeof *g);
}

static bool replace(char **text, const char *by)
{
    char *copy = mem_strdup(by == NULL ? "" : by);

    if (copy == NULL)
        return false;
    mem_free(*text);
    *text = copy;
    return true;
}

static const char *detector_of(const struct store_flow *f)
{
    return f->detector < f->n_scores ? f->scores[f->detector].detector : "";
}

/* What the flow with the highest score says. */
static bool take_words(struct alert_group *a, const struct store_flow *f)
{
    a->score = f->score;
    a->flow = f->id;
    return replace(&a->detector, detector_of(f)) &&
           replace(&a->attack_id, f->attack_id) && replace(&a->words, f->words);
}

static uint32_t new_group(struct alert_groups *g, const struct store_flow *f)
{
    struct alert_group *groups = mem_grow(g->groups, &g->cap, g->n + 1, sizeof *groups);
    struct alert_group *a;

    if (groups == NULL)
        return 0;
    g->groups = groups;
    a = &groups[g->n++];
    memset(a, 0, sizeof *a);
    a->verdict = (uint8_t)f->verdict;
    a->one_source = true;
    a->one_destination = true;
    a->addr[0] = f->addr[0];
    a->addr[1] = f->addr[1];
    a->first_ns = f->start_ns;
    a->last_ns = f->start_ns + f->duration_ns;
    if (!take_words(a, f) || !replace(&a->proto, f->proto) ||
        !replace(&a->service, f->service))
        return 0;
    return (uint32_t)g->n;
}

static bool same_addr(const struct store_addr *a, const struct store_addr *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Of flows that score the same, one that says why. */
static bool says_more(float score, const char *words, const struct alert_group *than)
{
    bool says = words != NULL && words[0] != '\0';

    return score > than->score ||
           (score >= than->score && says && than->words[0] == '\0');
}

static bool take_flow(struct alert_group *a, const struct store_flow *f)
{
    int64_t end = f->start_ns + f->duration_ns;

    a->flows++;
    a->one_source &= same_addr(&a->addr[0], &f->addr[0]);
    a->one_destination &= same_addr(&a->addr[1], &f->addr[1]);
    a->first_ns = f->start_ns < a->first_ns ? f->start_ns : a->first_ns;
    a->last_ns = end > a->last_ns ? end : a->last_ns;
    a->severity = f->severity > a->severity ? f->severity : a->severity;
    return !says_more(f->score, f->words, a) || take_words(a, f);
}

/* How far from the group's time a flow lies. */
static int64_t distance(const struct alert_group *a, const struct store_flow *f)
{
    int64_t end = f->start_ns + f->duration_ns;

    if (f->start_ns > a->last_ns)
        return f->start_ns - a->last_ns;
    return end < a->first_ns ? a->first_ns - end : 0;
}

/* The group of what is too much; 0 when memory is out. */
static uint32_t rest_group(struct alert_groups *g, const struct store_flow *f)
{
    uint32_t *rest = &g->rest[f->verdict];

    if (*rest == 0)
        *rest = new_group(g, f);
    return *rest;
}

static uint32_t group_of(struct alert_groups *g, const struct store_flow *f)
{
    unsigned side = f->verdict == LW_VERDICT_DOS ? 1 : 0;
    uint8_t key[1 + STORE_ADDR_BYTES];
    bool added;
    uint32_t number;
    uint32_t *latest;

    key[0] = (uint8_t)f->verdict;
    memcpy(key + 1, f->addr[side].bytes, STORE_ADDR_BYTES);
    if (g->keys.n >= ALERT_GROUPS_MAX && key_table_find(&g->keys, key, sizeof key) == 0)
        return rest_group(g, f);
    number = key_table_number(&g->keys, key, sizeof key, &added);
    if (number == 0)
        return 0;
    latest = mem_grow(g->latest, &g->latest_cap, number, sizeof *latest);
    if (latest == NULL)
        return 0;
    g->latest = latest;
    if (!added && latest[number - 1] != 0 &&
        distance(&g->groups[latest[number - 1] - 1], f) <= g->gap_ns)
        return latest[number - 1];
    latest[number - 1] =
        g->n >= 2 * ALERT_GROUPS_MAX ? rest_group(g, f) : new_group(g, f);
    return latest[number - 1];
}

uint32_t alert_groups_add(struct alert_groups *g, const struct store_flow *f)
{
    uint32_t number = group_of(g, f);

    if (number == 0 || !take_flow(&g->groups[number - 1], f))
        return 0;
    return number;
}

/* ---- joining --------------------------------------------------------------------- */

/* A group by what it may share with others. */
struct candidate {
    uint8_t key[1 + STORE_ADDR_BYTES]; /* class, endpoint */
    int64_t first_ns;
    uint32_t at;
};

static int by_key_and_time(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    int order = memcmp(x->key, y->key, sizeof x->key);

    if (order != 0)
        return order;
    if (x->first_ns != y->first_ns)
        return x->first_ns < y->first_ns ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

/* The endpoint by which flows of a class are not grouped. */
static unsigned other_side(uint8_t verdict)
{
    return verdict == LW_VERDICT_DOS ? 0 : 1;
}

static size_t list_candidates(const struct alert_groups *g, struct candidate *out)
{
    size_t n = 0;

    for (size_t i = 0; i < g->n; i++) {
        const struct alert_group *a = &g->groups[i];
        unsigned side = other_side(a->verdict);

        if (!(side == 0 ? a->one_source : a->one_destination))
            continue;
        out[n].key[0] = a->verdict;
        memcpy(out[n].key + 1, a->addr[side].bytes, STORE_ADDR_BYTES);
        out[n].first_ns = a->first_ns;
        out[n++].at = (uint32_t)i;
    }
    return n;
}

static void swap_texts(char **a, char **b)
{
    char *kept = *a;

    *a = *b;
    *b = kept;
}

/* `b` becomes part of `a`, whose number is given. */
static void absorb(struct alert_group *a, struct alert_group *b, uint32_t number)
{
    if (says_more(b->score, b->words, a)) {
        a->score = b->score;
        a->flow = b->flow;
        swap_texts(&a->detector, &b->detector);
        swap_texts(&a->attack_id, &b->attack_id);
        swap_texts(&a->words, &b->words);
    }
    a->one_source &= b->one_source && same_addr(&a->addr[0], &b->addr[0]);
    a->one_destination &= b->one_destination && same_addr(&a->addr[1], &b->addr[1]);
    a->first_ns = b->first_ns < a->first_ns ? b->first_ns : a->first_ns;
    a->last_ns = b->last_ns > a->last_ns ? b->last_ns : a->last_ns;
    a->severity = b->severity > a->severity ? b->severity : a->severity;
    a->flows += b->flows;
    b->flows = 0;
    b->joined = number;
}

/* How many candidates from the first on follow each other within the gap. */
static size_t chain_length(const struct alert_groups *g, const struct candidate *c,
                           size_t n)
{
    int64_t last_ns = g->groups[c[0].at].last_ns;
    size_t length = 1;

    for (; length < n; length++) {
        const struct candidate *next = &c[length];

        if (memcmp(next->key, c[0].key, sizeof c[0].key) != 0 ||
            next->first_ns - last_ns > g->gap_ns)
            break;
        if (g->groups[next->at].last_ns > last_ns)
            last_ns = g->groups[next->at].last_ns;
    }
    return length;
}

bool alert_groups_join(struct alert_groups *g, size_t *n_joined)
{
    struct candidate *c = mem_zalloc(g->n + 1, sizeof *c);
    size_t n;

    *n_joined = 0;
    if (c == NULL)
        return false;
    n = list_candidates(g, c);
    qsort(c, n, sizeof *c, by_key_and_time);
    for (size_t at = 0, length; at < n; at += length) {
        length = chain_length(g, c + at, n - at);
        if (length < ALERT_JOIN_MIN)
            continue;
        for (size_t i = 1; i < length; i++)
            absorb(&g->groups[c[at].at], &g->groups[c[at + i].at], c[at].at + 1);
        *n_joined += length - 1;
    }
    mem_free(c);
    return true;
}
