/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STACK_MAX = 40, DATA_MAX = 1024, LEAD_MAX = 64, TEXT_MAX = 2048 };

struct endpoint {
    uint8_t addr[16];
    uint16_t port;
};

struct spec {
    const char *text;
    char protocol[16];
    char link[16];
    struct endpoint side[2];
    unsigned ip_version; /* 0: none */
    unsigned number;     /* IP protocol */
    uint16_t vlan[STACK_MAX];
    uint16_t vlan_type[STACK_MAX];
    unsigned n_vlans;
    uint8_t ext[STACK_MAX];
    unsigned n_ext;
    uint8_t flags;
    bool mf;
    bool llc;
    bool pppoe;
    bool snap;
    bool grecsum;
    bool is_cut;
    uint32_t cut_at;
    uint32_t cut_bytes;
    uint8_t data[DATA_MAX];
    size_t n_data;
    uint8_t lead[LEAD_MAX]; /* between the transport header and the payload */
    size_t n_lead;
    const uint8_t *inner; /* (n_inner) the frame behind a bar; NULL: none */
    size_t n_inner;
    size_t n_body; /* what follows the network header */
    /* Every `word=number`, by its place in number_words. */
    uint32_t number_of[48];
    bool has[48];
};

/* ORDER of enum number_word. */
static const char *const number_words[] = {
    "seq",     "ack",    "win",    "urg",      "doff", "type", "code", "id",
    "icmpseq", "spi",    "proto",  "len",      "ttl",  "tos",  "ipid", "frag",
    "iplen",   "udplen", "ipopt",  "op",       "cap",  "wire", "pad",  "ethertype",
    "mpls",    "grekey", "greseq", "greproto", "call", "gtp",  "sum",  "mac",
};

enum number_word {
    N_SEQ,
    N_ACK,
    N_WIN,
    N_URG,
    N_DOFF,
    N_TYPE,
    N_CODE,
    N_ID,
    N_ICMPSEQ,
    N_SPI,
    N_PROTO,
    N_LEN,
    N_TTL,
    N_TOS,
    N_IPID,
    N_FRAG,
    N_IPLEN,
    N_UDPLEN,
    N_IPOPT,
    N_OP,
    N_CAP,
    N_WIRE,
    N_PAD,
    N_ETHERTYPE,
    N_MPLS,
    N_GREKEY,
    N_GRESEQ,
    N_GREPROTO,
    N_CALL,
    N_GTP,
    N_SUM,
    N_MAC,
    N_NUMBER_WORDS
};

static const struct {
    const char *name;
    unsigned number;
    uint32_t header_bytes;
} protocols[] = {
    {"tcp", 6, 20}, {"udp", 17, 8},   {"udplite", 136, 8}, {"sctp", 132, 12},
    {"icmp", 1, 8}, {"icmp6", 58, 8}, {"igmp", 2, 8},      {"esp", 50, 8},
    {"gre", 47, 4}, {"ip", 255, 0},   {"arp", 0, 0},       {"ether", 0, 0},
};

static const struct {
    const char *name;
    uint32_t link_type;
} links[] = {
    {"eth", 1},    {"sll", 113}, {"sll2", 276}, {"raw", 101},
    {"ip4", 228},  {"ip6", 229}, {"null", 0},   {"null-be", 0},
    {"loop", 108}, {"ppp", 9},   {"hdlc", 104},
};

_Noreturn static void bad(const struct spec *s, const char *word)
{
    (void)fprintf(stderr, "frame: \"%s\" is not understood in \"%s\"\n", word, s->text);
    abort();
}

static uint32_t number(const struct spec *s, enum number_word w, uint32_t otherwise)
{
    return s->has[w] ? s->number_of[w] : otherwise;
}

static uint32_t parse_number(const struct spec *s, const char *text)
{
    char *end;
    unsigned long v = strtoul(text, &end, 0);

    if (*end != '\0' || end == text || v > UINT32_MAX)
        bad(s, text);
    return (uint32_t)v;
}

static void parse_address(struct spec *s, unsigned side, const char *text)
{
    struct endpoint *e = &s->side[side];

    if (inet_pton(AF_INET, text, e->addr) == 1)
        s->ip_version = 4;
    else if (inet_pton(AF_INET6, text, e->addr) == 1)
        s->ip_version = 6;
    else
        bad(s, text);
}

