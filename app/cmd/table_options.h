/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/table_options.h - the options that say what a table's columns are, and reading
 * one by them. */
#ifndef CMD_TABLE_OPTIONS_H
#define CMD_TABLE_OPTIONS_H

#include "cmd/options.h"

#include <lapwing/compare.h>
#include <lapwing/schema.h>

extern const struct opt_group table_group;

/** What the options say, and the file that --schema names, which they go before; the
 *  caller releases it.  On failure there is nothing to release.  LW_EINVAL and what
 *  lw_schema_load() says. */
LW_MUST enum lw_status table_schema(struct lw_schema *out, struct lw_error *err);

/** Read a table; bad rows that do not stop the reading are warned of, the first ones
 * one by one.  `digest`: that of the file is wanted.  What lw_frame_read() says. */
LW_MUST enum lw_status table_read(struct lw_frame **out, const char *path,
                                  const struct lw_schema *schema, bool digest,
                                  struct lw_error *err);

/** The first option of those that change what columns mean which was given, without its
 *  dashes; NULL: none was. */
const char *table_said(void);

/** Words of enum lw_level, for an option. */
extern const char *const table_levels[];

/** A lw_column_note_fn: a note of what is left out, a warning of what is kept. */
void table_note_column(void *ctx, const char *column, const char *why, bool kept);

/** Say what of a table's labels may not be meant: a label column found by its place,
 *  rows without a label beside rows that are called normal. */
void table_note_labels(const struct lw_frame *frame, const struct lw_schema *schema,
                       const char *path);

#endif /* CMD_TABLE_OPTIONS_H */
