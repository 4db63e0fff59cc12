/* SPDX-License-Identifier: Apache-2.0 */
/* flow/proto_name.h - Argus' words for protocols. */
#ifndef FLOW_PROTO_NAME_H
#define FLOW_PROTO_NAME_H

#include <stdint.h>

/** Static storage. */
const char *proto_name_of_ip(uint8_t protocol);

/** NULL for an EtherType without a word. */
const char *proto_name_of_ether(uint16_t type);

#endif /* FLOW_PROTO_NAME_H */
