/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/train_botnet.h - `lapwing train --preset botnet`. */
#ifndef CMD_TRAIN_BOTNET_H
#define CMD_TRAIN_BOTNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Learn from groups of files (n) and write `output`.  Returns an exit status. */
int train_botnet(char *const *groups, size_t n, const char *output, uint64_t seed,
                 const char *page, bool json);

#endif /* CMD_TRAIN_BOTNET_H */
