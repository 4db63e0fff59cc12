/* SPDX-License-Identifier: Apache-2.0 */
#include "store/flow_row.h"

#include "store/addr.h"

#include <math.h>
#include <string.h>

void flow_score_pack(struct buf *out, uint8_t detector, const struct store_score *s)
{
    buf_add_u8(out, detector);
    buf_add_u8(out, (uint8_t)s->verdict);
    buf_add_u8(out, s->alert);
    buf_add_f32(out, s->score);
    buf_add_f32(out, s->p_value);
    buf_add_f32(out, s->confidence);
    buf_add_f32(out, s->unavailable);
}

static bool unpack(const struct flow_db *f, struct span *packed,
                   struct store_score *out)
{
    uint8_t detector;
    uint8_t verdict;
    uint8_t alert;
    const struct flow_detector *d;

    if (!span_take_u8(packed, &detector) || !span_take_u8(packed, &verdict) ||
        !span_take_u8(packed, &alert) || detector == 0 || detector > f->n_detectors ||
        verdict >= LW_N_VERDICTS)
        return false;
    memset(out, 0, sizeof *out);
    d = &f->detectors[detector - 1];
    out->detector = d->name;
    out->model = d->model;
    out->view = d->view;
    out->threshold = (float)d->threshold;
    out->verdict = (enum lw_verdict_class)verdict;
    out->alert = alert != 0;
    return span_take_f32(packed, &out->score) && span_take_f32(packed, &out->p_value) &&
           span_take_f32(packed, &out->confidence) &&
           span_take_f32(packed, &out->unavailable);
}

uint32_t flow_scores_unpack(const struct flow_db *f, struct span packed,
                            struct store_score out[STORE_DETECTORS_MAX])
{
    uint32_t n = 0;

    while (n < STORE_DETECTORS_MAX && packed.n > 0 && unpack(f, &packed, &out[n]))
        n++;
    return n;
}

static const char *null_if_empty(const char *s)
{
    return s == NULL || *s == '\0' ? NULL : s;
}

static void read_facet(const struct flow_db *f, int64_t id, struct store_flow *out)
{
    const struct flow_facet *t;

    if (id < 1 || (size_t)id > f->n_facets)
        return;
    t = &f->facets[id - 1];
    out->proto = t->proto;
    out->service = null_if_empty(t->service);
    out->attack_id = null_if_empty(t->attack_id);
    out->detector_name = null_if_empty(t->detector);
    out->verdict = (enum lw_verdict_class)t->verdict;
    out->severity = t->severity;
    out->alerted = t->alerted;
    out->suppressed = t->suppressed;
}

static struct store_addr addr_at(struct db_stmt *q, int col)
{
    size_t n;
    const void *p = db_blob(q, col, &n);

    return addr_of_blob(p, n);
}

void flow_row_read(const struct flow_db *f, int64_t capture, struct db_stmt *q,
                   struct store_flow *out,
                   struct store_score scores[STORE_DETECTORS_MAX], int64_t *grp)
{
    int64_t state = db_int(q, 15);
    size_t n;
    const void *packed;

    memset(out, 0, sizeof *out);
    out->id = flow_id_make(f->run, db_int(q, 0));
    out->capture = capture;
    out->start_ns = db_int(q, 1);
    out->duration_ns = db_int(q, 2);
    out->proto = "";
    read_facet(f, db_int(q, 3), out);
    out->score = (float)db_real(q, 4);
    out->packets[0] = (uint64_t)db_int(q, 11);
    out->packets[1] = (uint64_t)(db_int(q, 5) - db_int(q, 11));
    out->bytes[0] = (uint64_t)db_int(q, 12);
    out->bytes[1] = (uint64_t)(db_int(q, 6) - db_int(q, 12));
    out->addr[0] = addr_at(q, 7);
    out->addr[1] = addr_at(q, 8);
    out->port[0] = (int32_t)db_int(q, 9);
    out->port[1] = (int32_t)db_int(q, 10);
    *grp = db_int(q, 13);
    out->confidence = db_is_null(q, 14) ? NAN : (float)db_real(q, 14);
    out->state = state >= 1 && (size_t)state <= f->n_states ? f->states[state - 1] : "";
    out->community_id = db_text(q, 16);
    out->tags = db_text(q, 17);
    packed = db_blob(q, 18, &n);
    out->n_scores = flow_scores_unpack(f, span_of(packed, n), scores);
    out->scores = scores;
    out->name[0] = db_text(q, 19);
    out->name[1] = db_text(q, 20);
    for (uint32_t i = 0; i < out->n_scores; i++)
        if (out->detector_name != NULL &&
            strcmp(scores[i].detector, out->detector_name) == 0)
            out->detector = (uint8_t)i;
}
