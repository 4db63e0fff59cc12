/* SPDX-License-Identifier: Apache-2.0 */
/* lapwing test: a model's answers on a labelled table. */
#include "base/mem.h"
#include "data/rows.h"
#include "detect/classifier_priv.h"
#include "detect/train_set.h"

#include <stdio.h>
#include <string.h>

/* Is the attack type, up to a final dot, in the list of those trained on? */
static bool was_trained_on(const char *types, const char *name)
{
    size_t n = strcspn(name, ".");

    for (const char *p = types; *p != '\0'; p += *p == ',' ? 1 : 0) {
        size_t len = strcspn(p, ",");

        if (len == n && memcmp(p, name, n) == 0)
            return true;
        p += len;
    }
    return false;
}

static uint32_t class_said(const struct lw_classifier *c, const struct lw_verdict *v)
{
    for (uint32_t i = 0; i < c->n_classes; i++)
        if (c->class_of[i] == v->decision)
            return i;
    return c->n_classes;
}

static void list_unseen(const struct lw_classifier *c, const struct train_set *s,
                        const uint32_t *said, struct lw_test_report *out)
{
    uint8_t listed[1024] = {0};
    size_t n = 0;

    for (size_t r = 0; r < s->x.n_rows; r++) {
        const char *name = s->type_name[s->type[r]];

        if (s->label[r] == LW_KDD_NORMAL || was_trained_on(c->types, name))
            continue;
        out->n_unseen_rows++;
        out->n_unseen_found += said[r] != 0 ? 1 : 0;
        if (s->type[r] >= sizeof listed || listed[s->type[r]])
            continue;
        listed[s->type[r]] = 1;
        if (n + strlen(name) + 2 < sizeof out->unseen_types)
            n += (size_t)snprintf(out->unseen_types + n, sizeof out->unseen_types - n,
                                  "%s%.*s", n > 0 ? "," : "", (int)strcspn(name, "."),
                                  name);
    }
}

/* What was said of each attack name; room (n_types) for one more than its place. */
static void count_names(const struct lw_classifier *c, const struct train_set *s,
                        const uint32_t *said, uint32_t *room, struct lw_eval_names *out)
{
    for (size_t r = 0; r < s->x.n_rows; r++) {
        uint32_t *at = &room[s->type[r]];
        struct lw_eval_name *n;

        if (*at == 0 && out->n < LW_EVAL_NAMES_MAX) {
            const char *name = s->type_name[s->type[r]];

            n = &out->name[out->n++];
            *at = (uint32_t)out->n;
            (void)snprintf(n->name, sizeof n->name, "%.*s", (int)strcspn(name, "."),
                           name);
            n->is_attack = s->label[r] != LW_KDD_NORMAL;
            n->is_unseen = n->is_attack && !was_trained_on(c->types, name);
        } else if (*at == 0) {
            *at = UINT32_MAX;
            out->n_left_out++;
        }
        if (*at == UINT32_MAX)
            continue;
        n = &out->name[*at - 1];
        n->n_rows++;
        n->said[said[r]]++;
    }
}

static void count_rejected(const struct lw_classifier *c, const struct train_set *s,
                           const struct lw_verdict *verdict, struct lw_test_report *out)
{
    double n_wrong = 0;
    double n_wrong_rejected = 0;

    for (size_t r = 0; r < s->x.n_rows; r++) {
        bool rejected = verdict[r].verdict == LW_VERDICT_NOT_RECOGNIZED;
        bool wrong = class_said(c, &verdict[r]) != s->label[r];

        out->n_rejected[s->label[r]] += rejected ? 1 : 0;
        n_wrong += wrong ? 1 : 0;
        n_wrong_rejected += wrong && rejected ? 1 : 0;
    }
    out->wrong_rejected = n_wrong > 0 ? n_wrong_rejected / n_wrong : 0;
}

