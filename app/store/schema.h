/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/schema.h - the tables, version by version.
 *
 * A database holds its version in user_version.  A new one takes the steps of all
 * versions, one after the other: so a migrated database and a new one are the same.
 * Steps that were released are never changed.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db.h"

struct schema_step {
    int version; /* that it is part of, from 1 */
    const char *sql;
};

struct schema {
    const char *what;                /* for messages */
    int32_t application;             /* application_id: whose file it is */
    const struct schema_step *steps; /* (n_steps) in the order of versions */
    size_t n_steps;
    int version; /* the present one */
};

extern const struct schema schema_main;  /* lapwing.db */
extern const struct schema schema_flows; /* flows/N.db */

/** The version of a database; 0: it is empty.  LW_EFORMAT: of another program. */
LW_MUST enum lw_status schema_version(const struct schema *schema, struct db *d,
                                      int *version, struct lw_error *err);
/** Bring a database to version `to` (-1: the present one), one transaction a step.
 *  LW_EUNSUPPORTED: it is newer than that. */
LW_MUST enum lw_status schema_migrate(const struct schema *schema, struct db *d, int to,
                                      struct lw_error *err);

/* The indexes of a flow file, made after its rows (flow_load.c). */
extern const char *const schema_flow_indexes[]; /* ended by NULL */

#endif /* STORE_SCHEMA_H */
