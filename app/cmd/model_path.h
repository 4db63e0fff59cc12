/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/model_path.h - where the default model files are. */
#ifndef CMD_MODEL_PATH_H
#define CMD_MODEL_PATH_H

#include <lapwing/error.h>

#include <stddef.h>

enum { MODEL_PATH_MAX = 4096 };

/** Find a model file ("attack.lwm") in $LAPWING_MODELS, beside the build tree the
 *  command was started from, beside the place it is installed in, and in the data
 *  directory it was built for.  LW_ENOTFOUND names the places and the remedy. */
LW_MUST enum lw_status model_path_find(const char *name, char out[MODEL_PATH_MAX],
                                       struct lw_error *err);

#endif /* CMD_MODEL_PATH_H */