/* "10.0.0.1:80", "[fe80::1]:80", or an address alone. */
static void parse_endpoint(struct spec *s, unsigned side, char *word)
{
    char *colon = strrchr(word, ':');

    if (word[0] == '[') {
        if (colon == NULL || colon[-1] != ']')
            bad(s, word);
        colon[-1] = '\0';
        s->side[side].port = (uint16_t)parse_number(s, colon + 1);
        parse_address(s, side, word + 1);
        return;
    }
    if (colon != NULL && strchr(word, ':') == colon) {
        *colon = '\0';
        s->side[side].port = (uint16_t)parse_number(s, colon + 1);
    }
    parse_address(s, side, word);
}

static bool parse_flags(struct spec *s, const char *word)
{
    static const char letters[] = "FSRPAUEC";

    if (strspn(word, letters) != strlen(word))
        return false;
    for (const char *p = word; *p != '\0'; p++)
        s->flags |= (uint8_t)(1U << (strchr(letters, *p) - letters));
    return true;
}

static void parse_extensions(struct spec *s, char *list)
{
    char *item;

    while ((item = strsep(&list, ",")) != NULL) {
        if (s->n_ext == STACK_MAX)
            bad(s, item);
        s->ext[s->n_ext++] = (uint8_t)parse_number(s, item);
    }
}

static void parse_vlan(struct spec *s, const char *value)
{
    if (s->n_vlans == STACK_MAX)
        bad(s, value);
    s->vlan[s->n_vlans++] = (uint16_t)parse_number(s, value);
    if (s->n_vlans < STACK_MAX)
        s->vlan_type[s->n_vlans] = s->vlan_type[s->n_vlans - 1];
}

static void lead_byte(struct spec *s, uint32_t v)
{
    if (s->n_lead == LEAD_MAX)
        bad(s, "too many bytes");
    s->lead[s->n_lead++] = (uint8_t)v;
}

/* `bytes` of a number, the highest first. */
static void lead_number(struct spec *s, uint32_t v, unsigned bytes)
{
    while (bytes-- > 0)
        lead_byte(s, v >> bytes * 8);
}

static void parse_hex(struct spec *s, const char *value)
{
    for (; value[0] != '\0'; value += 2) {
        const char digits[] = {value[0], value[1], '\0'};
        char *end;

        lead_byte(s, (uint32_t)strtoul(digits, &end, 16));
        if (end != digits + 2)
            bad(s, value);
    }
}

static void parse_cut(struct spec *s, char *value)
{
    char *comma = strchr(value, ',');

    if (comma == NULL)
        bad(s, value);
    *comma = '\0';
    s->is_cut = true;
    s->cut_at = parse_number(s, value);
    s->cut_bytes = parse_number(s, comma + 1);
}

static uint8_t parse_hex_digit(const struct spec *s, char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    if (at == NULL)
        bad(s, "hex");
    return (uint8_t)(at - digits);
}

/* One byte, or what stands for one; moves *p behind it. */
static uint8_t parse_byte(const struct spec *s, const char **p)
{
    static const char names[] = "srn";
    static const char bytes[] = " \r\n";
    const char *name;

    if (**p != '\\')
        return (uint8_t) * (*p)++;
    (*p)++;
    if (**p == 'x') {
        uint8_t high = parse_hex_digit(s, (*p)[1]);
        uint8_t low = parse_hex_digit(s, (*p)[2]);

        *p += 3;
        return (uint8_t)(high << 4 | low);
    }
    name = **p == '\0' ? NULL : strchr(names, **p);
    if (name == NULL)
        bad(s, *p);
    (*p)++;
    return (uint8_t)bytes[name - names];
}

static void parse_data(struct spec *s, const char *value)
{
    while (*value != '\0') {
        if (s->n_data == sizeof s->data)
            bad(s, "data");
        s->data[s->n_data++] = parse_byte(s, &value);
    }
}

/* Headers of tunnels over UDP. */
static bool parse_tunnel(struct spec *s, const char *name, const char *value)
{
    if (strcmp(name, "vxlan") == 0) {
        lead_number(s, 0x08000000, 4);
        lead_number(s, parse_number(s, value) << 8, 4);
    } else if (strcmp(name, "geneve") == 0) {
        lead_number(s, 0x00006558, 4);
        lead_number(s, parse_number(s, value) << 8, 4);
    } else if (strcmp(name, "l2tp") == 0) {
        lead_number(s, 0x00020001, 4);
        lead_number(s, parse_number(s, value), 2);
    } else {
        return false;
    }
    return true;
}

