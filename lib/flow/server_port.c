/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which ports Zeek's base scripts put into `likely_server_ports`: those of the
 * protocols that it analyses.  The list is shorter than the system's services, and its
 * purpose is another: who is the originator of a connection whose start was not seen.
 */
#include "server_port.h"

#include <stddef.h>

static const uint16_t tcp_ports[] = {
    21,   22,   25,   53,   79,   80,   81,   88,   110,  113,  135,  139,  143,
    389,  443,  445,  502,  514,  563,  585,  587,  614,  631,  636,  989,  990,
    992,  993,  995,  1080, 1434, 1883, 2811, 3128, 3268, 3306, 3389, 5222, 5223,
    5269, 5432, 6379, 6666, 6667, 6668, 6669, 8000, 8080, 8888, 20000};

static const uint16_t udp_ports[] = {53,   67,   88,   123,  137,  161,  162,  389,
                                     443,  514,  1812, 2123, 2152, 3389, 3544, 4789,
                                     5060, 5072, 5353, 5355, 6081, 20000};

static bool is_in(const uint16_t *ports, size_t n, uint16_t port)
{
    size_t low = 0;

    while (n > 0) {
        size_t half = n / 2;

        if (ports[low + half] < port) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return ports[low] == port;
}

bool server_port_is(bool tcp, uint16_t port)
{
    /* Nothing follows the highest entry: do not look there. */
    if (port > 20000)
        return false;
    return tcp ? is_in(tcp_ports, sizeof tcp_ports / sizeof tcp_ports[0], port)
               : is_in(udp_ports, sizeof udp_ports / sizeof udp_ports[0], port);
}
