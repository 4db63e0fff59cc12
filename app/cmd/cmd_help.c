/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/help.h"

static struct {
    bool man;
    bool bash;
} o;

static const struct opt rows[] = {
    {"man", 0, OPT_TO_FLAG(&o.man), .help = NULL},
    {"bash", 0, OPT_TO_FLAG(&o.bash), .help = NULL},
};

static const struct opt_group group = {NULL, rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, NULL};

static int run_help(char *const *words, size_t n_words)
{
    const struct command *cmd;

    if (o.man || o.bash) {
        (o.man ? help_man : help_bash)(stdout);
        return STATUS_OK;
    }
    if (n_words == 0) {
        help_short(stdout);
        return STATUS_OK;
    }
    cmd = command_find(words[0]);
    if (cmd == NULL)
        return command_usage("no command '%s'", words[0]);
    help_command(stdout, cmd);
    return STATUS_OK;
}

const struct command command_help = {
    .name = "help",
    .help = "tell more of a command",
    .synopsis = "[COMMAND]",
    .doc = "Show the help of a command, or the list of commands.",
    .groups = groups,
    .max_words = 1,
    .run = run_help,
};
