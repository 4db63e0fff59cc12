/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which column is the label, and which of its values mean an attack.
 *
 * Public sets call the label by few names, and often have several: whether, which kind,
 * which tool.  The first name of the list below that a column has wins; columns with
 * the others are labels too, and no features.  A table whose names tell nothing may
 * have its label last, where most have it.
 */
#include "base/mem.h"
#include "base/numfmt.h"
#include "data/dict.h"
#include "data/schema.h"

#include <lapwing/schema.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    LABEL_WORDS_MAX = 10000, /* more are no label */
    LAST_WORDS_MAX = 100     /* of a last column that no name calls a label */
};

/* Compared by name_is_like(). */
static const char *const label_names[] = {
    "label",       "attack",          "class",        "target",       "attack_cat",
    "attack_type", "attack_category", "attack_name",  "traffic_type", "category",
    "subcategory", "detailed_label",  "labels",       "anomaly",      "malicious",
    "is_attack",   "is_malicious",    "binary_label", "multi_label",
};

/* What means normal; without the final dot of KDD'99. */
static const char *const normal_words[] = {
    "",     "0", "normal", "benign",   "legitimate", "legit", "clean", "false", "no",
    "none", "-", "good",   "negative", "ok",         "?",     "na",    "nan",   "null",
};

void lw_target_release(struct lw_target *l)
{
    for (uint32_t i = 0; l->words != NULL && i < l->n_words; i++)
        mem_free(l->words[i]);
    mem_free(l->words);
    mem_free(l->word_side);
    mem_free(l->word_rows);
    mem_free(l->codes);
    mem_free(l->is_label);
    *l = (struct lw_target){0};
}

/* Of the names in a message. */
enum { LISTED_BYTES = 120 };

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for labels");
}

/* ---- the column ---- */

/* The rank of a name in label_names, or their number. */
static size_t label_rank(const char *name)
{
    const size_t n = sizeof label_names / sizeof label_names[0];
    size_t i = 0;

    while (i < n && !name_is_like(name, label_names[i]))
        i++;
    return i;
}

/* Few different values; of numbers, whole ones. */
static bool may_be_label(const struct lw_column *c, size_t n_rows)
{
    float seen[2] = {0};
    size_t n = 0;

    if (c->type == LW_COLUMN_TEXT)
        return c->n_words >= 2 && c->n_words <= LAST_WORDS_MAX;
    for (size_t r = 0; r < n_rows; r++) {
        bool known = false;

        for (size_t i = 0; i < n; i++)
            known = known || seen[i] == c->numbers[r];
        if (known)
            continue;
        if (n == 2 || !(c->numbers[r] == floorf(c->numbers[r])))
            return false;
        seen[n++] = c->numbers[r];
    }
    return n == 2;
}

/* Names or labels for a message, as many as there is room for. */
static void list_word(char out[LISTED_BYTES], const char *word)
{
    size_t n = strlen(out);
    size_t room = LISTED_BYTES - n;

    if (n + 5 >= LISTED_BYTES || strcmp(out + n - (n > 3 ? 3 : n), "...") == 0)
        return;
    if (strlen(word) + 2 + 5 < room)
        (void)snprintf(out + n, room, "%s%s", n > 0 ? ", " : "",
                       word[0] == '\0' ? "(nothing)" : word);
    else
        (void)snprintf(out + n, room, "%s...", n > 0 ? ", " : "");
}

static enum lw_status no_column(const struct lw_frame *f, const char *name,
                                struct lw_error *err)
{
    char listed[LISTED_BYTES] = "";

    for (size_t i = 0; i < lw_frame_columns(f); i++) {
        struct lw_column c;

        lw_frame_column(f, i, &c);
        list_word(listed, c.name);
    }
    return lw_fail(err, LW_EINVAL, "no column is called '%.60s'; the columns are %s",
                   name, listed);
}

static enum lw_status find_column(struct lw_target *l, const struct lw_frame *f,
                                  const struct lw_schema *schema, struct lw_error *err)
{
    size_t n = lw_frame_columns(f);
    size_t best = sizeof label_names / sizeof label_names[0];
    struct lw_column c;
    int at = -1;

    for (size_t i = 0; i < n; i++) {
        size_t rank;

        lw_frame_column(f, i, &c);
        rank = label_rank(c.name);
        l->is_label[i] = rank < sizeof label_names / sizeof label_names[0];
        if (rank < best) {
            best = rank;
            at = (int)i;
        }
    }
    if (schema != NULL && schema->label != NULL) {
        at = lw_frame_find_like(f, schema->label);
        if (at < 0)
            return no_column(f, schema->label, err);
    }
    if (at < 0) {
        lw_frame_column(f, n - 1, &c);
        if (n < 2 || !may_be_label(&c, lw_frame_rows(f)))
            return lw_fail(err, LW_ENOTFOUND,
                           "no column is known as a label by its name");
        at = (int)n - 1;
        l->by_place = true;
    }
    l->column = (size_t)at;
    l->is_label[at] = true;
    return LW_OK;
}

/* ---- its values ---- */

static enum lw_status copy_words(struct lw_target *l, char *const *words, size_t n,
                                 const char *column, struct lw_error *err)
{
    if (n > LABEL_WORDS_MAX)
        return lw_fail(err, LW_ELIMIT,
                       "column %.60s has %zu different values, a label at most %d",
                       column, n, LABEL_WORDS_MAX);
    l->words = mem_zalloc(n, sizeof *l->words);
    l->word_side = mem_zalloc(n, sizeof *l->word_side);
    l->word_rows = mem_zalloc(n, sizeof *l->word_rows);
    if (l->words == NULL || l->word_side == NULL || l->word_rows == NULL)
        return out_of_memory(err);
    for (; l->n_words < n; l->n_words++) {
        l->words[l->n_words] = mem_strdup(words[l->n_words]);
        if (l->words[l->n_words] == NULL)
            return out_of_memory(err);
    }
    return LW_OK;
}

