/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table's columns and labels as a tabular model sees them.
 *
 * Training and judging take their rows here, so that a column cannot mean one thing to
 * the one and another to the other: a column of codes that looked like words in one
 * file and like numbers in the next is read as the words it was learnt with.
 */
#include "base/mem.h"
#include "base/numfmt.h"
#include "data/dict.h"
#include "data/schema.h"
#include "detect/compare_table.h"
#include "detect/tabular_priv.h"

#include <math.h>
#include <string.h>

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for the columns of a table");
}

enum lw_status tabular_add_column(struct lw_tabular *t, const struct lw_column *c,
                                  struct lw_error *err)
{
    struct tabular_column *to = &t->columns[t->n_columns];

    to->name = mem_strdup(c->name);
    if (to->name == NULL)
        return out_of_memory(err);
    t->n_columns++;
    to->is_text = c->type == LW_COLUMN_TEXT;
    to->origin = c->origin;
    if (!to->is_text)
        return LW_OK;
    if (c->n_words > TABULAR_WORDS_MAX)
        return lw_fail(err, LW_ELIMIT, "column %.60s has %u different words, of %d",
                       c->name, c->n_words, TABULAR_WORDS_MAX);
    to->words = mem_zalloc(c->n_words, sizeof *to->words);
    if (to->words == NULL)
        return out_of_memory(err);
    for (; to->n_words < c->n_words; to->n_words++) {
        to->words[to->n_words] = mem_strdup(c->dictionary[to->n_words]);
        if (to->words[to->n_words] == NULL)
            return out_of_memory(err);
    }
    return LW_OK;
}

/* ---- words ---- */

/* A number as it is written; a missing one reads "". */
static size_t write_number(const struct lw_column *c, size_t row, char text[NUMFMT_MAX])
{
    if (isnan(c->numbers[row])) {
        text[0] = '\0';
        return 0;
    }
    return numfmt_f64((double)c->numbers[row] + c->origin, text);
}

static enum lw_status code_text(const struct lw_column *c, size_t n_rows,
                                struct dict *d, uint32_t *codes, struct lw_error *err)
{
    uint32_t *of = mem_zalloc(c->n_words, sizeof *of);
    bool ok = of != NULL;

    for (uint32_t w = 0; ok && w < c->n_words; w++)
        ok = dict_code(d, c->dictionary[w], strlen(c->dictionary[w]), &of[w]);
    for (size_t r = 0; ok && r < n_rows; r++)
        codes[r] = of[c->codes[r]];
    mem_free(of);
    return ok ? LW_OK : out_of_memory(err);
}

/* Codes of a dictionary, to which new words are added. */
static enum lw_status code_column(const struct lw_column *c, size_t n_rows,
                                  struct dict *d, uint32_t *codes, struct lw_error *err)
{
    if (c->type == LW_COLUMN_TEXT)
        return code_text(c, n_rows, d, codes, err);
    for (size_t r = 0; r < n_rows; r++) {
        char text[NUMFMT_MAX];
        size_t n = write_number(c, r, text);

        if (!dict_code(d, text, n, &codes[r]))
            return out_of_memory(err);
    }
    return LW_OK;
}

/* ---- rows ---- */

static enum lw_status fill_text(const struct tabular_column *mine,
                                const struct lw_column *c, struct lw_matrix *out,
                                size_t at, struct lw_error *err)
{
    uint32_t *codes = mem_zalloc(out->n_rows, sizeof *codes);
    struct dict d;
    uint32_t code;
    enum lw_status st = LW_OK;

    dict_init(&d);
    if (codes == NULL)
        st = out_of_memory(err);
    for (uint32_t w = 0; st == LW_OK && w < mine->n_words; w++)
        if (!dict_code(&d, mine->words[w], strlen(mine->words[w]), &code))
            st = out_of_memory(err);
    if (st == LW_OK)
        st = code_column(c, out->n_rows, &d, codes, err);
    /* New words have one code, that of none. */
    for (size_t r = 0; st == LW_OK && r < out->n_rows; r++)
        out->x[r * out->n_cols + at] =
            (float)(codes[r] < mine->n_words ? codes[r] : mine->n_words);
    dict_release(&d);
    mem_free(codes);
    return st;
}

