/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/simd.h - one body, compiled for every processor and again for those with AVX2.
 *
 *     SIMD_BODY void add_body(...) { plain loops }
 *     static void add_plain(...) { add_body(...); }
 *     SIMD_AVX2 static void add_avx2(...) { add_body(...); }
 *     void add(...) { (simd_has_avx2() ? add_avx2 : add_plain)(...); }
 *
 * Only the width of the vectors differs: operations are those of IEEE, in the order
 * that the body says, without fused ones, so both give the same bits.
 */
#ifndef BASE_SIMD_H
#define BASE_SIMD_H

#include <stdbool.h>

#define SIMD_BODY static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define SIMD_AVX2 __attribute__((target("avx2")))
static inline bool simd_has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
#define SIMD_AVX2
static inline bool simd_has_avx2(void)
{
    return false;
}
#endif

#endif /* BASE_SIMD_H */
