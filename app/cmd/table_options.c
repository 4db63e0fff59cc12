/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/table_options.h"

#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/progress.h"
#include "cmd/text.h"

#include <string.h>
#include <strings.h>

/* Bad rows that are shown one by one. */
enum { WARNINGS_MAX = 10 };

static const char *const bad_rows_words[] = {
#define BAD_ROWS_WORD(name, text) text,
    LW_BAD_ROWS_LIST(BAD_ROWS_WORD)
#undef BAD_ROWS_WORD
        NULL};

const char *const table_levels[] = {
#define LEVEL_WORD(name, text) text,
    LW_LEVEL_LIST(LEVEL_WORD)
#undef LEVEL_WORD
        NULL};

static struct {
    const char *schema;
    const char *label;
    struct opt_list positive;
    struct opt_list drop;
    struct opt_list keep;
    struct opt_list categorical;
    const char *delimiter;
    bool no_header;
    int bad_rows;
} o;

static const struct opt rows[] = {
    {"schema", 0, OPT_TO_TEXT(&o.schema), .metavar = "FILE",
     .help = "YAML that says what looking does not find; the options below go before "
             "it"},
    {"label", 0, OPT_TO_TEXT(&o.label), .metavar = "NAME",
     .help = "the column with the label (found by its name, or last)"},
    {"positive", 0, OPT_TO_LIST(&o.positive), .metavar = "WORDS",
     .help = "labels that mean an attack, separated by commas; * at an end stands for "
             "anything (all but normal, benign, 0 and the like)"},
    {"drop", 0, OPT_TO_LIST(&o.drop), .metavar = "NAMES",
     .help = "columns to leave out, separated by commas"},
    {"keep", 0, OPT_TO_LIST(&o.keep), .metavar = "NAMES",
     .help = "columns to use as features whatever the leakage lint says, separated by "
             "commas"},
    {"categorical", 0, OPT_TO_LIST(&o.categorical), .metavar = "NAMES",
     .help = "columns of words, even if they look like numbers, separated by commas"},
    {"delimiter", 0, OPT_TO_TEXT(&o.delimiter), .metavar = "C",
     .help = "what separates fields: a character, comma, tab, semicolon or pipe (found "
             "by looking)"},
    {"no-header", 0, OPT_TO_FLAG(&o.no_header),
     .help = "the first line is a row (found by looking)"},
    {"on-bad-row", 0, OPT_TO_CHOICE(&o.bad_rows), .metavar = "DO", .initial = "stop",
     .choices = bad_rows_words,
     .help = "of a row that cannot be read: stop there, skip it, or take the value for "
             "missing"},
};

const struct opt_group table_group = {"Table", rows, sizeof rows / sizeof rows[0]};

/* ---- the schema ---- */

static enum lw_status add_names(struct lw_schema *s, const char *key,
                                const struct opt_list *list, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < list->n; i++) {
        const char *p = list->items[i];

        for (;;) {
            size_t n = strcspn(p, ",");
            char *name = mem_strndup(p, n);

            if (name == NULL)
                return lw_fail(err, LW_ENOMEM, "out of memory");
            st = lw_schema_set(s, key, name, err);
            mem_free(name);
            if (st != LW_OK || p[n] == '\0')
                break;
            p += n + 1;
        }
    }
    return st;
}

static void forget_words(struct lw_words *w)
{
    for (size_t i = 0; i < w->n; i++)
        mem_free(w->items[i]);
    w->n = 0;
}

/* What an option says takes the place of what the file says. */
static enum lw_status add_options(struct lw_schema *s, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (o.label != NULL) {
        mem_free(s->label);
        s->label = NULL;
        st = lw_schema_set(s, "label", o.label, err);
    }
    if (o.positive.n > 0)
        forget_words(&s->positive);
    if (st == LW_OK)
        st = add_names(s, "positive", &o.positive, err);
    if (st == LW_OK)
        st = add_names(s, "drop", &o.drop, err);
    if (st == LW_OK)
        st = add_names(s, "keep", &o.keep, err);
    if (st == LW_OK)
        st = add_names(s, "categorical", &o.categorical, err);
    if (st == LW_OK && o.delimiter != NULL)
        st = lw_schema_set(s, "delimiter", o.delimiter, err);
    if (o.no_header)
        s->header = LW_HEADER_NO;
    if (o.bad_rows != LW_BAD_ROWS_STOP) {
        s->bad_rows = (enum lw_bad_rows)o.bad_rows;
        s->has_bad_rows = true;
    }
    return st;
}

