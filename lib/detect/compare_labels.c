/* SPDX-License-Identifier: Apache-2.0 */
/* What the labels of a table make for classes, at the level that is asked for. */
#include "base/mem.h"
#include "detect/compare_table.h"

#include <string.h>

static const char *const side_names[] = {"Normal", "Attack"};

size_t compare_label_length(const char *word)
{
    size_t n = strlen(word);

    return n > 1 && word[n - 1] == '.' ? n - 1 : n;
}

static enum lw_status add_class(struct lw_compare_table *t, const char *name,
                                struct lw_error *err)
{
    if (t->n_classes == LW_EVAL_MAX_CLASSES)
        return lw_fail(err, LW_ELIMIT,
                       "more than %d classes; --level binary tells attacks from "
                       "normal rows alone",
                       LW_EVAL_MAX_CLASSES);
    t->class_names[t->n_classes] = mem_strndup(name, compare_label_length(name));
    if (t->class_names[t->n_classes] == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for classes");
    t->n_classes++;
    return LW_OK;
}

/* The word for normal, where there is one and it says so. */
static const char *normal_name(const struct lw_target *target)
{
    const char *name = NULL;

    for (uint32_t w = 0; w < target->n_words; w++) {
        if (target->word_side[w] != LW_SIDE_NEGATIVE || target->word_rows[w] == 0)
            continue;
        if (name != NULL)
            return side_names[0];
        name = target->words[w];
    }
    return name == NULL || name[0] == '\0' || strcmp(name, "-") == 0 ? side_names[0]
                                                                     : name;
}

static enum lw_status name_fixed(struct lw_compare_table *t, bool is_kdd,
                                 struct lw_error *err)
{
    uint32_t n = is_kdd ? (uint32_t)LW_N_KDD_CLASSES : 2;
    enum lw_status st = LW_OK;

    for (uint32_t i = 0; st == LW_OK && i < n; i++)
        st = add_class(
            t, is_kdd ? lw_kdd_class_name((enum lw_kdd_class)i) : side_names[i], err);
    return st;
}

/* A class that has that label's name already, or a new one. */
static enum lw_status class_by_name(struct lw_compare_table *t, const char *word,
                                    int *out, struct lw_error *err)
{
    size_t n = compare_label_length(word);

    for (uint32_t i = 1; i < t->n_classes; i++)
        if (strlen(t->class_names[i]) == n && memcmp(t->class_names[i], word, n) == 0) {
            *out = (int)i;
            return LW_OK;
        }
    *out = (int)t->n_classes;
    return add_class(t, word, err);
}

static const char *not_of_kdd(const struct lw_target *target)
{
    for (uint32_t w = 0; w < target->n_words; w++)
        if (lw_kdd_class_of(target->words[w]) < 0)
            return target->words[w];
    return NULL;
}

enum lw_status compare_table_name_classes(struct lw_compare_table *t,
                                          const struct lw_target *target,
                                          enum lw_level level, bool neither_is_normal,
                                          struct lw_error *err)
{
    const char *other = not_of_kdd(target);
    bool is_kdd = level == LW_LEVEL_CLASS || (level == LW_LEVEL_AUTO && other == NULL);
    enum lw_status st;

    if (is_kdd && other != NULL)
        return lw_fail(err, LW_EFORMAT,
                       "label '%.40s' is neither an attack nor a class of KDD'99; the "
                       "levels binary and name take any label",
                       other);
    st = level == LW_LEVEL_NAME ? add_class(t, normal_name(target), err)
                                : name_fixed(t, is_kdd, err);
    for (uint32_t w = 0; st == LW_OK && w < target->n_words; w++) {
        bool is_attack = target->word_side[w] == LW_SIDE_POSITIVE;

        if (is_kdd)
            t->type_class[w] = lw_kdd_class_of(target->words[w]);
        else if (target->word_side[w] == LW_SIDE_NEITHER)
            t->type_class[w] = neither_is_normal ? 0 : -1;
        else if (is_attack && level == LW_LEVEL_NAME && target->word_rows[w] > 0)
            st = class_by_name(t, target->words[w], &t->type_class[w], err);
        else
            t->type_class[w] = is_attack ? 1 : 0;
    }
    return st;
}
