/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/model_path.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The directory of the running executable, without a slash at the end. */
static bool executable_dir(char out[MODEL_PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, MODEL_PATH_MAX - 1);
    char *slash;

    if (n <= 0)
        return false;
    out[n] = '\0';
    slash = strrchr(out, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}

static bool is_there(const char *dir, const char *below, const char *name,
                     char out[MODEL_PATH_MAX])
{
    int n = snprintf(out, MODEL_PATH_MAX, "%s%s/%s", dir, below, name);

    return n > 0 && n < MODEL_PATH_MAX && access(out, R_OK) == 0;
}

enum lw_status model_path_find(const char *name, char out[MODEL_PATH_MAX],
                               struct lw_error *err)
{
    const char *env = getenv("LAPWING_MODELS");
    char dir[MODEL_PATH_MAX];

    if (env != NULL && env[0] != '\0') {
        if (is_there(env, "", name, out))
            return LW_OK;
        return lw_fail(err, LW_ENOTFOUND,
                       "no %s in %s, which LAPWING_MODELS names; name a file with "
                       "--model",
                       name, env);
    }
    if (executable_dir(dir) && (is_there(dir, "/../models", name, out) ||
                                is_there(dir, "/../share/lapwing/models", name, out)))
        return LW_OK;
    if (is_there(LW_DATADIR, "/models", name, out))
        return LW_OK;
    return lw_fail(err, LW_ENOTFOUND,
                   "no model file %s in %s/models or beside the command; make one with "
                   "'lapwing train' or name one with --model",
                   name, LW_DATADIR);
}
