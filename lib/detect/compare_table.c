/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table becomes rows of numbers and category codes, with what a protocol needs beside
 * them: class, attack type, group and time.  Nothing is fitted here; codes of words say
 * nothing of the label.
 */
#include "detect/compare_table.h"

#include "base/mem.h"
#include "data/rows.h"
#include "learn/balance.h"

#include <math.h>
#include <string.h>

void lw_compare_table_free(struct lw_compare_table *t)
{
    if (t == NULL)
        return;
    lw_matrix_release(&t->x);
    mem_free(t->inputs);
    mem_free(t->is_category);
    mem_free(t->source);
    for (uint32_t i = 0; i < LW_EVAL_MAX_CLASSES; i++)
        mem_free(t->class_names[i]);
    mem_free(t->type);
    mem_free(t->label);
    mem_free(t->type_class);
    mem_free(t->group);
    mem_free(t->time);
    mem_free(t);
}

size_t lw_compare_table_rows(const struct lw_compare_table *t)
{
    return t->x.n_rows;
}

size_t lw_compare_table_features(const struct lw_compare_table *t)
{
    return t->x.n_cols;
}

size_t lw_compare_table_source(const struct lw_compare_table *t, size_t i)
{
    return t->source == NULL ? (size_t)-1 : t->source[i];
}

uint32_t lw_compare_table_classes(const struct lw_compare_table *t)
{
    return t->n_classes;
}

const char *const *lw_compare_table_class_names(const struct lw_compare_table *t)
{
    return (const char *const *)t->class_names;
}

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for a table to compare on");
}

/* ---- features ---- */

enum lw_status compare_table_alloc_inputs(struct lw_compare_table *t, size_t n,
                                          struct lw_error *err)
{
    t->inputs = mem_zalloc(n, sizeof *t->inputs);
    t->is_category = mem_zalloc(n, sizeof *t->is_category);
    t->source = mem_zalloc(n, sizeof *t->source);
    return t->inputs == NULL || t->is_category == NULL || t->source == NULL
               ? out_of_memory(err)
               : LW_OK;
}

static void copy_column(float *x, size_t n_rows, size_t n_cols,
                        const struct lw_column *c)
{
    for (size_t r = 0; r < n_rows; r++)
        x[r * n_cols] = c->type == LW_COLUMN_TEXT ? (float)c->codes[r] : c->numbers[r];
}

static enum lw_status take_columns(struct lw_compare_table *t,
                                   const struct lw_frame *frame, const bool *is_feature,
                                   struct lw_error *err)
{
    size_t n_rows = lw_frame_rows(frame);
    size_t n = 0;
    size_t at = 0;
    struct lw_column c;
    enum lw_status st;

    for (size_t i = 0; i < lw_frame_columns(frame); i++)
        n += is_feature[i] ? 1 : 0;
    if (n == 0)
        return lw_fail(err, LW_EINVAL, "no column is left to learn from");
    st = lw_matrix_init(&t->x, n_rows, n, err);
    if (st == LW_OK)
        st = compare_table_alloc_inputs(t, n, err);
    for (size_t i = 0; st == LW_OK && i < lw_frame_columns(frame); i++) {
        if (!is_feature[i])
            continue;
        lw_frame_column(frame, i, &c);
        t->is_category[at] = c.type == LW_COLUMN_TEXT;
        t->inputs[at].type = t->is_category[at] ? ENCODE_CATEGORY : ENCODE_NUMBER;
        t->inputs[at].n_categories = c.n_words;
        t->source[at] = i;
        copy_column(t->x.x + at++, n_rows, n, &c);
    }
    return st;
}

static enum lw_status choose_columns(struct lw_compare_table *t,
                                     const struct lw_frame *frame,
                                     const struct lw_target *target,
                                     const struct lw_compare_table_config *cfg,
                                     struct lw_error *err)
{
    bool *is_feature = mem_zalloc(lw_frame_columns(frame), sizeof *is_feature);
    enum lw_status st = is_feature == NULL
                            ? out_of_memory(err)
                            : compare_table_choose(is_feature, frame, target, cfg, err);

    if (st == LW_OK)
        st = take_columns(t, frame, is_feature, err);
    mem_free(is_feature);
    return st;
}

/* ---- what protocols need ---- */

static enum lw_status take_types(struct lw_compare_table *t,
                                 const struct lw_target *target,
                                 const struct lw_compare_table_config *cfg,
                                 struct lw_error *err)
{
    t->n_types = target->n_words;
    t->type_class = mem_zalloc(t->n_types, sizeof *t->type_class);
    t->type = mem_dup(target->codes, target->n_rows * sizeof *t->type);
    t->label = mem_zalloc(target->n_rows, sizeof *t->label);
    if (t->type_class == NULL || t->type == NULL || t->label == NULL)
        return out_of_memory(err);
    return compare_table_name_classes(t, target, cfg->level, cfg->neither_is_normal,
                                      err);
}

