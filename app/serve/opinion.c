/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/opinion.h"

#include "base/hash.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "serve/models.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_SLOTS = 1024, KEY_BYTES = 48 };

static void detail_free(struct opinion_detail *d)
{
    if (d == NULL)
        return;
    mem_free(d->reasons);
    mem_free(d->words);
    mem_free(d->vector);
    mem_free(d);
}

static struct opinion *nth(const struct opinions *o, size_t i)
{
    return &o->blocks[i / OPINION_BLOCK][i % OPINION_BLOCK];
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
    for (size_t i = 0; i < o->n; i++)
        detail_free(nth(o, i)->detail);
    for (size_t i = 0; i < o->n_blocks; i++)
        mem_free(o->blocks[i]);
    mem_free(o->blocks);
    mem_free(o->index);
    buf_release(&o->json);
    memset(o, 0, sizeof *o);
}

/* ---- finding --------------------------------------------------------------------- */

static bool is_icmp(const struct lw_record *rec)
{
    return rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6;
}

/* The end with the smaller bytes comes first, so that direction does not matter. */
static void make_key(enum opinion_key by, const struct lw_record *rec,
                     uint8_t key[KEY_BYTES])
{
    uint8_t end[2][18];
    unsigned first;

    memset(key, 0, KEY_BYTES);
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

/* Two hashes stand for the key.  One has a seed that nobody knows, so that nobody can
 * make flows whose hashes are equal; that two of 20 million are by chance has a
 * probability of 1e-24. */
static void hash_key(const struct opinions *o, const struct lw_record *rec,
                     uint64_t *hash, uint64_t *draw)
{
    uint8_t key[KEY_BYTES];

    make_key(o->by, rec, key);
    *hash = hash_bytes(key, sizeof key, o->seed);
    *draw = hash_bytes(key, sizeof key, 1);
}

/* Where the opinion's number stands in the table, or belongs. */
static uint32_t *find_place(const struct opinions *o, uint64_t hash, uint64_t draw)
{
    size_t at = (size_t)hash & (o->cap - 1);

    for (; o->index[at] != 0; at = (at + 1) & (o->cap - 1)) {
        const struct opinion *p = nth(o, o->index[at] - 1);

        if (p->hash == hash && p->draw == draw)
            break;
    }
    return &o->index[at];
}

static bool add_block(struct opinions *o)
{
    struct opinion **blocks =
        mem_grow(o->blocks, &o->blocks_cap, o->n_blocks + 1, sizeof(struct opinion *));

    if (blocks == NULL)
        return false;
    o->blocks = blocks;
    blocks[o->n_blocks] = mem_zalloc(OPINION_BLOCK, sizeof **blocks);
    if (blocks[o->n_blocks] == NULL)
        return false;
    o->n_blocks++;
    return true;
}

/* For one more. */
static bool make_room(struct opinions *o)
{
    size_t cap = o->cap == 0 ? FIRST_SLOTS : o->cap * 2;
    uint32_t *index;

    if (o->n == o->n_blocks * OPINION_BLOCK && !add_block(o))
        return false;
    if (o->cap > 0 && o->n < o->cap / 2)
        return true;
    index = mem_zalloc(cap, sizeof *index);
    if (index == NULL)
        return false;
    mem_free(o->index);
    o->index = index;
    o->cap = cap;
    for (size_t i = 0; i < o->n; i++)
        *find_place(o, nth(o, i)->hash, nth(o, i)->draw) = (uint32_t)(i + 1);
    return true;
}

const struct opinion *opinions_get(const struct opinions *o,
                                   const struct lw_record *rec)
{
    uint64_t hash;
    uint64_t draw;
    uint32_t number;

    if (o->cap == 0)
        return NULL;
    hash_key(o, rec, &hash, &draw);
    number = *find_place(o, hash, draw);
    return number == 0 ? NULL : nth(o, number - 1);
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

struct opinion opinion_of(const struct opinions *o, const struct lw_finding *f)
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

void opinion_words(const struct lw_reason *reasons, size_t n_reasons, char *out,
                   size_t n)
{
    out[0] = '\0';
    if (n_reasons >= 2)
        (void)snprintf(out, n, "%s; %s", reasons[0].words, reasons[1].words);
    else if (n_reasons == 1)
        (void)snprintf(out, n, "%s", reasons[0].words);
}

static char *say_why(const struct lw_reason *reasons, size_t n)
{
    char text[OPINION_WORDS_BYTES];

    opinion_words(reasons, n, text, sizeof text);
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

static bool is_drawn(const struct opinions *o, const struct opinion *p)
{
    return (p->draw & o->normals_mask) == 0;
}

/* Twice as many zeros: half of them go. */
static void thin_out(struct opinions *o)
{
    o->normals_mask = o->normals_mask << 1 | 1;
    for (size_t i = 0; i < o->n; i++)
        if (is_normal_kept(nth(o, i)) && !is_drawn(o, nth(o, i)))
            forget_detail(o, nth(o, i));
}

static enum lw_status keep_normal(struct opinions *o, struct opinion *p,
                                  const struct lw_finding *f, struct lw_error *err)
{
    if (!o->keeps_normals || p->alert || !is_drawn(o, p))
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
    struct opinion *former = NULL;
    enum lw_status st;
    uint32_t *place;

    if (!make_room(o))
        return lw_fail(err, LW_ENOMEM, "out of memory for verdicts");
    hash_key(o, f->rec, &p.hash, &p.draw);
    p.story = story_of((enum lw_verdict_class)p.verdict, f->rec);
    place = find_place(o, p.hash, p.draw);
    if (*place != 0)
        former = nth(o, *place - 1);
    if (former != NULL && !is_worse(&p, former))
        return LW_OK;
    if (former == NULL && o->n >= o->max)
        return lw_fail(err, LW_ELIMIT, "more than %zu flows", o->max);
    if (former != NULL)
        forget_detail(o, former);
    st = explain(o, &p, f, &p.detail, err);
    if (st == LW_OK && p.detail == NULL)
        st = keep_normal(o, &p, f, err);
    if (st != LW_OK)
        return st;
    if (former == NULL) {
        former = nth(o, o->n++);
        *place = (uint32_t)o->n;
    }
    *former = p;
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
