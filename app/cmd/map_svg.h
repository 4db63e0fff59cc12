/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/map_svg.h - a map of points as an SVG picture. */
#ifndef CMD_MAP_SVG_H
#define CMD_MAP_SVG_H

#include "cmd/map_picture.h"

#include <stdio.h>

/** Write it; write errors show on the stream. */
void map_svg_write(FILE *out, const struct map_picture *p);

#endif /* CMD_MAP_SVG_H */
