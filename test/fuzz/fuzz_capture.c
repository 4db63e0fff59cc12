/* SPDX-License-Identifier: Apache-2.0 */
/* Capture files of any kind, compressed or not, through decoding; every other input
 * also through a filter. */
#include "base/assert.h"
#include "fuzz.h"
#include "packet/decode.h"

#include <lapwing/capture.h>

/* Touch every byte that a packet is said to have. */
static size_t sum(const uint8_t *p, size_t n)
{
    size_t s = 0;

    for (size_t i = 0; i < n; i++)
        s += p[i];
    return s;
}

void fuzz_one(const uint8_t *data, size_t n)
{
    struct lw_capture_config cfg = {.filter = n % 2 == 0 ? NULL : "tcp or vlan"};
    struct lw_capture *cap = NULL;
    struct lw_capture_stats stats;
    struct lw_packet pkt;
    struct decoded d;
    struct lw_error err;
    uint64_t passed = 0;

    if (lw_capture_open_memory(&cap, data, n, &cfg, &err) != LW_OK)
        return;
    while (lw_capture_next(cap, &pkt, &err) == LW_OK) {
        LW_ASSERT(pkt.time_ns >= 0 && pkt.time_ns <= LW_TIME_MAX_NS);
        LW_ASSERT(pkt.captured_bytes <= pkt.wire_bytes);
        LW_ASSERT(sum(pkt.data, pkt.captured_bytes) <= (size_t)255 * pkt.wire_bytes);
        (void)packet_decode(&pkt, &d);
        passed++;
    }
    lw_capture_get_stats(cap, &stats);
    LW_ASSERT(stats.seen == passed + stats.filtered);
    lw_capture_close(cap);
}
