/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/judge_wire.h"

#include "base/json.h"
#include "base/mem.h"
#include "serve/frames.h"
#include "serve/models.h"

#include <lapwing/names.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NO_TEXT 0xffffffffU

enum { ITEMS_MAX = 4096, REASONS_DEPTH = 4, MAGIC = 0x324a574c };

/* ---- putting ---- */

static void put_text(struct buf *out, const char *s)
{
    if (s == NULL) {
        buf_add_le32(out, NO_TEXT);
        return;
    }
    buf_add_le32(out, (uint32_t)strlen(s));
    buf_add_text(out, s);
}

static void put_bytes(struct buf *out, const void *p, size_t n)
{
    buf_add_le32(out, (uint32_t)n);
    buf_add(out, p, n);
}

static void put_net(struct buf *out, const struct store_net *n)
{
    buf_add(out, n->addr.bytes, STORE_ADDR_BYTES);
    buf_add_u8(out, n->bits);
}

void wire_put_request(struct buf *out, const struct judge_config *cfg)
{
    buf_add_le32(out, MAGIC);
    for (int i = 0; i < N_JUDGES; i++)
        buf_add_f32(out, cfg->thresholds[i]);
    buf_add_le64(out, cfg->max_flows);
    buf_add_le32(out, (uint32_t)cfg->n_home);
    for (size_t i = 0; i < cfg->n_home; i++)
        put_net(out, &cfg->home[i]);
    buf_add_le32(out, (uint32_t)cfg->n_suppressions);
    for (size_t i = 0; i < cfg->n_suppressions; i++) {
        const struct store_suppression *p = &cfg->suppressions[i];

        put_net(out, &p->source);
        put_net(out, &p->destination);
        buf_add_le32(out, (uint32_t)p->port);
        buf_add_le32(out, (uint32_t)p->verdict);
    }
    for (int i = 0; i < N_JUDGES; i++)
        if (cfg->models[i] == NULL)
            put_bytes(out, NULL, 0);
        else
            put_bytes(out, cfg->models[i]->file, cfg->models[i]->n_file);
}

/* Which judge a detector is. */
static uint8_t judge_number(const char *detector)
{
    uint8_t i = 0;

    while (i + 1 < N_JUDGES && strcmp(detector, model_role_names[judge_roles[i]]) != 0)
        i++;
    return i;
}

static void put_score(struct buf *out, const struct store_score *s)
{
    buf_add_u8(out, judge_number(s->detector));
    buf_add_u8(out, (uint8_t)s->verdict);
    buf_add_u8(out, s->alert);
    buf_add_f32(out, s->score);
    buf_add_f32(out, s->threshold);
    buf_add_f32(out, s->p_value);
    buf_add_f32(out, s->confidence);
    buf_add_f32(out, s->unavailable);
    put_text(out, s->reasons);
    buf_add_le32(out, s->n_vector);
    for (uint32_t i = 0; i < s->n_vector; i++)
        buf_add_f32(out, s->vector[i]);
}

void wire_put_flow(struct buf *out, const struct store_flow *f, bool keep_detail)
{
    size_t at = frame_begin(out, WIRE_FLOW);

    buf_add_le64(out, (uint64_t)f->start_ns);
    buf_add_le64(out, (uint64_t)f->duration_ns);
    for (size_t i = 0; i < 2; i++) {
        buf_add(out, f->addr[i].bytes, STORE_ADDR_BYTES);
        buf_add_le32(out, (uint32_t)f->port[i]);
        buf_add_le64(out, f->packets[i]);
        buf_add_le64(out, f->bytes[i]);
        put_text(out, f->name[i]);
    }
    put_text(out, f->proto);
    put_text(out, f->service);
    put_text(out, f->state);
    put_text(out, f->community_id);
    put_text(out, f->tags);
    put_text(out, f->attack_id);
    put_text(out, f->words);
    put_text(out, f->first_packets);
    buf_add_u8(out, (uint8_t)f->verdict);
    buf_add_f32(out, f->confidence);
    buf_add_f32(out, f->score);
    buf_add_u8(out, f->severity);
    buf_add_u8(out, f->detector);
    buf_add_u8(out, f->alerted);
    buf_add_u8(out, f->suppressed);
    buf_add_u8(out, f->told);
    buf_add_u8(out, (uint8_t)f->told_verdict);
    buf_add_u8(out, keep_detail);
    buf_add_u8(out, (uint8_t)f->n_scores);
    for (uint32_t i = 0; i < f->n_scores; i++)
        put_score(out, &f->scores[i]);
    frame_end(out, at);
}

