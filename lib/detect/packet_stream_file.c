/* SPDX-License-Identifier: Apache-2.0 */
/* A model of packet streams in its file; packet_stream_priv.h has the sections. */
#include "base/digest.h"
#include "base/mem.h"
#include "detect/packet_stream_priv.h"

#include <lapwing/bundle.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TAG_MAX = 9 };

static void rival_tag(uint32_t i, char out[TAG_MAX])
{
    (void)snprintf(out, TAG_MAX, "RIVAL%u", i % LW_STREAM_RIVALS_MAX);
}

/* ---- writing --------------------------------------------------------------------- */

static enum lw_status put_section(struct lw_bundle *b, const char *tag, struct buf *in,
                                  struct lw_error *err)
{
    enum lw_status st = buf_ok(in)
                            ? lw_bundle_put(b, tag, buf_text(in), in->len, err)
                            : lw_fail(err, LW_ENOMEM, "out of memory for a model file");

    buf_reset(in);
    return st;
}

static enum lw_status put_rival(struct lw_bundle *b, const struct stream_rival *r,
                                uint32_t i, struct buf *text, struct lw_error *err)
{
    char tag[TAG_MAX];

    rival_tag(i, tag);
    buf_add_u8(text, (uint8_t)strlen(r->name));
    buf_add_text(text, r->name);
    buf_add_f32(text, r->threshold);
    model_save(r->model, text);
    return put_section(b, tag, text, err);
}

static enum lw_status put_all(struct lw_bundle *b, const struct lw_stream_model *m,
                              struct buf *text, struct lw_error *err)
{
    enum lw_status st;

    buf_add_le32(text, STREAM_VERSION);
    buf_add_f64(text, m->false_alarm);
    buf_add_f32(text, m->threshold);
    ensemble_save(&m->ensemble, text);
    st = put_section(b, "STREAM", text, err);
    if (st == LW_OK) {
        tail_save(&m->tail, text);
        st = put_section(b, "TAIL", text, err);
    }
    for (uint32_t i = 0; st == LW_OK && i < m->n_rivals; i++)
        st = put_rival(b, &m->rivals[i], i, text, err);
    if (st == LW_OK)
        st = lw_bundle_put(b, "PROV", m->provenance, strlen(m->provenance), err);
    return st;
}

enum lw_status packet_stream_save(const struct lw_stream_model *m, const char *path,
                                  struct lw_error *err)
{
    struct lw_bundle *b = NULL;
    struct buf text;
    enum lw_status st = lw_bundle_new(&b, err);

    buf_init(&text);
    if (st == LW_OK)
        st = put_all(b, m, &text, err);
    if (st == LW_OK)
        st = lw_bundle_save(b, path, err);
    buf_release(&text);
    lw_bundle_free(b);
    return st;
}

/* ---- reading --------------------------------------------------------------------- */

static bool get_section(const struct lw_bundle *b, const char *tag, struct span *out)
{
    size_t n = 0;
    const void *p = lw_bundle_get(b, tag, &n);

    *out = span_of(p, p == NULL ? 0 : n);
    return p != NULL;
}

static enum lw_status damaged(struct lw_error *err)
{
    return lw_fail(err, LW_EFORMAT, "a model of packet streams, but damaged");
}

static enum lw_status get_rival(struct stream_rival *r, struct span in,
                                struct lw_error *err)
{
    struct span name;
    uint8_t n;
    enum lw_status st;

    if (!span_take_u8(&in, &n) || n >= STREAM_RIVAL_NAME || !span_take(&in, n, &name) ||
        !span_take_f32(&in, &r->threshold) || isnan(r->threshold))
        return damaged(err);
    (void)span_copy(name, 0, r->name, n);
    st = model_load(&r->model, in, err);
    if (st == LW_OK &&
        (lw_model_columns(r->model) != DAMPED_FEATURES || r->model->ops->score == NULL))
        st = damaged(err);
    return st;
}

static enum lw_status get_rivals(struct lw_stream_model *m, const struct lw_bundle *b,
                                 struct lw_error *err)
{
    enum lw_status st = LW_OK;

    while (st == LW_OK && m->n_rivals < LW_STREAM_RIVALS_MAX) {
        struct span in;
        char tag[TAG_MAX];

        rival_tag(m->n_rivals, tag);
        if (!get_section(b, tag, &in))
            break;
        st = get_rival(&m->rivals[m->n_rivals++], in, err);
    }
    return st;
}

