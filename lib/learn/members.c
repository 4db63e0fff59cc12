/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/members.h"

#include "base/mem.h"
#include "learn/model_option.h"

#include <string.h>

/* New kinds go to the end: values of options are places here. */
const char *const members_kinds[] = {[MEMBERS_GBDT] = "gbdt",
                                     "tree",
                                     [MEMBERS_FOREST] = "forest",
                                     "ada",
                                     "bayes",
                                     "knn",
                                     "iforest",
                                     "lof",
                                     "pca",
                                     "logit",
                                     "linsvm",
                                     "svm",
                                     "ocsvm",
                                     "mlp",
                                     "autoencoder",
                                     "mahal",
                                     "hist",
                                     "limits",
                                     NULL};

void members_release(struct members *m)
{
    for (uint32_t i = 0; i < m->n; i++)
        lw_model_free(m->of[i]);
    m->n = 0;
}

/* ---- options ---- */

/* Take the next "KIND.NAME=VALUE" from a list; false at its end. */
static bool next_dotted(struct span *rest, struct span *kind, struct span *option)
{
    while (rest->n > 0) {
        struct span one = model_option_next(rest);
        size_t dot = model_option_dot(one);

        if (dot == one.n)
            continue;
        *kind = span_first(one, dot);
        *option = span_from(one, dot + 1);
        return true;
    }
    return false;
}

static bool is_name(struct span s, const char *name)
{
    return s.n == strlen(name) && memcmp(s.p, name, s.n) == 0;
}

enum lw_status members_check_options(const char *options,
                                     const struct model_ops *const *kinds, uint32_t n,
                                     struct lw_error *err)
{
    struct span rest = span_of(options, options == NULL ? 0 : strlen(options));
    struct span kind;
    struct span option;

    while (next_dotted(&rest, &kind, &option)) {
        bool found = false;

        for (uint32_t i = 0; i < n; i++)
            found = found || is_name(kind, kinds[i]->name);
        if (!found)
            return lw_fail(err, LW_EINVAL,
                           "%.*s.%.*s: no member is of that kind; \"of\" names them",
                           (int)(kind.n < 32 ? kind.n : 32), (const char *)kind.p,
                           (int)(option.n < 32 ? option.n : 32),
                           (const char *)option.p);
    }
    return LW_OK;
}

/* The options of one kind of member as text of the caller's. */
static enum lw_status own_options(char **out, const char *options, const char *name,
                                  struct lw_error *err)
{
    size_t size = options == NULL ? 0 : strlen(options);
    struct span rest = span_of(options, size);
    struct span kind;
    struct span option;
    char *text = mem_zalloc(size + 1, 1);
    size_t n = 0;

    if (text == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    while (next_dotted(&rest, &kind, &option)) {
        if (!is_name(kind, name))
            continue;
        if (n > 0)
            text[n++] = ',';
        memcpy(text + n, option.p, option.n);
        n += option.n;
    }
    *out = text;
    return LW_OK;
}

/* ---- fitting ---- */

/* Progress of one member is a part of the whole. */
struct part {
    const struct lw_model_params *of;
    double from;
    double share;
};

static void pass_on(void *ctx, double done, const char *what)
{
    const struct part *p = ctx;

    p->of->progress(p->of->progress_ctx, p->from + done * p->share, what);
}

enum lw_status members_add(struct members *m, const struct model_ops *kind,
                           const struct model_task *task, uint32_t n_all,
                           struct lw_error *err)
{
    const struct lw_model_kind about = {kind->name, kind->doc, kind->options,
                                        kind->n_options};
    struct part part = {task->params, (double)m->n / n_all, 1.0 / n_all};
    struct lw_model_params params = *task->params;
    struct model_task one = *task;
    double option[LW_MODEL_OPTIONS_MAX];
    char *text = NULL;
    enum lw_status st = own_options(&text, params.options, kind->name, err);

