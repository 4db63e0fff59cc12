/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/mutate_packets.h - new inputs for the flows target from old ones.
 *
 * A fuzzer that only knows bytes seldom changes one without breaking another: a flag
 * without the checksum, a packet without its length.  These changes know what a packet
 * is, so that the sequences stay ones that reach the connection states, reassembly and
 * tunnels.  Every fifth or so is left to the fuzzer's own changes of a packet's bytes.
 */
#ifndef FUZZ_MUTATE_PACKETS_H
#define FUZZ_MUTATE_PACKETS_H

#include <stddef.h>
#include <stdint.h>

/** Changes `n` bytes in place, to at most `max`; returns how many they are now. */
typedef size_t (*mutate_bytes_fn)(uint8_t *data, size_t n, size_t max);

/** Change the input in place: it has n bytes and room for max.  Returns its new length,
 *  which is n or 0 when max has no room for a head.  The same seed makes the same of
 * it; `bytes` NULL: without changes of mere bytes.  Not for use with threads. */
size_t mutate_packets(uint8_t *data, size_t n, size_t max, unsigned seed,
                      mutate_bytes_fn bytes);

/** Make one of two: the head of the first, packets of both, in the order of either.
 *  Returns the length, at most max. */
size_t mutate_packets_cross(const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
                            uint8_t *out, size_t max, unsigned seed);

#endif /* FUZZ_MUTATE_PACKETS_H */
