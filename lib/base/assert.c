/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void assert_fail(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "lapwing: bug at %s:%d: %s\n", file, line, what);
    abort();
}