static void parse_pair(struct spec *s, const char *name, char *value)
{
    for (unsigned i = 0; i < N_NUMBER_WORDS; i++) {
        if (strcmp(name, number_words[i]) == 0) {
            s->number_of[i] = parse_number(s, value);
            s->has[i] = true;
            return;
        }
    }
    if (strcmp(name, "vlan") == 0)
        parse_vlan(s, value);
    else if (strcmp(name, "vlantype") == 0)
        s->vlan_type[s->n_vlans] = (uint16_t)parse_number(s, value);
    else if (strcmp(name, "ext") == 0)
        parse_extensions(s, value);
    else if (strcmp(name, "data") == 0)
        parse_data(s, value);
    else if (strcmp(name, "link") == 0)
        (void)snprintf(s->link, sizeof s->link, "%s", value);
    else if (strcmp(name, "hex") == 0)
        parse_hex(s, value);
    else if (strcmp(name, "cut") == 0)
        parse_cut(s, value);
    else if (!parse_tunnel(s, name, value))
        bad(s, name);
}

static void parse_word(struct spec *s, char *word)
{
    char *equals = strchr(word, '=');

    if (equals != NULL) {
        *equals = '\0';
        parse_pair(s, word, equals + 1);
    } else if (strcmp(word, "mf") == 0) {
        s->mf = true;
    } else if (strcmp(word, "grecsum") == 0) {
        s->grecsum = true;
    } else if (strcmp(word, "pppoe") == 0) {
        s->pppoe = true;
    } else if (strcmp(word, "llc") == 0) {
        s->llc = true;
    } else if (strcmp(word, "snap") == 0) {
        s->snap = true;
    } else if (!parse_flags(s, word)) {
        bad(s, word);
    }
}

/* Only up to a bar. */
static void parse_spec(struct spec *s, const char *text)
{
    char copy[TEXT_MAX] = "";
    char *rest = copy;
    char *word;
    unsigned n = 0;

    *s = (struct spec){.text = text, .link = "eth", .vlan_type = {0x8100}};
    if (strcspn(text, "|") >= sizeof copy)
        bad(s, "too long");
    memcpy(copy, text, strcspn(text, "|"));
    while ((word = strsep(&rest, " ")) != NULL) {
        if (word[0] == '\0' || strcmp(word, ">") == 0)
            continue;
        if (n == 0)
            (void)snprintf(s->protocol, sizeof s->protocol, "%s", word);
        else if (n <= 2 && strcmp(s->protocol, "ether") != 0)
            parse_endpoint(s, n - 1, word);
        else
            parse_word(s, word);
        n++;
    }
}

/* A place to append bytes to. */
struct out {
    uint8_t *p;
    size_t n;
};

static void put8(struct out *o, uint32_t v)
{
    if (o->n < FRAME_BYTES_MAX)
        o->p[o->n++] = (uint8_t)v;
}

static void put16(struct out *o, uint32_t v)
{
    put8(o, v >> 8);
    put8(o, v);
}

static void put32(struct out *o, uint32_t v)
{
    put16(o, v >> 16);
    put16(o, v);
}

static void put_bytes(struct out *o, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put8(o, ((const uint8_t *)p)[i]);
}

static void put_zeros(struct out *o, size_t n)
{
    while (n-- > 0)
        put8(o, 0);
}

static void put_mac(struct out *o, uint8_t last)
{
    put8(o, 2);
    put_zeros(o, 4);
    put8(o, last);
}

static bool is(const struct spec *s, const char *protocol)
{
    return strcmp(s->protocol, protocol) == 0;
}

static uint32_t payload_bytes(const struct spec *s)
{
    size_t n = s->n_data > 0 ? s->n_data : number(s, N_LEN, 0);

    return (uint32_t)(n + s->n_lead + s->n_inner) + (s->has[N_GTP] ? 8 : 0);
}

static uint32_t transport_header_bytes(const struct spec *s)
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        if (is(s, protocols[i].name))
            return number(s, N_FRAG, 0) > 0 ? 0 : protocols[i].header_bytes;
    }
    bad(s, s->protocol);
}

