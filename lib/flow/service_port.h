/* SPDX-License-Identifier: Apache-2.0 */
/* flow/service_port.h - whether a TCP port is one that servers listen on. */
#ifndef FLOW_SERVICE_PORT_H
#define FLOW_SERVICE_PORT_H

#include <stdbool.h>
#include <stdint.h>

/** A reserved port, or one with a name. */
bool service_port_is_known(uint16_t port);

#endif /* FLOW_SERVICE_PORT_H */
