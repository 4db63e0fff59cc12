/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/service_group.h - which services of KDD'99 are alike.
 *
 * Rare services have a handful of training rows, all of one attack as often as not: who
 * learns the service itself learns that whoever speaks to it is a scanner.  What a
 * service is for says as much and holds for the others of its kind.
 */
#ifndef DETECT_SERVICE_GROUP_H
#define DETECT_SERVICE_GROUP_H

#include <lapwing/view.h>

/** Group of every category of a feature that holds services: group (n_categories).
 *  False, leaving `group` alone: the feature holds something else. */
bool service_groups(const struct lw_feature *f, uint8_t *group);

#endif /* DETECT_SERVICE_GROUP_H */
