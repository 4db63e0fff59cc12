/* SPDX-License-Identifier: Apache-2.0 */
/* serve/tell.h - changes, told to those who follow events. */
#ifndef SERVE_TELL_H
#define SERVE_TELL_H

#include "store/store.h"

struct server; /* serve/server.h */

/* Each tells what the thing is now; one that is gone is told of by nobody. */
void tell_capture(struct server *s, int64_t id);
void tell_job(struct server *s, int64_t id);
void tell_alert(struct server *s, int64_t id);
/** The open alerts of a capture, as an analysis found them. */
void tell_alerts_of(struct server *s, int64_t capture);
/** `kind` is "capture", "alert", "artefact". */
void tell_deleted(struct server *s, const char *kind, int64_t id);

#endif /* SERVE_TELL_H */
