/* SPDX-License-Identifier: Apache-2.0 */
/* support/decoded.h - comparing what decoding made of a packet. */
#ifndef SUPPORT_DECODED_H
#define SUPPORT_DECODED_H

#include "packet/decode.h"

/** All that the fast way of decoding sets, field by field, as padding may be anything.
 */
bool decoded_same(const struct decoded *a, const struct decoded *b);

#endif /* SUPPORT_DECODED_H */
