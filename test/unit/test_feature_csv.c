/* SPDX-License-Identifier: Apache-2.0 */
/* Packets to CSV: what `lapwing features` prints of a handful of flows, to the byte. */
#include "base/buf.h"
#include "frame.h"
#include "test.h"

#include <lapwing/flow.h>
#include <lapwing/view.h>

#include <string.h>

/* A web page, a name, a ping, and three ports that are tried: closed, silent, open and
 * then reset. */
static const struct {
    double time_s;
    const char *text;
} packets[] = {
    {1.0, "udp 10.0.0.1:5353 > 10.0.0.9:53 len=30"},
    {1.1, "udp 10.0.0.9:53 > 10.0.0.1:5353 len=90"},
    {2.0, "tcp 10.0.0.1:4000 > 10.0.0.2:80 S seq=1"},
    {2.1, "tcp 10.0.0.2:80 > 10.0.0.1:4000 SA seq=1 ack=2"},
    {2.2, "tcp 10.0.0.1:4000 > 10.0.0.2:80 PA seq=2 ack=2 len=100"},
    {3.2, "tcp 10.0.0.2:80 > 10.0.0.1:4000 PA seq=2 ack=102 len=1000"},
    {3.3, "tcp 10.0.0.1:4000 > 10.0.0.2:80 FA seq=102 ack=1002"},
    {3.4, "tcp 10.0.0.2:80 > 10.0.0.1:4000 FA seq=1002 ack=103"},
    {3.5, "tcp 10.0.0.1:4000 > 10.0.0.2:80 A seq=103 ack=1003"},
    {5.0, "icmp 10.0.0.1 > 10.0.0.2 type=8 id=7 icmpseq=1 len=56"},
    {5.1, "icmp 10.0.0.2 > 10.0.0.1 type=0 id=7 icmpseq=1 len=56"},
    {6.0, "tcp 10.0.0.3:5000 > 10.0.0.2:21 S seq=1"},
    {6.1, "tcp 10.0.0.2:21 > 10.0.0.3:5000 RA seq=0 ack=2"},
    {6.2, "tcp 10.0.0.3:5000 > 10.0.0.2:1234 S seq=1"},
    {6.3, "tcp 10.0.0.3:5000 > 10.0.0.2:80 S seq=1"},
    {6.4, "tcp 10.0.0.2:80 > 10.0.0.3:5000 SA seq=1 ack=2"},
    {6.5, "tcp 10.0.0.3:5000 > 10.0.0.2:80 R seq=2"},
    {6.6, "arp 10.0.0.3 > 10.0.0.2"},
};

struct run {
    const struct lw_view *view;
    struct lw_meter *meter;
    struct lw_extractor *extractor;
    struct buf text;
};

static void on_row(void *ctx, const struct lw_row *row)
{
    struct run *r = ctx;
    char line[4096];

    assert_in_range(lw_view_csv_row(r->view, row->values, line, sizeof line), 1,
                    sizeof line - 1);
    buf_add_text(&r->text, line);
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct run *r = ctx;

    assert_int_equal(
        lw_extractor_add(r->extractor, rec, lw_meter_watermark_ns(r->meter), on_row, r),
        LW_OK);
}

static void assert_rows(const char *view, const char *expected)
{
    static struct frame f;
    struct run r = {.view = lw_view_get(view)};
    struct lw_meter_config cfg = {0};
    struct lw_error err;

    buf_init(&r.text);
    lw_view_meter_needs(r.view, &cfg);
    assert_int_equal(lw_meter_new(&r.meter, &cfg, &err), LW_OK);
    assert_int_equal(lw_extractor_new(&r.extractor, r.view, NULL, &err), LW_OK);
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++)
        (void)lw_meter_add(r.meter, frame_at(&f, packets[i].time_s, packets[i].text),
                           on_record, &r);
    lw_meter_flush(r.meter, on_record, &r);
    lw_extractor_flush(r.extractor, on_row, &r);
    assert_string_equal(buf_text(&r.text), expected);
    lw_extractor_free(r.extractor);
    lw_meter_free(r.meter);
    buf_release(&r.text);
}

/* Of the last row: its two seconds begin at 4.5 s and have the ping and the three
 * probes; its host window has the page, too, which is the same service.  The page is
 * a thousand zeros, which is no protocol: its content is not known. */
static void kdd_rows_are_as_expected(void **state)
{
    (void)state;
    assert_rows("kdd", "0,udp,domain_u,SF,30,90,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,0,"
                       "0,0,0,1,0,0,1,1,1,0,1,0,0,0,0,0\n"
                       "1,tcp,http,SF,100,1000,0,0,0,,,,,,,,,,,,,,1,1,0,0,0,0,1,0,0,1,"
                       "1,1,0,1,0,0,0,0,0\n"
                       "0,icmp,eco_i,SF,64,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,1,0,0,0,"
                       "0,0.5,1,0,2,1,0.5,1,0.5,0,0,0,0,0\n"
                       "0,icmp,ecr_i,SF,64,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,0,0,0,"
                       "0,1,0,0,1,1,1,0,1,0,0,0,0,0\n"
                       "0,tcp,ftp,REJ,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,1,0,0,0.5,"
                       "1,0.5,1,0,3,1,0.33,1,0.33,0,0,0,0.33,1\n"
                       "0,tcp,other,S0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,3,1,0.33,1,"
                       "0.33,0,0.33,1,0,4,1,0.25,1,0.5,0,0.25,1,0.25,0\n"
                       "0,tcp,http,RSTO,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,4,1,0.25,0,"
                       "0.5,1,0.25,1,0,5,2,0.4,0.8,0.6,0,0.2,0,0.4,0.5\n");
}

static void netflow_rows_are_as_expected(void **state)
{
    (void)state;
    assert_rows("netflow",
                "0.1,udp,<->,CON,SF,dns,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,1,"
                "1,204,72,132,30,90,0,0,0.3529412,0.5,102,72,132,20,2040\n"
                "1.5,tcp,->,tcp,SF,web,1,0,0,1,1,0,1,1,0,0,0,1,1,0,1,1,0,0,0,0,0,7,4,3,"
                "1478,316,1162,100,1000,0,0,0.21380244,0.5714286,211.14285,79,387."
                "33334,4.6666665,985.3333\n"
                "0.1,icmp,<->,ECO,OTH,none,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,"
                "1,1,196,98,98,56,56,0,0,0.5,0.5,98,98,98,20,1960\n"
                "0.1,tcp,->,tcp,REJ,files,1,1,0,0,1,0,0,0,0,0,0,0,0,1,0,1,0,0,0,0,0,2,"
                "1,1,108,54,54,0,0,0,0,0.5,0.5,54,54,54,20,1080\n"
                "0,tcp,->,tcp,S0,high,0,1,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,1,1,0,"
                "54,54,0,0,0,0,0,1,1,54,54,,,\n"
                "0.2,tcp,->,tcp,RSTO,web,1,0,0,0,1,1,0,0,0,0,0,0,1,0,0,1,0,0,0,0,0,3,2,"
                "1,162,108,54,0,0,0,0,0.6666667,0.6666667,54,54,54,15,810\n"
                "0,arp,who,INT,none,none,0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,,1,1,0,"
                "42,42,0,0,0,0,0,1,1,42,42,,,\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kdd_rows_are_as_expected),
        cmocka_unit_test(netflow_rows_are_as_expected),
    };

    return cmocka_run_group_tests_name("feature_csv", tests, NULL, NULL);
}
