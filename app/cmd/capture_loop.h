/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/capture_loop.h - the subcommands that read packets, in one loop.
 *
 * Opens what -r or -i named with the filter of the trailing words, hands over every
 * packet, shows progress, obeys signals (INT and TERM end the reading as if the capture
 * had ended; USR1 prints the counters) and says in the end what was wrong with the
 * traffic.
 *
 *     static const struct opt_group *const groups[] = {&capture_group, &group, NULL};
 *
 *     static int run_flows(char *const *words, size_t n_words)
 *     {
 *         struct capture_job job = {.filter = words, .n_filter = n_words,
 *                                   .packet = add, .meter = get_stats, .ctx = &state};
 *         struct capture_report report;
 *         int status = capture_loop(&job, &report);
 *
 *         if (status != STATUS_OK)
 *             return status;
 *         ... flush the meter ...
 *         get_stats(&state, &report.meter);
 *         capture_report_print(stderr, &report);
 *     }
 */
#ifndef CMD_CAPTURE_LOOP_H
#define CMD_CAPTURE_LOOP_H

#include "cmd/options.h"

#include <lapwing/capture.h>
#include <lapwing/flow.h>

#include <stdio.h>

/** -r FILE|DIR|- and -i INTERFACE. */
extern const struct opt_group capture_group;

/** The trailing words of a command that takes a filter: as many as one likes. */
enum { CAPTURE_FILTER_WORDS = 1024 };

/** A packet, or a pause (data NULL) on a live interface; borrowed for the call. */
typedef enum lw_status (*capture_packet_fn)(void *ctx, const struct lw_packet *pkt,
                                            struct lw_error *err);
/** The counters of the meter that the packets went to. */
typedef void (*capture_meter_fn)(void *ctx, struct lw_meter_stats *out);

struct capture_job {
    char *const *filter; /* (n_filter) words, borrowed */
    size_t n_filter;
    capture_packet_fn packet;
    capture_meter_fn meter;
    void *ctx; /* borrowed */
};

struct capture_report {
    struct lw_capture_stats capture;
    struct lw_meter_stats meter;
    const char *source; /* what -r or -i said; borrowed */
    bool live;
    int64_t first_ns; /* time of the first and last packet; 0 when there was none */
    int64_t last_ns;
};

/** Is -i given?  (For output that differs, such as verdicts as flows end.) */
bool capture_is_live(void);

/** Read everything.  On a failure the message is printed and its exit status returned;
 *  *out is filled in either way. */
int capture_loop(const struct capture_job *job, struct capture_report *out);

/** One line on what was wrong with the traffic, nothing when nothing was; with -v the
 *  whole account. */
void capture_report_print(FILE *f, const struct capture_report *report);

/** What was wrong in one line without line end; "" when nothing was. */
void capture_report_damage(const struct capture_report *report, char out[512]);

#endif /* CMD_CAPTURE_LOOP_H */
