/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/model_kinds.h - the kinds of models and their parameters, for people. */
#ifndef CMD_MODEL_KINDS_H
#define CMD_MODEL_KINDS_H

#include <stdbool.h>
#include <stdio.h>

/** Is there a kind of that name? */
bool model_kinds_have(const char *name);

void model_kinds_print(FILE *out);

/** The one that learns from captures: only lapwing train has it. */
void model_kinds_print_stream(FILE *out);

#endif /* CMD_MODEL_KINDS_H */
