/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/hash.h"
#include "base/mem.h"

/* Which allocation fails follows from the input alone: a crash must come again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint64_t before = mem_count();
    uint64_t made;

    fuzz_one(data, n);
    made = mem_count() - before;
    if (made == 0)
        return 0;
    mem_fail_at(1 + hash_bytes(data, n, 1) % made, 0);
    fuzz_one(data, n);
    mem_fail_at(0, 0);
    return 0;
}
