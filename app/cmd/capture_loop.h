/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/capture_loop.h - the subcommands that read packets, in one loop.
 *
 * Opens what -r or -i named with the filter of the trailing words, has it metered by so
 * many threads, shows progress, obeys signals (INT and TERM end the reading as if the
 * capture had ended; USR1 prints the counters) and says in the end what was wrong with
 * the traffic.
 *
 *     static const struct opt_group *const groups[] = {&capture_group, &group, NULL};
 *
 *     static int run_flows(char *const *words, size_t n_words)
 *     {
 *         struct capture_job job = {.filter = words, .n_filter = n_words,
 *                                   .run = run, .meter = get_stats, .ctx = &state};
 *         struct capture_report report;
 *         int status = capture_loop(&job, &report);
 *
 *         if (status != STATUS_OK)
 *             return status;
 *         ... flush the meter ...
 *         capture_report_print(&job, &report);
 *     }
 *
 * A command of this kind has CAPTURE_FILTER_WORDS as its max_words.
 */
#ifndef CMD_CAPTURE_LOOP_H
#define CMD_CAPTURE_LOOP_H

#include "cmd/options.h"

#include <lapwing/capture.h>
#include <lapwing/flow.h>

/** -r FILE|DIR|-, -i INTERFACE, --threads. */
extern const struct opt_group capture_group;
#define CAPTURE_SYNOPSIS "-r FILE|DIR|- | -i INTERFACE [FILTER...]"

/** The trailing words of a command that takes a filter: as many as one likes. */
enum { CAPTURE_FILTER_WORDS = 1024, CAPTURE_DAMAGE_MAX = 512 };

struct capture_job {
    char *const *filter; /* (n_filter) words, borrowed */
    size_t n_filter;
    /** Called once the capture is open: the place to open outputs, so that a mistyped
     *  input destroys none.  NULL: nothing to do. */
    enum lw_status (*start)(void *ctx, struct lw_error *err);
    /** lw_meter_run() or the like on the capture.  *run is ready but for its record
     *  function, which is the command's own. */
    enum lw_status (*run)(void *ctx, struct lw_capture *cap, struct lw_run *run,
                          struct lw_error *err);
    /** After each batch, as lw_run_batch_fn.  NULL: nothing to do. */
    lw_run_batch_fn batch;
    /** The counters of the meter that the packets went to. */
    void (*meter)(void *ctx, struct lw_meter_stats *out);
    void *ctx; /* borrowed */
};

struct capture_report {
    struct lw_capture_stats capture;
    int64_t first_ns; /* earliest and latest packet; both 0 when there was none */
    int64_t last_ns;
    bool any;         /* there was a packet */
    bool interrupted; /* INT or TERM ended it */
};

/** What -r or -i named; for messages. */
const char *capture_source_name(void);
/** What -r named; NULL: nothing. */
const char *capture_read_path(void);
/** Is -i given?  (For output that differs, such as verdicts as flows end.) */
bool capture_is_live(void);

/** LW_EINVAL when `path` is the file that -r reads: writing there would destroy it. */
LW_MUST enum lw_status capture_check_output(const char *path, struct lw_error *err);

/** Is exactly one of -r and -i given?  Otherwise a message and STATUS_USAGE. */
int capture_check_input(void);

/** Read everything.  On a failure the message is printed and its exit status returned;
 *  *out is filled in either way. */
int capture_loop(const struct capture_job *job, struct capture_report *out);

/** On standard error: one line on what was wrong with the traffic, nothing when nothing
 *  was, and what capture_report_notes() says.  Asks job->meter for its counters. */
void capture_report_print(const struct capture_job *job,
                          const struct capture_report *report);

/** On standard error: whether the reading was interrupted; with -v the whole account.
 */
void capture_report_notes(const struct capture_job *job,
                          const struct capture_report *report);

/** What was wrong, in one line without line end; "" when nothing was. */
void capture_damage(const struct lw_capture_stats *capture,
                    const struct lw_meter_stats *meter, char out[CAPTURE_DAMAGE_MAX]);

#endif /* CMD_CAPTURE_LOOP_H */
