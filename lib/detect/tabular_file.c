/* SPDX-License-Identifier: Apache-2.0 */
/* A tabular model in its file; see tabular_priv.h for the sections. */
#include "base/digest.h"
#include "base/mem.h"
#include "detect/quantile.h"
#include "detect/tabular_priv.h"

#include <lapwing/bundle.h>

#include <math.h>
#include <string.h>

enum { LABELS_MAX = 10000 };

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for a model of a table");
}

void lw_tabular_free(struct lw_tabular *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->n_columns; i++) {
        for (uint32_t w = 0; w < t->columns[i].n_words; w++)
            mem_free(t->columns[i].words[w]);
        mem_free(t->columns[i].words);
        mem_free(t->columns[i].name);
    }
    for (uint32_t i = 0; i < t->n_classes; i++)
        mem_free(t->class_names[i]);
    for (size_t i = 0; i < t->n_labels; i++)
        mem_free(t->labels[i].word);
    for (size_t i = 0; i < t->n_positive; i++)
        mem_free(t->positive[i]);
    mem_free(t->label);
    mem_free(t->columns);
    mem_free(t->labels);
    mem_free(t->positive);
    pipeline_release(&t->line);
    mem_free(t->provenance);
    mem_free(t);
}

/* ---- writing ---- */

static void put_text(struct buf *out, const char *s)
{
    buf_add_le32(out, (uint32_t)strlen(s));
    buf_add_text(out, s);
}

static void put_column(struct buf *out, const struct tabular_column *c)
{
    put_text(out, c->name);
    buf_add_u8(out, c->is_text ? 1 : 0);
    buf_add_f64(out, c->origin);
    buf_add_le32(out, c->n_words);
    for (uint32_t w = 0; w < c->n_words; w++)
        put_text(out, c->words[w]);
}

static void put_table(const struct lw_tabular *t, struct buf *out)
{
    put_text(out, t->label);
    buf_add_u8(out, (uint8_t)t->level);
    buf_add_f64(out, t->threshold);
    buf_add_le32(out, (uint32_t)t->n_columns);
    for (size_t i = 0; i < t->n_columns; i++)
        put_column(out, &t->columns[i]);
    buf_add_u8(out, (uint8_t)t->n_classes);
    for (uint32_t i = 0; i < t->n_classes; i++)
        put_text(out, t->class_names[i]);
    buf_add_le32(out, (uint32_t)t->n_labels);
    for (size_t i = 0; i < t->n_labels; i++) {
        put_text(out, t->labels[i].word);
        buf_add_u8(out, (uint8_t)t->labels[i].class_idx);
    }
    buf_add_le32(out, (uint32_t)t->n_positive);
    for (size_t i = 0; i < t->n_positive; i++)
        put_text(out, t->positive[i]);
}

static void put_scores(const struct lw_tabular *t, struct buf *out)
{
    quantile_save(t->scores, t->n_scores, out);
}

static void put_provenance(const struct lw_tabular *t, struct buf *out)
{
    buf_add_text(out, t->provenance);
}

static enum lw_status put(struct lw_bundle *b, const char *tag,
                          void (*add)(const struct lw_tabular *t, struct buf *out),
                          const struct lw_tabular *t, struct lw_error *err)
{
    struct buf bytes;
    enum lw_status st;

    buf_init(&bytes);
    add(t, &bytes);
    st = buf_ok(&bytes) ? lw_bundle_put(b, tag, buf_text(&bytes), bytes.len, err)
                        : out_of_memory(err);
    buf_release(&bytes);
    return st;
}

enum lw_status lw_tabular_save(const struct lw_tabular *t, const char *path,
                               struct lw_error *err)
{
    struct lw_bundle *b = NULL;
    enum lw_status st = lw_bundle_new(&b, err);

    if (st == LW_OK)
        st = put(b, "TABLE", put_table, t, err);
    if (st == LW_OK)
        st = pipeline_save(&t->line, b, err);
    if (st == LW_OK && t->n_scores > 0)
        st = put(b, "SCORES", put_scores, t, err);
    if (st == LW_OK)
        st = put(b, "PROV", put_provenance, t, err);
    if (st == LW_OK)
        st = lw_bundle_save(b, path, err);
    lw_bundle_free(b);
    return st;
}

/* ---- reading ---- */

static enum lw_status damaged(struct lw_error *err)
{
    return lw_fail(err, LW_EFORMAT, "the table's section is damaged");
}

