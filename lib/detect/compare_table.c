/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table becomes rows of numbers and category codes, with what a protocol needs beside
 * them: class, attack type, group and time.  Nothing is fitted here; codes of words say
 * nothing of the label.
 */
#include "detect/compare_table.h"

#include "base/mem.h"
#include "base/names.h"
#include "base/rng.h"
#include "data/rows.h"

#include <lapwing/schema.h>

#include <math.h>
#include <string.h>

/* More different words are names of things, not categories. */
enum { WORDS_MAX = 255 };

static const char *const kdd_names[] = {
#define KDD_TEXT(name, text) text,
    LW_KDD_CLASS_LIST(KDD_TEXT)
#undef KDD_TEXT
};
static const char *const side_names[] = {"Normal", "Attack"};

void lw_compare_table_free(struct lw_compare_table *t)
{
    if (t == NULL)
        return;
    lw_matrix_release(&t->x);
    mem_free(t->inputs);
    mem_free(t->is_category);
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

uint32_t lw_compare_table_classes(const struct lw_compare_table *t)
{
    return t->n_classes;
}

const char *const *lw_compare_table_class_names(const struct lw_compare_table *t)
{
    return t->n_classes == LW_N_KDD_CLASSES ? kdd_names : side_names;
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
    return t->inputs == NULL || t->is_category == NULL ? out_of_memory(err) : LW_OK;
}

static bool is_feature(const struct lw_column *c, bool is_label, const char *columns)
{
    if (is_label || (columns != NULL && !names_have(columns, c->name, strlen(c->name))))
        return false;
    if (columns == NULL && strcmp(c->name, "difficulty") == 0)
        return false; /* of NSL-KDD: how many learners knew the row; no fact of it */
    return c->type == LW_COLUMN_TEXT ? c->n_words <= WORDS_MAX : !(c->origin > 0);
}

static void copy_column(float *x, size_t n_rows, size_t n_cols,
                        const struct lw_column *c)
{
    for (size_t r = 0; r < n_rows; r++)
        x[r * n_cols] = c->type == LW_COLUMN_TEXT ? (float)c->codes[r] : c->numbers[r];
}

static enum lw_status take_columns(struct lw_compare_table *t,
                                   const struct lw_frame *frame,
                                   const struct lw_target *target, const char *columns,
                                   struct lw_error *err)
{
    size_t n_rows = lw_frame_rows(frame);
    size_t n = 0;
    size_t at = 0;
    struct lw_column c;
    enum lw_status st;

    for (size_t i = 0; i < lw_frame_columns(frame); i++) {
        lw_frame_column(frame, i, &c);
        n += is_feature(&c, target->is_label[i], columns) ? 1 : 0;
    }
    if (n == 0)
        return lw_fail(err, LW_EINVAL, "no column is left to learn from");
    st = lw_matrix_init(&t->x, n_rows, n, err);
    if (st == LW_OK)
        st = compare_table_alloc_inputs(t, n, err);
    for (size_t i = 0; st == LW_OK && i < lw_frame_columns(frame); i++) {
        lw_frame_column(frame, i, &c);
        if (!is_feature(&c, target->is_label[i], columns))
            continue;
        t->is_category[at] = c.type == LW_COLUMN_TEXT;
        t->inputs[at].type = t->is_category[at] ? ENCODE_CATEGORY : ENCODE_NUMBER;
        t->inputs[at].n_categories = c.n_words;
        copy_column(t->x.x + at++, n_rows, n, &c);
    }
    return st;
}

/* Every name in the list must be a column that can be a feature. */
static enum lw_status check_columns(const struct lw_frame *frame,
                                    const struct lw_target *target, const char *columns,
                                    struct lw_error *err)
{
    for (const char *p = columns; *p != '\0'; p += *p == ',' ? 1 : 0) {
        int n = (int)strcspn(p, ",");
        bool found = false;

        for (size_t i = 0; i < lw_frame_columns(frame); i++) {
            struct lw_column c;

            lw_frame_column(frame, i, &c);
            found = found ||
                    (strlen(c.name) == (size_t)n && memcmp(c.name, p, (size_t)n) == 0 &&
                     is_feature(&c, target->is_label[i], columns));
        }
        if (!found)
            return lw_fail(err, LW_EINVAL,
                           "no column '%.*s' that can be a feature (times, labels and "
                           "texts of more than %d words cannot)",
                           n, p, WORDS_MAX);
        p += n;
    }
    return LW_OK;
}

/* ---- what protocols need ---- */

static enum lw_status take_types(struct lw_compare_table *t,
                                 const struct lw_target *target, bool neither_is_normal,
                                 struct lw_error *err)
{
    bool is_kdd = true;

    t->n_types = target->n_words;
    t->type_class = mem_zalloc(t->n_types, sizeof *t->type_class);
    t->type = mem_dup(target->codes, target->n_rows * sizeof *t->type);
    t->label = mem_zalloc(target->n_rows, sizeof *t->label);
    if (t->type_class == NULL || t->type == NULL || t->label == NULL)
        return out_of_memory(err);
    for (uint32_t w = 0; w < t->n_types; w++)
        is_kdd = is_kdd && lw_kdd_class_of(target->words[w]) >= 0;
    t->n_classes = is_kdd ? LW_N_KDD_CLASSES : 2;
    for (uint32_t w = 0; w < t->n_types; w++)
        if (is_kdd)
            t->type_class[w] = lw_kdd_class_of(target->words[w]);
        else if (target->word_side[w] == LW_SIDE_NEITHER)
            t->type_class[w] = neither_is_normal ? 0 : -1;
        else
            t->type_class[w] = target->word_side[w] == LW_SIDE_POSITIVE ? 1 : 0;
    return LW_OK;
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

/* Rows are taken with the chance that makes what is left come out even (Knuth, TAOCP 2,
 * 3.4.2, algorithm S).  left: rows of each class. */
static void balance(struct lw_compare_table *t, size_t *left, uint64_t seed)
{
    size_t wanted[LW_EVAL_MAX_CLASSES];
    size_t least = t->x.n_rows;
    size_t n = 0;
    struct rng rng;

    rng_init(&rng, seed);
    for (uint32_t c = 0; c < t->n_classes; c++)
        least = left[c] > 0 && left[c] < least ? left[c] : least;
    for (uint32_t c = 0; c < t->n_classes; c++)
        wanted[c] = left[c] > 0 ? least : 0;
    for (size_t r = 0; r < t->x.n_rows; r++) {
        uint32_t c = t->label[r];

        if (rng_below(&rng, left[c]--) >= wanted[c])
            continue;
        wanted[c]--;
        t->label[n] = c;
        move_row(t, n++, r);
    }
    t->x.n_rows = n;
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
                       "the rows are of %u class: nothing to tell apart", n_classes);
    if (cfg->balance)
        balance(t, n_of, cfg->seed);
    return LW_OK;
}

static enum lw_status take_all(struct lw_compare_table *t, const struct lw_frame *frame,
                               const struct lw_target *target,
                               const struct lw_compare_table_config *cfg,
                               struct lw_error *err)
{
    uint8_t *gap = NULL;
    enum lw_status st = LW_OK;

    if (cfg->view != NULL) {
        st = compare_table_take_view(t, cfg->view, frame, err);
    } else {
        if (cfg->columns != NULL)
            st = check_columns(frame, target, cfg->columns, err);
        if (st == LW_OK)
            st = take_columns(t, frame, target, cfg->columns, err);
    }
    if (st == LW_OK)
        st = take_types(t, target, cfg->neither_is_normal, err);
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

enum lw_status lw_compare_table_new(struct lw_compare_table **out,
                                    const struct lw_frame *frame,
                                    const struct lw_compare_table_config *cfg,
                                    struct lw_error *err)
{
    struct lw_compare_table *t = mem_zalloc(1, sizeof *t);
    struct lw_target target = {0};
    enum lw_status st;

    if (t == NULL)
        return out_of_memory(err);
    st = lw_target_find(&target, frame, cfg->schema, err);
    if (st == LW_OK)
        st = take_all(t, frame, &target, cfg, err);
    if (st == LW_OK)
        *out = t;
    else
        lw_compare_table_free(t);
    lw_target_release(&target);
    return st;
}
