/* SPDX-License-Identifier: Apache-2.0 */
/* Names in a packet.  The first byte: which link type; the rest is the packet. */
#include "base/assert.h"
#include "base/mem.h"
#include "fuzz.h"

#include <lapwing/names.h>

#include <string.h>

static void on_name(void *ctx, const struct lw_addr *addr, uint8_t ip_version,
                    const char *name)
{
    size_t n = strlen(name);
    unsigned *told = ctx;

    LW_ASSERT(addr != NULL && (ip_version == 4 || ip_version == 6));
    LW_ASSERT(n > 0 && n < LW_NAME_MAX && ++*told <= 64);
    LW_ASSERT(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == n);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    static const uint32_t links[] = {1, 101, 113, 0};
    struct lw_packet pkt = {.time_ns = 1};
    unsigned told = 0;
    uint8_t *own; /* reading past its end is found */

    if (n < 2)
        return;
    own = mem_dup(data + 1, n - 1);
    if (own == NULL)
        return;
    pkt.data = own;
    pkt.captured_bytes = (uint32_t)(n - 1);
    pkt.wire_bytes = pkt.captured_bytes;
    pkt.link_type = links[data[0] % 4];
    lw_packet_names(&pkt, on_name, &told);
    mem_free(own);
}
