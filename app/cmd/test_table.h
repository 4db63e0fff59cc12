/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/test_table.h - lapwing test with a model of any table. */
#ifndef CMD_TEST_TABLE_H
#define CMD_TEST_TABLE_H

#include <lapwing/tabular.h>

#include <stdbool.h>

struct test_table {
    const char *model_path;
    const char *data;
    const char *name;   /* of the data, for people */
    const char *output; /* where the scored table goes; NULL: it is judged only */
    const char *report; /* NULL: none */
    enum lw_level level;
    bool json;
};

/** Judge a labelled table, or score any; an exit status. */
int test_table(const struct lw_tabular *t, const struct test_table *cfg);

#endif /* CMD_TEST_TABLE_H */