static void put_totals(struct buf *out, const struct judge_totals *t)
{
    buf_add_le64(out, t->packets);
    buf_add_le64(out, t->flows);
    buf_add_le64(out, t->alerted);
    buf_add_le64(out, (uint64_t)t->first_ns);
    buf_add_le64(out, (uint64_t)t->last_ns);
    put_text(out, t->warning);
}

void wire_put_progress(struct buf *out, double share, const struct judge_totals *t)
{
    size_t at = frame_begin(out, WIRE_PROGRESS);

    buf_add_f64(out, share);
    put_totals(out, t);
    frame_end(out, at);
}

void wire_put_end(struct buf *out, enum lw_status st, const char *msg,
                  const struct judge_totals *t)
{
    size_t at = frame_begin(out, WIRE_END);

    buf_add_le32(out, (uint32_t)st);
    put_text(out, msg);
    put_totals(out, t);
    frame_end(out, at);
}

/* ---- taking: a request ---- */

static bool take_i32(struct span *s, int32_t *out)
{
    uint32_t v;

    if (!span_take_le32(s, &v))
        return false;
    *out = (int32_t)v;
    return true;
}

static bool take_i64(struct span *s, int64_t *out)
{
    uint64_t v;

    if (!span_take_le64(s, &v))
        return false;
    *out = (int64_t)v;
    return true;
}

static bool take_addr(struct span *s, struct store_addr *out)
{
    struct span bytes;

    if (!span_take(s, STORE_ADDR_BYTES, &bytes))
        return false;
    memcpy(out->bytes, bytes.p, STORE_ADDR_BYTES);
    return out->bytes[0] == 0 || out->bytes[0] == 4 || out->bytes[0] == 6 ||
           out->bytes[0] == 'm';
}

static bool take_net(struct span *s, struct store_net *out)
{
    return take_addr(s, &out->addr) && span_take_u8(s, &out->bits) && out->bits <= 128;
}

static bool take_bytes(struct span *s, struct span *out)
{
    uint32_t n;

    return span_take_le32(s, &n) && span_take(s, n, out);
}

static bool take_count(struct span *s, size_t *out)
{
    uint32_t n;

    if (!span_take_le32(s, &n) || n > ITEMS_MAX)
        return false;
    *out = n;
    return true;
}

static bool take_suppression(struct span *s, struct store_suppression *p)
{
    int32_t verdict;

    if (!take_net(s, &p->source) || !take_net(s, &p->destination) ||
        !take_i32(s, &p->port) || !take_i32(s, &verdict))
        return false;
    p->verdict = verdict;
    p->reason = "";
    return true;
}

void wire_request_release(struct wire_request *r)
{
    mem_free(r->home);
    mem_free(r->suppressions);
    *r = (struct wire_request){0};
}

static bool take_lists(struct wire_request *r, struct span *s, bool *no_memory)
{
    bool ok = take_count(s, &r->cfg.n_home);

    r->home = mem_zalloc(ITEMS_MAX, sizeof *r->home);
    r->suppressions = mem_zalloc(ITEMS_MAX, sizeof *r->suppressions);
    *no_memory = r->home == NULL || r->suppressions == NULL;
    if (*no_memory)
        return false;
    for (size_t i = 0; ok && i < r->cfg.n_home; i++)
        ok = take_net(s, &r->home[i]);
    ok = ok && take_count(s, &r->cfg.n_suppressions);
    for (size_t i = 0; ok && i < r->cfg.n_suppressions; i++)
        ok = take_suppression(s, &r->suppressions[i]);
    r->cfg.home = r->home;
    r->cfg.suppressions = r->suppressions;
    return ok;
}

enum lw_status wire_take_request(struct wire_request *out, struct span bytes,
                                 struct lw_error *err)
{
    struct span s = bytes;
    bool no_memory = false;
    uint32_t magic = 0;
    bool ok;

    *out = (struct wire_request){0};
    ok = span_take_le32(&s, &magic) && magic == MAGIC;
    for (int i = 0; ok && i < N_JUDGES; i++)
        ok = span_take_f32(&s, &out->cfg.thresholds[i]);
    ok = ok && span_take_le64(&s, &out->cfg.max_flows) &&
         take_lists(out, &s, &no_memory);
    for (int i = 0; ok && i < N_JUDGES; i++)
        ok = take_bytes(&s, &out->files[i]);
    if (ok && s.n == 0)
        return LW_OK;
    wire_request_release(out);
    return no_memory ? lw_fail(err, LW_ENOMEM, "out of memory for a request")
                     : lw_fail(err, LW_EFORMAT, "no request to judge a capture");
}

/* ---- taking: frames ---- */

void wire_frame_release(struct wire_frame *f)
{
    buf_release(&f->text);
    buf_release(&f->vector);
}

