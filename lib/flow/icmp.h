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

/** The destination port of the datagram that an IPv4 "port unreachable" quotes; 0 for
 *  other messages and where it was not captured. */
uint16_t icmp_quoted_port(const struct decoded *d);

/** Argus' State column for a message type ("ECO", "URP", ...); static storage. */
const char *icmp_state_name(bool v6, uint8_t type, uint8_t code);

#endif /* FLOW_ICMP_H */
