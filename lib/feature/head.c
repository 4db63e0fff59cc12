/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/head.c - entropy with a table instead of logarithms.
 *
 * With c the counts of the different bytes, the entropy is log2 n - (1/n) sum c log2 c.
 * c log2 c is in a table, as a whole number of 2^-20, so the sum is exact whatever the
 * order, and goes up by a difference as each byte is counted.
 */
#include "feature/head.h"

#include "base/assert.h"

#include <lapwing/flow_stats.h>

#include <math.h>
#include <string.h>

#define TABLE_ONE (1 << 20)

/* round(c log2(c) 2^20) for c from 0 on */
static const int32_t c_log2_c[LW_HEAD_BYTES + 1] = {
    0,         0,         2097152,   4985861,   8388608,   12173590,  16263178,
    20606075,  25165824,  29915166,  34832941,  39902247,  45109268,  50442500,
    55892214,  61450076,  67108864,  72862262,  78704699,  84631222,  90637401,
    96719251,  102873165, 109095866, 115384359, 121735904, 128147975, 134618245,
    141144556, 147724906, 154357431, 161040392, 167772160, 174551210, 181376109,
    188245507, 195158134, 202112788, 209108332, 216143691, 223217843, 230329818,
    237478695, 244663593, 251883675, 259138141, 266426227, 273747202, 281100367,
    288485049, 295900607, 303346423, 310821902, 318326476, 325859594, 333420727,
    341009368, 348625023, 356267220, 363935501, 371629423, 379348559, 387092496,
    394860833, 402653184,
};

float head_entropy(const uint8_t *bytes, size_t n)
{
    uint8_t counts[256];
    int32_t sum = 0;

    LW_DEBUG_ASSERT(n <= LW_HEAD_BYTES);
    if (n == 0)
        return NAN;
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < n; i++) {
        uint8_t c = counts[bytes[i]]++;

        sum += c_log2_c[c + 1] - c_log2_c[c];
    }
    return (float)((double)(c_log2_c[n] - sum) / ((double)n * TABLE_ONE));
}

static unsigned is_text(uint8_t c)
{
    return (unsigned)(c >= 0x20 && c <= 0x7e) | (unsigned)(c >= 0x09 && c <= 0x0d);
}

float head_printable(const uint8_t *bytes, size_t n)
{
    unsigned text = 0;

    if (n == 0)
        return NAN;
    for (size_t i = 0; i < n; i++)
        text += is_text(bytes[i]);
    return (float)text / (float)n;
}
