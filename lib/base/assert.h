/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/assert.h - a bug stops the program, in release builds too.
 *
 * LW_ASSERT states what only a bug can break.  It stays on in release outside
 * per-packet code, where LW_DEBUG_ASSERT is for checks that cost time.
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

_Noreturn void assert_fail(const char *what, const char *file, int line);

#define LW_ASSERT(cond) ((cond) ? (void)0 : assert_fail(#cond, __FILE__, __LINE__))

#ifdef NDEBUG
#define LW_DEBUG_ASSERT(cond) ((void)0)
#else
#define LW_DEBUG_ASSERT(cond) LW_ASSERT(cond)
#endif

#endif /* BASE_ASSERT_H */
