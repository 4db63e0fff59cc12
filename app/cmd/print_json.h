/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/print_json.h - one JSON object on standard output. */
#ifndef CMD_PRINT_JSON_H
#define CMD_PRINT_JSON_H

#include "base/jsonw.h"

/** Writes the members of an object that is open already. */
typedef void (*print_json_fn)(struct jsonw *w, const void *of);

/** Print {members of `of`} and a line end; the status to exit with. */
int print_json(print_json_fn members, const void *of);

#endif /* CMD_PRINT_JSON_H */
