/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void test_assert_near(double a, double b, double tolerance, const char *what,
                      const char *file, int line)
{
    if (fabs(a - b) <= tolerance || (isnan(a) && isnan(b)))
        return;
    print_error("%s is %.9g, not within %g of %.9g\n", what, a, tolerance, b);
    _fail(file, line);
}

const char *test_source_path(const char *relative)
{
    static char path[4096];
    const char *root = getenv("LW_SOURCE_ROOT");

    (void)snprintf(path, sizeof path, "%s/%s", root == NULL ? "." : root, relative);
    return path;
}

int test_skip_all(const char *why)
{
    (void)printf("1..0 # SKIP %s\n", why);
    return 0;
}
