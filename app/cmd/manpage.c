/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manual page in man(7) macros, from the same rows as everything else.
 *
 * Text is escaped for roff: a backslash and a dash are written \e and \-, a dot or
 * apostrophe at the start of a line is guarded by \&.
 */
#include "cmd/help.h"

#include <string.h>

static void put_roff(FILE *f, const char *text, size_t n)
{
    bool line_start = true;

    for (size_t i = 0; i < n; i++) {
        char c = text[i];

        if (line_start && (c == '.' || c == '\''))
            (void)fputs("\\&", f);
        if (c == '\\')
            (void)fputs("\\e", f);
        else if (c == '-')
            (void)fputs("\\-", f);
        else
            (void)fputc(c, f);
        line_start = c == '\n';
    }
}

/* Paragraphs, separated by empty lines. */
static void put_paragraphs(FILE *f, const char *text)
{
    while (*text != '\0') {
        const char *end = strstr(text, "\n\n");
        size_t n = end == NULL ? strlen(text) : (size_t)(end - text);

        (void)fputs(".PP\n", f);
        put_roff(f, text, n);
        (void)fputc('\n', f);
        text += n + (end == NULL ? 0 : 2);
    }
}

static void put_text(FILE *f, const char *text)
{
    put_roff(f, text, strlen(text));
}

static void put_option(FILE *f, const struct opt *o)
{
    struct buf text;

    buf_init(&text);
    help_describe(o, &text);
    (void)fputs(".TP\n\\fB", f);
    if (o->letter != '\0')
        (void)fprintf(f, "\\-%c\\fR, \\fB", o->letter);
    (void)fputs("\\-\\-", f);
    put_text(f, o->name);
    (void)fputs("\\fR", f);
    if (o->metavar != NULL) {
        (void)fputs(" \\fI", f);
        put_text(f, o->metavar);
        (void)fputs("\\fR", f);
    }
    (void)fputc('\n', f);
    put_text(f, buf_text(&text));
    (void)fputc('\n', f);
    buf_release(&text);
}

static void put_group(FILE *f, const struct opt_group *g)
{
    for (size_t i = 0; i < g->n_rows; i++) {
        if (g->rows[i].help != NULL)
            put_option(f, &g->rows[i]);
    }
}

static void put_command(FILE *f, const struct command *cmd)
{
    (void)fputs(".SS \"lapwing ", f);
    put_text(f, cmd->name);
    (void)fputs(" [OPTION...]", f);
    if (*cmd->synopsis != '\0')
        (void)fputc(' ', f);
    put_text(f, cmd->synopsis);
    (void)fputs("\"\n", f);
    put_paragraphs(f, cmd->doc);
    for (size_t g = 0; cmd->groups != NULL && cmd->groups[g] != NULL; g++)
        put_group(f, cmd->groups[g]);
    if (cmd->examples != NULL) {
        (void)fputs(".PP\n.nf\n.RS\n", f);
        put_text(f, cmd->examples);
        (void)fputs(".RE\n.fi\n", f);
    }
}

static void put_end(FILE *f)
{
    (void)fputs(
        ".SH \"EXIT STATUS\"\n"
        ".TP\n0\nSuccess, with alerts or without; also a capture that ends in "
        "the middle of a packet.\n"
        ".TP\n1\nA failure at run time.\n"
        ".TP\n2\nA mistake on the command line.\n"
        ".SH SIGNALS\n"
        "INT and TERM end reading, write out what is there and exit; the second "
        "one kills.\nUSR1 prints the counters on standard error.\n"
        ".SH ENVIRONMENT\n"
        ".TP\nNO_COLOR\nWhen set and not empty, nothing is coloured.\n"
        ".TP\nLAPWING_MODELS\nA directory that is searched for model files "
        "first.\n",
        f);
}

void help_man(FILE *f)
{
    (void)fprintf(f, ".TH LAPWING 1 \"\" \"lapwing %s\" \"User Commands\"\n",
                  lw_version());
    (void)fputs(
        ".SH NAME\nlapwing \\- find attacks in network traffic and say why\n"
        ".SH SYNOPSIS\n\\fBlapwing\\fR \\fICOMMAND\\fR [\\fIOPTION...\\fR]\n"
        ".SH DESCRIPTION\nLapwing watches a network and says what is wrong with "
        "it, how sure it is, and why.\nResults go to standard output, progress "
        "and messages to standard error.\n"
        ".SH COMMANDS\n",
        f);
    for (size_t i = 0; command_at(i) != NULL; i++) {
        if (!command_at(i)->hidden)
            put_command(f, command_at(i));
    }
    (void)fputs(".SH \"COMMON OPTIONS\"\n", f);
    put_group(f, &command_common_group);
    (void)fputs(".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\nIn place of a command: "
                "print the version.\n",
                f);
    put_end(f);
}
