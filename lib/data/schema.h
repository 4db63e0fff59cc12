/* SPDX-License-Identifier: Apache-2.0 */
/* data/schema.h - how names of columns that people write are compared. */
#ifndef DATA_SCHEMA_H
#define DATA_SCHEMA_H

#include <lapwing/schema.h>

#include <stdbool.h>

enum { NAME_NONE = -1 };

/** Is it the same name but for case, blanks and punctuation: "Src IP", "src_ip"? */
bool name_is_like(const char *a, const char *b);

/** The one of n names that is meant: the same, or the only one that is like it;
 *  NAME_NONE where there is none or more than one.  `get` gives the i-th. */
int name_find(const char *wanted, const char *(*get)(const void *ctx, size_t i),
              const void *ctx, size_t n);

/** Is the label one of the pattern: "*" at either end stands for anything, and case
 * does not count? */
bool target_matches(const char *word, const char *pattern);

#endif /* DATA_SCHEMA_H */
