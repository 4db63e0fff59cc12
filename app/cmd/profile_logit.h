/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/profile_logit.h - a profile's logistic regression for people. */
#ifndef CMD_PROFILE_LOGIT_H
#define CMD_PROFILE_LOGIT_H

#include "cmd/profile_print.h"

/** The terms that tell most first, `v->top` of them; what is wrong with the fit. */
void profile_print_logit(FILE *f, const struct profile_view *v);

#endif /* CMD_PROFILE_LOGIT_H */