static enum lw_status take_group(struct lw_compare_table *t,
                                 const struct lw_frame *frame, const char *name,
                                 struct lw_error *err)
{
    int at = lw_frame_find_like(frame, name);
    struct lw_column c;

    if (at < 0)
        return lw_fail(err, LW_EINVAL, "no column is called '%.60s' to group by", name);
    lw_frame_column(frame, (size_t)at, &c);
    if (c.type != LW_COLUMN_TEXT)
        return lw_fail(err, LW_EINVAL,
                       "column %.60s holds numbers; --categorical %.60s makes it one "
                       "to group by",
                       c.name, c.name);
    t->n_groups = c.n_words;
    t->group = mem_dup(c.codes, t->x.n_rows * sizeof *t->group);
    return t->group == NULL ? out_of_memory(err) : LW_OK;
}

static enum lw_status take_time(struct lw_compare_table *t,
                                const struct lw_frame *frame, const char *name,
                                struct lw_error *err)
{
    int at = name == NULL ? -1 : lw_frame_find_like(frame, name);
    struct lw_column c = {0};

    for (size_t i = 0; name == NULL && at < 0 && i < lw_frame_columns(frame); i++) {
        lw_frame_column(frame, i, &c);
        at = c.type == LW_COLUMN_NUMBER && c.origin > 0 ? (int)i : -1;
    }
    if (at < 0)
        return name == NULL ? LW_OK
                            : lw_fail(err, LW_EINVAL,
                                      "no column is called '%.60s' to order by", name);
    lw_frame_column(frame, (size_t)at, &c);
    if (c.type != LW_COLUMN_NUMBER)
        return lw_fail(err, LW_EINVAL, "column %.60s holds words, not times", c.name);
    t->time = mem_dup(c.numbers, t->x.n_rows * sizeof *t->time);
    return t->time == NULL ? out_of_memory(err) : LW_OK;
}

/* ---- rows that stay ---- */

/* gap (n_rows) says of each row whether any column of the table has no value there. */
static void find_gaps(uint8_t *gap, const struct lw_frame *frame)
{
    for (size_t i = 0; i < lw_frame_columns(frame); i++) {
        struct lw_column c;

        lw_frame_column(frame, i, &c);
        for (size_t r = 0; r < lw_frame_rows(frame); r++)
            gap[r] |= c.type == LW_COLUMN_TEXT ? c.dictionary[c.codes[r]][0] == '\0'
                                               : isnan(c.numbers[r]) != 0;
    }
}

static void move_row(struct lw_compare_table *t, size_t to, size_t from)
{
    size_t width = t->x.n_cols;

    memmove(t->x.x + to * width, t->x.x + from * width, width * sizeof *t->x.x);
    t->type[to] = t->type[from];
    if (t->group != NULL)
        t->group[to] = t->group[from];
    if (t->time != NULL)
        t->time[to] = t->time[from];
}

static enum lw_status drop_repeats(struct lw_compare_table *t, struct lw_error *err)
{
    uint32_t *first = mem_zalloc(t->x.n_rows, sizeof *first);
    size_t n_distinct = 0;
    size_t n = 0;
    enum lw_status st;

    if (first == NULL)
        return out_of_memory(err);
    st = rows_find_first(&t->x, t->type, first, &n_distinct, err);
    for (size_t r = 0; st == LW_OK && r < t->x.n_rows; r++)
        if (first[r] == r)
            move_row(t, n++, r);
    if (st == LW_OK)
        t->x.n_rows = n;
    mem_free(first);
    return st;
}

/* What the rows of the sources have, in place of p, which is freed; NULL: *ok says
 * whether there was nothing. */
static void *follow(void *p, size_t size, const struct balanced *b, bool *ok)
{
    unsigned char *out = NULL;

    if (p != NULL && *ok) {
        out = mem_zalloc(b->x.n_rows, size);
        *ok = out != NULL;
    }
    for (size_t r = 0; out != NULL && r < b->x.n_rows; r++)
        memcpy(out + r * size, (unsigned char *)p + b->source[r] * size, size);
    mem_free(p);
    return out;
}

