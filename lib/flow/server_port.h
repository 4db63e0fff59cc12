/* SPDX-License-Identifier: Apache-2.0 */
/* flow/server_port.h - ports that Zeek takes for a server's. */
#ifndef FLOW_SERVER_PORT_H
#define FLOW_SERVER_PORT_H

#include <stdbool.h>
#include <stdint.h>

/** Whether the port is in the `likely_server_ports` of Zeek with its base scripts; of
 *  TCP or of UDP. */
bool server_port_is(bool tcp, uint16_t port);

#endif /* FLOW_SERVER_PORT_H */
