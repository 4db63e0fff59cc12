/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/rate_print.h"

#include "base/timefmt.h"
#include "cmd/text.h"

#include <math.h>

void rate_print_line(FILE *f, const struct lw_rate_report *r)
{
    char n[3][TEXT_MAX];

    if (isnan(r->limit)) {
        (void)fprintf(f, "  %-26s too short to say (needed are %d windows of 10 s)\n",
                      "packet rate, box plot", LW_RATE_LEAST_WINDOWS);
        return;
    }
    (void)fprintf(f, "  %-26s %12s  %8s   %s of %s, above %s packets\n",
                  "packet rate, box plot", "", "", text_count(r->n_alarmed, n[0]),
                  text_count(r->n_windows, n[1]),
                  text_count((uint64_t)(r->limit > 0 ? r->limit : 0), n[2]));
}

void rate_put_json(struct jsonw *w, const struct lw_rate_report *r)
{
    char time[TIMEFMT_MAX];

    jsonw_object(w);
    jsonw_put_u64(w, "windows", r->n_windows);
    jsonw_put_u64(w, "alarmed", r->n_alarmed);
    if (!isnan(r->limit))
        jsonw_put_f64(w, "limit", r->limit);
    jsonw_put_u64(w, "most", r->most);
    (void)timefmt_eve(r->most_ns, time);
    jsonw_put_text(w, "most_at", time);
    jsonw_object_end(w);
}