static enum lw_status get_all(struct lw_stream_model *m, const struct lw_bundle *b,
                              struct lw_error *err)
{
    struct span in;
    uint32_t version;
    enum lw_status st;

    if (!get_section(b, "STREAM", &in))
        return lw_fail(err, LW_EMISMATCH, "no model of packet streams");
    if (!span_take_le32(&in, &version))
        return damaged(err);
    if (version != STREAM_VERSION)
        return lw_fail(err, LW_EUNSUPPORTED,
                       "made for version %u of the packet statistics, here is %d; "
                       "train it anew",
                       version, STREAM_VERSION);
    if (!span_take_f64(&in, &m->false_alarm) ||
        !(m->false_alarm > 0 && m->false_alarm < 1) ||
        !span_take_f32(&in, &m->threshold) || isnan(m->threshold))
        return damaged(err);
    st = ensemble_load(&m->ensemble, in, DAMPED_FEATURES, err);
    if (st == LW_OK && (!get_section(b, "TAIL", &in) || !tail_load(&m->tail, in)))
        st = damaged(err);
    if (st == LW_OK)
        st = get_rivals(m, b, err);
    if (st != LW_OK)
        return st;
    if (!get_section(b, "PROV", &in))
        return damaged(err);
    m->provenance = mem_strndup((const char *)in.p, in.n);
    return m->provenance == NULL ? lw_fail(err, LW_ENOMEM, "out of memory") : LW_OK;
}

void lw_stream_model_free(struct lw_stream_model *m)
{
    if (m == NULL)
        return;
    ensemble_release(&m->ensemble);
    for (uint32_t i = 0; i < m->n_rivals; i++)
        lw_model_free(m->rivals[i].model);
    mem_free(m->provenance);
    mem_free(m);
}

/* `b` is freed. */
static enum lw_status from_bundle(struct lw_stream_model **out, struct lw_bundle *b,
                                  const char *name, struct lw_error *err)
{
    struct lw_stream_model *m = mem_zalloc(1, sizeof *m);
    struct lw_error why = {LW_ENOMEM, "out of memory"};
    enum lw_status st = LW_ENOMEM;
    uint8_t sum[SHA256_BYTES];

    if (m != NULL)
        st = get_all(m, b, &why);
    if (st == LW_OK) {
        lw_bundle_digest(b, sum);
        digest_hex(sum, 6, m->id);
        *out = m;
        m = NULL;
    }
    lw_stream_model_free(m);
    lw_bundle_free(b);
    return st == LW_OK ? LW_OK : lw_fail(err, st, "%s: %.200s", name, why.msg);
}

enum lw_status lw_stream_model_load(struct lw_stream_model **out, const char *path,
                                    struct lw_error *err)
{
    struct lw_bundle *b = NULL;
    enum lw_status st = lw_bundle_load(&b, path, err);

    return st == LW_OK ? from_bundle(out, b, path, err) : st;
}

enum lw_status lw_stream_model_load_memory(struct lw_stream_model **out,
                                           const void *data, size_t n_bytes,
                                           const char *name, struct lw_error *err)
{
    struct lw_bundle *b = NULL;
    enum lw_status st = lw_bundle_load_memory(&b, data, n_bytes, name, err);

    return st == LW_OK ? from_bundle(out, b, name, err) : st;
}

/* ---- asking ---------------------------------------------------------------------- */

const char *lw_stream_model_id(const struct lw_stream_model *m)
{
    return m->id;
}

const char *lw_stream_model_provenance(const struct lw_stream_model *m)
{
    return m->provenance;
}

uint32_t lw_stream_model_groups(const struct lw_stream_model *m)
{
    return m->ensemble.n_nets;
}

float lw_stream_model_threshold(const struct lw_stream_model *m)
{
    return m->threshold;
}

double lw_stream_model_false_alarm(const struct lw_stream_model *m)
{
    return m->false_alarm;
}

uint32_t lw_stream_model_rivals(const struct lw_stream_model *m)
{
    return m->n_rivals;
}

const char *lw_stream_model_rival_name(const struct lw_stream_model *m, uint32_t i)
{
    return m->rivals[i].name;
}
