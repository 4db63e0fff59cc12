/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the State column were taken from what Argus 3.0.8.2 prints for a packet of
 * each type and code.  Types and codes: RFC 792, RFC 4443, RFC 4861 and IANA's
 * registries.
 */
#include "icmp.h"

#include <stddef.h>

struct pair {
    uint8_t request;
    uint8_t reply;
};

static const struct pair pairs4[] = {{8, 0}, {13, 14}, {15, 16}, {17, 18}};

/* Echo; listener query and report or done; solicitation and advertisement of routers
 * and of neighbours. */
static const struct pair pairs6[] = {
    {128, 129}, {130, 131}, {130, 132}, {133, 134}, {135, 136}};

static bool find_pair(const struct pair *pairs, size_t n, uint8_t type,
                      uint8_t *request)
{
    for (size_t i = 0; i < n; i++) {
        if (type == pairs[i].request || type == pairs[i].reply) {
            *request = pairs[i].request;
            return true;
        }
    }
    return false;
}

bool icmp_pair(bool v6, uint8_t type, uint8_t *request)
{
    if (v6)
        return find_pair(pairs6, sizeof pairs6 / sizeof pairs6[0], type, request);
    return find_pair(pairs4, sizeof pairs4 / sizeof pairs4[0], type, request);
}

/* corelight/community-id-spec, which has them from Zeek. */
static const uint8_t counterparts4[][2] = {
    {8, 0}, {13, 14}, {15, 16}, {10, 9}, {17, 18}};
static const uint8_t counterparts6[][2] = {{128, 129}, {133, 134}, {135, 136},
                                           {130, 131}, {144, 145}, {139, 140}};

static int find_counterpart(uint8_t type, const uint8_t (*pairs)[2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (pairs[i][0] == type)
            return pairs[i][1];
        if (pairs[i][1] == type)
            return pairs[i][0];
    }
    return -1;
}

int icmp_counterpart(bool v6, uint8_t type)
{
    return v6 ? find_counterpart(type, counterparts6,
                                 sizeof counterparts6 / sizeof counterparts6[0])
              : find_counterpart(type, counterparts4,
                                 sizeof counterparts4 / sizeof counterparts4[0]);
}

/* Messages of ICMP about a packet, which they carry the beginning of. */
bool icmp_quotes(uint8_t type)
{
    enum {
        UNREACHABLE = 3,
        SOURCE_QUENCH = 4,
        REDIRECT = 5,
        TIME = 11,
        PARAMETER = 12
    };

    return type == UNREACHABLE || type == SOURCE_QUENCH || type == REDIRECT ||
           type == TIME || type == PARAMETER;
}

uint32_t icmp_subject(const struct decoded *d)
{
    enum { UNREACHABLE = 3, REDIRECT = 5 };
    enum { CODE_HOST = 1, CODE_PROTOCOL = 2, CODE_PORT = 3 };
    enum { AT_PROTOCOL = 9, AT_DESTINATION = 16, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };
    uint8_t first = 0;
    uint8_t protocol = 0;
    uint32_t address = 0;
    uint16_t port = 0;

    if (d->ip_version != 4 || (d->icmp_type != UNREACHABLE && d->icmp_type != REDIRECT))
        return 0;
    if (d->icmp_type == REDIRECT || d->icmp_code <= CODE_HOST) {
        (void)span_get_be32(d->payload, AT_DESTINATION, &address);
        return __builtin_bswap32(address);
    }
    if (!span_get_u8(d->payload, 0, &first) ||
        !span_get_u8(d->payload, AT_PROTOCOL, &protocol))
        return 0;
    if (d->icmp_code == CODE_PROTOCOL)
        return protocol;
    if (d->icmp_code == CODE_PORT &&
        (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP))
        (void)span_get_be16(d->payload, (first & 0xfU) * 4 + 2, &port);
    return port;
}

bool icmp_quoted(const struct decoded *d, struct decoded *out)
{
    enum { HEADER_MIN = 20, L4_BYTES = 8, PROTOCOL_ICMP = 1 };
    struct span s = d->payload;
    uint32_t header;

    if (d->ip_version != 4 || !icmp_quotes(d->icmp_type) || s.n < HEADER_MIN + L4_BYTES)
        return false;
    header = (span_u8(s, 0) & 0xfU) * 4;
    if (span_u8(s, 0) >> 4 != 4 || header < HEADER_MIN || s.n < header + L4_BYTES)
        return false;
    *out = (struct decoded){.outcome = DECODE_OK,
                            .layer = DECODE_TRANSPORT,
                            .ether_type = 0x0800,
                            .ip_version = 4,
                            .protocol = span_u8(s, 9)};
    (void)span_copy(s, 12, out->addr[0].bytes, 4);
    (void)span_copy(s, 16, out->addr[1].bytes, 4);
    if (out->protocol == PROTOCOL_ICMP) {
        out->icmp_type = span_u8(s, header);
        out->icmp_code = span_u8(s, header + 1);
        out->icmp_id = span_be16(s, header + 4);
        out->icmp_seq = span_be16(s, header + 6);
    } else {
        out->port[0] = span_be16(s, header);
        out->port[1] = span_be16(s, header + 2);
    }
    out->payload = span_from(s, header + L4_BYTES);
    out->payload_bytes = (uint32_t)out->payload.n;
    return true;
}

static const char *const unreachable4[] = {
    "URN",   "URH",    "URO",    "URP",    "URF",    "URS",   "URNU",  "URHU",
    "URISO", "URNPRO", "URHPRO", "URNTOS", "URHTOS", "URFIL", "URPRE", "URCUT"};

static const char *const unreachable6[] = {"URNR", "URAD", "URBS", "URAR",
                                           "URP",  "URSF", "URRR", "URES"};

static const char *const names4[42] = {
    [0] = "ECR",  [1] = "",     [2] = "",     [4] = "SRC",  [5] = "RED",  [6] = "AHA",
    [7] = "",     [8] = "ECO",  [9] = "RTA",  [10] = "RTS", [11] = "TXD", [12] = "PAR",
    [13] = "TST", [14] = "ECR", [15] = "IRQ", [16] = "ECR", [17] = "MAS", [18] = "ECR",
    [19] = "SEC", [30] = "TRC", [31] = "DCE", [37] = "DNQ", [40] = "PHO", [41] = "NRS"};

struct name6 {
    uint8_t type;
    const char *name;
};

static const struct name6 names6[] = {{2, "PTB"},   {3, "TXT"},   {4, "PPH"},
                                      {128, "ECO"}, {130, "MRQ"}, {133, "NRS"},
                                      {135, "NNS"}, {137, "RED"}, {143, "MHR"}};

static const char *name_of4(uint8_t type, uint8_t code)
{
    if (type == 3)
        return code < sizeof unreachable4 / sizeof unreachable4[0] ? unreachable4[code]
                                                                   : "UR";
    if (type < sizeof names4 / sizeof names4[0] && names4[type] != NULL)
        return names4[type];
    return "UNK";
}

static const char *name_of6(uint8_t type, uint8_t code)
{
    uint8_t request = type;

    if (type == 1)
        return code < sizeof unreachable6 / sizeof unreachable6[0] ? unreachable6[code]
                                                                   : "UR";
    (void)icmp_pair(true, type, &request);
    for (size_t i = 0; i < sizeof names6 / sizeof names6[0]; i++) {
        if (names6[i].type == request)
            return names6[i].name;
    }
    return "UNK";
}

const char *icmp_state_name(bool v6, uint8_t type, uint8_t code)
{
    return v6 ? name_of6(type, code) : name_of4(type, code);
}
