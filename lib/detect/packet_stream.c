/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets are scored sixteen at a time: their statistics must be taken one after the
 * other, but what the ensemble says of them need not.  A block that is not full waits
 * until it is, or until lw_stream_flush().
 */
#include "base/mem.h"
#include "detect/packet_stream_priv.h"
#include "packet/decode.h"

#include <math.h>
#include <string.h>

enum { BLOCK = ENSEMBLE_BLOCK, BATCH = 256 };

_Static_assert((int)BLOCK == (int)DAMPED_BLOCK, "one block is turned at once");

struct lw_stream {
    const struct lw_stream_model *model; /* borrowed */
    struct lw_stream_config cfg;
    struct damped *damped; /* owned */
    float threshold;
    struct lw_stream_stats stats;
    struct lw_stream_packet packets[BLOCK];
    unsigned n;
    _Alignas(64) float rows[BLOCK * STREAM_LANES]; /* (BLOCK, STREAM_LANES) */
    _Alignas(64) float x[DAMPED_FEATURES * BLOCK]; /* (DAMPED_FEATURES, BLOCK) */
};

/* ---- packets --------------------------------------------------------------------- */

static void look_at_plain(const struct plain *p, struct damped_packet *out)
{
    out->bytes = p->frame_bytes;
    out->kind = 4;
    out->protocol = p->protocol;
    out->port[0] = plain_port(p, 0);
    out->port[1] = plain_port(p, 1);
    (void)span_copy(p->frame, 6, out->mac, sizeof out->mac);
    (void)span_copy(p->frame, PLAIN_IP_AT + 12, out->addr[0].bytes, 4);
    (void)span_copy(p->frame, PLAIN_IP_AT + 16, out->addr[1].bytes, 4);
}

/* Without a network layer that we know the MACs are the ends. */
static bool look_at_decoded(const struct decoded *d, struct damped_packet *out)
{
    out->bytes = d->frame_bytes;
    if (d->has_macs)
        memcpy(out->mac, d->mac[0], sizeof out->mac);
    if (d->layer >= DECODE_NETWORK) {
        out->kind = d->ip_version == 6 ? 6 : 4;
        out->protocol = d->protocol;
        out->addr[0] = d->addr[0];
        out->addr[1] = d->addr[1];
    } else if (d->layer == DECODE_LINK && d->has_macs) {
        memcpy(out->addr[0].bytes, d->mac[0], sizeof d->mac[0]);
        memcpy(out->addr[1].bytes, d->mac[1], sizeof d->mac[1]);
    } else {
        return false;
    }
    if (d->layer == DECODE_TRANSPORT) {
        out->port[0] = d->port[0];
        out->port[1] = d->port[1];
    }
    return true;
}

bool packet_stream_look(const struct lw_packet *pkt, struct damped_packet *out)
{
    struct plain plain;
    struct decoded d;

    *out = (struct damped_packet){.time_ns = pkt->time_ns};
    if (plain_look(pkt, &plain)) {
        look_at_plain(&plain, out);
        return true;
    }
    if (packet_decode(pkt, &d) == DECODE_UNSUPPORTED)
        return false;
    return look_at_decoded(&d, out);
}

void packet_stream_row(const float lanes[STREAM_LANES], float out[DAMPED_FEATURES])
{
    for (unsigned k = 0; k < DAMPED_STATS; k++)
        memcpy(out + k * DAMPED_RATES, lanes + k * DAMPED_LANES,
               DAMPED_RATES * sizeof *out);
}

/* ---- blocks ---------------------------------------------------------------------- */

static void take_row(const struct lw_stream *s, unsigned lane,
                     float row[DAMPED_FEATURES])
{
    for (unsigned c = 0; c < DAMPED_FEATURES; c++)
        row[c] = s->x[c * BLOCK + lane];
}

static void ask_rivals(struct lw_stream *s, struct lw_stream_packet *p,
                       const float row[DAMPED_FEATURES])
{
    for (uint32_t i = 0; i < s->model->n_rivals; i++) {
        const struct stream_rival *r = &s->model->rivals[i];

        p->rival_score[i] = (float)r->model->ops->score(r->model, row);
        p->rival_alert[i] = p->rival_score[i] >= r->threshold;
        s->stats.rival_alerts[i] += p->rival_alert[i] ? 1 : 0;
    }
}

static void judge(struct lw_stream *s, unsigned lane, float score)
{
    struct lw_stream_packet *p = &s->packets[lane];
    float row[DAMPED_FEATURES];

    p->score = score;
    p->p_value = tail_p_value(&s->model->tail, score);
    p->alert = score >= s->threshold;
    s->stats.alerts += p->alert ? 1 : 0;
    if (!p->alert && !s->cfg.rivals)
        return;
    take_row(s, lane, row);
    if (p->alert)
        (void)damped_name(ensemble_worst(&s->model->ensemble, row), p->reason);
    if (s->cfg.rivals)
        ask_rivals(s, p, row);
}