static unsigned protocol_number(const struct spec *s)
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++) {
        if (is(s, protocols[i].name))
            return number(s, N_PROTO, protocols[i].number);
    }
    bad(s, s->protocol);
}

static uint16_t ether_type(const struct spec *s)
{
    if (is(s, "arp"))
        return 0x0806;
    if (is(s, "ether"))
        return (uint16_t)number(s, N_ETHERTYPE, 0x88b5);
    return s->ip_version == 4 ? 0x0800 : 0x86dd;
}

static uint32_t network_bytes(const struct spec *s)
{
    uint32_t n = (uint32_t)s->n_body;

    if (is(s, "ether"))
        return n;
    if (is(s, "arp"))
        return n + 28;
    return n + (s->ip_version == 4 ? 20 + number(s, N_IPOPT, 0) : 40 + 8 * s->n_ext);
}

/* The EtherType of what comes next, and headers that come between it and IP. */
static void put_type(struct out *o, const struct spec *s)
{
    uint32_t n_labels = number(s, N_MPLS, 0);

    if (s->pppoe) {
        put16(o, 0x8864);
        put32(o, 0x11000007);
        put16(o, 2 + network_bytes(s));
        put16(o, s->ip_version == 4 ? 0x21 : 0x57);
    } else if (n_labels > 0) {
        put16(o, 0x8847);
        for (uint32_t i = 1; i <= n_labels; i++)
            put32(o, i << 12 | (i == n_labels ? 0x100U : 0) | 64);
    } else {
        put16(o, ether_type(s));
    }
}

static void put_vlans_and_type(struct out *o, const struct spec *s)
{
    for (unsigned i = 0; i < s->n_vlans; i++) {
        put16(o, s->vlan_type[i]);
        put16(o, s->vlan[i]);
    }
    if (s->snap) {
        put16(o, 8 + network_bytes(s));
        put_bytes(o, "\xaa\xaa\x03\0\0", 6);
        put16(o, ether_type(s));
    } else if (s->llc) {
        put16(o, 3 + network_bytes(s));
        put_bytes(o, "\x42\x42\x03", 3);
    } else {
        put_type(o, s);
    }
}

static void put_link(struct out *o, const struct spec *s)
{
    const char *l = s->link;

    if (strcmp(l, "eth") == 0) {
        put_mac(o, 2);
        put_mac(o, 1);
        put_vlans_and_type(o, s);
    } else if (strcmp(l, "sll") == 0) {
        put_bytes(o, "\0\0\0\1\0\6", 6);
        put_mac(o, 1);
        put_zeros(o, 2);
        put_vlans_and_type(o, s);
    } else if (strcmp(l, "sll2") == 0) {
        put16(o, s->n_vlans > 0 ? s->vlan_type[0] : ether_type(s));
        put_bytes(o, "\0\0\0\0\0\1\0\1\0\6", 10);
        put_mac(o, 1);
        put_zeros(o, 2);
        for (unsigned i = 0; i < s->n_vlans; i++) {
            put16(o, s->vlan[i]);
            put16(o, i + 1 < s->n_vlans ? s->vlan_type[i + 1] : ether_type(s));
        }
    } else if (strcmp(l, "null") == 0) {
        put_bytes(o, s->ip_version == 4 ? "\2\0\0" : "\36\0\0", 4);
    } else if (strcmp(l, "null-be") == 0 || strcmp(l, "loop") == 0) {
        put32(o, s->ip_version == 4 ? 2 : 24);
    } else if (strcmp(l, "ppp") == 0) {
        put16(o, 0xff03);
        put16(o, s->ip_version == 4 ? 0x21 : 0x57);
    } else if (strcmp(l, "hdlc") == 0) {
        put16(o, 0x0f00);
        put16(o, ether_type(s));
    }
}

static void put_arp(struct out *o, const struct spec *s)
{
    put_bytes(o, "\0\1\x08\0\6\4", 6);
    put16(o, number(s, N_OP, 1));
    put_mac(o, (uint8_t)number(s, N_MAC, 1));
    put_bytes(o, s->side[0].addr, 4);
    put_mac(o, 2);
    put_bytes(o, s->side[1].addr, 4);
}

