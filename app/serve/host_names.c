/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/host_names.h"

#include "base/mem.h"

#include <lapwing/names.h>

#include <string.h>

void host_names_init(struct host_names *h)
{
    memset(h, 0, sizeof *h);
    key_table_init(&h->addrs);
}

void host_names_release(struct host_names *h)
{
    for (uint32_t i = 0; i < h->addrs.n && h->names != NULL; i++)
        mem_free(h->names[i]);
    mem_free(h->names);
    key_table_release(&h->addrs);
    memset(h, 0, sizeof *h);
}

static void on_name(void *ctx, const struct lw_addr *addr, uint8_t ip_version,
                    const char *name)
{
    struct host_names *h = ctx;
    struct store_addr a = {{ip_version}};
    char **names;
    uint32_t number;
    bool added;

    memcpy(a.bytes + 1, addr->bytes, ip_version == 4 ? 4 : 16);
    if (h->failed || (h->addrs.n >= HOST_NAMES_MAX &&
                      key_table_find(&h->addrs, a.bytes, sizeof a.bytes) == 0))
        return;
    /* Room first: each number has its place. */
    names = mem_grow(h->names, &h->cap, (size_t)h->addrs.n + 1, sizeof *names);
    h->failed = names == NULL;
    if (h->failed)
        return;
    h->names = names;
    number = key_table_number(&h->addrs, a.bytes, sizeof a.bytes, &added);
    if (number != 0 && !added)
        return;
    if (number != 0)
        names[number - 1] = mem_strdup(name);
    h->failed = number == 0 || names[number - 1] == NULL;
}

void host_names_read(struct host_names *h, const struct lw_packet *pkt)
{
    lw_packet_names(pkt, on_name, h);
}

const char *host_names_get(const struct host_names *h, const struct store_addr *a)
{
    uint32_t number = key_table_find(&h->addrs, a->bytes, sizeof a->bytes);

    return number == 0 ? NULL : h->names[number - 1];
}
