/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/map_page.h - maps of the same rows side by side as a page of its own.
 *
 * The page (ui/map.html) asks for nothing from elsewhere: points and records are in it.
 */
#ifndef CMD_MAP_PAGE_H
#define CMD_MAP_PAGE_H

#include "cmd/map_picture.h"

#include <stdio.h>

/** The whole page.  LW_ENOMEM. */
LW_MUST enum lw_status map_page_write(FILE *out, const struct map_picture *p,
                                      struct lw_error *err);

#endif /* CMD_MAP_PAGE_H */