static void put_ip4(struct out *o, const struct spec *s)
{
    uint32_t options = number(s, N_IPOPT, 0);

    put8(o, 0x45 + options / 4);
    put8(o, number(s, N_TOS, 0));
    put16(o, number(s, N_IPLEN, network_bytes(s)));
    put16(o, number(s, N_IPID, 0));
    put16(o, number(s, N_FRAG, 0) / 8 | (s->mf ? 0x2000U : 0));
    put8(o, number(s, N_TTL, 64));
    put8(o, protocol_number(s));
    put16(o, 0);
    put_bytes(o, s->side[0].addr, 4);
    put_bytes(o, s->side[1].addr, 4);
    for (uint32_t i = 0; i < options; i++)
        put8(o, 1); /* no operation */
}

static void put_ip6(struct out *o, const struct spec *s)
{
    put32(o, 6U << 28 | number(s, N_TOS, 0) << 20);
    put16(o, number(s, N_IPLEN, network_bytes(s) - 40));
    put8(o, s->n_ext > 0 ? s->ext[0] : protocol_number(s));
    put8(o, number(s, N_TTL, 64));
    put_bytes(o, s->side[0].addr, 16);
    put_bytes(o, s->side[1].addr, 16);
    for (unsigned i = 0; i < s->n_ext; i++) {
        put8(o, i + 1 < s->n_ext ? s->ext[i + 1] : protocol_number(s));
        put8(o, 0);
        put16(o, s->ext[i] == 44 ? number(s, N_FRAG, 0) | (s->mf ? 1U : 0) : 0);
        put32(o, s->ext[i] == 44 ? number(s, N_IPID, 0) : 0);
    }
}

static void put_ports(struct out *o, const struct spec *s)
{
    put16(o, s->side[0].port);
    put16(o, s->side[1].port);
}

static void put_tcp(struct out *o, const struct spec *s)
{
    put_ports(o, s);
    put32(o, number(s, N_SEQ, 0));
    put32(o, number(s, N_ACK, 0));
    put8(o, number(s, N_DOFF, 5) << 4);
    put8(o, s->flags);
    put16(o, number(s, N_WIN, 8192));
    put16(o, number(s, N_SUM, 0));
    put16(o, number(s, N_URG, 0));
}

static void put_gre(struct out *o, const struct spec *s)
{
    bool pptp = s->has[N_CALL];

    put16(o, (s->grecsum ? 0x8000U : 0) | (s->has[N_GREKEY] || pptp ? 0x2000U : 0) |
                 (s->has[N_GRESEQ] ? 0x1000U : 0) | pptp);
    put16(o, number(s, N_GREPROTO, pptp ? 0x880b : 0x0800));
    if (s->grecsum)
        put32(o, 0);
    if (pptp)
        put16(o, payload_bytes(s));
    if (pptp)
        put16(o, s->number_of[N_CALL]);
    if (s->has[N_GREKEY])
        put32(o, s->number_of[N_GREKEY]);
    if (s->has[N_GRESEQ])
        put32(o, s->number_of[N_GRESEQ]);
}

static void put_transport(struct out *o, const struct spec *s)
{
    if (transport_header_bytes(s) == 0)
        return;
    if (is(s, "tcp")) {
        put_tcp(o, s);
    } else if (is(s, "udp") || is(s, "udplite")) {
        put_ports(o, s);
        put16(o, number(s, N_UDPLEN, 8 + payload_bytes(s)));
        put16(o, number(s, N_SUM, 0));
    } else if (is(s, "sctp")) {
        put_ports(o, s);
        put_zeros(o, 8);
    } else if (is(s, "esp")) {
        put32(o, number(s, N_SPI, 0));
        put32(o, number(s, N_SEQ, 0));
    } else if (is(s, "gre")) {
        put_gre(o, s);
    } else { /* icmp, icmp6, igmp */
        put8(o, number(s, N_TYPE, is(s, "icmp6") ? 128 : 8));
        put8(o, number(s, N_CODE, 0));
        put16(o, number(s, N_SUM, 0));
        put16(o, number(s, N_ID, 0));
        put16(o, number(s, N_ICMPSEQ, 0));
    }
}

static void put_payload(struct out *o, const struct spec *s)
{
    if (s->has[N_GTP]) {
        put16(o, 0x30ff);
        put16(o, payload_bytes(s) - 8);
        put32(o, s->number_of[N_GTP]);
    }
    put_bytes(o, s->lead, s->n_lead);
    if (s->inner != NULL)
        put_bytes(o, s->inner, s->n_inner);
    if (s->n_data > 0)
        put_bytes(o, s->data, s->n_data);
    else
        put_zeros(o, number(s, N_LEN, 0));
}

