/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/map_png.h - a map of points as a PNG picture. */
#ifndef CMD_MAP_PNG_H
#define CMD_MAP_PNG_H

#include "cmd/map_picture.h"

#include <stdio.h>

/** Write it, twice as many pixels as the SVG has; write errors show on the stream.
 *  LW_ENOMEM. */
LW_MUST enum lw_status map_png_write(FILE *out, const struct map_picture *p,
                                     struct lw_error *err);

#endif /* CMD_MAP_PNG_H */
