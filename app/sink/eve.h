/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink/eve.h - findings as JSON lines in the conventions of Suricata's EVE log.
 *
 * An alerted flow gives an `alert` event, then every flow its `flow` event; a program
 * that reads Suricata's log reads ours.  What Suricata has no field for is in the
 * object `lapwing`.  share/eve.schema.json describes every field.
 */
#ifndef SINK_EVE_H
#define SINK_EVE_H

#include "base/buf.h"
#include "sink/sink.h"

extern const struct sink_ops sink_eve;

/** Append the events of a finding to `out`, each a line. */
void eve_format(struct buf *out, const struct lw_classifier *c,
                const struct lw_finding *f);

/** MITRE ATT&CK technique or tactic of a class; NULL: none.  Static storage. */
const char *eve_attack_id(enum lw_verdict_class verdict);

#endif /* SINK_EVE_H */