static bool is_plain(const struct lw_cost *c)
{
    for (uint32_t i = 0; i < c->n_classes; i++)
        for (uint32_t k = 0; k < c->n_classes; k++)
            if (i == k ? c->of[i][k] > 0 : c->of[i][k] < 1 || c->of[i][k] > 1)
                return false;
    return true;
}

/* The model's own costs, unless every mistake costs it the same. */
static void default_cost(const struct lw_classifier *c, struct lw_cost *out)
{
    lw_cost_kddcup99(out);
    if (c->n_classes != LW_N_KDD_CLASSES)
        lw_cost_plain(out, c->n_classes);
    else if (!is_plain(&c->rule.cost))
        *out = c->rule.cost;
}

struct answers {
    struct lw_verdict *verdict; /* (n_rows), owned */
    uint32_t *said;             /* (n_rows), owned */
    uint32_t *first;            /* (n_rows), owned */
    uint32_t *room;             /* (n_types), owned */
    float *score;               /* (n_rows), owned */
};

static enum lw_status judge_set(const struct lw_classifier *c,
                                const struct train_set *s, struct answers *a,
                                struct lw_test_report *out, struct lw_error *err)
{
    size_t n_distinct = 0;
    enum lw_status st = lw_classifier_judge(c, s->x.x, s->x.n_rows, a->verdict, err);

    if (st == LW_OK)
        st = rows_find_first(&s->x, s->type, a->first, &n_distinct, err);
    if (st != LW_OK)
        return st;
    out->n_distinct_rows = n_distinct;
    for (size_t r = 0; r < s->x.n_rows; r++) {
        a->said[r] = class_said(c, &a->verdict[r]);
        a->score[r] = a->verdict[r].attack_score;
    }
    list_unseen(c, s, a->said, out);
    count_rejected(c, s, a->verdict, out);
    count_names(c, s, a->said, a->room, &out->names);
    st = lw_curve_compute(&out->curve, s->label, a->score, s->x.n_rows, err);
    if (st != LW_OK)
        return st;
    return lw_eval_compute(&out->all, s->label, a->said, s->x.n_rows, c->n_classes,
                           a->score, err);
}

enum lw_status lw_test(const struct lw_classifier *c, const struct lw_frame *frame,
                       const struct lw_cost *cost, struct lw_test_report *out,
                       struct lw_error *err)
{
    struct answers a = {0};
    struct lw_cost own;
    struct train_set s;
    enum lw_status st;

    memset(out, 0, sizeof *out);
    if (c->n_classes != LW_N_KDD_CLASSES && c->class_of[1] != LW_VERDICT_ANOMALY)
        return lw_fail(err, LW_EUNSUPPORTED,
                       "the model does not have the five classes");
    default_cost(c, &own);
    if (cost == NULL)
        cost = &own;
    if (cost->n_classes != c->n_classes)
        return lw_fail(err, LW_EINVAL, "the cost matrix is not one of %u classes",
                       c->n_classes);
    st = train_set_init(&s, c->view, frame, NULL, err);
    if (st != LW_OK)
        return st;
    for (size_t r = 0; c->n_classes == 2 && r < s.x.n_rows; r++)
        s.label[r] = s.label[r] != LW_KDD_NORMAL ? 1 : 0;
    a.verdict = mem_zalloc(s.x.n_rows, sizeof *a.verdict);
    a.said = mem_zalloc(s.x.n_rows, sizeof *a.said);
    a.first = mem_zalloc(s.x.n_rows, sizeof *a.first);
    a.score = mem_zalloc(s.x.n_rows, sizeof *a.score);
    a.room = mem_zalloc(s.n_types, sizeof *a.room);
    if (a.room == NULL || a.verdict == NULL || a.said == NULL || a.first == NULL ||
        a.score == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", s.x.n_rows);
    else
        st = judge_set(c, &s, &a, out, err);
    if (st == LW_OK)
        out->all.average_cost = lw_cost_average(cost, &out->all);
    mem_free(a.verdict);
    mem_free(a.said);
    mem_free(a.first);
    mem_free(a.room);
    mem_free(a.score);
    train_set_release(&s);
    return st;
}