/* Numbers become the words that they are written as; a missing one reads "". */
static enum lw_status read_numbers(struct lw_target *l, const struct lw_column *c,
                                   struct lw_error *err)
{
    struct dict words;
    enum lw_status st = LW_OK;

    dict_init(&words);
    for (size_t r = 0; st == LW_OK && r < l->n_rows; r++) {
        char text[NUMFMT_MAX];
        size_t n = isnan(c->numbers[r])
                       ? 0
                       : numfmt_f64((double)c->numbers[r] + c->origin, text);

        if (!dict_code(&words, text, n, &l->codes[r]))
            st = out_of_memory(err);
        if (words.n_words > LABEL_WORDS_MAX)
            break;
    }
    if (st == LW_OK)
        st = copy_words(l, words.words, words.n_words, c->name, err);
    dict_release(&words);
    return st;
}

static enum lw_status read_values(struct lw_target *l, const struct lw_frame *f,
                                  struct lw_error *err)
{
    struct lw_column c;
    enum lw_status st;

    lw_frame_column(f, l->column, &c);
    l->n_rows = lw_frame_rows(f);
    l->codes = mem_zalloc(l->n_rows, sizeof *l->codes);
    if (l->codes == NULL)
        return out_of_memory(err);
    if (c.type == LW_COLUMN_NUMBER) {
        st = read_numbers(l, &c, err);
    } else {
        memcpy(l->codes, c.codes, l->n_rows * sizeof *l->codes);
        /* The words are not written to. */
        st = copy_words(l, (char *const *)(uintptr_t)c.dictionary, c.n_words, c.name,
                        err);
    }
    for (size_t r = 0; st == LW_OK && r < l->n_rows; r++)
        l->word_rows[l->codes[r]]++;
    return st;
}

/* ---- what they mean ---- */

bool target_matches(const char *word, const char *pattern)
{
    size_t n = strlen(pattern);
    bool before = n > 0 && pattern[0] == '*';
    bool after = n > 1 && pattern[n - 1] == '*';
    size_t n_word = strlen(word);

    pattern += before ? 1 : 0;
    n -= (size_t)before + (size_t)after;
    if (n > n_word)
        return false;
    if (before && after) {
        for (size_t i = 0; i + n <= n_word; i++)
            if (strncasecmp(word + i, pattern, n) == 0)
                return true;
        return false;
    }
    if (before)
        word += n_word - n;
    return strncasecmp(word, pattern, n) == 0 && (after || before || n == n_word);
}

static bool is_normal(const char *word)
{
    size_t n = strlen(word);

    if (n > 1 && word[n - 1] == '.')
        n--;
    for (size_t i = 0; i < sizeof normal_words / sizeof normal_words[0]; i++)
        if (strlen(normal_words[i]) == n && strncasecmp(word, normal_words[i], n) == 0)
            return true;
    /* CTU-13: flow=From-Normal-V42-Stribrek, flow=To-Normal, flow=Normal-... */
    return strncasecmp(word, "flow=", 5) == 0 && strcasestr(word, "normal") != NULL;
}

static enum lw_status no_label(const struct lw_target *l, const char *word,
                               struct lw_error *err)
{
    char listed[LISTED_BYTES] = "";

    for (uint32_t w = 0; w < l->n_words; w++)
        list_word(listed, l->words[w]);
    return lw_fail(err, LW_EINVAL, "no row is labelled '%.60s'; the labels are %s",
                   word, listed);
}

static enum lw_status find_sides(struct lw_target *l, const struct lw_schema *schema,
                                 struct lw_error *err)
{
    const struct lw_words *positive = schema == NULL ? NULL : &schema->positive;
    bool said = positive != NULL && positive->n > 0;

    for (uint32_t w = 0; w < l->n_words; w++)
        l->word_side[w] = strcasestr(l->words[w], "background") != NULL
                              ? LW_SIDE_NEITHER
                          : said || is_normal(l->words[w]) ? LW_SIDE_NEGATIVE
                                                           : LW_SIDE_POSITIVE;
    for (size_t i = 0; said && i < positive->n; i++) {
        bool found = false;

        for (uint32_t w = 0; w < l->n_words; w++)
            if (target_matches(l->words[w], positive->items[i])) {
                l->word_side[w] = LW_SIDE_POSITIVE;
                found = true;
            }
        if (!found)
            return no_label(l, positive->items[i], err);
    }
    for (uint32_t w = 0; w < l->n_words; w++)
        l->side_rows[l->word_side[w]] += l->word_rows[w];
    return LW_OK;
}

enum lw_status lw_target_find(struct lw_target *out, const struct lw_frame *f,
                              const struct lw_schema *schema, struct lw_error *err)
{
    enum lw_status st;

    *out = (struct lw_target){0};
    out->is_label = mem_zalloc(lw_frame_columns(f), sizeof *out->is_label);
    st = out->is_label != NULL ? find_column(out, f, schema, err) : out_of_memory(err);
    if (st == LW_OK)
        st = read_values(out, f, err);
    if (st == LW_OK)
        st = find_sides(out, schema, err);
    if (st != LW_OK)
        lw_target_release(out);
    return st;
}
