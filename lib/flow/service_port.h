/* SPDX-License-Identifier: Apache-2.0 */
/* flow/service_port.h - whether a TCP port is one that servers listen on. */
#ifndef FLOW_SERVICE_PORT_H
#define FLOW_SERVICE_PORT_H

#include <stdbool.h>
#include <stdint.h>

/** A reserved port, or one with a name. */
bool service_port_is_known(uint16_t port);

/** Whether `port` is taken for the server's when neither side is known to have begun:
 * it has a name, and `other` has none or is higher. */
static inline bool service_port_is_server(uint16_t port, uint16_t other)
{
    return service_port_is_known(port) &&
           (!service_port_is_known(other) || port < other);
}

#endif /* FLOW_SERVICE_PORT_H */
