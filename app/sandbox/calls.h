/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox/calls.h - which system calls a process behind the walls may make. */
#ifndef SANDBOX_CALLS_H
#define SANDBOX_CALLS_H

#include <lapwing/error.h>

#include <stdbool.h>

/** Filter this process' calls for good; `socket`: an open socket may be asked for its
 *  options.  LW_EUNSUPPORTED: the kernel has no seccomp.  LW_ENOMEM. */
LW_MUST enum lw_status calls_close(bool socket, struct lw_error *err);

#endif /* SANDBOX_CALLS_H */