/* Texts are at places in f->text until all are there: it may move. */
struct reader {
    struct wire_frame *f;
    struct span s;
    bool ok;
};

/* A place + 1 in f->text; 0: none. */
static size_t take_text(struct reader *r)
{
    struct span text;
    uint32_t n = 0;
    size_t at = r->f->text.len;

    r->ok = r->ok && span_take_le32(&r->s, &n);
    if (!r->ok || n == NO_TEXT)
        return 0;
    r->ok = n <= WIRE_TEXT_MAX && span_take(&r->s, n, &text) &&
            memchr(text.p, '\0', n) == NULL;
    if (!r->ok)
        return 0;
    buf_add(&r->f->text, text.p, n);
    buf_add_u8(&r->f->text, 0);
    return at + 1;
}

static const char *text_at(const struct wire_frame *f, size_t place)
{
    return place == 0 ? NULL : buf_text(&f->text) + place - 1;
}

static uint8_t take_u8(struct reader *r, uint8_t max)
{
    uint8_t v = 0;

    r->ok = r->ok && span_take_u8(&r->s, &v) && v <= max;
    return r->ok ? v : 0;
}

static float take_f32(struct reader *r)
{
    float v = 0;

    r->ok = r->ok && span_take_f32(&r->s, &v);
    return v;
}

/* A share, or NaN where that may be. */
static float take_share(struct reader *r)
{
    float v = take_f32(r);

    r->ok = r->ok && (isnan(v) || (v >= 0 && v <= 1));
    return v;
}

enum { N_FLOW_TEXTS = 10 };

static void take_side(struct reader *r, struct store_flow *f, size_t i, size_t *name)
{
    r->ok = r->ok && take_addr(&r->s, &f->addr[i]) && take_i32(&r->s, &f->port[i]) &&
            f->port[i] >= -1 && f->port[i] <= 65535 &&
            span_take_le64(&r->s, &f->packets[i]) &&
            span_take_le64(&r->s, &f->bytes[i]) && f->packets[i] <= INT64_MAX &&
            f->bytes[i] <= INT64_MAX;
    *name = take_text(r);
}

static void take_vector(struct reader *r, struct store_score *s, size_t *at)
{
    uint32_t n = 0;

    r->ok = r->ok && span_take_le32(&r->s, &n) && n <= WIRE_VECTOR_MAX;
    *at = r->f->vector.len;
    for (uint32_t i = 0; r->ok && i < n; i++) {
        float v = take_f32(r);

        buf_add(&r->f->vector, &v, sizeof v);
    }
    s->n_vector = r->ok ? n : 0;
}

/* JSON that is put into answers as it is must be JSON. */
static bool is_reasons(const char *text)
{
    struct json_doc *doc = NULL;
    bool ok = json_parse(&doc, text, strlen(text), REASONS_DEPTH, NULL) == LW_OK &&
              json_kind(json_root(doc)) == JSON_KIND_ARRAY;

    json_free(doc);
    return ok;
}

static void take_score(struct reader *r, const struct judge_config *cfg, size_t i,
                       size_t *reasons, size_t *vector)
{
    struct store_score *s = &r->f->scores[i];
    const struct model *m = cfg->models[take_u8(r, N_JUDGES - 1)];

    *s = (struct store_score){0};
    r->ok = r->ok && m != NULL;
    if (!r->ok)
        return;
    s->detector = model_role_names[m->role];
    s->model = lw_classifier_id(m->classifier);
    s->view = lw_classifier_view(m->classifier)->name;
    s->verdict = (enum lw_verdict_class)take_u8(r, LW_N_VERDICTS - 1);
    s->alert = take_u8(r, 1) != 0;
    s->score = take_share(r);
    s->threshold = take_f32(r);
    s->p_value = take_share(r);
    s->confidence = take_share(r);
    s->unavailable = take_share(r);
    *reasons = take_text(r);
    take_vector(r, s, vector);
}

static void take_scores(struct reader *r, const struct judge_config *cfg)
{
    struct store_flow *f = &r->f->flow;
    size_t reasons[STORE_DETECTORS_MAX] = {0};
    size_t vector[STORE_DETECTORS_MAX] = {0};

    f->n_scores = take_u8(r, STORE_DETECTORS_MAX);
    for (size_t i = 0; i < f->n_scores; i++)
        take_score(r, cfg, i, &reasons[i], &vector[i]);
    r->ok = r->ok && (f->n_scores == 0 ? f->detector == 0 : f->detector < f->n_scores);
    for (size_t i = 0; r->ok && i < f->n_scores; i++) {
        struct store_score *s = &r->f->scores[i];

        s->reasons = text_at(r->f, reasons[i]);
        r->ok = s->reasons == NULL || is_reasons(s->reasons);
        if (s->n_vector > 0)
            s->vector = (const float *)(const void *)(r->f->vector.data + vector[i]);
    }
    f->scores = r->f->scores;
}

