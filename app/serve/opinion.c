/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/opinion.h"

#include "base/hash.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "serve/models.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_SLOTS = 1024 };

static void detail_free(struct opinion_detail *d)
{
    if (d == NULL)
        return;
    mem_free(d->reasons);
    mem_free(d->words);
    mem_free(d->vector);
    mem_free(d);
}

void opinions_init(struct opinions *o, const struct model *model, float threshold,
                   enum opinion_key by, size_t max)
{
    *o = (struct opinions){.model = model,
                           .threshold = threshold,
                           .by = by,
                           .max = max,
                           .seed = hash_random_seed()};
    buf_init(&o->json);
}

void opinions_release(struct opinions *o)
{
    for (size_t i = 0; i < o->cap; i++)
        detail_free(o->slots[i].detail);
    mem_free(o->slots);
    buf_release(&o->json);
    memset(o, 0, sizeof *o);
}

/* ---- finding --------------------------------------------------------------------- */

static bool is_icmp(const struct lw_record *rec)
{
    return rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6;
}

/* The end with the smaller bytes comes first, so that direction does not matter. */
void opinion_make_key(enum opinion_key by, const struct lw_record *rec,
                      uint8_t key[OPINION_KEY_BYTES])
{
    uint8_t end[2][18];
    unsigned first;

    memset(key, 0, OPINION_KEY_BYTES);
    for (unsigned side = 0; side < 2; side++) {
        memcpy(end[side], rec->addr[side].bytes, 16);
        memcpy(end[side] + 16, &rec->port[side], 2);
    }
    first = memcmp(end[0], end[1], sizeof end[0]) <= 0 ? 0 : 1;
    memcpy(key, end[first], 18);
    memcpy(key + 18, end[1 - first], 18);
    key[36] = (uint8_t)rec->kind;
    key[37] = rec->protocol;
    key[38] = rec->ip_version;
    if (by == OPINION_BY_NUMBER)
        memcpy(key + 40, &rec->flow_id, sizeof rec->flow_id);
    else if (!is_icmp(rec))
        memcpy(key + 40, &rec->start_ns, sizeof rec->start_ns);
}

static struct opinion *find_slot(const struct opinions *o,
                                 const uint8_t key[OPINION_KEY_BYTES])
{
    size_t at = (size_t)hash_bytes(key, OPINION_KEY_BYTES, o->seed) & (o->cap - 1);

    while (o->slots[at].used && memcmp(o->slots[at].key, key, OPINION_KEY_BYTES) != 0)
        at = (at + 1) & (o->cap - 1);
    return &o->slots[at];
}

static bool make_room(struct opinions *o)
{
    struct opinions larger = *o;

    if (o->cap > 0 && o->n < o->cap / 2)
        return true;
    larger.cap = o->cap == 0 ? FIRST_SLOTS : o->cap * 2;
    larger.slots = mem_zalloc(larger.cap, sizeof larger.slots[0]);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < o->cap; i++)
        if (o->slots[i].used)
            *find_slot(&larger, o->slots[i].key) = o->slots[i];
    mem_free(o->slots);
    *o = larger;
    return true;
}

const struct opinion *opinions_get(const struct opinions *o,
                                   const struct lw_record *rec)
{
    uint8_t key[OPINION_KEY_BYTES];
    const struct opinion *p;

    if (o->cap == 0)
        return NULL;
    opinion_make_key(o->by, rec, key);
    p = find_slot(o, key);
    return p->used ? p : NULL;
}

/* ---- verdicts -------------------------------------------------------------------- */

/* A score that reaches the threshold is an attack even where the model's own rule would
 * have said normal: then its likeliest class. */
static enum lw_verdict_class class_of(const struct lw_classifier *c,
                                      const struct lw_verdict *v, bool alert)
{
    uint32_t best = 0;

    if (!alert)
        return LW_VERDICT_NORMAL;
    if (v->verdict != LW_VERDICT_NORMAL)
        return v->verdict;
    for (uint32_t i = 1; i < lw_classifier_classes(c); i++)
        if (best == 0 || v->score[i] > v->score[best])
            best = i;
    for (int k = 0; k < LW_N_VERDICTS; k++)
        if (strcmp(lw_verdict_name((enum lw_verdict_class)k),
                   lw_classifier_class_name(c, best)) == 0)
            return (enum lw_verdict_class)k;
    return LW_VERDICT_NOT_RECOGNIZED;
}

