/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/train_botnet.h"

#include "cmd/botnet_print.h"
#include "cmd/command.h"
#include "cmd/print_json.h"
#include "cmd/progress.h"

#include <lapwing/botnet.h>

#include <stdio.h>

static void print_people(const struct lw_botnet_report *r, const char *output)
{
    (void)printf("What to expect of a capture that nothing was learnt of, in %%: each "
                 "group left out in turn.\n\n");
    botnet_print_captures(r);
    (void)printf("%s written; the final fit took %.1f s of processor time.\n", output,
                 r->train_seconds);
}

static void put_report(struct jsonw *w, const void *of)
{
    const struct lw_botnet_report *r = of;

    botnet_put_captures(w, r);
    jsonw_put_f64(w, "train_seconds", r->train_seconds);
}

int train_botnet(char *const *groups, size_t n, const char *output, uint64_t seed,
                 bool json)
{
    const struct lw_botnet_config cfg = {.groups = (const char *const *)groups,
                                         .n_groups = n,
                                         .seed = seed,
                                         .progress = progress_show};
    struct lw_botnet_report report;
    struct lw_error err;
    enum lw_status st = lw_botnet_train(output, &cfg, &report, &err);

    progress_clear();
    if (st != LW_OK)
        return command_refused(st, &err);
    if (json)
        return print_json(put_report, &report);
    print_people(&report, output);
    return STATUS_OK;
}
