/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/record_loop.h - the subcommands that take flow records as text where others take
 * packets.
 *
 * The file that -r names is looked into: where it has flow records, the loop hands them
 * on one by one, shows progress, obeys signals, and says in the end what was wrong with
 * the rows.  Otherwise capture_loop() is to read it.
 */
#ifndef CMD_RECORD_LOOP_H
#define CMD_RECORD_LOOP_H

#include "cmd/options.h"

#include <lapwing/flowread.h>

/** --on-bad-row. */
extern const struct opt_group record_group;

/** Open what -r names.  LW_EUNSUPPORTED, without a message to show: it has no flow
 *  records, or nothing is named.  Otherwise as lw_flow_reader_open(). */
LW_MUST enum lw_status record_loop_open(struct lw_flow_reader **out,
                                        struct lw_error *err);

/** Called for each record, which is borrowed.  Other than LW_OK ends the loop. */
typedef enum lw_status (*record_loop_fn)(void *ctx, const struct lw_record *rec,
                                         struct lw_error *err);

/** All of them.  A file that was cut off, INT and TERM end it with LW_OK. */
LW_MUST enum lw_status record_loop(struct lw_flow_reader *r, record_loop_fn fn,
                                   void *ctx, struct lw_error *err);

/** On standard error: which rows could not be read, whether the file was cut off or the
 *  reading interrupted; with -v how many rows there were. */
void record_loop_report(const struct lw_flow_reader *r);

#endif /* CMD_RECORD_LOOP_H */
