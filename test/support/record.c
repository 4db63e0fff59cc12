/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <math.h>

struct lw_record record_of(enum lw_flow_kind kind, uint8_t src, uint8_t dst,
                           uint16_t port)
{
    struct lw_record r = {.flow_id = 1, .kind = kind, .dir = LW_DIR_FORWARD};

    r.ip_version = 4;
    r.has_ports = kind == LW_FLOW_TCP || kind == LW_FLOW_UDP || kind == LW_FLOW_SCTP;
    r.conn = kind == LW_FLOW_TCP ? LW_CONN_SF : LW_CONN_NONE;
    r.addr[0] = (struct lw_addr){{10, 0, 0, src}};
    r.addr[1] = (struct lw_addr){{10, 0, 0, dst}};
    r.port[0] = r.has_ports ? 40000 : 0;
    r.port[1] = r.has_ports ? port : 0;
    r.side[0].packets = 1;
    r.side[1].packets = 1;
    r.side[0].has_ip = true;
    r.side[1].has_ip = true;
    return r;
}

void record_set_time(struct lw_record *r, double start_s, double end_s)
{
    r->start_ns = llround(start_s * 1e9);
    r->end_ns = llround(end_s * 1e9);
}
