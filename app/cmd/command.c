/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include "base/assert.h"
#include "base/nearest.h"
#include "cmd/help.h"
#include "cmd/progress.h"
#include "cmd/signals.h"

#include <lapwing/log.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
#define COMMAND_ROW(name) &command_##name,
    COMMAND_LIST(COMMAND_ROW)
#undef COMMAND_ROW
};

enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

/* One process runs one subcommand. */
static const struct command *running;
static struct {
    bool verbose;
    bool quiet;
    bool help;
} common;

static const struct opt common_rows[] = {
    {"verbose", 'v', OPT_TO_FLAG(&common.verbose),
     .help = "say more on standard error"},
    {"quiet", 0, OPT_TO_FLAG(&common.quiet), .help = "no progress and no notes"},
    {"help", 'h', OPT_TO_FLAG(&common.help), .help = "show this help"},
};

const struct opt_group command_common_group = {
    "Common options", common_rows, sizeof common_rows / sizeof common_rows[0]};

const struct command *command_at(size_t i)
{
    return i < N_COMMANDS ? commands[i] : NULL;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

void command_groups(const struct command *cmd,
                    const struct opt_group *out[COMMAND_GROUPS_MAX])
{
    size_t n = 0;

    for (; cmd->groups != NULL && cmd->groups[n] != NULL; n++) {
        LW_ASSERT(n + 2 < COMMAND_GROUPS_MAX);
        out[n] = cmd->groups[n];
    }
    out[n] = &command_common_group;
    out[n + 1] = NULL;
}

bool command_verbose(void)
{
    return common.verbose;
}

bool command_quiet(void)
{
    return common.quiet;
}

/* ---- messages ------------------------------------------------------------------ */

static void say(const char *kind, const char *fmt, va_list ap) LW_PRINTF(2, 0);

static void say(const char *kind, const char *fmt, va_list ap)
{
    progress_clear();
    (void)fprintf(stderr, "lapwing%s%s: %s", running == NULL ? "" : " ",
                  running == NULL ? "" : running->name, kind);
    (void)vfprintf(stderr, fmt, ap);
    (void)fputc('\n', stderr);
}

int command_fail(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("", fmt, ap);
    va_end(ap);
    return STATUS_FAILED;
}

int command_error(const struct lw_error *err)
{
    return command_fail("%s", err->msg);
}

int command_output_error(const char *path, const struct lw_error *err)
{
    if (strcmp(path, "-") == 0 && signals_pipe_closed())
        return STATUS_OK;
    return command_error(err);
}

int command_usage(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("", fmt, ap);
    va_end(ap);
    (void)fprintf(stderr, "Try 'lapwing %s%s--help'.\n",
                  running == NULL ? "" : running->name, running == NULL ? "" : " ");
    return STATUS_USAGE;
}

int command_refused(enum lw_status st, const struct lw_error *err)
{
    return st == LW_EINVAL ? command_usage("%s", err->msg) : command_error(err);
}

void command_note(const char *fmt, ...)
{
    va_list ap;

    if (common.quiet)
        return;
    va_start(ap, fmt);
    say("", fmt, ap);
    va_end(ap);
}

void command_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("warning: ", fmt, ap);
    va_end(ap);
}

static void print_log(void *ctx, enum lw_log_level level, const char *message)
{
    (void)ctx;
    switch (level) {
    case LW_LOG_ERROR:
        (void)command_fail("%s", message);
        break;
    case LW_LOG_WARNING:
        command_warn("%s", message);
        break;
    case LW_LOG_INFO:
        command_note("%s", message);
        break;
    case LW_LOG_DEBUG:
        if (common.verbose)
            command_note("%s", message);
        break;
    }
}

/* ---- dispatch ------------------------------------------------------------------- */

/* What was printed must have arrived: a full disk under a redirected standard output
 * is a failure.  A closed pipe is not; its reader has read enough. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    if (errno == EPIPE || signals_pipe_closed())
        return status;
    return command_fail("standard output: cannot write: %s", strerror(errno));
}

static int run(const struct command *cmd, char **words, size_t n_words)
{
    const struct opt_group *groups[COMMAND_GROUPS_MAX];
    struct lw_error err;

    running = cmd;
    command_groups(cmd, groups);
    if (opt_parse(groups, words, &n_words, &err) != LW_OK)
        return command_usage("%s", err.msg);
    if (common.help) {
        help_command(stdout, cmd);
        return STATUS_OK;
    }
    if (n_words > cmd->max_words)
        return command_usage("unexpected word '%s'", words[cmd->max_words]);
    return cmd->run(words, n_words);
}

static int unknown_command(const char *name)
{
    const char *names[N_COMMANDS + 1];
    const char *near;
    size_t n = 0;

    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (!commands[i]->hidden)
            names[n++] = commands[i]->name;
    }
    names[n] = NULL;
    near = nearest_word(name, names);
    if (near != NULL)
        return command_usage("no command '%s'; did you mean '%s'?", name, near);
    return command_usage("no command '%s'", name);
}

int command_main(char **words, size_t n_words)
{
    const struct command *cmd;

    lw_log_set(print_log, NULL);
    signals_ignore_pipe();
    if (n_words == 0) {
        help_short(stderr);
        return STATUS_USAGE;
    }
    if (strcmp(words[0], "-V") == 0 || strcmp(words[0], "--version") == 0) {
        (void)printf("lapwing %s\n", lw_version());
        return finish(STATUS_OK);
    }
    if (strcmp(words[0], "-h") == 0 || strcmp(words[0], "--help") == 0) {
        help_short(stdout);
        return finish(STATUS_OK);
    }
    if (words[0][0] == '-')
        return command_usage("a command must come first, before '%s'", words[0]);
    cmd = command_find(words[0]);
    if (cmd == NULL)
        return unknown_command(words[0]);
    return finish(run(cmd, words + 1, n_words - 1));
}
