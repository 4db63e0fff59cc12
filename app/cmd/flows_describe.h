/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/flows_describe.h - the reference of formats and their fields. */
#ifndef CMD_FLOWS_DESCRIBE_H
#define CMD_FLOWS_DESCRIBE_H

#include "base/buf.h"

#include <stdio.h>

/** For people: every format and its fields, wrapped to the width of `f`. */
void flows_describe(FILE *f);

/** The same for programs, appended as one line of JSON:
 *  {"formats":[{"name","doc","fields":[{"name","type",...}]}]} */
void flows_describe_json(struct buf *out);

#endif /* CMD_FLOWS_DESCRIBE_H */
