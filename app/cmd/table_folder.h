/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/table_folder.h - one table, or all tables of a folder in the order of their
 * names. */
#ifndef CMD_TABLE_FOLDER_H
#define CMD_TABLE_FOLDER_H

#include <lapwing/dataset.h>

#include <stdbool.h>

struct table_folder {
    char **path;             /* (n), owned */
    struct lw_frame **frame; /* (n), owned */
    size_t n;                /* at least 1 */
};

bool table_folder_is(const char *path);

/** Read them; hidden files and what is no file are passed over.  On failure there is
 *  nothing to release.  LW_ENOTFOUND: a folder without tables.  LW_EIO, LW_ENOMEM and
 *  what lw_frame_read() says. */
LW_MUST enum lw_status table_folder_read(struct table_folder *out, const char *path,
                                         struct lw_error *err);
void table_folder_release(struct table_folder *t);

#endif /* CMD_TABLE_FOLDER_H */
