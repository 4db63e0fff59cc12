/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support/fuzz.h - what every fuzz target has.
 *
 * A target is one file in test/fuzz that defines fuzz_one() and one word in
 * test/fuzz/meson.build; one whose inputs say which allocation fails defines
 * LLVMFuzzerTestOneInput() itself.  Its seeds, and the inputs that once broke
 * something, are in test/corpus/<target>; every build replays them as a test.
 */
#ifndef SUPPORT_FUZZ_H
#define SUPPORT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** Try one input.  Is called twice for each: the second time one of the allocations
 *  that the first one made fails (an error must be the outcome, not a crash). */
void fuzz_one(const uint8_t *data, size_t n);

/** libFuzzer's entry; support/fuzz.c has it call fuzz_one(). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif /* SUPPORT_FUZZ_H */
