/* SPDX-License-Identifier: Apache-2.0 */
/* serve/capture_page.h - a capture and what was found in it, as one page to hand on. */
#ifndef SERVE_CAPTURE_PAGE_H
#define SERVE_CAPTURE_PAGE_H

#include "base/buf.h"

#include <lapwing/error.h>

#include <stdint.h>

struct server; /* serve/server.h */

/** Append the page, HTML without scripts.  What the store says. */
LW_MUST enum lw_status capture_page_write(struct server *s, int64_t capture,
                                          struct buf *out, struct lw_error *err);

#endif /* SERVE_CAPTURE_PAGE_H */
