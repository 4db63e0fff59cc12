/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of row it is, told from an autoencoder's middle layer: a logistic
 * classifier over the labels as the table spells them. */
#include "base/mem.h"
#include "detect/table_autoencoder.h"
#include "learn/model_ops.h"

#include <string.h>

/* So many rows of a label are enough for a linear classifier. */
enum { ROWS_OF_EACH = 2000, KINDS_MAX = 256 };

void autoencoder_kinds_release(struct autoencoder_kinds *k)
{
    for (uint32_t i = 0; i < k->n; i++)
        mem_free(k->names[i]);
    mem_free(k->names);
    lw_model_free(k->model);
    *k = (struct autoencoder_kinds){0};
}

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for an autoencoder's labels");
}

/* Index of a name; a new one is appended.  -1: no memory, or too many. */
static int name_index(struct autoencoder_kinds *k, const char *name)
{
    for (uint32_t i = 0; i < k->n; i++)
        if (strcmp(k->names[i], name) == 0)
            return (int)i;
    if (k->n == KINDS_MAX || (k->names[k->n] = mem_strdup(name)) == NULL)
        return -1;
    return (int)k->n++;
}

/* Rows of the middle layer and their labels. */
struct lesson {
    struct lw_matrix x;        /* owned */
    uint32_t *label;           /* (x.n_rows), owned */
    uint32_t taken[KINDS_MAX]; /* rows of each label */
};

static void lesson_release(struct lesson *l)
{
    lw_matrix_release(&l->x);
    mem_free(l->label);
}

static enum lw_status name_words(struct autoencoder_kinds *k, const struct lw_target *t,
                                 struct lw_error *err)
{
    for (uint32_t w = 0; w < t->n_words; w++)
        if (t->word_side[w] != LW_SIDE_NEITHER && name_index(k, t->words[w]) < 0)
            return lw_fail(err, LW_ELIMIT, "more than %d different labels", KINDS_MAX);
    return LW_OK;
}

static enum lw_status take_rows(const struct lw_autoencoder *a,
                                struct autoencoder_kinds *k, struct lesson *l,
                                const struct lw_frame *f, const struct lw_target *t,
                                struct lw_error *err)
{
    struct autoencoder_columns cols;
    float *scratch = mem_zalloc(autoencoder_scratch(a), sizeof *scratch);
    enum lw_status st =
        scratch == NULL ? out_of_memory(err) : autoencoder_find(a, f, &cols, err);

    for (size_t r = 0; st == LW_OK && r < t->n_rows; r++) {
        uint32_t w = t->codes[r];
        uint32_t label;

        if (t->word_side[w] == LW_SIDE_NEITHER)
            continue;
        label = (uint32_t)name_index(k, t->words[w]);
        if (l->taken[label] == ROWS_OF_EACH)
            continue;
        l->taken[label]++;
        l->label[l->x.n_rows] = label;
        autoencoder_middle(a, &cols, r, l->x.x + l->x.n_rows * l->x.n_cols, scratch);
        l->x.n_rows++;
    }
    mem_free(scratch);
    return st;
}

static enum lw_status lesson_init(struct lesson *l, const struct lw_autoencoder *a,
                                  uint32_t n_kinds, struct lw_error *err)
{
    size_t most = (size_t)n_kinds * ROWS_OF_EACH;
    enum lw_status st = lw_matrix_init(&l->x, most, autoencoder_width(a), err);

    l->x.n_rows = 0;
    l->label = mem_zalloc(most, sizeof *l->label);
    return st == LW_OK && l->label == NULL ? out_of_memory(err) : st;
}

static enum lw_status learn(const struct lw_autoencoder *a, struct autoencoder_kinds *k,
                            const struct lw_frame *const *tables,
                            const struct lw_target *targets, size_t n_tables,
                            uint64_t seed, struct lw_error *err)
{
    const struct lw_model_params params = {.seed = seed};
    struct lesson l = {0};
    enum lw_status st = lesson_init(&l, a, k->n, err);

    for (size_t i = 0; st == LW_OK && i < n_tables; i++)
        if (targets[i].words != NULL)
            st = take_rows(a, k, &l, tables[i], &targets[i], err);
    if (st == LW_OK)
        st = lw_model_fit(&k->model, "logit", &params, &l.x, l.label, k->n, NULL, err);
    lesson_release(&l);
    return st;
}

