/* SPDX-License-Identifier: Apache-2.0 */
/* flow/icmp.h - ICMP and ICMPv6 types: which answer which, and Argus' names. */
#ifndef FLOW_ICMP_H
#define FLOW_ICMP_H

#include "packet/decode.h"

#include <stdbool.h>
#include <stdint.h>

/** Whether a type is half of a question and an answer to Argus, and the question's
 *  type. */
bool icmp_pair(bool v6, uint8_t type, uint8_t *request);

/** The type that answers a type, or that it answers, in Zeek's conn.log and in the
 *  Community ID; -1 for a type that stands alone.  Argus' pairs are others. */
int icmp_counterpart(bool v6, uint8_t type);

/** Whether a message of this type of IPv4 is about a packet, and quotes it. */
bool icmp_quotes(uint8_t type);

/** What an IPv4 "unreachable" or "redirect" is about, by what it quotes: the port or
 * the protocol, or the address that the packet was for, its first byte lowest.  0 for
 * other messages and where it was not captured. */
uint32_t icmp_subject(const struct decoded *d);

/** The packet that an IPv4 message quotes, as far as its flow's key needs it.  False:
 *  there is none, or not enough was captured. */
bool icmp_quoted(const struct decoded *d, struct decoded *out);

/** Argus' State column for a message type ("ECO", "URP", ...); static storage. */
const char *icmp_state_name(bool v6, uint8_t type, uint8_t code);

#endif /* FLOW_ICMP_H */