static enum lw_status balance(struct lw_compare_table *t, const char *steps,
                              uint64_t seed, struct lw_error *err)
{
    struct balance_config how;
    struct balanced b = {0};
    bool ok = true;
    enum lw_status st = balance_config_read(&how, steps, err);

    if (st == LW_OK)
        st = balance_rows(&b, &how, &t->x, t->is_category, t->label, t->n_classes, seed,
                          err);
    if (st != LW_OK)
        return st;
    t->type = follow(t->type, sizeof *t->type, &b, &ok);
    t->label = follow(t->label, sizeof *t->label, &b, &ok);
    t->group = follow(t->group, sizeof *t->group, &b, &ok);
    t->time = follow(t->time, sizeof *t->time, &b, &ok);
    lw_matrix_release(&t->x);
    t->x = b.x;
    b.x = (struct lw_matrix){0};
    balanced_release(&b);
    return ok ? LW_OK : out_of_memory(err);
}

/* Leave out what the configuration says, close up the types and set the labels. */
static enum lw_status choose_rows(struct lw_compare_table *t,
                                  const struct lw_compare_table_config *cfg,
                                  const uint8_t *gap, struct lw_error *err)
{
    size_t n_of[LW_EVAL_MAX_CLASSES] = {0};
    uint32_t n_classes = 0;
    size_t n = 0;
    enum lw_status st = LW_OK;

    for (size_t r = 0; r < t->x.n_rows; r++)
        if (t->type_class[t->type[r]] >= 0 && (gap == NULL || gap[r] == 0))
            move_row(t, n++, r);
    t->x.n_rows = n;
    if (n > 0 && cfg->drop_repeats)
        st = drop_repeats(t, err);
    if (st != LW_OK)
        return st;
    /* A type that no row has left is no reason to refuse a split. */
    for (uint32_t w = 0; w < t->n_types; w++)
        t->type_class[w] = t->type_class[w] < 0 ? 0 : t->type_class[w];
    for (size_t r = 0; r < t->x.n_rows; r++) {
        t->label[r] = (uint32_t)t->type_class[t->type[r]];
        n_classes += n_of[t->label[r]]++ == 0 ? 1 : 0;
    }
    if (n_classes < 2)
        return lw_fail(err, LW_EFORMAT,
                       "all rows are %s: nothing to tell apart; the schema's label and "
                       "positive words (--label, --positive) say what an attack is",
                       n_of[0] > 0 ? "normal" : "attacks of one class");
    return cfg->balance == NULL ? LW_OK : balance(t, cfg->balance, cfg->seed, err);
}

static enum lw_status take_all(struct lw_compare_table *t, const struct lw_frame *frame,
                               const struct lw_target *target,
                               const struct lw_compare_table_config *cfg,
                               struct lw_error *err)
{
    uint8_t *gap = NULL;
    enum lw_status st;

    st = cfg->view != NULL ? compare_table_take_view(t, cfg->view, frame, err)
                           : choose_columns(t, frame, target, cfg, err);
    if (st == LW_OK)
        st = take_types(t, target, cfg, err);
    if (st == LW_OK && cfg->group != NULL)
        st = take_group(t, frame, cfg->group, err);
    if (st == LW_OK)
        st = take_time(t, frame, cfg->time, err);
    for (size_t i = 0; st == LW_OK && cfg->ordinal && i < t->x.n_cols; i++)
        t->inputs[i].type = ENCODE_NUMBER;
    if (st == LW_OK && cfg->drop_missing) {
        gap = mem_zalloc(t->x.n_rows, sizeof *gap);
        if (gap == NULL)
            return out_of_memory(err);
        find_gaps(gap, frame);
    }
    if (st == LW_OK)
        st = choose_rows(t, cfg, gap, err);
    mem_free(gap);
    return st;
}

enum lw_status compare_table_make(struct lw_compare_table **out,
                                  const struct lw_frame *frame,
                                  const struct lw_target *target,
                                  const struct lw_compare_table_config *cfg,
                                  struct lw_error *err)
{
    struct lw_compare_table *t = mem_zalloc(1, sizeof *t);
    enum lw_status st =
        t == NULL ? out_of_memory(err) : take_all(t, frame, target, cfg, err);

    if (st == LW_OK)
        *out = t;
    else
        lw_compare_table_free(t);
    return st;
}

enum lw_status lw_compare_table_new(struct lw_compare_table **out,
                                    const struct lw_frame *frame,
                                    const struct lw_compare_table_config *cfg,
                                    struct lw_error *err)
{
    struct lw_target target = {0};
    enum lw_status st = lw_target_find(&target, frame, cfg->schema, err);

    if (st == LW_OK)
        st = compare_table_make(out, frame, &target, cfg, err);
    lw_target_release(&target);
    return st;
}
