/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer's hooks for mutate_packets.h; only its programs have LLVMFuzzerMutate(). */
#include "mutate_packets.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b,
                                 size_t n_b, uint8_t *out, size_t max, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed)
{
    /* Seldom without any idea of what the bytes are. */
    if (seed % 32 == 0)
        return LLVMFuzzerMutate(data, n, max);
    return mutate_packets(data, n, max, seed, LLVMFuzzerMutate);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t n_a, const uint8_t *b,
                                 size_t n_b, uint8_t *out, size_t max, unsigned seed)
{
    return mutate_packets_cross(a, n_a, b, n_b, out, max, seed);
}
