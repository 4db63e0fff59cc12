/* SPDX-License-Identifier: Apache-2.0 */
/* support/test.h - cmocka with the headers it silently needs, in their order. */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/** Fail unless |a - b| <= tolerance; prints both values. */
#define assert_near(a, b, tolerance)                                                   \
    test_assert_near((double)(a), (double)(b), (double)(tolerance), #a, __FILE__,      \
                     __LINE__)

void test_assert_near(double a, double b, double tolerance, const char *what,
                      const char *file, int line);

/** A path below the source tree; static storage, overwritten by the next call. */
const char *test_source_path(const char *relative);

/** For a main() whose tests all need what is not there: says so in TAP and returns the
 *  exit status.  (cmocka's skip() prints "not ok", which counts as a failure.) */
int test_skip_all(const char *why);

#endif /* SUPPORT_TEST_H */
