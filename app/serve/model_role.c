/* SPDX-License-Identifier: Apache-2.0 */
/* In a file of its own: who only names a role needs no models. */
#include "serve/models.h"

const char *const model_role_names[N_MODEL_ROLES] = {
#define MODEL_ROLE_NAME(name, text) text,
    MODEL_ROLE_LIST(MODEL_ROLE_NAME)
#undef MODEL_ROLE_NAME
};
