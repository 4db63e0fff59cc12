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

#endif /* SUPPORT_TEST_H */