/* A sign decides whatever the model says, and has no threshold. */
static struct opinion opinion_by_sign(const struct lw_finding *f)
{
    return (struct opinion){.score = f->verdict.confidence,
                            .threshold = NAN,
                            .p_value = NAN,
                            .confidence = f->verdict.confidence,
                            .unavailable = f->verdict.unavailable,
                            .verdict = (uint8_t)f->verdict.verdict,
                            .alert = true};
}

/* What is said of one row, without the reasons. */
static struct opinion opinion_of(const struct opinions *o, const struct lw_finding *f)
{
    const struct lw_classifier *c = o->model->classifier;
    const struct lw_verdict *v = &f->verdict;
    struct opinion p = {.score = v->attack_score,
                        .threshold = o->threshold,
                        .p_value = v->p_value,
                        .confidence = v->confidence,
                        .unavailable = v->unavailable};

    if (f->sign != NULL)
        return opinion_by_sign(f);
    if (o->threshold < 0) {
        p.threshold = o->model->threshold;
        (void)lw_classifier_nearness(c, v, &p.score, &p.threshold);
        p.alert = v->verdict != LW_VERDICT_NORMAL;
    } else {
        p.alert = v->attack_score >= o->threshold;
    }
    p.verdict = (uint8_t)class_of(c, v, p.alert);
    return p;
}

static bool is_worse(const struct opinion *a, const struct opinion *b)
{
    if (a->alert != b->alert)
        return a->alert;
    return a->score > b->score;
}

/* ---- reasons --------------------------------------------------------------------- */

static char *reasons_json(struct opinions *o, const struct lw_view *view,
                          const struct lw_reason *reasons, size_t n)
{
    struct jsonw w;

    buf_reset(&o->json);
    jsonw_init(&w, &o->json);
    jsonw_array(&w);
    for (size_t i = 0; i < n; i++) {
        jsonw_object(&w);
        jsonw_put_text(&w, "feature", view->features[reasons[i].feature_idx].name);
        jsonw_key(&w, "value");
        jsonw_f32(&w, reasons[i].value);
        jsonw_key(&w, "contribution");
        jsonw_f32(&w, reasons[i].contribution);
        jsonw_put_text(&w, "words", reasons[i].words);
        jsonw_object_end(&w);
    }
    jsonw_array_end(&w);
    return buf_ok(&o->json) ? mem_strdup(buf_text(&o->json)) : NULL;
}

static char *say_why(const struct lw_reason *reasons, size_t n)
{
    char text[OPINION_WORDS_BYTES] = "";

    if (n >= 2)
        (void)snprintf(text, sizeof text, "%s; %s", reasons[0].words, reasons[1].words);
    else if (n == 1)
        (void)snprintf(text, sizeof text, "%s", reasons[0].words);
    return mem_strdup(text);
}

/* ---- normal flows ---------------------------------------------------------------- */

static bool is_normal_kept(const struct opinion *p)
{
    return p->detail != NULL && p->detail->reasons == NULL;
}

static void forget_detail(struct opinions *o, struct opinion *p)
{
    if (is_normal_kept(p)) {
        o->n_normals--;
    } else if (p->detail != NULL) {
        o->n_details[p->verdict]--;
        o->n_story[p->story]--;
    }
    detail_free(p->detail);
    p->detail = NULL;
}

/* The same flows of a capture every time: the seed of the table is another one. */
static bool is_drawn(const struct opinions *o, const uint8_t key[OPINION_KEY_BYTES])
{
    return (hash_bytes(key, OPINION_KEY_BYTES, 1) & o->normals_mask) == 0;
}

/* Twice as many zeros: half of them go. */
static void thin_out(struct opinions *o)
{
    o->normals_mask = o->normals_mask << 1 | 1;
    for (size_t i = 0; i < o->cap; i++)
        if (o->slots[i].used && is_normal_kept(&o->slots[i]) &&
            !is_drawn(o, o->slots[i].key))
            forget_detail(o, &o->slots[i]);
}

