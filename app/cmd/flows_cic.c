/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flows_cic.h"

#include "cmd/command.h"

#include <string.h>

static struct {
    bool compat;
    const char *timezone;
} o;

static const struct opt rows[] = {
    {"cic-compat", 0, OPT_TO_FLAG(&o.compat),
     .help =
         "with --format cic or cic2018: the flows of CICFlowMeter, cut as there (120 "
         "s, or the first FIN) and with its errors, to match a data set made with it; "
         "the timeouts and --tunnel have no effect"},
    {"cic-timezone", 0, OPT_TO_TEXT(&o.timezone), .metavar = "+HH:MM",
     .initial = "+00:00",
     .help = "with --cic-compat: the zone of the times, which say none; -03:00 for "
             "CIC-IDS2017"},
};

const struct opt_group flows_cic_group = {"CICFlowMeter", rows,
                                          sizeof rows / sizeof rows[0]};

bool flows_cic_wanted(void)
{
    return o.compat;
}

static bool is_digits(const char *s, size_t n)
{
    return strspn(s, "0123456789") >= n;
}

/* "+HH:MM" or "-HH:MM". */
static bool parse_timezone(const char *s, int32_t *out_s)
{
    int32_t hours;
    int32_t minutes;

    if ((s[0] != '+' && s[0] != '-') || !is_digits(s + 1, 2) || s[3] != ':' ||
        !is_digits(s + 4, 2) || s[6] != '\0')
        return false;
    hours = (s[1] - '0') * 10 + (s[2] - '0');
    minutes = (s[4] - '0') * 10 + (s[5] - '0');
    if (hours > 14 || minutes > 59)
        return false;
    *out_s = (s[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

int flows_cic_configure(const char *format, struct lw_cic_config *cfg)
{
    if (strcmp(format, "cic") == 0)
        cfg->names = LW_CIC_2017;
    else if (strcmp(format, "cic2018") == 0)
        cfg->names = LW_CIC_2018;
    else
        return command_usage("--cic-compat goes with --format cic or cic2018");
    if (!parse_timezone(o.timezone, &cfg->utc_offset_s))
        return command_usage("--cic-timezone: +HH:MM or -HH:MM, at most 14 hours");
    return STATUS_OK;
}

enum lw_status flows_cic_run(struct lw_cic_meter *m, struct lw_capture *cap,
                             const struct lw_run *run, lw_cic_line_fn fn, void *ctx,
                             struct lw_error *err)
{
    enum { BATCH_PACKETS = 256 };
    struct lw_packet pkts[BATCH_PACKETS];
    struct lw_capture_stats capture;
    struct lw_run_batch batch = {.packets = pkts, .capture = &capture};
    enum lw_status st = LW_OK;

    while (st == LW_OK) {
        st = lw_capture_next_batch(cap, pkts, BATCH_PACKETS, &batch.n_packets, err);
        if (st != LW_OK)
            break;
        for (size_t i = 0; i < batch.n_packets; i++)
            lw_cic_meter_add(m, &pkts[i], fn, ctx);
        lw_capture_get_stats(cap, &capture);
        if (run->batch != NULL)
            st = run->batch(run->batch_ctx, &batch, err);
    }
    return st == LW_END ? LW_OK : st;
}
