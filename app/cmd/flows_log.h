/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/flows_log.h - what `lapwing flows` writes: format, fields, labels, file.
 *
 *     flows_log_new()      the options are right, or a usage error
 *     flows_log_open()     the capture is open: so may be the output
 *     flows_log_record()   an lw_record_fn; any thread, one at a time
 *     flows_log_check()    now and then: can it still be written?
 *     flows_log_close()    the end, and the file in its place
 */
#ifndef CMD_FLOWS_LOG_H
#define CMD_FLOWS_LOG_H

#include "cmd/options.h"

#include <lapwing/record.h>

#include <stdbool.h>
#include <stddef.h>

/** -w, --format, --fields, --no-header, --label, --community-id-seed. */
extern const struct opt_group flows_log_group;

/** --describe: the formats and their fields, instead of records. */
extern const struct opt_group flows_describe_group;
bool flows_log_wants_reference(void);
/** Print them; returns an exit status, after its message. */
int flows_log_print_reference(void);

/** The format that was chosen. */
const char *flows_log_format(void);
/** The label, "" when there is none; borrowed. */
const char *flows_log_label(void);

struct flows_log;       /* opaque */
struct lw_meter_config; /* lapwing/flow.h */

/** The caller owns *out.  Returns an exit status, after its message. */
int flows_log_new(struct flows_log **out);

/** Have the meter keep what the chosen format and fields need. */
void flows_log_configure(const struct flows_log *log, struct lw_meter_config *cfg);

/** Open the output and write the header.  LW_EIO, LW_EINVAL. */
LW_MUST enum lw_status flows_log_open(struct flows_log *log, struct lw_error *err);

/** Write a record; `ctx` is the struct flows_log.  Live, it goes out at once. */
void flows_log_record(void *ctx, const struct lw_record *rec);

/** Use the log for lines that are made elsewhere, with that header (borrowed): before
 * it is opened.  LW_EINVAL: fields were chosen. */
LW_MUST enum lw_status flows_log_take_lines(struct flows_log *log, const char *header,
                                            struct lw_error *err);

/** Write such a line, with its line end; `ctx` is the struct flows_log. */
void flows_log_line(void *ctx, const char *line, size_t n);

/** Whether all is well.  A reader of our standard output that has read enough is no
 *  failure: the loop notices it and ends the capture. */
LW_MUST enum lw_status flows_log_check(struct flows_log *log, struct lw_error *err);

/** Write the rest and put the file in its place; with -v say what was written.
 *  Returns an exit status, after its message. */
int flows_log_close(struct flows_log *log);

/** A file that was not closed leaves no trace.  NULL is fine. */
void flows_log_free(struct flows_log *log);

#endif /* CMD_FLOWS_LOG_H */
