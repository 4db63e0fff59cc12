/* SPDX-License-Identifier: Apache-2.0 */
/* feature/view_table.h - the views as static tables, and names for their columns. */
#ifndef FEATURE_VIEW_TABLE_H
#define FEATURE_VIEW_TABLE_H

#include <lapwing/view.h>

/** Column numbers, from the same rows as the tables. */
enum kdd_column {
#define NUM31(name, ...) KDD_##name,
#define NUM41(name, ...) KDD_##name,
#define CAT31(name, ...) KDD_##name,
#include "feature/kdd.def"
#undef NUM31
#undef NUM41
#undef CAT31
    N_KDD_COLUMNS
};

enum netflow_column {
#define NUM(name, ...) NETFLOW_##name,
#define CAT(name, ...) NETFLOW_##name,
#include "feature/netflow.def"
#undef NUM
#undef CAT
    N_NETFLOW_COLUMNS
};

extern const struct lw_view view_kdd;
extern const struct lw_view view_kdd31;
extern const struct lw_view view_netflow;

#endif /* FEATURE_VIEW_TABLE_H */
