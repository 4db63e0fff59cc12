/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/rate_print.h - what the box plot of packet rates says. */
#ifndef CMD_RATE_PRINT_H
#define CMD_RATE_PRINT_H

#include "base/jsonw.h"

#include <lapwing/packet_rate.h>

#include <stdio.h>

/** A line of a table whose columns are a name, packets and windows. */
void rate_print_line(FILE *f, const struct lw_rate_report *r);

/** An object with its figures. */
void rate_put_json(struct jsonw *w, const struct lw_rate_report *r);

#endif /* CMD_RATE_PRINT_H */
