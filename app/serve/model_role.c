/* SPDX-License-Identifier: Apache-2.0 */
/* In a file of its own: who only names a role needs no models. */
#include "serve/judge.h"

const char *const model_role_names[N_MODEL_ROLES] = {
#define MODEL_ROLE_NAME(name, text) text,
    MODEL_ROLE_LIST(MODEL_ROLE_NAME)
#undef MODEL_ROLE_NAME
};

const enum model_role judge_roles[N_JUDGES] = {[JUDGE_TRAFFIC] = MODEL_ROLE_TRAFFIC,
                                               [JUDGE_ATTACK] = MODEL_ROLE_ATTACK,
                                               [JUDGE_BOTNET] = MODEL_ROLE_BOTNET};
