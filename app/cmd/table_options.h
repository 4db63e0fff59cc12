/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/table_options.h - the options that say what a table's columns are, and reading
 * one by them. */
#ifndef CMD_TABLE_OPTIONS_H
#define CMD_TABLE_OPTIONS_H

#include "cmd/options.h"

#include <lapwing/schema.h>

extern const struct opt_group table_group;

/** What the options say, and the file that --schema names, which they go before; the
 *  caller releases it.  On failure there is nothing to release.  LW_EINVAL and what
 *  lw_schema_load() says. */
LW_MUST enum lw_status table_schema(struct lw_schema *out, struct lw_error *err);

/** Read a table; bad rows that do not stop the reading are warned of, the first ones
 * one by one.  What lw_frame_read() says. */
LW_MUST enum lw_status table_read(struct lw_frame **out, const char *path,
                                  const struct lw_schema *schema, struct lw_error *err);

#endif /* CMD_TABLE_OPTIONS_H */
