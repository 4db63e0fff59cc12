/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of names as options have them: words with commas between. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/** Whether one of the list's words is exactly the n characters at `name`. */
bool names_have(const char *list, const char *name, size_t n);

#endif /* BASE_NAMES_H */
