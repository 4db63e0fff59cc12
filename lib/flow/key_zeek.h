/* SPDX-License-Identifier: Apache-2.0 */
/* flow/key_zeek.h - what makes two packets the same connection for Zeek. */
#ifndef FLOW_KEY_ZEEK_H
#define FLOW_KEY_ZEEK_H

#include "key.h"

/** Turn a key that flow_key_make() made into the one by Zeek's rules: the name lookups
 *  of a pair of ports are one connection, echoes of a pair of hosts are, and protocols
 *  without ports are told apart by addresses only. */
void flow_key_zeek(const struct decoded *d, struct flow_key *key, unsigned *from);

#endif /* FLOW_KEY_ZEEK_H */
