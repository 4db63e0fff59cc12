/* SPDX-License-Identifier: Apache-2.0 */
#include "base/recent_set.h"

#include <math.h>

#define UNIT_NS (INT64_C(1000000000) / 4)

/* A full set is taken for one with half a cell left. */
#define HALF_A_CELL 0.5

static int64_t units(int64_t time_ns)
{
    return time_ns / UNIT_NS;
}

/* Steps of splitmix64: hash_bytes() alone spreads numbers in a row unevenly. */
static unsigned cell_of(uint64_t hash)
{
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9ULL;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111ebULL;
    return (unsigned)(hash >> 57);
}

/* A time as a cell keeps it: from 1 on, and what is before the origin at it. */
static uint16_t stamp(const struct recent_set *s, int64_t unit)
{
    int64_t since = unit - s->origin;

    if (since < 1)
        return 1;
    return since > UINT16_MAX ? UINT16_MAX : (uint16_t)since;
}

/* Make `unit` fit into a stamp: what is older than half the range is forgotten. */
static void move_origin(struct recent_set *s, int64_t unit)
{
    int64_t origin = unit - UINT16_MAX / 2;
    int64_t by = origin - s->origin;

    for (unsigned i = 0; i < RECENT_SET_CELLS; i++)
        s->seen[i] = s->seen[i] > by ? (uint16_t)(s->seen[i] - by) : 0;
    s->origin = origin;
}

void recent_set_add(struct recent_set *s, uint64_t hash, int64_t time_ns)
{
    int64_t unit = units(time_ns);
    uint16_t now;

    if (unit - s->origin > UINT16_MAX)
        move_origin(s, unit);
    now = stamp(s, unit);
    if (now > s->seen[cell_of(hash)])
        s->seen[cell_of(hash)] = now;
}

/* The first stamp inside the window. */
static uint16_t window_start(const struct recent_set *s, int64_t time_ns,
                             int64_t window_ns)
{
    return stamp(s, units(time_ns) - window_ns / UNIT_NS);
}

float recent_set_count(const struct recent_set *s, int64_t time_ns, int64_t window_ns)
{
    uint16_t first = window_start(s, time_ns, window_ns);
    unsigned filled = 0;
    double empty;

    /* All stamps are older when the window starts beyond what one can be. */
    if (units(time_ns) - window_ns / UNIT_NS - s->origin > UINT16_MAX)
        return 0;
    for (unsigned i = 0; i < RECENT_SET_CELLS; i++)
        filled += s->seen[i] >= first ? 1 : 0;
    empty =
        filled == RECENT_SET_CELLS ? HALF_A_CELL : (double)(RECENT_SET_CELLS - filled);
    return (float)(-RECENT_SET_CELLS * log(empty / RECENT_SET_CELLS));
}

bool recent_set_has(const struct recent_set *s, uint64_t hash, int64_t time_ns,
                    int64_t window_ns)
{
    if (units(time_ns) - window_ns / UNIT_NS - s->origin > UINT16_MAX)
        return false;
    return s->seen[cell_of(hash)] >= window_start(s, time_ns, window_ns);
}
