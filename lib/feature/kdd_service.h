/* SPDX-License-Identifier: Apache-2.0 */
/* feature/kdd_service.h - the data set's names of services. */
#ifndef FEATURE_KDD_SERVICE_H
#define FEATURE_KDD_SERVICE_H

#include <lapwing/record.h>

/** The service name of a flow among the 70 of the data set; static storage. */
const char *kdd_service_name(const struct lw_record *rec);

#endif /* FEATURE_KDD_SERVICE_H */
