/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that people take for captures, so that the refusal can say what they have.
 * Magic numbers from Wireshark's wiretap readers and from file(1).
 */
#include "capture_priv.h"

struct known {
    const char *magic;
    size_t n;
    const char *what;
};

#define EDITCAP ", which `editcap -F pcap IN OUT` converts"

static const struct known table[] = {
    {"snoop\0\0\0", 8, "a snoop capture (RFC 1761)" EDITCAP},
    {"RTSS", 4, "a Microsoft Network Monitor 1 capture" EDITCAP},
    {"GMBU", 4, "a Microsoft Network Monitor 2 capture" EDITCAP},
    {"TRSNIFF data    \x1a", 17, "a Sniffer capture" EDITCAP},
    {"XCP\0", 4, "a NetXRay capture" EDITCAP},
    {"ObserverPktBufferVersio", 23, "a Network Instruments Observer capture" EDITCAP},
    {"\x7fver", 4, "an OmniPeek capture" EDITCAP},
    {"iptrace ", 8, "an AIX iptrace capture" EDITCAP},
    {"LOGG", 4, "a Vector BLF log" EDITCAP},
    {"\x1c\x00\x01\xac", 4, "an IxVeriWave or IXIA capture" EDITCAP},
    {"\xac\x01\x00\x1c", 4, "an IxVeriWave or IXIA capture" EDITCAP},
    {"\xab\x01\x00\x1c", 4, "an IxVeriWave or IXIA capture" EDITCAP},
    {"\x13\xa1\xb2\xc3", 4, "a wrapped pcap-like file"},
    {"\x0c\xa5", 2, "an nfdump flow file: flows, not packets"},
    {"PK\x03\x04", 4, "a zip archive; unpack it first"},
    {"BZh", 3, "compressed with bzip2; unpack it first"},
    {"7z\xbc\xaf\x27\x1c", 6, "a 7-Zip archive; unpack it first"},
    {"\x7f"
     "ELF",
     4, "a program"},
    {"#separator", 10, "a Zeek log: connections, not packets"},
    {"StartTime,", 10, "a binetflow file: flows, not packets"},
};

const char *capture_known(struct span head)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (span_begins(head, table[i].magic, table[i].n))
            return table[i].what;
    }
    return NULL;
}
