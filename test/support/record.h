/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support/record.h - flow records for tests, without packets.
 *
 *     struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);
 *
 * is a record of host 10.0.0.1 with host 10.0.0.2, port 80, from source port 40000, at
 * time 0, connection state SF.  Tests set what they are about.
 */
#ifndef SUPPORT_RECORD_H
#define SUPPORT_RECORD_H

#include <lapwing/record.h>

struct lw_record record_of(enum lw_flow_kind kind, uint8_t src, uint8_t dst,
                           uint16_t port);
/** From `start_s` to `end_s`. */
void record_set_time(struct lw_record *r, double start_s, double end_s);

#endif /* SUPPORT_RECORD_H */