/* Times count from where those of the training began. */
static void fill_numbers(const struct tabular_column *mine, const struct lw_column *c,
                         struct lw_matrix *out, size_t at)
{
    double later = c->origin - mine->origin;

    for (size_t r = 0; r < out->n_rows; r++)
        out->x[r * out->n_cols + at] = (float)((double)c->numbers[r] + later);
}

static enum lw_status fill_column(const struct tabular_column *mine,
                                  const struct lw_frame *f, struct lw_matrix *out,
                                  size_t at, struct lw_error *err)
{
    int from = lw_frame_find_like(f, mine->name);
    struct lw_column c;

    if (from < 0)
        return lw_fail(err, LW_EFORMAT,
                       "no column '%.60s', which the model was trained on", mine->name);
    lw_frame_column(f, (size_t)from, &c);
    if (mine->is_text)
        return fill_text(mine, &c, out, at, err);
    if (c.type == LW_COLUMN_TEXT && c.text_line > 0)
        return lw_fail(err, LW_EFORMAT,
                       "line %llu: column '%.60s' holds words, and numbers in training",
                       (unsigned long long)c.text_line, c.name);
    if (c.type == LW_COLUMN_TEXT)
        return lw_fail(err, LW_EFORMAT,
                       "column '%.60s' holds words, and numbers in training", c.name);
    fill_numbers(mine, &c, out, at);
    return LW_OK;
}

enum lw_status tabular_rows(const struct lw_tabular *t, const struct lw_frame *f,
                            struct lw_matrix *out, struct lw_error *err)
{
    enum lw_status st = lw_matrix_init(out, lw_frame_rows(f), t->n_columns, err);

    for (size_t i = 0; st == LW_OK && i < t->n_columns; i++)
        st = fill_column(&t->columns[i], f, out, i, err);
    return st;
}

/* ---- labels ---- */

/* By what the training said attacks are called, or else by the words themselves. */
static bool is_attack(const struct lw_tabular *t, const struct lw_target *target,
                      uint32_t w)
{
    bool positive = t->n_positive == 0 && target->word_side[w] == LW_SIDE_POSITIVE;

    for (size_t i = 0; i < t->n_positive; i++)
        positive = positive || target_matches(target->words[w], t->positive[i]);
    return positive;
}

static struct tabular_meaning meaning_of_new(const struct lw_tabular *t,
                                             const struct lw_target *target, uint32_t w)
{
    struct tabular_meaning m = {.class_idx = -1};

    if (target->word_side[w] == LW_SIDE_NEITHER) {
        m.is_neither = true;
        return m;
    }
    if (t->level == LW_LEVEL_CLASS) {
        m.class_idx = lw_kdd_class_of(target->words[w]);
        m.is_unseen = m.class_idx != 0;
    } else {
        m.is_unseen = is_attack(t, target, w);
        m.class_idx = !m.is_unseen ? 0 : t->level == LW_LEVEL_NAME ? -1 : 1;
    }
    return m;
}

enum lw_status tabular_meanings(const struct lw_tabular *t,
                                const struct lw_target *target,
                                struct tabular_meaning *out, struct lw_error *err)
{
    struct dict d;
    bool ok = true;

    dict_init(&d);
    for (size_t i = 0; ok && i < t->n_labels; i++) {
        uint32_t code;

        ok = dict_code(&d, t->labels[i].word, strlen(t->labels[i].word), &code);
    }
    for (uint32_t w = 0; ok && w < target->n_words; w++) {
        const char *word = target->words[w];
        uint32_t code = 0;

        ok = dict_code(&d, word, compare_label_length(word), &code);
        if (code < t->n_labels)
            out[w] =
                (struct tabular_meaning){.class_idx = (int)t->labels[code].class_idx};
        else
            out[w] = meaning_of_new(t, target, w);
    }
    dict_release(&d);
    return ok ? LW_OK : out_of_memory(err);
}
