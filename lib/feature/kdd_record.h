/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_record.h - what the kdd view needs of records that lack something.
 *
 * A binetflow tells frames of both sides together and no payload.  What follows from
 * that all the same is derived here; the rest stays unknown.
 */
#ifndef FEATURE_KDD_RECORD_H
#define FEATURE_KDD_RECORD_H

#include <lapwing/record.h>

/** Bytes above the transport header that a side sent; NaN where they are not known.
 *  Without a payload in the record: none of a side that was not heard; of UDP and ICMP,
 *  what headers leave, where it is known whose packets are whose; none of a TCP side
 *  that was heard from its SYN on and never set PSH. */
float kdd_payload(const struct lw_record *rec, unsigned side);

/** Packets of a side: half of them where they are counted together and both sides were
 *  heard. */
uint64_t kdd_messages(const struct lw_record *rec, unsigned side);

#endif /* FEATURE_KDD_RECORD_H */
