/* SPDX-License-Identifier: Apache-2.0 */
/* feature/kdd_service.h - the service of a flow, as the kdd view sees it. */
#ifndef FEATURE_KDD_SERVICE_H
#define FEATURE_KDD_SERVICE_H

#include "feature/kdd_names.h"

#include <lapwing/record.h>

#include <stdint.h>

struct kdd_service_id {
    enum kdd_service code;
    uint32_t key; /* equal for two flows of the same service */
};

/** The service of a TCP, UDP, ICMP or ICMPv6 flow. */
struct kdd_service_id kdd_service_of(const struct lw_record *rec);

#endif /* FEATURE_KDD_SERVICE_H */
