/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/state_text.h"

#include <stdio.h>

/* Flags in the order in which ra prints them with -Z b. */
static size_t put_flags(uint8_t flags, char *out)
{
    static const struct {
        uint8_t bit;
        char letter;
    } order[] = {{LW_TCP_FIN, 'F'}, {LW_TCP_SYN, 'S'}, {LW_TCP_RST, 'R'},
                 {LW_TCP_PSH, 'P'}, {LW_TCP_ACK, 'A'}, {LW_TCP_URG, 'U'},
                 {LW_TCP_ECE, 'E'}, {LW_TCP_CWR, 'C'}};
    size_t n = 0;

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if ((flags & order[i].bit) != 0)
            out[n++] = order[i].letter;
    return n;
}

static void tcp_text(struct lw_record *rec)
{
    unsigned from = lw_record_initiator(rec);
    size_t n = put_flags(rec->side[from].tcp_flags, rec->state);

    rec->state[n++] = '_';
    n += put_flags(rec->side[1 - from].tcp_flags, rec->state + n);
    rec->state[n] = '\0';
}

/* ra(1): the names of ICMP types, and of unreachable's codes. */
static const char *icmp_text(const struct lw_record *rec)
{
    static const char *const unreachable[] = {"URN", "URH", "URP", "URP", "URF", "SRC"};
    static const struct {
        uint8_t type;
        const char *name;
    } names[] = {{0, "ECR"},  {4, "SRC"},  {5, "RED"},  {8, "ECO"},  {9, "RTA"},
                 {10, "RTS"}, {11, "TXD"}, {12, "PAR"}, {13, "TST"}, {14, "TSR"},
                 {15, "IRQ"}, {16, "IRR"}, {17, "MAS"}, {18, "MSR"}};

    if (rec->icmp_type == 3)
        return rec->icmp_code < 6     ? unreachable[rec->icmp_code]
               : rec->icmp_code == 13 ? "URFIL"
                                      : "URO";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].type == rec->icmp_type)
            return names[i].name;
    return "UNK";
}

/* RFC 4443 and 4861; ra prints ICMPv6 in the same words where it has them. */
static const char *icmp6_text(const struct lw_record *rec)
{
    static const struct {
        uint8_t type;
        const char *name;
    } names[] = {{1, "UNR"},   {2, "PTB"},   {3, "TXD"},   {4, "PAR"},   {128, "ECO"},
                 {129, "ECR"}, {130, "MHQ"}, {131, "MHR"}, {132, "MHD"}, {133, "RTS"},
                 {134, "RTA"}, {135, "NRS"}, {136, "NRA"}, {137, "RED"}, {143, "MHR"}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].type == rec->icmp_type)
            return names[i].name;
    return "UNK";
}

static const char *plain_text(const struct lw_record *rec, bool both)
{
    if (rec->kind == LW_FLOW_ICMP)
        return icmp_text(rec);
    if (rec->kind == LW_FLOW_ICMP6)
        return icmp6_text(rec);
    return both ? "CON" : "INT";
}

void state_text_fill(struct lw_record *rec, const struct tcp_track *tcp)
{
    const bool heard[2] = {rec->side[0].packets > 0, rec->side[1].packets > 0};
    bool both = heard[0] && heard[1];

    if (rec->kind == LW_FLOW_TCP) {
        rec->conn = tcp_track_conn(tcp, heard);
        rec->dir = tcp_track_dir(tcp, heard);
        tcp_text(rec);
        return;
    }
    rec->conn = LW_CONN_NONE;
    rec->dir = rec->kind == LW_FLOW_ARP ? LW_DIR_WHO
               : both                   ? LW_DIR_BOTH
                                        : LW_DIR_FORWARD;
    (void)snprintf(rec->state, sizeof rec->state, "%s", plain_text(rec, both));
}
