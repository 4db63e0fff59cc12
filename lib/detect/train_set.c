/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/train_set.h"

#include "base/mem.h"
#include "base/names.h"
#include "data/rows.h"

#include <string.h>

void train_set_release(struct train_set *s)
{
    lw_matrix_release(&s->x);
    mem_free(s->type);
    mem_free(s->label);
    mem_free(s->type_name);
    mem_free(s->type_class);
    *s = (struct train_set){0};
}

static enum lw_status find_labels(const struct lw_frame *frame, struct lw_column *out,
                                  struct lw_error *err)
{
    static const char *const names[] = {"label", "attack", "class", "Label", "Class"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int at = lw_frame_find(frame, names[i]);

        if (at < 0)
            continue;
        lw_frame_column(frame, (size_t)at, out);
        if (out->type == LW_COLUMN_TEXT)
            return LW_OK;
        return lw_fail(err, LW_EFORMAT, "column %s holds numbers, not names of attacks",
                       out->name);
    }
    return lw_fail(err, LW_EFORMAT,
                   "no label column: add one named label, with attack or class names");
}

static enum lw_status map_types(struct train_set *s, const struct lw_column *labels,
                                struct lw_error *err)
{
    s->n_types = labels->n_words;
    s->type_name = mem_zalloc(s->n_types, sizeof *s->type_name);
    s->type_class = mem_zalloc(s->n_types, sizeof *s->type_class);
    s->type = mem_zalloc(s->x.n_rows, sizeof *s->type);
    s->label = mem_zalloc(s->x.n_rows, sizeof *s->label);
    if (s->type_name == NULL || s->type_class == NULL || s->type == NULL ||
        s->label == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu labels", s->x.n_rows);
    for (uint32_t t = 0; t < s->n_types; t++) {
        s->type_name[t] = labels->dictionary[t];
        s->type_class[t] = lw_kdd_class_of(labels->dictionary[t]);
        if (s->type_class[t] < 0)
            return lw_fail(err, LW_EFORMAT,
                           "label '%.40s' is neither an attack nor a class of KDD'99",
                           labels->dictionary[t]);
    }
    for (size_t r = 0; r < s->x.n_rows; r++) {
        s->type[r] = labels->codes[r];
        s->label[r] = (uint32_t)s->type_class[labels->codes[r]];
    }
    return LW_OK;
}

static enum lw_status check_exclude(const struct train_set *s, const char *exclude,
                                    struct lw_error *err)
{
    for (const char *p = exclude; *p != '\0'; p += *p == ',' ? 1 : 0) {
        size_t len = strcspn(p, ",");
        bool found = false;

        for (uint32_t t = 0; t < s->n_types; t++)
            found = found || (strcspn(s->type_name[t], ".") == len &&
                              memcmp(p, s->type_name[t], len) == 0);
        if (!found)
            return lw_fail(err, LW_EINVAL,
                           "nothing to exclude: no rows are labelled '%.*s'", (int)len,
                           p);
        p += len;
    }
    return LW_OK;
}

/* Row `from` becomes row `to`, which is not after it. */
static void move_row(struct train_set *s, size_t to, size_t from)
{
    size_t width = s->x.n_cols;

    memmove(s->x.x + to * width, s->x.x + from * width, width * sizeof *s->x.x);
    s->type[to] = s->type[from];
    s->label[to] = s->label[from];
}

static void drop_types(struct train_set *s, const char *exclude)
{
    size_t n = 0;

    for (size_t r = 0; r < s->x.n_rows; r++) {
        const char *name = s->type_name[s->type[r]];

        /* As some files spell it, with a full stop at the end. */
        if (!names_have(exclude, name, strcspn(name, ".")))
            move_row(s, n++, r);
    }
    s->x.n_rows = n;
}

enum lw_status train_set_drop_repeats(struct train_set *s, struct lw_error *err)
{
    uint32_t *first = mem_zalloc(s->x.n_rows, sizeof *first);
    size_t n_distinct = 0;
    size_t n = 0;
    enum lw_status st;

    if (first == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", s->x.n_rows);
    st = rows_find_first(&s->x, s->type, first, &n_distinct, err);
    for (size_t r = 0; st == LW_OK && r < s->x.n_rows; r++)
        if (first[r] == r)
            move_row(s, n++, r);
    if (st == LW_OK)
        s->x.n_rows = n;
    mem_free(first);
    return st;
}

enum lw_status train_set_init(struct train_set *s, const struct lw_view *view,
                              const struct lw_frame *frame, const char *exclude,
                              struct lw_error *err)
{
    struct lw_column labels;
    enum lw_status st;

    *s = (struct train_set){.view = view};
    st = find_labels(frame, &labels, err);
    if (st == LW_OK)
        st = lw_view_map(view, frame, &s->x, err);
    if (st == LW_OK)
        st = map_types(s, &labels, err);
    if (st == LW_OK && exclude != NULL) {
        st = check_exclude(s, exclude, err);
        if (st == LW_OK)
            drop_types(s, exclude);
    }
    if (st != LW_OK)
        train_set_release(s);
    return st;
}
