/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print_levels FILE... - the addresses of every level of every packet of captures.
 *
 *     file<TAB>PATH
 *     NUMBER<TAB>OUTCOME[<TAB>KIND SOURCE DESTINATION]...
 *
 * OUTCOME is that of decoding the outermost level (0 to 3, enum decode_outcome), then
 * that of the last tunnel.  Levels without IP are left out.  test/parity/tunnels
 * compares the lines with what tshark says.
 */
#include "packet/levels.h"

#include <lapwing/capture.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

static void print_level(const struct decoded *d)
{
    char text[2][INET6_ADDRSTRLEN];

    if (d->ip_version == 0)
        return;
    for (unsigned i = 0; i < 2; i++) {
        if (inet_ntop(d->ip_version == 4 ? AF_INET : AF_INET6, d->addr[i].bytes,
                      text[i], sizeof text[i]) == NULL)
            return;
    }
    printf("\t%s %s %s", lw_tunnel_name((enum lw_tunnel_kind)d->tunnel_kind), text[0],
           text[1]);
}

static void print_packet(uint64_t number, const struct lw_packet *pkt,
                         struct reassembly *r)
{
    struct levels l = {.n = 0};

    if (packet_decode(pkt, &l.at[0]) == DECODE_OK)
        levels_follow(&l, r, pkt->time_ns, true);
    printf("%" PRIu64 "\t%d%d%s", number, l.at[0].outcome, l.end,
           l.too_deep ? "+" : "");
    for (unsigned i = 0; i < l.n; i++)
        print_level(&l.at[i]);
    printf("\n");
}

static void print_capture(const char *path)
{
    struct lw_capture *cap = NULL;
    struct reassembly r;
    struct lw_packet pkt;
    struct lw_error err = {0};
    uint64_t n = 0;

    printf("file\t%s\n", path);
    if (lw_capture_open(&cap, path, NULL, &err) != LW_OK)
        return;
    reassembly_init(&r, 0, 0);
    while (lw_capture_next(cap, &pkt, &err) == LW_OK)
        print_packet(++n, &pkt, &r);
    reassembly_release(&r);
    lw_capture_close(cap);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        print_capture(argv[i]);
    return 0;
}