/* A host's name, as lapwing/names.h reports them; NULL: none. */
static bool is_name(const char *text)
{
    size_t n = text == NULL ? 0 : strlen(text);

    return n < LW_NAME_MAX &&
           (n == 0 || strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == n);
}

static void take_flow(struct reader *r, const struct judge_config *cfg)
{
    struct store_flow *f = &r->f->flow;
    size_t at[N_FLOW_TEXTS];

    *f = (struct store_flow){0};
    r->ok = take_i64(&r->s, &f->start_ns) && take_i64(&r->s, &f->duration_ns) &&
            f->duration_ns >= 0 && f->start_ns <= INT64_MAX - f->duration_ns;
    for (size_t i = 0; i < 2; i++)
        take_side(r, f, i, &at[i]);
    for (size_t i = 2; i < N_FLOW_TEXTS; i++)
        at[i] = take_text(r);
    f->verdict = (enum lw_verdict_class)take_u8(r, LW_N_VERDICTS - 1);
    f->confidence = take_share(r);
    f->score = take_share(r);
    f->severity = take_u8(r, 4);
    f->detector = take_u8(r, STORE_DETECTORS_MAX - 1);
    f->alerted = take_u8(r, 1) != 0;
    f->suppressed = take_u8(r, 1) != 0;
    f->told = take_u8(r, 1) != 0;
    f->told_verdict = (enum lw_verdict_class)take_u8(r, LW_N_VERDICTS - 1);
    r->f->keep_detail = take_u8(r, 1) != 0;
    take_scores(r, cfg);
    for (size_t i = 0; i < 2; i++) {
        f->name[i] = text_at(r->f, at[i]);
        r->ok = r->ok && is_name(f->name[i]);
    }
    f->proto = text_at(r->f, at[2]);
    f->service = text_at(r->f, at[3]);
    f->state = text_at(r->f, at[4]);
    f->community_id = text_at(r->f, at[5]);
    f->tags = text_at(r->f, at[6]);
    f->attack_id = text_at(r->f, at[7]);
    f->words = text_at(r->f, at[8]);
    f->first_packets = text_at(r->f, at[9]);
    r->ok = r->ok && f->proto != NULL &&
            (f->first_packets == NULL || is_reasons(f->first_packets));
}

static void take_totals(struct reader *r)
{
    struct judge_totals *t = &r->f->totals;
    size_t warning;

    *t = (struct judge_totals){0};
    r->ok = r->ok && span_take_le64(&r->s, &t->packets) &&
            span_take_le64(&r->s, &t->flows) && span_take_le64(&r->s, &t->alerted) &&
            take_i64(&r->s, &t->first_ns) && take_i64(&r->s, &t->last_ns);
    warning = take_text(r);
    if (r->ok && warning > 0)
        (void)snprintf(t->warning, sizeof t->warning, "%s", text_at(r->f, warning));
}

static void take_progress(struct reader *r)
{
    r->ok = span_take_f64(&r->s, &r->f->share) && r->f->share >= 0 && r->f->share <= 1;
    take_totals(r);
}

static void take_end(struct reader *r)
{
    int32_t st = 0;
    size_t msg;

    r->ok = take_i32(&r->s, &st) && st <= LW_OK && st >= LW_EPERM;
    r->f->status = (enum lw_status)st;
    msg = take_text(r);
    (void)snprintf(r->f->msg, sizeof r->f->msg, "%s",
                   r->ok && msg > 0 ? text_at(r->f, msg) : "");
    take_totals(r);
}

enum lw_status wire_take_frame(struct wire_frame *out, uint8_t kind,
                               struct span payload, const struct judge_config *cfg,
                               struct lw_error *err)
{
    struct reader r = {out, payload, true};

    buf_reset(&out->text);
    buf_reset(&out->vector);
    out->kind = (enum wire_kind)kind;
    if (kind == WIRE_FLOW)
        take_flow(&r, cfg);
    else if (kind == WIRE_PROGRESS)
        take_progress(&r);
    else if (kind == WIRE_END)
        take_end(&r);
    else
        r.ok = false;
    if (!buf_ok(&out->text) || !buf_ok(&out->vector))
        return lw_fail(err, LW_ENOMEM, "out of memory for a flow");
    if (!r.ok || r.s.n > 0)
        return lw_fail(err, LW_EFORMAT,
                       "the process that judges says what is no answer");
    return LW_OK;
}