static enum lw_status keep_normal(struct opinions *o, struct opinion *p,
                                  const struct lw_finding *f, struct lw_error *err)
{
    if (!o->keeps_normals || p->alert || !is_drawn(o, p->key))
        return LW_OK;
    p->detail = mem_zalloc(1, sizeof *p->detail);
    if (p->detail == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for flows to compare with");
    p->detail->vector = mem_dup(f->values, f->view->n_features * sizeof f->values[0]);
    p->detail->n_vector = f->view->n_features;
    if (p->detail->vector == NULL) {
        detail_free(p->detail);
        p->detail = NULL;
        return lw_fail(err, LW_ENOMEM, "out of memory for flows to compare with");
    }
    o->n_normals++;
    return LW_OK;
}

/* Alerts are gathered by who attacks, floods by who is attacked.  The same flows of a
 * capture every time, whatever the seed of the table. */
static uint16_t story_of(enum lw_verdict_class verdict, const struct lw_record *rec)
{
    unsigned source = lw_record_initiator(rec);
    unsigned side = verdict == LW_VERDICT_DOS ? source ^ 1 : source;

    return (uint16_t)(hash_bytes(rec->addr[side].bytes, sizeof rec->addr[side].bytes,
                                 1 + (uint64_t)verdict) &
                      (OPINION_STORIES - 1));
}

/* ---- why ------------------------------------------------------------------------- */

/* The reasons of a row that is worth them and for which there is room; *out stays NULL
 * where it is not. */
static enum lw_status explain(struct opinions *o, const struct opinion *p,
                              const struct lw_finding *f, struct opinion_detail **out,
                              struct lw_error *err)
{
    struct lw_reason reasons[LW_MAX_REASONS];
    struct opinion_detail *d;
    enum lw_status st;
    size_t n = 0;

    if (!p->alert && !(p->score >= OPINION_DETAIL_SCORE))
        return LW_OK;
    if (o->n_details[p->verdict] >= OPINION_DETAILS_MAX ||
        o->n_story[p->story] >= OPINION_STORY_MAX)
        return LW_OK;
    if (f->sign != NULL) {
        n = f->n_reasons;
        memcpy(reasons, f->reasons, n * sizeof reasons[0]);
    } else {
        st = lw_classifier_explain(o->model->classifier, f->values, &f->verdict,
                                   reasons, LW_MAX_REASONS, &n, err);
        if (st != LW_OK)
            return st;
    }
    d = mem_zalloc(1, sizeof *d);
    if (d == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for reasons");
    d->reasons = reasons_json(o, f->view, reasons, n);
    d->words = say_why(reasons, n);
    d->vector = mem_dup(f->values, f->view->n_features * sizeof f->values[0]);
    d->n_vector = f->view->n_features;
    if (d->reasons == NULL || d->words == NULL || d->vector == NULL) {
        detail_free(d);
        return lw_fail(err, LW_ENOMEM, "out of memory for reasons");
    }
    o->n_details[p->verdict]++;
    o->n_story[p->story]++;
    *out = d;
    return LW_OK;
}

/* ---- keeping --------------------------------------------------------------------- */

enum lw_status opinions_add(struct opinions *o, const struct lw_finding *f,
                            struct lw_error *err)
{
    struct opinion p = opinion_of(o, f);
    struct opinion *slot;
    enum lw_status st;

    if (!make_room(o))
        return lw_fail(err, LW_ENOMEM, "out of memory for verdicts");
    opinion_make_key(o->by, f->rec, p.key);
    p.story = story_of((enum lw_verdict_class)p.verdict, f->rec);
    slot = find_slot(o, p.key);
    if (slot->used && !is_worse(&p, slot))
        return LW_OK;
    if (!slot->used && o->n >= o->max)
        return lw_fail(err, LW_ELIMIT, "more than %zu flows", o->max);
    forget_detail(o, slot);
    st = explain(o, &p, f, &p.detail, err);
    if (st == LW_OK && p.detail == NULL)
        st = keep_normal(o, &p, f, err);
    if (st != LW_OK)
        return st;
    o->n += slot->used ? 0 : 1;
    p.used = true;
    *slot = p;
    while (o->n_normals > OPINION_NORMALS_MAX)
        thin_out(o);
    return LW_OK;
}

struct store_score opinion_score(const struct opinions *o, const struct opinion *p)
{
    const struct lw_classifier *c = o->model->classifier;
    struct store_score s = {.detector = model_role_names[o->model->role],
                            .model = lw_classifier_id(c),
                            .verdict = (enum lw_verdict_class)p->verdict,
                            .score = p->score,
                            .threshold = p->threshold,
                            .p_value = p->p_value,
                            .confidence = p->confidence,
                            .unavailable = p->unavailable,
                            .view = lw_classifier_view(c)->name,
                            .alert = p->alert};

    if (p->detail != NULL) {
        s.reasons = p->detail->reasons;
        s.vector = p->detail->vector;
        s.n_vector = p->detail->n_vector;
    }
    return s;
}