static enum lw_status get_text(struct span *in, char **out, struct lw_error *err)
{
    struct span s;
    uint32_t n;

    if (!span_take_le32(in, &n) || !span_take(in, n, &s) ||
        (n > 0 && memchr(s.p, 0, n) != NULL))
        return damaged(err);
    *out = n == 0 ? mem_strdup("") : mem_strndup((const char *)s.p, n);
    return *out == NULL ? out_of_memory(err) : LW_OK;
}

/* How many of something follow, each of which takes at least `least` bytes. */
static enum lw_status get_count(struct span *in, uint32_t *n, uint32_t most,
                                size_t least, struct lw_error *err)
{
    return !span_take_le32(in, n) || *n > most || *n > in->n / least ? damaged(err)
                                                                     : LW_OK;
}

static enum lw_status get_double(struct span *in, double *v, struct lw_error *err)
{
    return span_take_f64(in, v) && isfinite(*v) ? LW_OK : damaged(err);
}

static enum lw_status get_column(struct span *in, struct tabular_column *c,
                                 struct lw_error *err)
{
    uint32_t n = 0;
    uint8_t is_text = 0;
    enum lw_status st = get_text(in, &c->name, err);

    if (st == LW_OK && (!span_take_u8(in, &is_text) || is_text > 1))
        st = damaged(err);
    if (st == LW_OK)
        st = get_double(in, &c->origin, err);
    if (st == LW_OK)
        st = get_count(in, &n, is_text ? TABULAR_WORDS_MAX : 0, 4, err);
    c->is_text = is_text != 0;
    if (st != LW_OK || n == 0)
        return st;
    c->words = mem_zalloc(n, sizeof *c->words);
    if (c->words == NULL)
        return out_of_memory(err);
    for (; st == LW_OK && c->n_words < n; c->n_words++)
        st = get_text(in, &c->words[c->n_words], err);
    return st;
}

static enum lw_status get_columns(struct lw_tabular *t, struct span *in,
                                  struct lw_error *err)
{
    uint32_t n = 0;
    enum lw_status st = get_count(in, &n, TABULAR_COLUMNS_MAX, 17, err);

    if (st == LW_OK && n == 0)
        st = damaged(err);
    if (st != LW_OK)
        return st;
    t->columns = mem_zalloc(n, sizeof *t->columns);
    if (t->columns == NULL)
        return out_of_memory(err);
    for (; st == LW_OK && t->n_columns < n; t->n_columns++)
        st = get_column(in, &t->columns[t->n_columns], err);
    return st;
}

static enum lw_status get_classes(struct lw_tabular *t, struct span *in,
                                  struct lw_error *err)
{
    uint8_t n;
    enum lw_status st = LW_OK;

    if (!span_take_u8(in, &n) || n < 2 || n > LW_EVAL_MAX_CLASSES ||
        (t->level == LW_LEVEL_BINARY && n != 2) ||
        (t->level == LW_LEVEL_CLASS && n != LW_N_KDD_CLASSES))
        return damaged(err);
    for (; st == LW_OK && t->n_classes < n; t->n_classes++)
        st = get_text(in, &t->class_names[t->n_classes], err);
    return st;
}

static enum lw_status get_labels(struct lw_tabular *t, struct span *in,
                                 struct lw_error *err)
{
    uint32_t n = 0;
    enum lw_status st = get_count(in, &n, LABELS_MAX, 5, err);

    if (st != LW_OK)
        return st;
    t->labels = mem_zalloc(n, sizeof *t->labels);
    if (t->labels == NULL)
        return out_of_memory(err);
    for (; st == LW_OK && t->n_labels < n; t->n_labels++) {
        uint8_t k = 0;

        st = get_text(in, &t->labels[t->n_labels].word, err);
        if (st == LW_OK && (!span_take_u8(in, &k) || k >= t->n_classes))
            st = damaged(err);
        t->labels[t->n_labels].class_idx = k;
    }
    return st;
}

static enum lw_status get_positive(struct lw_tabular *t, struct span *in,
                                   struct lw_error *err)
{
    uint32_t n = 0;
    enum lw_status st = get_count(in, &n, LABELS_MAX, 4, err);

    if (st == LW_OK && n > 0) {
        t->positive = mem_zalloc(n, sizeof *t->positive);
        if (t->positive == NULL)
            return out_of_memory(err);
    }
    for (; st == LW_OK && t->n_positive < n; t->n_positive++)
        st = get_text(in, &t->positive[t->n_positive], err);
    return st == LW_OK && in->n > 0 ? damaged(err) : st;
}

