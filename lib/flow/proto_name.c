/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of the Proto column, as ra of Argus 3.0.8.2 prints them: found by giving Argus
 * a packet of each protocol number and of the EtherTypes in use.  Protocol numbers
 * without a word of their own are "unas" (unassigned), EtherTypes are printed as
 * decimal numbers.
 */
#include "proto_name.h"

#include <string.h>
#include <strings.h>

/* By protocol number; the rest is "unas" but for 253. */
static const char *const ip_names[] = {
    "ip",         "icmp",       "igmp",        "ggp",      "ipnip",       "st2",
    "tcp",        "cbt",        "egp",         "igp",      "bbn-rcc",     "nvp",
    "pup",        "argus",      "emcon",       "xnet",     "chaos",       "udp",
    "mux",        "dcn",        "hmp",         "prm",      "xns-idp",     "trunk-1",
    "trunk-2",    "leaf-1",     "leaf-2",      "rdp",      "irtp",        "iso-tp4",
    "netblt",     "mfe-nsp",    "merit-inp",   "sep",      "3pc",         "idpr",
    "xtp",        "ddp",        "idpr-cmtp",   "tp++",     "il",          "ipv6",
    "sdrp",       "ipv6-route", "ipv6-frag",   "idrp",     "rsvp",        "gre",
    "mhrp",       "bna",        "esp",         "ah",       "i-nlsp",      "swipe",
    "narp",       "mobile",     "tlsp",        "skip",     "ipv6-icmp",   "ipv6-no",
    "ipv6-opts",  "any",        "cftp",        "any",      "sat-expak",   "kryptolan",
    "rvd",        "ippc",       "any",         "sat-mon",  "visa",        "ipcv",
    "cpnx",       "cphb",       "wsn",         "pvp",      "br-sat-mon",  "sun-nd",
    "wb-mon",     "wb-expak",   "iso-ip",      "vmtp",     "secure-vmtp", "vines",
    "ttp",        "nsfnet-igp", "dgp",         "tcf",      "eigrp",       "ospf",
    "sprite-rpc", "larp",       "mtp",         "ax.25",    "ipip",        "micp",
    "aes-sp3-d",  "etherip",    "encap",       "pri-enc",  "gmtp",        "ifmp",
    "pnni",       "pim",        "aris",        "scps",     "qnx",         "a/n",
    "ipcomp",     "snp",        "compaq-peer", "ipx-n-ip", "vrrp",        "pgm",
    "zero",       "l2tp",       "ddx",         "iatp",     "stp",         "srp",
    "uti",        "smp",        "sm",          "ptp",      "isis",        "fire",
    "crtp",       "crudp",      "sccopmce",    "iplt",     "sps",         "pipe",
    "sctp",       "fc",         "rsvp"};

struct ether_name {
    uint16_t type;
    const char *name;
};

static const struct ether_name ether_names[] = {
    {0x0600, "idp"},     {0x0801, "x75"},   {0x0804, "chaos"}, {0x0805, "x25"},
    {0x0808, "frarp"},   {0x6002, "decrc"}, {0x6003, "decro"}, {0x6004, "lat"},
    {0x8035, "rarp"},    {0x809b, "atalk"}, {0x80f3, "aarp"},  {0x8137, "ipx/spx"},
    {0x8138, "ipx/spx"}, {0x814c, "snmp"},  {0x8808, "mac"},   {0x8809, "slow"},
    {0x880b, "ppp"},     {0x8863, "pppoe"}, {0x8864, "pppoe"}, {0x888e, "eapol"},
    {0x8892, "prof"},    {0x889a, "hscsi"}, {0x88a2, "aoe"},   {0x88b7, "oui"},
    {0x88b8, "gse"},     {0x88ba, "gse"},   {0x88c7, "rsn"},   {0x88ca, "tipc"},
    {0x88cc, "lldp"},    {0x9000, "loop"},  {0x9003, "3coml"}};

const char *proto_name_of_ip(uint8_t protocol)
{
    if (protocol < sizeof ip_names / sizeof ip_names[0])
        return ip_names[protocol];
    return protocol == 253 ? "ib" : "unas";
}

const char *proto_name_of_ether(uint16_t type)
{
    for (size_t i = 0; i < sizeof ether_names / sizeof ether_names[0]; i++) {
        if (ether_names[i].type == type)
            return ether_names[i].name;
    }
    return NULL;
}

static bool is_word(const char *name, size_t n, const char *word)
{
    return strlen(word) == n && strncasecmp(name, word, n) == 0;
}

bool proto_of_ip_name(const char *name, size_t n, uint8_t *protocol)
{
    for (unsigned i = 0; i < sizeof ip_names / sizeof ip_names[0]; i++) {
        if (is_word(name, n, ip_names[i])) {
            *protocol = (uint8_t)i;
            return true;
        }
    }
    return false;
}

bool proto_of_ether_name(const char *name, size_t n, uint16_t *type)
{
    for (size_t i = 0; i < sizeof ether_names / sizeof ether_names[0]; i++) {
        if (is_word(name, n, ether_names[i].name)) {
            *type = ether_names[i].type;
            return true;
        }
    }
    return false;
}
