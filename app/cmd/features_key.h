/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/features_key.h - what stands beside the features of a row: which flow it is, and
 * its label. */
#ifndef CMD_FEATURES_KEY_H
#define CMD_FEATURES_KEY_H

#include <lapwing/record.h>

/** Names and values of the columns in front, each ended by a comma, at `out`, which has
 *  room for FEATURES_KEY_MAX.  Return the length. */
enum { FEATURES_KEY_MAX = 256 };
size_t features_key_header(char *out);
size_t features_key(const struct lw_record *rec, char *out);

/** Put a label behind a line of `n` bytes that ends with a line feed, with 1,024 bytes
 *  of room: in quotes where it needs them.  Returns the length. */
size_t features_put_label(char *line, size_t n, const char *label);

#endif /* CMD_FEATURES_KEY_H */
