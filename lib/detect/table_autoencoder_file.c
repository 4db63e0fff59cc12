/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints of lw_autoencoder.
 *
 * Sections: AECOLS, le16 length and bytes of each column's name; AESCALE (prep.h);
 * AENET (net.h); AESTATE, f32 both moments of all parameters, le64 steps, le32 epochs;
 * AECUT, f32; AEKINDS, where labels were learnt (table_autoencoder.h). */
#include "base/mem.h"
#include "detect/table_autoencoder.h"
#include "learn/store.h"

#include <lapwing/bundle.h>

#include <string.h>

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for an autoencoder");
}

typedef void (*part_fn)(const struct lw_autoencoder *a, struct buf *out);

static void put_names(const struct lw_autoencoder *a, struct buf *out)
{
    for (uint32_t i = 0; i < a->n_cols; i++) {
        buf_add_le16(out, (uint16_t)strlen(a->names[i]));
        buf_add_text(out, a->names[i]);
    }
}

static void put_scale(const struct lw_autoencoder *a, struct buf *out)
{
    prep_save(&a->prep, out);
}

static void put_net(const struct lw_autoencoder *a, struct buf *out)
{
    net_save(&a->net, out);
}

static void put_state(const struct lw_autoencoder *a, struct buf *out)
{
    store_floats(out, a->state.first, a->state.n_params);
    store_floats(out, a->state.second, a->state.n_params);
    buf_add_le64(out, a->state.n_steps);
    buf_add_le32(out, a->state.n_epochs);
}

static void put_cut(const struct lw_autoencoder *a, struct buf *out)
{
    buf_add_f32(out, a->cut);
}

static void put_kinds(const struct lw_autoencoder *a, struct buf *out)
{
    autoencoder_kinds_save(&a->kinds, out);
}

enum lw_status lw_autoencoder_save(const struct lw_autoencoder *a, const char *path,
                                   struct lw_error *err)
{
    static const struct {
        const char *tag;
        part_fn put;
    } parts[] = {{"AECOLS", put_names}, {"AESCALE", put_scale},
                 {"AENET", put_net},    {"AESTATE", put_state},
                 {"AECUT", put_cut},    {"AEKINDS", put_kinds}};
    size_t n_parts = sizeof parts / sizeof parts[0] - (a->kinds.n == 0 ? 1 : 0);
    struct lw_bundle *b = NULL;
    enum lw_status st = lw_bundle_new(&b, err);

    for (size_t i = 0; st == LW_OK && i < n_parts; i++) {
        struct buf out;

        buf_init(&out);
        parts[i].put(a, &out);
        st = buf_ok(&out) ? lw_bundle_put(b, parts[i].tag, out.data, out.len, err)
                          : out_of_memory(err);
        buf_release(&out);
    }
    if (st == LW_OK)
        st = lw_bundle_save(b, path, err);
    lw_bundle_free(b);
    return st;
}

static struct span part(const struct lw_bundle *b, const char *tag)
{
    size_t n = 0;
    const void *p = lw_bundle_get(b, tag, &n);

    return span_of(p, p == NULL ? 0 : n);
}

static bool take_names(struct lw_autoencoder *a, struct span s)
{
    while (s.n > 0) {
        struct span name;
        uint16_t n;
        char *copy;

        if (a->n_cols == NET_WIDTH_MAX || !span_take_le16(&s, &n) ||
            !span_take(&s, n, &name))
            return false;
        copy = mem_zalloc((size_t)n + 1, 1);
        if (copy == NULL)
            return false;
        if (n > 0)
            memcpy(copy, name.p, n);
        a->names[a->n_cols++] = copy;
    }
    return a->n_cols > 0;
}

static bool take_state(struct lw_autoencoder *a, struct span s)
{
    struct net_state *t = &a->state;

    if (!store_take_floats(&s, t->first, t->n_params, 1e30f) ||
        !store_take_floats(&s, t->second, t->n_params, 1e30f) ||
        !span_take_le64(&s, &t->n_steps) || !span_take_le32(&s, &t->n_epochs))
        return false;
    for (size_t i = 0; i < t->n_params; i++)
        if (t->first[i] < 0 || t->second[i] < 0)
            return false;
    return s.n == 0;
}

static enum lw_status take_parts(struct lw_autoencoder *a, const struct lw_bundle *b,
                                 struct lw_error *err)
{
    struct span s = part(b, "AESCALE");
    struct span cut = part(b, "AECUT");
    enum lw_status st;

    if (!take_names(a, part(b, "AECOLS")) ||
        !store_take_floats(&cut, &a->cut, 1, 1e30f))
        return lw_fail(err, LW_EFORMAT, "no checkpoint of an autoencoder");
    st = prep_load(&a->prep, &s, a->n_cols, err);
    s = part(b, "AENET");
    if (st == LW_OK)
        st = net_load(&a->net, &s, err);
    if (st == LW_OK &&
        (a->net.n_layers != AUTOENCODER_LAYERS || a->net.layer[0].n_in != a->n_cols ||
         a->net.layer[AUTOENCODER_LAYERS - 1].n_out != a->n_cols))
        st = lw_fail(err, LW_EFORMAT, "a network of another shape");
    if (st == LW_OK)
        st = net_state_init(&a->state, &a->net, err);
    if (st == LW_OK && !take_state(a, part(b, "AESTATE")))
        st = lw_fail(err, LW_EFORMAT, "the optimiser's moments are damaged");
    s = part(b, "AEKINDS");
    if (st == LW_OK && s.n > 0)
        st = autoencoder_kinds_load(&a->kinds, s, autoencoder_width(a), err);
    return st;
}

enum lw_status lw_autoencoder_load(struct lw_autoencoder **out, const char *path,
                                   struct lw_error *err)
{
    struct lw_autoencoder *a = mem_zalloc(1, sizeof *a);
    struct lw_bundle *b = NULL;
    enum lw_status st;

    if (a == NULL)
        return out_of_memory(err);
    st = lw_bundle_load(&b, path, err);
    if (st == LW_OK) {
        struct lw_error why;

        st = take_parts(a, b, &why);
        if (st != LW_OK)
            (void)lw_fail(err, st, "%s: %s", path, why.msg);
    }
    lw_bundle_free(b);
    if (st == LW_OK)
        *out = a;
    else
        lw_autoencoder_free(a);
    return st;
}