static enum lw_status get_decision(struct lw_tabular *t, struct span *in,
                                   struct lw_error *err)
{
    uint8_t level;
    enum lw_status st;

    if (!span_take_u8(in, &level) || level == LW_LEVEL_AUTO || level >= LW_N_LEVELS)
        return damaged(err);
    t->level = (enum lw_level)level;
    st = get_double(in, &t->threshold, err);
    return st == LW_OK && !(t->threshold >= 0 && t->threshold <= 1) ? damaged(err) : st;
}

static enum lw_status section(const struct lw_bundle *b, const char *tag,
                              struct span *out, struct lw_error *err)
{
    size_t n = 0;
    const void *p = lw_bundle_get(b, tag, &n);

    *out = span_of(p, p == NULL ? 0 : n);
    return p == NULL ? lw_fail(err, LW_EFORMAT, "no section %s: damaged", tag) : LW_OK;
}

static enum lw_status get_table(struct lw_tabular *t, const struct lw_bundle *b,
                                struct lw_error *err)
{
    struct span in;
    enum lw_status st = section(b, "TABLE", &in, err);

    if (st == LW_OK)
        st = get_text(&in, &t->label, err);
    if (st == LW_OK)
        st = get_decision(t, &in, err);
    if (st == LW_OK)
        st = get_columns(t, &in, err);
    if (st == LW_OK)
        st = get_classes(t, &in, err);
    if (st == LW_OK)
        st = get_labels(t, &in, err);
    return st == LW_OK ? get_positive(t, &in, err) : st;
}

static enum lw_status get_parts(struct lw_tabular *t, const struct lw_bundle *b,
                                struct lw_error *err)
{
    struct span in;
    size_t n;
    enum lw_status st = pipeline_load(&t->line, b, t->n_columns, t->n_classes, err);

    if (st == LW_OK && lw_bundle_get(b, "SCORES", &n) != NULL) {
        st = section(b, "SCORES", &in, err);
        t->n_scores = n / sizeof(float);
        if (n == 0 || t->n_scores > TABULAR_SCORES_MAX ||
            !quantile_load(t->scores, t->n_scores, &in) || in.n > 0)
            st = lw_fail(err, LW_EFORMAT, "the scores' section is damaged");
    }
    if (st == LW_OK)
        st = section(b, "PROV", &in, err);
    if (st == LW_OK) {
        t->provenance = mem_strndup(in.n == 0 ? "" : (const char *)in.p, in.n);
        if (t->provenance == NULL)
            st = out_of_memory(err);
    }
    return st;
}

/* `b` is freed; `name` goes in front of what is wrong with it. */
static enum lw_status from_bundle(struct lw_tabular **out, struct lw_bundle *b,
                                  const char *name, struct lw_error *err)
{
    struct lw_tabular *t = mem_zalloc(1, sizeof *t);
    struct lw_error why = {LW_OK, ""};
    uint8_t sum[SHA256_BYTES];
    size_t n;
    enum lw_status st = LW_OK;

    if (t == NULL)
        st = out_of_memory(&why);
    else if (lw_bundle_get(b, "TABLE", &n) == NULL)
        st = lw_fail(&why, LW_EMISMATCH, "not a model of a table");
    if (st == LW_OK)
        st = get_table(t, b, &why);
    if (st == LW_OK)
        st = get_parts(t, b, &why);
    if (st == LW_OK) {
        lw_bundle_digest(b, sum);
        digest_hex(sum, 6, t->id);
        *out = t;
    } else {
        lw_tabular_free(t);
        (void)lw_fail(err, st, "%s: %.200s", name, why.msg);
    }
    lw_bundle_free(b);
    return st;
}

enum lw_status lw_tabular_load(struct lw_tabular **out, const char *path,
                               struct lw_error *err)
{
    struct lw_bundle *b = NULL;
    enum lw_status st = lw_bundle_load(&b, path, err);

    return st == LW_OK ? from_bundle(out, b, path, err) : st;
}

enum lw_status lw_tabular_load_memory(struct lw_tabular **out, const void *data,
                                      size_t n_bytes, const char *name,
                                      struct lw_error *err)
{
    struct lw_bundle *b = NULL;
    enum lw_status st = lw_bundle_load_memory(&b, data, n_bytes, name, err);

    return st == LW_OK ? from_bundle(out, b, name, err) : st;
}
