/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/table_folder.h"

#include "base/mem.h"
#include "cmd/progress.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool table_folder_is(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

void table_folder_release(struct table_folder *t)
{
    for (size_t i = 0; i < t->n; i++) {
        mem_free(t->path[i]);
        lw_frame_free(t->frame[i]);
    }
    mem_free(t->path);
    mem_free(t->frame);
    *t = (struct table_folder){0};
}

static enum lw_status add(struct table_folder *t, char *path, struct lw_error *err)
{
    const struct lw_frame_config cfg = {.rows_read = progress_rows,
                                        .rows_read_ctx = path};
    enum lw_status st;

    t->path[t->n++] = path;
    st = lw_frame_read(&t->frame[t->n - 1], path, &cfg, err);
    progress_end();
    return st;
}

static int is_shown(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static char *join(const char *folder, const char *name)
{
    size_t n = strlen(folder) + strlen(name) + 2;
    char *path = mem_zalloc(n, 1);

    if (path != NULL)
        (void)snprintf(path, n, "%s/%s", folder, name);
    return path;
}

static enum lw_status read_listed(struct table_folder *t, const char *folder,
                                  struct dirent **listed, int n, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (int i = 0; st == LW_OK && i < n; i++) {
        char *path = join(folder, listed[i]->d_name);

        if (path == NULL)
            return lw_fail(err, LW_ENOMEM, "out of memory for %s", folder);
        if (is_file(path))
            st = add(t, path, err);
        else
            mem_free(path);
    }
    if (st == LW_OK && t->n == 0)
        st = lw_fail(err, LW_ENOTFOUND, "%s: a folder without a table in it", folder);
    return st;
}

static enum lw_status make_room(struct table_folder *t, size_t n, struct lw_error *err)
{
    t->path = mem_zalloc(n, sizeof *t->path);
    t->frame = mem_zalloc(n, sizeof(struct lw_frame *));
    if (t->path == NULL || t->frame == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu tables", n);
    return LW_OK;
}

static enum lw_status read_folder(struct table_folder *t, const char *folder,
                                  struct lw_error *err)
{
    struct dirent **listed = NULL;
    int n = scandir(folder, &listed, is_shown, alphasort);
    enum lw_status st;

    if (n < 0)
        return lw_fail(err, LW_EIO, "%s: %s", folder, strerror(errno));
    st = make_room(t, (size_t)n + 1, err);
    if (st == LW_OK)
        st = read_listed(t, folder, listed, n, err);
    for (int i = 0; i < n; i++)
        free(listed[i]);
    free(listed);
    return st;
}

static enum lw_status read_file(struct table_folder *t, const char *path,
                                struct lw_error *err)
{
    enum lw_status st = make_room(t, 1, err);
    char *copy = st == LW_OK ? mem_strdup(path) : NULL;

    if (st == LW_OK && copy == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory for %s", path);
    return st == LW_OK ? add(t, copy, err) : st;
}

enum lw_status table_folder_read(struct table_folder *out, const char *path,
                                 struct lw_error *err)
{
    enum lw_status st;

    *out = (struct table_folder){0};
    st =
        table_folder_is(path) ? read_folder(out, path, err) : read_file(out, path, err);
    if (st != LW_OK)
        table_folder_release(out);
    return st;
}
