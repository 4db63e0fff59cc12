/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/help.h - the command's documentation, all of it from the tables. */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include "base/buf.h"
#include "cmd/command.h"

#include <stdio.h>

/** What `lapwing` alone prints. */
void help_short(FILE *f);
/** What `lapwing COMMAND --help` prints, 80 columns. */
void help_command(FILE *f, const struct command *cmd);
/** The manual page lapwing(1) in man(7) macros. */
void help_man(FILE *f);
/** A completion script for bash. */
void help_bash(FILE *f);

/** An option's help with its choices, range and default, one line. */
void help_describe(const struct opt *o, struct buf *out);

#endif /* CMD_HELP_H */
