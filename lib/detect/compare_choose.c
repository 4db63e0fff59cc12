/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which columns of a table are learnt from.
 *
 * Labels never are, and times and names of things (text of very many words) are not
 * unless somebody says so.  Beyond that a model of an address, a port or a copy of the
 * label knows the testbed and not attacks: what leakage lint names is left out.
 */
#include "base/mem.h"
#include "base/names.h"
#include "data/schema.h"
#include "detect/compare_table.h"

#include <lapwing/profile.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More different words are names of things, not categories; and what an encoder takes
 * of a column that is to be kept. */
enum { WORDS_MAX = 255, WORDS_KEPT_MAX = 65535, WHY_MAX = 192 };

static bool is_kept(const struct lw_schema *schema, const char *name)
{
    for (size_t i = 0; schema != NULL && i < schema->keep.n; i++)
        if (name_is_like(schema->keep.items[i], name))
            return true;
    return false;
}

/* Why a column is no feature whoever asks, or NULL. */
/* Nine words in ten. */
static bool are_numbers(const struct lw_column *c)
{
    uint64_t n = 0;

    for (uint32_t w = 0; w < c->n_words; w++) {
        char *end;

        (void)strtod(c->dictionary[w], &end);
        n += end != c->dictionary[w] && *end == '\0' ? 1 : 0;
    }
    return 10 * n >= 9 * (uint64_t)c->n_words;
}

static const char *why_never(const struct lw_column *c, bool is_label, bool kept,
                             char why[WHY_MAX])
{
    uint32_t most = kept ? WORDS_KEPT_MAX : WORDS_MAX;

    if (is_label)
        return "another label";
    if (c->type == LW_COLUMN_TEXT && c->n_words > most) {
        (void)snprintf(why, WHY_MAX, "%u different words, %u at most are learnt%s",
                       c->n_words, most,
                       are_numbers(c)
                           ? "; most are numbers, --on-bad-row missing takes "
                             "the others for missing"
                           : "");
        return why;
    }
    return c->type == LW_COLUMN_NUMBER && c->origin > 0 && !kept
               ? "time: says when, not what"
               : NULL;
}

/* What lint says of a column, or NULL. */
static const struct lw_leak *leak_of(const struct lw_profile *p, size_t column)
{
    for (size_t i = 0; i < p->n_leaks; i++)
        if (p->leaks[i].column == column)
            return &p->leaks[i];
    return NULL;
}

struct choice {
    const struct lw_frame *frame;
    const struct lw_target *target;
    const struct lw_compare_table_config *cfg;
    const struct lw_profile *lint; /* NULL: not asked for */
};

static const char *why_not(const struct choice *ch, size_t i, const struct lw_column *c,
                           bool kept, char why[WHY_MAX])
{
    const struct lw_leak *leak = ch->lint == NULL ? NULL : leak_of(ch->lint, i);
    const char *never = why_never(c, ch->target->is_label[i], kept, why);

    if (ch->lint != NULL && ch->cfg->group != NULL &&
        name_is_like(ch->cfg->group, c->name))
        return "says what belongs together";
    if (leak == NULL || ch->target->is_label[i])
        /* Of NSL-KDD: how many learners knew the row; no fact of it. */
        return never == NULL && !kept && strcmp(c->name, "difficulty") == 0
                   ? "label: made by classifiers that saw it"
                   : never;
    (void)snprintf(why, WHY_MAX, "%s: %s", lw_leak_name(leak->kind), leak->reason);
    return why;
}

static void choose(const struct choice *ch, size_t i, bool *is_feature)
{
    struct lw_column c;
    char text[WHY_MAX];
    const char *why;
    bool kept;

    lw_frame_column(ch->frame, i, &c);
    kept = is_kept(ch->cfg->schema, c.name);
    *is_feature = kept && why_never(&c, ch->target->is_label[i], kept, text) == NULL;
    why = why_not(ch, i, &c, kept, text);
    *is_feature = *is_feature || why == NULL;
    if (why != NULL && i != ch->target->column && ch->cfg->note != NULL)
        ch->cfg->note(ch->cfg->note_ctx, c.name, why, *is_feature);
}

/* Every name in the list must be a column that can be a feature. */
static enum lw_status choose_named(const struct choice *ch, bool *is_feature,
                                   struct lw_error *err)
{
    for (const char *p = ch->cfg->columns; *p != '\0'; p += *p == ',' ? 1 : 0) {
        int n = (int)strcspn(p, ",");
        bool found = false;

        for (size_t i = 0; i < lw_frame_columns(ch->frame); i++) {
            struct lw_column c;
            char why[WHY_MAX];

            lw_frame_column(ch->frame, i, &c);
            if (strlen(c.name) != (size_t)n || memcmp(c.name, p, (size_t)n) != 0 ||
                why_never(&c, ch->target->is_label[i], false, why) != NULL)
                continue;
            found = true;
            is_feature[i] = true;
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

enum lw_status compare_table_choose(bool *is_feature, const struct lw_frame *frame,
                                    const struct lw_target *target,
                                    const struct lw_compare_table_config *cfg,
                                    struct lw_error *err)
{
    const struct lw_profile_config how = {.no_pairs = true};
    struct lw_profile lint = {0};
    struct choice ch = {frame, target, cfg, cfg->lint ? &lint : NULL};
    enum lw_status st = LW_OK;

    if (cfg->columns != NULL)
        return choose_named(&ch, is_feature, err);
    if (cfg->lint)
        st = lw_profile_make(&lint, frame, target, cfg->schema, &how, err);
    for (size_t i = 0; st == LW_OK && i < lw_frame_columns(frame); i++)
        choose(&ch, i, &is_feature[i]);
    lw_profile_release(&lint);
    return st;
}
