/* SPDX-License-Identifier: Apache-2.0 */
/* flow/proto_name.h - Argus' words for protocols. */
#ifndef FLOW_PROTO_NAME_H
#define FLOW_PROTO_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Static storage. */
const char *proto_name_of_ip(uint8_t protocol);

/** NULL for an EtherType without a word. */
const char *proto_name_of_ether(uint16_t type);

/** And back, whatever the case; false when there is no such word. */
bool proto_of_ip_name(const char *name, size_t n, uint8_t *protocol);
bool proto_of_ether_name(const char *name, size_t n, uint16_t *type);

#endif /* FLOW_PROTO_NAME_H */
