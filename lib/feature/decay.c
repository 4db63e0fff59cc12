/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/decay.h"

const float decay_half_lives_s[DECAY_N] = {1.0F, 10.0F, 60.0F, 600.0F};
const float decay_per_ns[DECAY_N] = {1e-9F, 1e-10F, 1e-9F / 60.0F, 1e-9F / 600.0F};
