/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/command.h - what a subcommand is, and how it speaks.
 *
 * A subcommand is one file cmd_<name>.c that defines `const struct command
 * command_<name>`, and one row of COMMAND_LIST.  Results go to standard output,
 * everything else to standard error.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include "cmd/options.h"

#include <lapwing/error.h>

#include <stdbool.h>
#include <stddef.h>

/** Every subcommand, in the order of the help. */
#define COMMAND_LIST(X)                                                                \
    X(detect)                                                                          \
    X(flows)                                                                           \
    X(features)                                                                        \
    X(train)                                                                           \
    X(test)                                                                            \
    X(explain)                                                                         \
    X(autoencoder)                                                                     \
    X(compare)                                                                         \
    X(profile)                                                                         \
    X(embed)                                                                           \
    X(model)                                                                           \
    X(serve)                                                                           \
    X(db)                                                                              \
    X(user)                                                                            \
    X(token)                                                                           \
    X(help)

/** Exit statuses.  Alerts are a success. */
enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct command {
    const char *name;
    const char *help;     /* one line, for the list of commands: "find attacks in a
                             capture and say why" */
    const char *synopsis; /* what follows the options: "-r FILE [FILTER...]" */
    const char *doc;      /* more text, paragraphs separated by "\n\n" */
    const char *examples; /* command lines, each "# what it does\nlapwing ...\n" */
    const struct opt_group *const *groups; /* ended by NULL; NULL: no options */
    size_t max_words;                      /* operands it takes at most */
    bool hidden;                           /* not listed in the help */
    /** Run with the operands; returns an exit status.  `words` is borrowed. */
    int (*run)(char *const *words, size_t n_words);
};

#define COMMAND_EXTERN(name) extern const struct command command_##name;
COMMAND_LIST(COMMAND_EXTERN)
#undef COMMAND_EXTERN

/** The i-th subcommand, NULL past the last. */
const struct command *command_at(size_t i);
/** By name, or NULL. */
const struct command *command_find(const char *name);
/** The options that every subcommand takes (-v, --quiet, -h). */
extern const struct opt_group command_common_group;

enum { COMMAND_GROUPS_MAX = 10 };

/** A subcommand's groups and the common one, ended by NULL. */
void command_groups(const struct command *cmd,
                    const struct opt_group *out[COMMAND_GROUPS_MAX]);

/** Parse the words after the program's name and run; returns the exit status. */
int command_main(char **words, size_t n_words);

/** What -v and --quiet said. */
bool command_verbose(void);
bool command_quiet(void);

/** Print "lapwing COMMAND: message" on standard error and return STATUS_FAILED.  A
 *  message names file, place and remedy. */
int command_fail(const char *fmt, ...) LW_PRINTF(1, 2);
/** The same from an error that the library wrote. */
int command_error(const struct lw_error *err);
/** For a result that could not be written to `path` ("-": standard output): as
 *  command_error(), but silent and STATUS_OK where a reader of our standard output
 *  has simply read enough. */
int command_output_error(const char *path, const struct lw_error *err);
/** A mistake on the command line: message and a pointer to the help, STATUS_USAGE. */
int command_usage(const char *fmt, ...) LW_PRINTF(1, 2);
/** What a function of the library refused: LW_EINVAL is a mistake on the command line,
 * as command_usage(); all else as command_error(). */
int command_refused(enum lw_status st, const struct lw_error *err);
/** Something worth knowing that stops nothing; silent under --quiet. */
void command_note(const char *fmt, ...) LW_PRINTF(1, 2);
/** "lapwing COMMAND: warning: message", also under --quiet. */
void command_warn(const char *fmt, ...) LW_PRINTF(1, 2);

#endif /* CMD_COMMAND_H */