enum lw_status autoencoder_kinds_fit(struct lw_autoencoder *a,
                                     const struct lw_frame *const *tables,
                                     const struct lw_target *targets, size_t n_tables,
                                     uint64_t seed, struct lw_error *err)
{
    struct autoencoder_kinds k = {0};
    enum lw_status st = LW_OK;

    k.names = mem_zalloc(KINDS_MAX, sizeof *k.names);
    if (k.names == NULL)
        return out_of_memory(err);
    for (size_t i = 0; st == LW_OK && i < n_tables; i++)
        if (targets[i].words != NULL)
            st = name_words(&k, &targets[i], err);
    if (st == LW_OK && k.n < 2)
        st = lw_fail(err, LW_EFORMAT,
                     "%u different labels: to tell kinds apart, two at least are "
                     "needed",
                     k.n);
    if (st == LW_OK)
        st = learn(a, &k, tables, targets, n_tables, seed, err);
    if (st != LW_OK) {
        autoencoder_kinds_release(&k);
        return st;
    }
    autoencoder_kinds_release(&a->kinds);
    a->kinds = k;
    return LW_OK;
}

/* ---- use ---- */

uint32_t lw_autoencoder_kinds(const struct lw_autoencoder *a)
{
    return a->kinds.n;
}

const char *lw_autoencoder_kind_name(const struct lw_autoencoder *a, uint32_t kind)
{
    return a->kinds.names[kind];
}

static uint32_t likeliest(const float *p, uint32_t n)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < n; i++)
        best = p[i] > p[best] ? i : best;
    return best;
}

enum lw_status lw_autoencoder_tell(const struct lw_autoencoder *a,
                                   const struct lw_frame *frame, uint32_t *out,
                                   struct lw_error *err)
{
    struct autoencoder_columns cols;
    size_t width = autoencoder_width(a);
    float *middle = mem_zalloc(width, sizeof *middle);
    float *p = mem_zalloc(KINDS_MAX, sizeof *p);
    float *scratch = mem_zalloc(autoencoder_scratch(a), sizeof *scratch);
    enum lw_status st = LW_OK;

    if (a->kinds.n == 0)
        st = lw_fail(err, LW_EINVAL, "the checkpoint has learnt no labels");
    else if (middle == NULL || p == NULL || scratch == NULL)
        st = out_of_memory(err);
    else
        st = autoencoder_find(a, frame, &cols, err);
    for (size_t r = 0; st == LW_OK && r < lw_frame_rows(frame); r++) {
        autoencoder_middle(a, &cols, r, middle, scratch);
        lw_model_predict(a->kinds.model, middle, 1, p);
        out[r] = likeliest(p, a->kinds.n);
    }
    mem_free(middle);
    mem_free(p);
    mem_free(scratch);
    return st;
}

/* ---- checkpoints ---- */

void autoencoder_kinds_save(const struct autoencoder_kinds *k, struct buf *out)
{
    buf_add_le16(out, (uint16_t)k->n);
    for (uint32_t i = 0; i < k->n; i++) {
        buf_add_le16(out, (uint16_t)strlen(k->names[i]));
        buf_add_text(out, k->names[i]);
    }
    model_save(k->model, out);
}

static bool take_name(struct autoencoder_kinds *k, struct span *s)
{
    struct span name;
    uint16_t n;
    char *copy;

    if (!span_take_le16(s, &n) || !span_take(s, n, &name))
        return false;
    copy = mem_zalloc((size_t)n + 1, 1);
    if (copy == NULL)
        return false;
    if (n > 0)
        memcpy(copy, name.p, n);
    k->names[k->n++] = copy;
    return true;
}

enum lw_status autoencoder_kinds_load(struct autoencoder_kinds *k, struct span s,
                                      uint32_t width, struct lw_error *err)
{
    uint16_t n = 0;
    bool ok = span_take_le16(&s, &n) && n >= 2 && n <= KINDS_MAX;
    enum lw_status st;

    k->names = mem_zalloc(KINDS_MAX, sizeof *k->names);
    if (k->names == NULL)
        return out_of_memory(err);
    for (uint32_t i = 0; ok && i < n; i++)
        ok = take_name(k, &s);
    st = ok ? model_load(&k->model, s, err)
            : lw_fail(err, LW_EFORMAT, "the labels are damaged");
    if (st == LW_OK &&
        (lw_model_classes(k->model) != k->n || lw_model_columns(k->model) != width))
        st = lw_fail(err, LW_EFORMAT, "the labels' classifier has another shape");
    if (st != LW_OK)
        autoencoder_kinds_release(k);
    return st;
}
