/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/profile_put.h - how the parts of a printed profile look.  NaN is "-". */
#ifndef CMD_PROFILE_PUT_H
#define CMD_PROFILE_PUT_H

#include <stdio.h>

enum { PROFILE_NAME_WIDTH = 26 };

/** A word of the table without bytes that a terminal would obey, in a column of its
 *  width, from the left where that is negative; 0: as long as it is. */
void profile_put_word(FILE *f, const char *word, int width);

/** Four digits. */
void profile_put_digits(FILE *f, int width, double v);
void profile_put_decimals(FILE *f, int width, int decimals, double v);

/** A p-value. */
void profile_put_chance(FILE *f, int width, double p);

void profile_put_title(FILE *f, const char *title);

#endif /* CMD_PROFILE_PUT_H */
