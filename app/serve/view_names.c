/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/view_names.h"

#include "base/mem.h"
#include "serve/nametable.h"

#include <string.h>

struct view_names {
    const struct lw_view *view;   /* static */
    struct nametable names;       /* folded spelling -> index */
    struct nametable *categories; /* (view->n_features), owned */
};

struct span view_names_fold(struct span name, uint8_t out[VIEW_NAME_MAX])
{
    size_t n = 0;

    name = span_first(name, VIEW_NAME_MAX);
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];

        if (c != '_')
            out[n++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
    }
    return span_of(out, n);
}

static enum lw_status add_spelling(struct view_names *v, uint16_t idx, const char *text,
                                   size_t n, struct lw_error *err)
{
    uint8_t bytes[VIEW_NAME_MAX];

    return nametable_add(&v->names, view_names_fold(span_of(text, n), bytes), idx, err);
}

static enum lw_status add_feature(struct view_names *v, uint16_t idx,
                                  struct lw_error *err)
{
    const struct lw_feature *f = &v->view->features[idx];
    enum lw_status st = add_spelling(v, idx, f->name, strlen(f->name), err);

    /* Aliases are words separated by blanks. */
    for (const char *at = f->alias; st == LW_OK && *at != '\0';) {
        size_t n;

        at += strspn(at, " ");
        n = strcspn(at, " ");
        if (n > 0)
            st = add_spelling(v, idx, at, n, err);
        at += n;
    }
    for (uint16_t i = 0; st == LW_OK && i < f->n_categories; i++) {
        const char *name = f->categories[i];

        st = nametable_add(&v->categories[idx], span_of(name, strlen(name)), i, err);
    }
    return st;
}

enum lw_status view_names_new(struct view_names **out, const struct lw_view *view,
                              struct lw_error *err)
{
    struct view_names *v = mem_zalloc(1, sizeof *v);
    enum lw_status st = LW_OK;

    if (v != NULL)
        v->categories = mem_zalloc(view->n_features, sizeof v->categories[0]);
    if (v == NULL || v->categories == NULL) {
        mem_free(v);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    v->view = view;
    for (uint16_t i = 0; st == LW_OK && i < view->n_features; i++)
        st = add_feature(v, i, err);
    if (st != LW_OK) {
        view_names_free(v);
        return st;
    }
    *out = v;
    return LW_OK;
}

void view_names_free(struct view_names *v)
{
    if (v == NULL)
        return;
    nametable_release(&v->names);
    for (size_t i = 0; i < v->view->n_features; i++)
        nametable_release(&v->categories[i]);
    mem_free(v->categories);
    mem_free(v);
}

const struct lw_view *view_names_view(const struct view_names *v)
{
    return v->view;
}

int view_names_find(const struct view_names *v, struct span name)
{
    uint8_t bytes[VIEW_NAME_MAX];

    return (int)nametable_find(&v->names, view_names_fold(name, bytes));
}

float view_names_category(const struct view_names *v, size_t feature_idx,
                          struct span name)
{
    int64_t code = nametable_find(&v->categories[feature_idx], name);

    return code < 0 ? LW_CAT_UNSEEN : (float)code;
}
