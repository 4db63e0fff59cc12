/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/help.h"

#include "base/numfmt.h"
#include "cmd/text.h"

#include <string.h>

enum { WIDTH = 80, OPTION_COLUMN = 30, COMMAND_COLUMN = 14 };

void help_describe(const struct opt *o, struct buf *out)
{
    const char *sep = " (";
    const char *unit = o->unit == NULL ? "" : o->unit;

    buf_add_text(out, o->help);
    if (o->choices != NULL) {
        for (size_t i = 0; o->choices[i] != NULL; i++)
            buf_printf(out, "%s%s", i == 0 ? ": " : ", ", o->choices[i]);
    }
    if (o->min < o->max) {
        char lo[NUMFMT_MAX];
        char hi[NUMFMT_MAX];

        (void)numfmt_f64(o->min, lo);
        (void)numfmt_f64(o->max, hi);
        buf_printf(out, "%s%s to %s%s%s", sep, lo, hi, *unit == '\0' ? "" : " ", unit);
        sep = ", ";
    }
    if (o->initial != NULL) {
        buf_printf(out, "%sdefault %s", sep, o->initial);
        sep = ", ";
    }
    if (o->type == OPT_LIST) {
        buf_printf(out, "%smay be repeated", sep);
        sep = ", ";
    }
    if (sep[0] == ',')
        buf_add_char(out, ')');
}

static void print_option(FILE *f, const struct opt *o)
{
    struct buf left;
    struct buf text;

    buf_init(&left);
    buf_init(&text);
    if (o->letter != '\0')
        buf_printf(&left, "  -%c, --%s", o->letter, o->name);
    else
        buf_printf(&left, "      --%s", o->name);
    if (o->metavar != NULL)
        buf_printf(&left, " %s", o->metavar);
    help_describe(o, &text);
    (void)fprintf(f, "%-*s", OPTION_COLUMN, buf_text(&left));
    if (left.len + 2 > OPTION_COLUMN)
        (void)fprintf(f, "\n%*s", OPTION_COLUMN, "");
    text_wrap(f, buf_text(&text), OPTION_COLUMN, OPTION_COLUMN, WIDTH);
    buf_release(&left);
    buf_release(&text);
}

static void print_examples(FILE *f, const char *examples)
{
    (void)fputs("\nExamples:\n", f);
    while (*examples != '\0') {
        size_t n = strcspn(examples, "\n");

        (void)fprintf(f, "  %.*s\n", (int)n, examples);
        examples += n + (examples[n] == '\n' ? 1 : 0);
    }
}

void help_command(FILE *f, const struct command *cmd)
{
    const struct opt_group *groups[COMMAND_GROUPS_MAX];

    command_groups(cmd, groups);
    (void)fprintf(f, "Usage: lapwing %s [OPTION...]%s%s\n", cmd->name,
                  *cmd->synopsis == '\0' ? "" : " ", cmd->synopsis);
    (void)fputc('\n', f);
    text_wrap(f, cmd->doc, 0, 0, WIDTH);
    for (size_t g = 0; groups[g] != NULL; g++) {
        if (groups[g]->title != NULL)
            (void)fprintf(f, "\n%s:\n", groups[g]->title);
        for (size_t i = 0; i < groups[g]->n_rows; i++) {
            if (groups[g]->rows[i].help != NULL)
                print_option(f, &groups[g]->rows[i]);
        }
    }
    if (cmd->examples != NULL)
        print_examples(f, cmd->examples);
}

void help_short(FILE *f)
{
    (void)fputs("Usage: lapwing COMMAND [OPTION...]\n\n"
                "Lapwing watches a network and says what is wrong with it, how sure it "
                "is, and\nwhy.\n\nCommands:\n",
                f);
    for (size_t i = 0; command_at(i) != NULL; i++) {
        const struct command *cmd = command_at(i);

        if (cmd->hidden)
            continue;
        (void)fprintf(f, "  %-*s", COMMAND_COLUMN - 2, cmd->name);
        text_wrap(f, cmd->help, COMMAND_COLUMN, COMMAND_COLUMN, WIDTH);
    }
    (void)fputs("\n'lapwing COMMAND --help' tells more of a command, "
                "'lapwing --version' the version.\n",
                f);
}