/* Make a fragment of a body that is whole. */
static void cut_body(struct spec *s, struct out *body)
{
    if (s->cut_at + s->cut_bytes > body->n)
        bad(s, "cut");
    s->mf = s->cut_at + s->cut_bytes < body->n;
    s->number_of[N_FRAG] = s->cut_at;
    s->has[N_FRAG] = true;
    memmove(body->p, body->p + s->cut_at, s->cut_bytes);
    body->n = s->cut_bytes;
}

/* The frame up to its padding; returns its link type. */
static uint32_t build(struct out *o, struct spec *s)
{
    struct spec inner;
    uint8_t inner_bytes[FRAME_BYTES_MAX];
    uint8_t body_bytes[FRAME_BYTES_MAX];
    struct out in = {inner_bytes, 0};
    struct out body = {body_bytes, 0};
    const char *bar = strchr(s->text, '|');

    if (bar != NULL) {
        parse_spec(&inner, bar + 1);
        (void)build(&in, &inner);
        s->inner = inner_bytes;
        s->n_inner = in.n;
    }
    if (!is(s, "arp"))
        put_transport(&body, s);
    put_payload(&body, s);
    if (s->is_cut)
        cut_body(s, &body);
    s->n_body = body.n;
    put_link(o, s);
    if (is(s, "arp"))
        put_arp(o, s);
    else if (s->ip_version == 4)
        put_ip4(o, s);
    else if (s->ip_version == 6)
        put_ip6(o, s);
    put_bytes(o, body.p, body.n);
    put_zeros(o, number(s, N_PAD, 0));
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        if (strcmp(s->link, links[i].name) == 0)
            return links[i].link_type;
    }
    bad(s, s->link);
}

const struct lw_packet *frame_ns(struct frame *f, int64_t time_ns, const char *text)
{
    struct spec s;
    struct out o = {f->bytes, 0};
    uint32_t link_type;
    uint32_t wire;

    parse_spec(&s, text);
    link_type = build(&o, &s);
    wire = number(&s, N_WIRE, (uint32_t)o.n);
    if (s.has[N_CAP] && s.number_of[N_CAP] < o.n)
        o.n = s.number_of[N_CAP];
    f->pkt = (struct lw_packet){
        .time_ns = time_ns,
        .data = f->bytes,
        .captured_bytes = (uint32_t)o.n,
        .wire_bytes = wire,
        .link_type = link_type,
    };
    return &f->pkt;
}

const struct lw_packet *frame_at(struct frame *f, double time_s, const char *text)
{
    return frame_ns(f, (int64_t)(time_s * 1e9 + 0.5), text);
}

static void image32(struct buf *b, bool big_endian, uint32_t v)
{
    buf_add_le32(b, big_endian ? __builtin_bswap32(v) : v);
}

static void image16(struct buf *b, bool big_endian, uint16_t v)
{
    buf_add_le16(b, big_endian ? __builtin_bswap16(v) : v);
}

void pcap_image_begin(struct buf *b, const struct pcap_style *style)
{
    uint32_t magic = style->nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
    bool big = style->big_endian;

    image32(b, big, style->modified ? 0xa1b2cd34 : magic);
    image16(b, big, 2);
    image16(b, big, style->minor == 0 ? 4 : style->minor);
    image32(b, big, 0);
    image32(b, big, 0);
    image32(b, big, 262144);
    image32(b, big, style->link_type == 0 ? 1 : style->link_type);
}

void pcap_image_add(struct buf *b, const struct pcap_style *style,
                    const struct lw_packet *pkt)
{
    bool big = style->big_endian;
    uint32_t fraction = (uint32_t)(pkt->time_ns % 1000000000);

    image32(b, big, (uint32_t)(pkt->time_ns / 1000000000));
    image32(b, big, style->nanoseconds ? fraction : fraction / 1000);
    image32(b, big, pkt->captured_bytes);
    image32(b, big, pkt->wire_bytes);
    if (style->modified) {
        image32(b, big, 0);
        image32(b, big, 0);
    }
    buf_add(b, pkt->data, pkt->captured_bytes);
}
