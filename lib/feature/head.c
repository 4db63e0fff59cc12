/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/head.c - entropy with tables instead of logarithms.
 *
 * With c the counts of the different bytes, the entropy is log2 n - (1/n) sum c log2 c.
 * c log2 c is in a table, as a whole number of 2^-20, so the sum is exact whatever the
 * order, and goes up by the difference of two entries, another table, as each byte is
 * counted.
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

/* and how much more it is for c + 1 */
static const int32_t step[LW_HEAD_BYTES] = {
    0,       2097152, 2888709, 3402747, 3784982, 4089588, 4342897, 4559749,
    4749342, 4917775, 5069306, 5207021, 5333232, 5449714, 5557862, 5658788,
    5753398, 5842437, 5926523, 6006179, 6081850, 6153914, 6222701, 6288493,
    6351545, 6412071, 6470270, 6526311, 6580350, 6632525, 6682961, 6731768,
    6779050, 6824899, 6869398, 6912627, 6954654, 6995544, 7035359, 7074152,
    7111975, 7148877, 7184898, 7220082, 7254466, 7288086, 7320975, 7353165,
    7384682, 7415558, 7445816, 7475479, 7504574, 7533118, 7561133, 7588641,
    7615655, 7642197, 7668281, 7693922, 7719136, 7743937, 7768337, 7792351,
};

float head_entropy(const uint8_t *bytes, size_t n)
{
    uint8_t counts[256];
    int32_t sum = 0;

    LW_DEBUG_ASSERT(n <= LW_HEAD_BYTES);
    if (n == 0)
        return NAN;
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < n; i++)
        sum += step[counts[bytes[i]]++];
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
