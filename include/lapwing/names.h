/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/names.h - what hosts are called, by what a packet says of them.
 *
 * Answers of name servers (DNS, mDNS, LLMNR) say which address a name has: the name that
 * was asked for counts, not what an alias led to.  A TLS client says by which name it
 * calls the server that it connects to.  Anybody can put anything there: a name is what
 * was said, not what is true, and is reported only when it is made of letters, digits,
 * hyphens, underscores and dots.
 *
 * A packet is looked at alone.  What is spread over several is not read: answers that
 * were fragmented or came by TCP, and a TLS client's first message where the name lies
 * behind the end of its first segment.
 */
#ifndef LW_NAMES_H
#define LW_NAMES_H

#include <lapwing/capture.h>
#include <lapwing/record.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LW_NAME_MAX = 253 + 1 };

/** `addr` (IPv4: the first four bytes, version 4; IPv6: version 6) is called `name`, in
 *  lower case and without the last dot.  Borrowed for the call. */
typedef void (*lw_name_fn)(void *ctx, const struct lw_addr *addr, uint8_t ip_version,
                           const char *name);

/** Report the names that a packet gives; at most 64. */
LW_API void lw_packet_names(const struct lw_packet *pkt, lw_name_fn fn, void *ctx);

#ifdef __cplusplus
}
#endif

#endif /* LW_NAMES_H */
