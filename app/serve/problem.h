/* SPDX-License-Identifier: Apache-2.0 */
/* serve/problem.h - what went wrong, as RFC 9457 (application/problem+json) says it. */
#ifndef SERVE_PROBLEM_H
#define SERVE_PROBLEM_H

#include "serve/http.h"

/** Turn `reply` into a problem: `detail` tells a person what and what to do about it,
 *  `field` (NULL: none) names the member of the request that is meant. */
void problem_reply(struct http_reply *reply, unsigned status, const char *field,
                   const char *detail);

/** The standard phrase of a status ("Not Found"). */
const char *problem_title(unsigned status);

#endif /* SERVE_PROBLEM_H */
