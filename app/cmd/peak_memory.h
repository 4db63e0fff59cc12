/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/peak_memory.h - the most memory that this process held for a while. */
#ifndef CMD_PEAK_MEMORY_H
#define CMD_PEAK_MEMORY_H

#include <stdint.h>

/** Resident bytes at most since the last call, 0 where the system does not say; starts
 *  counting anew.  `ctx` is not used. */
uint64_t peak_memory(void *ctx);

#endif /* CMD_PEAK_MEMORY_H */
