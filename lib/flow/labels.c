/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of ground truth: which rule fits a record.
 *
 * Rules are of few shapes: which prefix lengths, ports and protocol they have. Within a
 * shape, all that a rule asks for but the time makes a key, found by hash ("tuple space
 * search", Srinivasan et al., SIGCOMM 1999).  A record is looked up once per shape and
 * direction, shapes in order of precedence, until one has been found and the rest is
 * weaker.
 *
 * Rules with equal keys differ in time.  Their intervals are cut at load time into
 * pieces that do not overlap, each with the first rule that covers it, so that one
 * binary search finds it:
 *
 *     rule 1        |-----------|
 *     rule 2   |---------|
 *     rule 3                  |------|
 *     pieces   [ 2  [     1     [  3 [ none
 */
#include "labels.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum { FIRST_SLOTS = 256, RECENT_LABELS = 256 };

/* What a rule asks for. */
struct shape {
    uint8_t family; /* enum label_family */
    uint8_t bits[2];
    uint8_t has_port[2];
    uint8_t has_proto;
};

/* The values that it asks for; the rest is zero.  Compared as bytes: no padding. */
struct key {
    uint8_t bytes[2][16];
    uint16_t port[2];
    uint16_t proto;
    uint16_t shape; /* index */
};

_Static_assert(sizeof(struct key) == 40, "a key has no padding");

/* Rules with the same key. */
struct group {
    struct key key;
    uint32_t untimed; /* the first rule without times, or NONE */
    uint32_t timed;   /* head of the list of rules with times, or NONE */
    uint32_t piece;   /* (n_pieces) of their time, from this one on */
    uint32_t n_pieces;
};

struct rule {
    int64_t start_us;
    int64_t end_us;
    uint32_t label; /* where in `text` */
    uint32_t next;  /* with times in its group, or NONE */
    bool used;
};

/* From here to the next piece. */
struct piece {
    int64_t at_us;
    uint32_t rule; /* or NONE */
};

struct lw_labels {
    struct rule *rules; /* (n_rules), owned */
    size_t n_rules;
    size_t rules_cap;
    struct group *groups; /* (n_groups), owned */
    size_t n_groups;
    size_t groups_cap;
    uint32_t *slots; /* (n_slots, a power of two) group or NONE by hash, owned */
    size_t n_slots;
    struct piece *pieces; /* (n_pieces), owned */
    size_t n_pieces;
    size_t pieces_cap;
    struct shape shapes[LW_LABELS_SHAPES_MAX];
    uint16_t order[LW_LABELS_SHAPES_MAX]; /* (n_shapes), the strongest first */
    size_t n_shapes;
    struct buf text;                /* labels, each ended by 0 */
    uint32_t recent[RECENT_LABELS]; /* places of labels by hash: few differ */
    uint64_t seed;
    struct lw_labels_stats stats;
};

struct lw_labels *labels_new(void)
{
    struct lw_labels *l = mem_zalloc(1, sizeof *l);

    if (l == NULL)
        return NULL;
    buf_init(&l->text);
    l->seed = hash_random_seed();
    return l;
}

void lw_labels_free(struct lw_labels *l)
{
    if (l == NULL)
        return;
    mem_free(l->rules);
    mem_free(l->groups);
    mem_free(l->slots);
    mem_free(l->pieces);
    buf_release(&l->text);
    mem_free(l);
}

/* ---- groups ---------------------------------------------------------------------- */

/* The slot of a key: its group's or a free one. */
static size_t find_slot(const struct lw_labels *l, const struct key *key)
{
    size_t i = hash_bytes(key, sizeof *key, l->seed) & (l->n_slots - 1);

    while (l->slots[i] != NONE &&
           memcmp(&l->groups[l->slots[i]].key, key, sizeof *key) != 0)
        i = (i + 1) & (l->n_slots - 1);
    return i;
}

/* Room for one more group; at most half of the slots are taken. */
static bool make_room(struct lw_labels *l)
{
    size_t n = l->n_slots == 0 ? FIRST_SLOTS : 2 * l->n_slots;
    struct group *groups =
        mem_grow(l->groups, &l->groups_cap, l->n_groups + 1, sizeof *groups);
    uint32_t *slots;

    if (groups == NULL)
        return false;
    l->groups = groups;
    if (2 * (l->n_groups + 1) <= l->n_slots)
        return true;
    slots = mem_resize(l->slots, n, sizeof *slots);
    if (slots == NULL)
        return false;
    l->slots = slots;
    l->n_slots = n;
    memset(slots, 0xff, n * sizeof *slots);
    for (size_t i = 0; i < l->n_groups; i++)
        slots[find_slot(l, &l->groups[i].key)] = (uint32_t)i;
    return true;
}

/* The group of a key, new if need be; NULL when memory is out. */
static struct group *get_group(struct lw_labels *l, const struct key *key)
{
    size_t slot;

    if (!make_room(l))
        return NULL;
    slot = find_slot(l, key);
    if (l->slots[slot] == NONE) {
        l->slots[slot] = (uint32_t)l->n_groups;
        l->groups[l->n_groups++] =
            (struct group){.key = *key, .untimed = NONE, .timed = NONE};
    }
    return &l->groups[l->slots[slot]];
}

/* ---- adding ---------------------------------------------------------------------- */

/* Index of a shape, new if need be; LW_LABELS_SHAPES_MAX when there are too many. */
static size_t get_shape(struct lw_labels *l, const struct shape *s)
{
    size_t i = 0;

    while (i < l->n_shapes && memcmp(&l->shapes[i], s, sizeof *s) != 0)
        i++;
    if (i == l->n_shapes && i < LW_LABELS_SHAPES_MAX)
        l->shapes[l->n_shapes++] = *s;
    return i;
}

/* Where in the text a label is; false when memory is out. */
static bool get_label(struct lw_labels *l, const char *label, size_t n, uint32_t *at)
{
    uint32_t *recent = &l->recent[hash_bytes(label, n, l->seed) % RECENT_LABELS];
    const char *have = buf_text(&l->text) + *recent;

    if (l->text.len > 0 && strlen(have) == n && memcmp(have, label, n) == 0) {
        *at = *recent;
        return true;
    }
    if (l->text.len > UINT32_MAX - LW_LABEL_MAX - 1)
        return false;
    *at = *recent = (uint32_t)l->text.len;
    buf_add(&l->text, label, n);
    buf_add_char(&l->text, '\0');
    return buf_ok(&l->text);
}

static struct key key_of(const struct label_rule *r, uint16_t shape)
{
    struct key key = {.shape = shape, .proto = r->has_proto ? r->proto : 0};

    for (unsigned i = 0; i < 2; i++) {
        memcpy(key.bytes[i], r->end[i].bytes, sizeof key.bytes[i]);
        key.port[i] = r->end[i].has_port ? r->end[i].port : 0;
    }
    return key;
}

static bool add_rule(struct lw_labels *l, const struct label_rule *r, uint16_t shape,
                     uint32_t label)
{
    const struct key key = key_of(r, shape);
    struct rule *rules =
        mem_grow(l->rules, &l->rules_cap, l->n_rules + 1, sizeof *rules);
    struct group *g;
    uint32_t id = (uint32_t)l->n_rules;

    if (rules == NULL)
        return false;
    l->rules = rules;
    g = get_group(l, &key);
    if (g == NULL)
        return false;
    l->rules[l->n_rules++] = (struct rule){.start_us = r->start_us,
                                           .end_us = r->end_us,
                                           .label = label,
                                           .next = r->has_time ? g->timed : NONE};
    if (r->has_time)
        g->timed = id;
    else if (g->untimed == NONE)
        g->untimed = id;
    return true;
}

enum lw_status labels_add(struct lw_labels *l, const struct label_rule *r,
                          const char *label, size_t n, struct lw_error *err)
{
    const struct shape shape = {.family = (uint8_t)r->family,
                                .bits = {r->end[0].bits, r->end[1].bits},
                                .has_port = {r->end[0].has_port, r->end[1].has_port},
                                .has_proto = r->has_proto};
    size_t shape_idx = get_shape(l, &shape);
    uint32_t at = 0;

    if (shape_idx == LW_LABELS_SHAPES_MAX)
        return lw_fail(err, LW_ELIMIT,
                       "over %d kinds of rules (prefix lengths and what is given); use "
                       "fewer prefix lengths",
                       LW_LABELS_SHAPES_MAX);
    if (l->n_rules == LW_LABELS_RULES_MAX)
        return lw_fail(err, LW_ELIMIT, "over %d rules; split the file",
                       LW_LABELS_RULES_MAX);
    if (!get_label(l, label, n, &at) || !add_rule(l, r, (uint16_t)shape_idx, at))
        return lw_fail(err, LW_ENOMEM, "out of memory");
    return LW_OK;
}

/* ---- precedence ------------------------------------------------------------------ */

/* Address bits first, then ports, then the protocol. */
static unsigned rank_of(const struct shape *s)
{
    unsigned bits =
        (unsigned)s->bits[0] + s->bits[1] + (s->family != LABEL_ANY_FAMILY ? 1U : 0U);

    return bits * 8 + (unsigned)(s->has_port[0] + s->has_port[1]) * 2 + s->has_proto;
}

static void order_shapes(struct lw_labels *l)
{
    for (size_t i = 0; i < l->n_shapes; i++) {
        unsigned rank = rank_of(&l->shapes[i]);
        size_t at = i;

        for (; at > 0 && rank_of(&l->shapes[l->order[at - 1]]) < rank; at--)
            l->order[at] = l->order[at - 1];
        l->order[at] = (uint16_t)i;
    }
}

/* ---- times ----------------------------------------------------------------------- */

/* Rules of one group while their times are cut up. */
struct sweep {
    int64_t *cuts;  /* (2 n) where something begins or has ended */
    uint32_t *heap; /* (n_heap) rules that have begun, the first on top */
    size_t n_heap;
};

static void heap_push(struct sweep *s, uint32_t rule)
{
    size_t i = s->n_heap++;

    for (; i > 0 && s->heap[(i - 1) / 2] > rule; i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = rule;
}

static void heap_pop(struct sweep *s)
{
    uint32_t last = s->heap[--s->n_heap];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < s->n_heap; i = child) {
        if (child + 1 < s->n_heap && s->heap[child + 1] < s->heap[child])
            child++;
        if (s->heap[child] >= last)
            break;
        s->heap[i] = s->heap[child];
    }
    s->heap[i] = last;
}

static int compare_us(const void *a, const void *b)
{
    int64_t x;
    int64_t y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* By start, then by number: qsort() has no context, so both go into the element. */
struct start {
    int64_t at_us;
    uint32_t rule;
};

static int compare_starts(const void *a, const void *b)
{
    const struct start *x = a;
    const struct start *y = b;

    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return (x->rule > y->rule) - (x->rule < y->rule);
}

static bool add_piece(struct lw_labels *l, struct group *g, int64_t at_us,
                      uint32_t rule)
{
    struct piece *pieces;

    if (g->n_pieces > 0 && l->pieces[l->n_pieces - 1].rule == rule)
        return true;
    pieces = mem_grow(l->pieces, &l->pieces_cap, l->n_pieces + 1, sizeof *pieces);
    if (pieces == NULL)
        return false;
    l->pieces = pieces;
    l->pieces[l->n_pieces++] = (struct piece){at_us, rule};
    g->n_pieces++;
    return true;
}

static bool sweep_times(struct lw_labels *l, struct group *g, struct sweep *s,
                        const struct start *starts, size_t n, size_t n_cuts)
{
    size_t begun = 0;

    g->piece = (uint32_t)l->n_pieces;
    for (size_t i = 0; i < n_cuts; i++) {
        int64_t now = s->cuts[i];

        for (; begun < n && starts[begun].at_us <= now; begun++)
            heap_push(s, starts[begun].rule);
        while (s->n_heap > 0 && l->rules[s->heap[0]].end_us < now)
            heap_pop(s);
        if (!add_piece(l, g, now, s->n_heap > 0 ? s->heap[0] : NONE))
            return false;
    }
    return true;
}

static bool cut_times(struct lw_labels *l, struct group *g, size_t n)
{
    struct start *starts = mem_zalloc(n, sizeof *starts);
    struct sweep s = {.cuts = mem_zalloc(n, 2 * sizeof *s.cuts),
                      .heap = mem_zalloc(n, sizeof *s.heap)};
    size_t i = 0;
    size_t n_cuts = 0;
    bool ok = starts != NULL && s.cuts != NULL && s.heap != NULL;

    if (!ok)
        goto out;
    for (uint32_t r = g->timed; r != NONE; r = l->rules[r].next) {
        starts[i++] = (struct start){l->rules[r].start_us, r};
        s.cuts[n_cuts++] = l->rules[r].start_us;
        if (l->rules[r].end_us < INT64_MAX)
            s.cuts[n_cuts++] = l->rules[r].end_us + 1;
    }
    qsort(starts, n, sizeof *starts, compare_starts);
    qsort(s.cuts, n_cuts, sizeof *s.cuts, compare_us);
    ok = sweep_times(l, g, &s, starts, n, n_cuts);
out:
    mem_free(starts);
    mem_free(s.cuts);
    mem_free(s.heap);
    return ok;
}

/* Of a group's only rule with times. */
static bool cut_time(struct lw_labels *l, struct group *g)
{
    const struct rule *r = &l->rules[g->timed];

    g->piece = (uint32_t)l->n_pieces;
    return add_piece(l, g, r->start_us, g->timed) &&
           (r->end_us == INT64_MAX || add_piece(l, g, r->end_us + 1, NONE));
}

enum lw_status labels_finish(struct lw_labels *l, struct lw_error *err)
{
    order_shapes(l);
    for (size_t i = 0; i < l->n_groups; i++) {
        struct group *g = &l->groups[i];
        size_t n = 0;

        for (uint32_t r = g->timed; r != NONE; r = l->rules[r].next)
            n++;
        if (n > 0 && !(n == 1 ? cut_time(l, g) : cut_times(l, g, n)))
            return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    l->stats.rules = l->n_rules;
    return LW_OK;
}

/* ---- finding --------------------------------------------------------------------- */

/* A record as the rules see it. */
struct subject {
    enum label_family family;
    const uint8_t *bytes[2];
    const uint16_t *port; /* (2); NULL: none */
    uint16_t proto;
    int64_t start_us;
};

static struct subject subject_of(const struct lw_record *rec)
{
    struct subject s = {.bytes = {rec->addr[0].bytes, rec->addr[1].bytes},
                        .port = rec->has_ports ? rec->port : NULL,
                        .proto = rec->protocol};

    s.family = rec->ip_version == 6                               ? LABEL_IP6
               : rec->ip_version == 4 || rec->kind == LW_FLOW_ARP ? LABEL_IP4
                                                                  : LABEL_MAC;
    if (rec->kind == LW_FLOW_ARP)
        s.proto = LABEL_PROTO_ARP;
    else if (rec->kind == LW_FLOW_OTHER)
        s.proto = rec->ether_type < 1536 ? LABEL_PROTO_LLC : rec->ether_type;
    s.start_us = rec->start_ns / NS_PER_US - (rec->start_ns % NS_PER_US < 0 ? 1 : 0);
    return s;
}

static void copy_prefix(uint8_t out[16], const uint8_t bytes[16], unsigned bits)
{
    unsigned whole = bits / 8;

    memcpy(out, bytes, whole);
    if (bits % 8 != 0)
        out[whole] = (uint8_t)(bytes[whole] & 0xff00U >> bits % 8);
}

/* The rule of a group at a time, or NONE. */
static uint32_t rule_at(const struct lw_labels *l, const struct group *g, int64_t us)
{
    const struct piece *pieces;
    size_t lo = 0;
    size_t hi = g->n_pieces;

    if (hi == 0)
        return NONE;
    pieces = l->pieces + g->piece;
    while (lo < hi) { /* the first piece that begins later */
        size_t mid = lo + (hi - lo) / 2;

        if (pieces[mid].at_us <= us)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo == 0 ? NONE : pieces[lo - 1].rule;
}

/* A rule that was found, and whether it has times. */
struct found {
    uint32_t rule; /* or NONE */
    bool timed;
};

static bool is_better(struct found a, struct found b)
{
    if (a.rule == NONE || b.rule == NONE)
        return a.rule != NONE;
    return a.timed != b.timed ? a.timed : a.rule < b.rule;
}

/* With the record's side `from` in the place of the rule's source. */
static struct found look_up(const struct lw_labels *l, uint16_t shape_idx,
                            const struct subject *s, unsigned from)
{
    const struct shape *shape = &l->shapes[shape_idx];
    struct key key = {.shape = shape_idx, .proto = shape->has_proto ? s->proto : 0};
    struct found f = {.rule = NONE};
    const struct group *g;
    uint32_t group;

    for (unsigned i = 0; i < 2; i++) {
        copy_prefix(key.bytes[i], s->bytes[from ^ i], shape->bits[i]);
        key.port[i] = shape->has_port[i] ? s->port[from ^ i] : 0;
    }
    group = l->slots[find_slot(l, &key)];
    if (group == NONE)
        return f;
    g = &l->groups[group];
    f.rule = rule_at(l, g, s->start_us);
    f.timed = f.rule != NONE;
    if (!f.timed)
        f.rule = g->untimed;
    return f;
}

static bool can_fit(const struct shape *shape, const struct subject *s)
{
    return (shape->family == LABEL_ANY_FAMILY || shape->family == s->family) &&
           (s->port != NULL || (!shape->has_port[0] && !shape->has_port[1]));
}

static struct found find(const struct lw_labels *l, const struct subject *s)
{
    struct found best = {.rule = NONE};
    unsigned best_rank = 0;

    for (size_t i = 0; i < l->n_shapes; i++) {
        uint16_t shape_idx = l->order[i];
        unsigned rank = rank_of(&l->shapes[shape_idx]);

        if (best.rule != NONE && rank < best_rank)
            break;
        if (!can_fit(&l->shapes[shape_idx], s))
            continue;
        for (unsigned from = 0; from < 2; from++) {
            struct found f = look_up(l, shape_idx, s, from);

            if (is_better(f, best)) {
                best = f;
                best_rank = rank;
            }
        }
    }
    return best;
}

const char *lw_labels_find(struct lw_labels *l, const struct lw_record *rec)
{
    const struct subject s = subject_of(rec);
    struct found f = find(l, &s);
    struct rule *r;

    if (f.rule == NONE) {
        l->stats.records_unlabelled++;
        return NULL;
    }
    r = &l->rules[f.rule];
    l->stats.records_labelled++;
    l->stats.rules_used += !r->used;
    r->used = true;
    return buf_text(&l->text) + r->label;
}

void lw_labels_get_stats(const struct lw_labels *l, struct lw_labels_stats *out)
{
    *out = l->stats;
}