enum lw_status table_schema(struct lw_schema *out, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    *out = (struct lw_schema){0};
    if (o.schema != NULL)
        st = lw_schema_load(out, o.schema, err);
    if (st == LW_OK)
        st = add_options(out, err);
    if (st != LW_OK)
        lw_schema_release(out);
    return st;
}

/* ---- reading ---- */

static void warn_of_row(void *ctx, const char *message)
{
    uint64_t *n = ctx;

    if ((*n)++ < WARNINGS_MAX)
        command_warn("%s", message);
}

enum lw_status table_read(struct lw_frame **out, const char *path,
                          const struct lw_schema *schema, bool digest,
                          struct lw_error *err)
{
    uint64_t n_bad = 0;
    bool stopped = false;
    const struct lw_frame_config cfg = {.schema = schema,
                                        .bad_row = warn_of_row,
                                        .bad_row_ctx = &n_bad,
                                        .stopped = &stopped,
                                        .rows_read = progress_rows,
                                        .no_digest = !digest};
    enum lw_status st = lw_frame_read(out, path, &cfg, err);
    struct lw_read_report r;
    char skipped[TEXT_MAX + 32];
    char repaired[TEXT_MAX + 32];

    progress_end();
    if (st != LW_OK) {
        if (stopped)
            command_note("--on-bad-row skip leaves such rows out, missing takes such "
                         "values for unknown");
        return st;
    }
    lw_frame_read_report(*out, &r);
    if (r.n_skipped + r.n_repaired > 0)
        command_warn("%s: %s left out, %s missing because they were no numbers", path,
                     text_plural(r.n_skipped, "row", skipped, sizeof skipped),
                     text_plural(r.n_repaired, "value", repaired, sizeof repaired));
    return LW_OK;
}

void table_note_column(void *ctx, const char *column, const char *why, bool kept)
{
    (void)ctx;
    if (kept)
        command_warn("column %s is kept (--keep) although it is a leak (%s)", column,
                     why);
    else
        command_note("column %s left out (%s)", column, why);
}

/* Words that a program writes for no value. */
static bool is_nothing(const char *word)
{
    static const char *const words[] = {"", "-", "?", "na", "nan", "null", "none"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(word, words[i]) == 0)
            return true;
    return false;
}

void table_note_labels(const struct lw_frame *frame, const struct lw_schema *schema,
                       const char *path)
{
    struct lw_target t = {0};
    struct lw_error err;
    struct lw_column c;
    uint64_t n_nothing = 0;
    uint64_t n_normal = 0;
    char count[TEXT_MAX + 32];

    if (lw_target_find(&t, frame, schema, &err) != LW_OK)
        return; /* whoever needs it says so */
    lw_frame_column(frame, t.column, &c);
    for (uint32_t w = 0; w < t.n_words; w++)
        if (t.word_side[w] == LW_SIDE_NEGATIVE)
            *(is_nothing(t.words[w]) ? &n_nothing : &n_normal) += t.word_rows[w];
    if (t.by_place)
        command_note("%s: no column is called like a label; the last one, %s, is taken "
                     "(--label says another)",
                     path, c.name);
    if (n_nothing > 0 && (n_normal > 0 || t.side_rows[LW_SIDE_POSITIVE] == 0))
        command_warn("%s: %s without a label in column %s %s taken for normal", path,
                     text_plural(n_nothing, "row", count, sizeof count), c.name,
                     n_nothing == 1 ? "is" : "are");
    lw_target_release(&t);
}

const char *table_said(void)
{
    return o.schema != NULL      ? "schema"
           : o.label != NULL     ? "label"
           : o.positive.n > 0    ? "positive"
           : o.drop.n > 0        ? "drop"
           : o.keep.n > 0        ? "keep"
           : o.categorical.n > 0 ? "categorical"
                                 : NULL;
}
