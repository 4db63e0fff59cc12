/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default is `outer` in every command.  For `flows` it is what Argus prints.  For
 * `features` and `detect` it is what the records were that the public data sets and the
 * bundled models were made from; `both` would put one packet into two connections, and
 * so into the windows that count them.  Whoever sees nothing but a tunnel (a mirror
 * port that sends ERSPAN or VXLAN, a mobile core) asks for `inner`.
 */
#include "cmd/tunnel_option.h"

#include <stddef.h>

static int mode;

static const char *const words[] = {
#define TUNNEL_WORD(name, text) text,
    LW_TUNNEL_MODE_LIST(TUNNEL_WORD)
#undef TUNNEL_WORD
        NULL};

static const struct opt rows[] = {
    {"tunnel", 0, OPT_TO_CHOICE(&mode), .metavar = "LEVEL", .initial = "outer",
     .choices = words,
     .help =
         "count a packet in a tunnel (GRE, VXLAN, IP in IP, GTP and so on) in the "
         "flow of its outermost IP header, in that of the innermost packet that can "
         "be decoded, or in one for each level"},
};

const struct opt_group tunnel_group = {"Tunnels", rows, sizeof rows / sizeof rows[0]};

enum lw_tunnel_mode tunnel_option(void)
{
    return (enum lw_tunnel_mode)mode;
}
