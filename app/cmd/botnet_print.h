/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/botnet_print.h - how a model of bots does, capture by capture. */
#ifndef CMD_BOTNET_PRINT_H
#define CMD_BOTNET_PRINT_H

#include "base/jsonw.h"

#include <lapwing/botnet.h>

/** A table beside the rule "TCP, and no reply", in %. */
void botnet_print_captures(const struct lw_botnet_report *r);

/** "threshold", "pooled" and "captures" of an object that is open already. */
void botnet_put_captures(struct jsonw *w, const struct lw_botnet_report *r);

#endif /* CMD_BOTNET_PRINT_H */
