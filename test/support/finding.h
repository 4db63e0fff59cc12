/* SPDX-License-Identifier: Apache-2.0 */
/* support/finding.h - findings made by hand, for what comes after judging. */
#ifndef SUPPORT_FINDING_H
#define SUPPORT_FINDING_H

#include <lapwing/detect.h>

struct finding {
    struct lw_record rec;
    float values[64];
    struct lw_finding f; /* borrows the two above */
};

/** A closed TCP connection 10.0.0.1:40000 -> 10.0.0.2:80 of 2 and 1 packets from
 *  2020-01-02 03:04:05 on, 1.5 s long; an alert unless `verdict` is normal. */
struct lw_finding *finding_make(struct finding *out, enum lw_verdict_class verdict);

/** Set an IPv4 endpoint (0 the source) from its last two bytes: 10.0.x.y. */
void finding_host(struct finding *out, unsigned side, unsigned host, uint16_t port);

#endif /* SUPPORT_FINDING_H */
