/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/flow_csv.h"

#include "base/numfmt.h"
#include "base/timefmt.h"
#include "serve/present.h"

#include <math.h>
#include <string.h>

static const char csv_header[] =
    "id,capture,start,duration,protocol,service,state,source,source_port,source_name,"
    "destination,destination_port,destination_name,source_packets,destination_packets,"
    "source_bytes,destination_bytes,class,score,severity,detector,alert,attack_id\n";

static void csv_text(struct buf *out, const char *text)
{
    if (text == NULL)
        text = "";
    if (strpbrk(text, ",\"\r\n") == NULL) {
        buf_add_text(out, text);
    } else {
        buf_add_char(out, '"');
        for (; *text != '\0'; text++) {
            if (*text == '"')
                buf_add_char(out, '"');
            buf_add_char(out, *text);
        }
        buf_add_char(out, '"');
    }
    buf_add_char(out, ',');
}

static void csv_end(struct buf *out, const struct store_flow *f, unsigned side)
{
    char addr[STORE_ADDR_TEXT_MAX];

    (void)store_addr_text(&f->addr[side], addr);
    csv_text(out, addr);
    if (f->port[side] >= 0)
        buf_printf(out, "%d", (int)f->port[side]);
    buf_add_char(out, ',');
    csv_text(out, f->name[side]);
}

void flow_csv_put(struct buf *out, const struct store_flow *f)
{
    char text[TIMEFMT_MAX + NUMFMT_MAX];
    size_t n = timefmt_eve(f->start_ns, text);

    buf_printf(out, "%lld,%lld,", (long long)f->id, (long long)f->capture);
    buf_add(out, text, n - 5);
    buf_add_text(out, "Z,");
    n = numfmt_f64((double)f->duration_ns / (double)NS_PER_S, text);
    buf_add(out, text, n);
    buf_add_char(out, ',');
    csv_text(out, f->proto);
    csv_text(out, f->service);
    csv_text(out, f->state);
    csv_end(out, f, 0);
    csv_end(out, f, 1);
    buf_printf(out, "%llu,%llu,%llu,%llu,", (unsigned long long)f->packets[0],
               (unsigned long long)f->packets[1], (unsigned long long)f->bytes[0],
               (unsigned long long)f->bytes[1]);
    csv_text(out, lw_verdict_name(f->verdict));
    n = numfmt_f32(isnan(f->score) ? 0 : f->score, text);
    buf_add(out, text, n);
    buf_add_char(out, ',');
    csv_text(out, f->severity <= 4 ? severity_names[f->severity] : "");
    csv_text(out, f->detector_name);
    if (f->alert != 0)
        buf_printf(out, "%lld", (long long)f->alert);
    buf_add_char(out, ',');
    /* The last one has no comma after it. */
    buf_add_text(out, f->attack_id == NULL ? "" : f->attack_id);
    buf_add_char(out, '\n');
}

void flow_csv_header(struct buf *out)
{
    buf_add_text(out, csv_header);
}