    if (params.progress != NULL) {
        params.progress = pass_on;
        params.progress_ctx = &part;
    }
    params.options = text;
    one.params = &params;
    one.option = option;
    if (st == LW_OK)
        st = model_options_read(option, &about, text, err);
    if (st == LW_OK)
        st = kind->fit(&m->of[m->n], &one, err);
    m->n += st == LW_OK ? 1 : 0;
    mem_free(text);
    return st;
}

/* ---- use ---- */

uint32_t members_latent(const struct members *m, const float *rows, size_t n_rows,
                        float *out)
{
    for (uint32_t i = 0; i < m->n; i++)
        if (model_latent(m->of[i], NULL, 0, NULL) > 0)
            return model_latent(m->of[i], rows, n_rows, out);
    return 0;
}

enum lw_status members_contributions(const struct members *m, const float *row,
                                     uint32_t class_idx, double *phi,
                                     struct lw_error *err)
{
    size_t n = (size_t)m->of[0]->n_cols + 1;
    double *one = mem_alloc(n * sizeof *one);
    enum lw_status st = LW_OK;
    uint32_t n_saying = 0;

    if (one == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for reasons");
    for (size_t c = 0; c < n; c++)
        phi[c] = 0;
    for (uint32_t i = 0; i < m->n && (st == LW_OK || st == LW_EUNSUPPORTED); i++) {
        st = lw_model_contributions(m->of[i], row, class_idx, one, err);
        for (size_t c = 0; st == LW_OK && c < n; c++)
            phi[c] += one[c];
        n_saying += st == LW_OK ? 1 : 0;
    }
    for (size_t c = 0; c < n; c++)
        phi[c] /= n_saying > 0 ? (double)n_saying : 1;
    mem_free(one);
    return st == LW_EUNSUPPORTED && n_saying > 0 ? LW_OK : st;
}

/* ---- storage ---- */

void members_save(const struct members *m, struct buf *out)
{
    buf_add_u8(out, (uint8_t)m->n);
    for (uint32_t i = 0; i < m->n; i++) {
        struct buf one;

        buf_init(&one);
        model_save(m->of[i], &one);
        buf_add_le32(out, (uint32_t)one.len);
        if (buf_ok(&one))
            buf_add(out, one.data, one.len);
        else
            out->failed = true;
        buf_release(&one);
    }
}

static bool has_members(struct span stored)
{
    static const struct model_ops *const kinds[] = {&model_blend, &model_mean,
                                                    &model_cascade, &model_versus};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (span_begins(stored, kinds[i]->name, strlen(kinds[i]->name)))
            return true;
    return false;
}

static enum lw_status load_one(struct members *m, struct span *s, uint32_t n_cols,
                               const char *who, struct lw_error *err)
{
    struct span bytes;
    uint32_t n;
    enum lw_status st;

    if (!span_take_le32(s, &n) || !span_take(s, n, &bytes))
        return lw_fail(err, LW_ETRUNCATED, "%s: cut off in a member", who);
    /* Before it is read: blends in blends would go as deep as the file is long. */
    if (has_members(bytes))
        return lw_fail(err, LW_EFORMAT, "%s: a member is a blend, mean, cascade or versus",
                       who);
    st = model_load(&m->of[m->n], bytes, err);
    if (st != LW_OK)
        return st;
    if (m->of[m->n++]->n_cols != n_cols)
        return lw_fail(err, LW_EFORMAT, "%s: its members do not fit together", who);
    return LW_OK;
}

enum lw_status members_load(struct members *m, struct span s, uint32_t n_cols,
                            const char *who, struct lw_error *err)
{
    enum lw_status st = LW_OK;
    uint8_t n;

    if (!span_take_u8(&s, &n))
        return lw_fail(err, LW_ETRUNCATED, "%s: cut off in its header", who);
    if (n < 1 || n > MEMBERS_MAX)
        return lw_fail(err, LW_EFORMAT, "%s: %u members; 1 to %d are possible", who, n,
                       MEMBERS_MAX);
    for (uint32_t i = 0; st == LW_OK && i < n; i++)
        st = load_one(m, &s, n_cols, who, err);
    if (st == LW_OK && s.n > 0)
        st = lw_fail(err, LW_EFORMAT, "%s: bytes behind its last member", who);
    return st;
}