static void close_block(struct lw_stream *s)
{
    float scores[BLOCK];

    if (s->n == 0)
        return;
    damped_turn(s->rows, s->x);
    ensemble_score(&s->model->ensemble, s->x, scores);
    for (unsigned i = 0; i < s->n; i++) {
        if (s->packets[i].is_scored)
            judge(s, i, scores[i]);
        if (s->cfg.packet != NULL)
            s->cfg.packet(s->cfg.ctx, &s->packets[i]);
    }
    s->n = 0;
}

/* ---- the stream ------------------------------------------------------------------ */

void lw_stream_free(struct lw_stream *s)
{
    if (s == NULL)
        return;
    damped_free(s->damped);
    mem_free(s);
}

enum lw_status lw_stream_new(struct lw_stream **out, const struct lw_stream_model *m,
                             const struct lw_stream_config *cfg, struct lw_error *err)
{
    const struct damped_config damped = {.max_sockets = cfg->max_sockets};
    struct lw_stream *s;

    _Static_assert((int)LW_STREAM_REASON_MAX >= (int)DAMPED_NAME_MAX, "a name fits");
    if (!(cfg->false_alarm >= 0 && cfg->false_alarm < 1))
        return lw_fail(err, LW_EINVAL, "a share of packets is from 0 to below 1");
    s = mem_alloc_table(1, sizeof *s);
    if (s == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a stream");
    memset(s, 0, sizeof *s);
    s->model = m;
    s->cfg = *cfg;
    s->threshold = cfg->false_alarm > 0 ? tail_threshold(&m->tail, cfg->false_alarm)
                                        : m->threshold;
    s->damped = damped_new(&damped);
    if (s->damped == NULL) {
        lw_stream_free(s);
        return lw_fail(err, LW_ENOMEM, "out of memory for a stream");
    }
    *out = s;
    return LW_OK;
}

static void describe(struct lw_stream_packet *p, const struct damped_packet *d)
{
    p->bytes = d->bytes;
    p->is_scored = true;
    p->ip_version = d->kind;
    p->protocol = d->protocol;
    p->port[0] = d->port[0];
    p->port[1] = d->port[1];
    p->addr[0] = d->addr[0];
    p->addr[1] = d->addr[1];
}

/* Field by field: clearing all of it would take as long as the statistics. */
static void begin(struct lw_stream_packet *p, uint64_t number,
                  const struct lw_packet *pkt, bool rivals)
{
    p->number = number;
    p->time_ns = pkt->time_ns;
    p->bytes = pkt->wire_bytes;
    p->is_scored = p->alert = false;
    p->ip_version = p->protocol = 0;
    p->port[0] = p->port[1] = 0;
    p->addr[0] = p->addr[1] = (struct lw_addr){0};
    p->score = p->p_value = 0;
    p->reason[0] = '\0';
    if (rivals) {
        memset(p->rival_score, 0, sizeof p->rival_score);
        memset(p->rival_alert, 0, sizeof p->rival_alert);
    }
}

enum lw_status lw_stream_add(struct lw_stream *s, const struct lw_packet *pkt,
                             struct lw_error *err)
{
    struct lw_stream_packet *p = &s->packets[s->n];
    struct damped_packet d;

    begin(p, ++s->stats.packets, pkt, s->cfg.rivals);
    if (packet_stream_look(pkt, &d)) {
        if (!damped_add(s->damped, &d, s->rows + (size_t)s->n * STREAM_LANES))
            return lw_fail(err, LW_ENOMEM, "out of memory for a stream");
        describe(p, &d);
        s->stats.scored++;
    }
    if (++s->n == BLOCK)
        close_block(s);
    return LW_OK;
}

static enum lw_status add_batch(struct lw_stream *s, const struct lw_packet *pkts,
                                size_t n, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < n; i++) {
        if (pkts[i].data == NULL) /* a pause: nobody waits for more packets */
            lw_stream_flush(s);
        else
            st = lw_stream_add(s, &pkts[i], err);
    }
    return st;
}

enum lw_status lw_stream_run(struct lw_stream *s, struct lw_capture *cap,
                             const struct lw_run *run, struct lw_error *err)
{
    struct lw_packet pkts[BATCH];
    struct lw_capture_stats seen;
    enum lw_status st;
    size_t n;

    while ((st = lw_capture_next_batch(cap, pkts, BATCH, &n, err)) == LW_OK) {
        const struct lw_run_batch batch = {pkts, n, &seen};

        st = add_batch(s, pkts, n, err);
        lw_capture_get_stats(cap, &seen);
        if (st == LW_OK && run->batch != NULL)
            st = run->batch(run->batch_ctx, &batch, err);
        if (st != LW_OK)
            break;
    }
    return st == LW_END ? LW_OK : st;
}

void lw_stream_flush(struct lw_stream *s)
{
    close_block(s);
}

void lw_stream_get_stats(const struct lw_stream *s, struct lw_stream_stats *out)
{
    *out = s->stats;
    out->forgotten = damped_forgotten(s->damped);
}
