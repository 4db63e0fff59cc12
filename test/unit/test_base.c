/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/lines.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/numfmt.h"
#include "base/outfile.h"
#include "base/radix.h"
#include "base/rng.h"
#include "base/stream.h"
#include "base/timefmt.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void buf_grows_and_stays_terminated(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b);
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%d,", i);
    assert_true(buf_ok(&b));
    assert_int_equal(strlen(buf_text(&b)), b.len);
    buf_release(&b);
}

static void buf_reports_failed_allocation(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b);
    mem_fail_at(1, 1);
    buf_add_text(&b, "lost");
    mem_fail_at(0, 0);
    assert_false(buf_ok(&b));
    assert_string_equal(buf_text(&b), "");
    buf_release(&b);
}

static void jsonw_escapes_and_nests(void **state)
{
    struct buf b;
    struct jsonw w;

    (void)state;
    buf_init(&b);
    jsonw_init(&w, &b);
    jsonw_object(&w);
    jsonw_key(&w, "a\"b");
    jsonw_array(&w);
    jsonw_u64(&w, 1);
    jsonw_f64(&w, 0.1);
    jsonw_f32(&w, 0.1f);
    jsonw_f64(&w, (double)NAN);
    jsonw_text(&w, "x\n\xff\xc3\xa9");
    jsonw_array_end(&w);
    jsonw_key(&w, "t");
    jsonw_bool(&w, true);
    jsonw_object_end(&w);
    assert_string_equal(buf_text(&b),
                        "{\"a\\\"b\":[1,0.1,0.1,null,\"x\\u000a\\ufffd\xc3\xa9\"],"
                        "\"t\":true}");
    buf_release(&b);
}

static void json_reads_and_refuses(void **state)
{
    static const char good[] = "{\"n\": 1, \"s\": \"x\", \"a\": [1.5, true]}";
    static const char deep[] = "[[[[1]]]]";
    static const char twice[] = "{\"a\": 1, \"a\": 2}";
    struct json_doc *doc = NULL;
    struct lw_error err;
    double v = 0;

    (void)state;
    assert_int_equal(json_parse(&doc, good, sizeof good - 1, 8, &err), LW_OK);
    assert_true(json_number(json_get(json_root(doc), "n"), &v));
    assert_true(v == 1.0);
    assert_string_equal(json_text(json_get(json_root(doc), "s")), "x");
    assert_int_equal(json_length(json_get(json_root(doc), "a")), 2);
    assert_true(json_truth(json_at(json_get(json_root(doc), "a"), 1)));
    assert_int_equal(json_kind(json_get(json_root(doc), "zz")), JSON_KIND_ABSENT);
    json_free(doc);
    assert_int_equal(json_parse(&doc, deep, sizeof deep - 1, 3, &err), LW_ELIMIT);
    assert_int_equal(json_parse(&doc, twice, sizeof twice - 1, 3, &err), LW_EFORMAT);
    assert_int_equal(json_parse(&doc, "{", 1, 3, &err), LW_EFORMAT);
}

static int by_key_then(const void *a, const void *b)
{
    const struct radix_item *x = a;
    const struct radix_item *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->then < y->then ? -1 : x->then > y->then;
}

/* Keys near each other and far apart, repeated ones, few and many: as qsort() has it.
 */
static void radix_sorts_as_comparing_does(void **state)
{
    enum { MOST = 3000 };
    static struct radix_item items[MOST];
    static struct radix_item scratch[MOST];
    static struct radix_item expected[MOST];
    static const uint64_t ranges[] = {1, 2, 1000, UINT64_C(1) << 33, UINT64_MAX};
    struct rng rng;

    (void)state;
    rng_init(&rng, 11);
    for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
        for (size_t n = 0; n <= MOST; n = 3 * n + 1) {
            for (size_t i = 0; i < n; i++)
                items[i] = (struct radix_item){rng_below(&rng, ranges[r]) + r,
                                               rng_below(&rng, UINT64_MAX), 0};
            memcpy(expected, items, n * sizeof *items);
            qsort(expected, n, sizeof *items, by_key_then);
            radix_sort(items, scratch, n);
            assert_memory_equal(items, expected, n * sizeof *items);
        }
    }
}

static void radix_keeps_the_order_of_equal_ones(void **state)
{
    struct radix_item items[] = {{5, 1, 0}, {4, 1, 1}, {5, 1, 2}, {4, 0, 3}, {4, 1, 4}};
    static const uint32_t order[] = {3, 1, 4, 0, 2};
    struct radix_item scratch[5];

    (void)state;
    radix_sort(items, scratch, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(items[i].value, order[i]);
}

/* Whole numbers and two decimals are written without printf(); the same text. */
static void numfmt_writes_short_numbers_as_others(void **state)
{
    char text[NUMFMT_MAX];
    char expected[NUMFMT_MAX];

    (void)state;
    for (int i = -1100000; i <= 1100000; i += 7) {
        float v = (float)(i / 100.0);

        (void)snprintf(expected, sizeof expected, "%.6g", (double)v);
        if (strtof(expected, NULL) != v || strchr(expected, 'e') != NULL)
            continue;
        assert_int_equal(numfmt_f32(v, text), strlen(expected));
        assert_string_equal(text, i == 0 ? "0" : expected);
    }
    assert_int_equal(numfmt_f32(-0.0f, text), 1);
    assert_string_equal(text, "0");
    (void)numfmt_f32(0.001f, text);
    assert_string_equal(text, "0.001");
    (void)numfmt_f32(12345.5f, text);
    assert_string_equal(text, "12345.5");
}

/* What numfmt_f32() promises, in the C library's words. */
static void slow_f32(float v, char out[NUMFMT_MAX])
{
    if (v == truncf(v) && fabs((double)v) < 1e15) {
        (void)snprintf(out, NUMFMT_MAX, "%.0f", v == 0 ? 0.0 : (double)v);
        return;
    }
    for (int digits = 6; digits <= 9; digits++) {
        (void)snprintf(out, NUMFMT_MAX, "%.*g", digits, (double)v);
        if (strtof(out, NULL) == v)
            return;
    }
}

static void check_f32(float v)
{
    char got[NUMFMT_MAX];
    char want[NUMFMT_MAX];

    slow_f32(v, want);
    assert_int_equal(numfmt_f32(v, got), strlen(want));
    assert_string_equal(got, want);
}

/* Floats of all sizes, quotients, and what is next to short decimals. */
static void floats_are_printed_as_the_c_library_would(void **state)
{
    static const float some[] = {
        0,      1,     0.1f,        1e9f,      999999.5f,      9.999999f,  0.5f,
        1e-4f,  1e-5f, 1e-30f,      1e-31f,    1e15f,          1e16f,      16777215,
        1e-45f, 1.5f,  0.99999994f, 123456.5f, 3.0517578e-05f, 8388607.5f, 1e10f,
        2e-30f};
    struct rng r;

    (void)state;
    rng_init(&r, 11);
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        check_f32(some[i]);
        check_f32(-some[i]);
    }
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t bits = (uint32_t)rng_next(&r);
        float v;

        memcpy(&v, &bits, sizeof v);
        if (isfinite(v))
            check_f32(v);
        v = (float)rng_below(&r, 1000000) / (float)(1 + rng_below(&r, 1000));
        check_f32(v);
        check_f32((float)((double)rng_below(&r, 1000000) / 1000));
        check_f32((float)exp2(-60 * rng_unit(&r)));
    }
}

static void numfmt_round_trips(void **state)
{
    static const double values[] = {0, -0.0, 0.1, 1e-7, 255, 1e20, 123456.789, 3.5};
    char text[NUMFMT_MAX];
    double back = 0;

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        size_t n = numfmt_f64(values[i], text);

        assert_true(numfmt_parse(text, n, &back));
        assert_true(back == values[i]);
    }
    assert_true(numfmt_parse("Infinity", 8, &back) && isinf(back));
    assert_true(numfmt_parse("-1.5e3", 6, &back) && back == -1500);
    assert_false(numfmt_parse("", 0, &back));
    back = 7;
    assert_false(numfmt_parse("1x", 2, &back));
    assert_true(back == 7); /* what is no number leaves the output alone */
    assert_false(numfmt_parse("0x10", 4, &back));
    assert_false(numfmt_parse(" 1", 2, &back));
}

/* Long mantissas, exponents and what lies between two doubles, as strtod() reads it. */
static void numfmt_reads_what_the_c_library_reads(void **state)
{
    static const char *const odd[] = {"9007199254740993",
                                      "9007199254740992.5",
                                      "0.30000000000000004",
                                      "1e22",
                                      "1e23",
                                      "-1.7976931348623157e308",
                                      "4.9e-324",
                                      "9223372036854775807e5",
                                      "1E-27",
                                      "5e+28",
                                      "18446744073709551615",
                                      "00000000000000000000000012.50",
                                      "8.4e-5",
                                      "1e-999",
                                      "9007199254740993e-3",
                                      "4503599627370496.5"};
    struct rng r;

    (void)state;
    rng_init(&r, 7);
    for (size_t i = 0; i < 100000; i++) {
        char text[64];
        double got = 0;
        double want;
        uint64_t m = rng_next(&r) >> rng_below(&r, 64);

        if (i < sizeof odd / sizeof odd[0])
            (void)snprintf(text, sizeof text, "%s", odd[i]);
        else if (i % 2 == 0)
            (void)snprintf(text, sizeof text, "%llue%d", (unsigned long long)m,
                           (int)rng_below(&r, 60) - 30);
        else
            (void)snprintf(text, sizeof text, "%.*g", (int)(12 + rng_below(&r, 6)),
                           (double)m / 1048576);
        want = strtod(text, NULL);
        if (!numfmt_parse(text, strlen(text), &got) ||
            memcmp(&got, &want, sizeof got) != 0)
            fail_msg("%s: %a, not %a", text, got, want);
    }
    {
        double back = 7;

        assert_false(numfmt_parse("1e", 2, &back));
        assert_false(numfmt_parse("1e+", 3, &back));
        assert_false(numfmt_parse(".", 1, &back));
        assert_false(numfmt_parse("-", 1, &back));
        assert_false(numfmt_parse("1.2.3", 5, &back));
        assert_true(back == 7);
    }
}

static void digests_match_published_vectors(void **state)
{
    static const char long_text[] =
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    struct sha256 *running;
    uint8_t sum[SHA256_BYTES];
    char text[2 * SHA256_BYTES + 1];

    (void)state;
    /* FIPS 180-2, appendices A.1 and B.1: "abc". */
    digest_sha1("abc", 3, sum);
    digest_hex(sum, SHA1_BYTES, text);
    assert_string_equal(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
    digest_sha256("abc", 3, sum);
    digest_hex(sum, SHA256_BYTES, text);
    assert_string_equal(
        text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /* A.2 and B.2: longer than a block leaves room for, and in pieces. */
    digest_sha1(long_text, sizeof long_text - 1, sum);
    digest_hex(sum, SHA1_BYTES, text);
    assert_string_equal(text, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    running = sha256_new();
    assert_non_null(running);
    sha256_add(running, long_text, 9);
    sha256_add(running, long_text + 9, sizeof long_text - 1 - 9);
    sha256_finish(running, sum);
    digest_hex(sum, SHA256_BYTES, text);
    assert_string_equal(
        text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    /* RFC 4648, section 10. */
    digest_base64((const uint8_t *)"fooba", 5, text);
    assert_string_equal(text, "Zm9vYmE=");
}

static void times_print_as_their_models_do(void **state)
{
    char text[TIMEFMT_MAX];

    (void)state;
    timefmt_argus(INT64_C(1313488906972101000), text);
    assert_string_equal(text, "2011/08/16 10:01:46.972101");
    timefmt_eve(INT64_C(951782400000000000), text); /* a leap day */
    assert_string_equal(text, "2000-02-29T00:00:00.000000+0000");
    timefmt_argus(INT64_MIN, text);
    assert_string_equal(text, "1677/09/21 00:12:43.145224");
    timefmt_eve(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999+0000");
}

struct time_case {
    const char *text;
    double seconds;
};

static void times_are_read_in_every_form(void **state)
{
    static const struct time_case good[] = {
        {"0", 0},
        {"-1.5", -1.5},
        {"1313488906.972101", 1313488906.972101},
        {"2011/08/16 10:01:46.972101", 1313488906.972101},
        {"2011-08-16T10:01:46.972101Z", 1313488906.972101},
        {"2011-08-16T10:01:46.972101+0000", 1313488906.972101},
        {"2011-08-16 12:01:46.972101+02:00", 1313488906.972101},
        {"2011-08-16T04:31:46-0530", 1313488906},
        {"1969-12-31T23:59:59", -1},
        {"2000/02/29 00:00:00", 951782400}};
    static const char *const bad[] = {"",
                                      "today",
                                      "2011/08/16",
                                      "2011/08-16 10:01:46",
                                      "2011/13/01 10:01:46",
                                      "2011/08/32 00:00:00",
                                      "2011/08/16 24:00:00",
                                      "2011/08/16 10:01",
                                      "2011/08/16 10:61:00",
                                      "2011/08/16 10:01:61",
                                      "2011/08/16 10:01:46+2",
                                      "2011/08/16 10:01:46 x",
                                      "2011/08/16 10:01:46+02:00Z",
                                      "2011/08/16 -1:01:46"};
    double seconds;
    int64_t ns;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(timefmt_parse(good[i].text, strlen(good[i].text), &seconds));
        assert_near(seconds, good[i].seconds, 1e-7);
        assert_true(timefmt_parse_ns(good[i].text, strlen(good[i].text), &ns));
        assert_near((double)ns / 1e9, good[i].seconds, 1e-6);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (timefmt_parse(bad[i], strlen(bad[i]), &seconds) ||
            timefmt_parse_ns(bad[i], strlen(bad[i]), &ns))
            fail_msg("%s is no time", bad[i]);
}

/* A double has no room for these. */
static void times_are_exact_to_the_nanosecond(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {{"1313488906.972101", INT64_C(1313488906972101000)},
                 {"1313488906.1234567899", INT64_C(1313488906123456789)},
                 {"2011/08/16 10:01:46.000000001", INT64_C(1313488906000000001)},
                 {"0.012166976928710938", 12166976},
                 {"1.5e-05", 15000}};
    static const char *const beyond[] = {"9999/12/31 23:59:59", "2263-01-01 00:00:00",
                                         "1600-01-01 00:00:00"};
    int64_t ns;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(timefmt_parse_ns(cases[i].text, strlen(cases[i].text), &ns));
        assert_int_equal(ns, cases[i].ns);
    }
    assert_false(timefmt_parse_ns("99999999999", 11, &ns));
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++)
        assert_false(timefmt_parse_ns(beyond[i], strlen(beyond[i]), &ns));
}

static void names_are_whole_words_of_a_list(void **state)
{
    static const char list[] = "smurf,ip sweep,,nmap";

    (void)state;
    assert_true(names_have(list, "smurf", 5));
    assert_true(names_have(list, "ip sweep", 8));
    assert_true(names_have(list, "nmap.", 4));
    assert_false(names_have(list, "nmap.", 5));
    assert_false(names_have(list, "smur", 4));
    assert_false(names_have(list, "sweep", 5));
    assert_false(names_have("", "nmap", 4));
}

static void lines_end_in_every_way(void **state)
{
    static const char text[] = "one\r\n\nthree";
    struct stream *in = NULL;
    struct lines l;
    struct span line;
    struct lw_error err;

    (void)state;
    assert_int_equal(stream_open_memory(&in, text, sizeof text - 1, "x", &err), LW_OK);
    lines_init(&l, in, NULL);
    assert_int_equal(lines_next(&l, &line, &err), LW_OK);
    assert_int_equal(line.n, 3);
    lines_unread(&l);
    assert_int_equal(lines_next(&l, &line, &err), LW_OK);
    assert_memory_equal(line.p, "one", 3);
    assert_int_equal(lines_next(&l, &line, &err), LW_OK);
    assert_int_equal(line.n, 0);
    assert_int_equal(lines_next(&l, &line, &err), LW_OK);
    assert_memory_equal(line.p, "three", 5);
    assert_int_equal(l.number, 3);
    assert_int_equal(lines_next(&l, &line, &err), LW_END);
    stream_close(in);
}

static void rng_repeats_by_seed(void **state)
{
    struct rng a;
    struct rng b;
    uint32_t idx[100];
    uint64_t sum = 0;

    (void)state;
    rng_init(&a, 7);
    rng_init(&b, 7);
    for (int i = 0; i < 100; i++)
        assert_true(rng_next(&a) == rng_next(&b));
    for (uint32_t i = 0; i < 100; i++)
        idx[i] = i;
    rng_shuffle(&a, idx, 100);
    for (size_t i = 0; i < 100; i++)
        sum += idx[i];
    assert_int_equal(sum, 4950);
}

static void stream_reads_memory_in_pieces(void **state)
{
    static const char text[] = "hello, world";
    struct stream *s = NULL;
    struct span got;
    struct lw_error err;

    (void)state;
    assert_int_equal(stream_open_memory(&s, text, 12, "memory", &err), LW_OK);
    assert_int_equal(stream_peek(s, 5, &got, &err), LW_OK);
    assert_true(got.n >= 5);
    assert_memory_equal(got.p, "hello", 5);
    stream_skip(s, 7);
    assert_int_equal(stream_peek(s, 100, &got, &err), LW_OK);
    assert_int_equal(got.n, 5);
    assert_memory_equal(got.p, "world", 5);
    stream_close(s);
}

static void stream_inflates_gzip_and_sees_the_cut(void **state)
{
    /* printf 'aaaaaaaaaa' | gzip -n */
    static const uint8_t gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
                                 0x00, 0x03, 0x4b, 0x4c, 0x84, 0x01, 0x00, 0xf0,
                                 0xcd, 0x11, 0x4c, 0x0a, 0x00, 0x00, 0x00};
    uint8_t two[2 * sizeof gz];
    struct stream *s = NULL;
    struct span got;
    struct lw_error err;

    (void)state;
    memcpy(two, gz, sizeof gz);
    memcpy(two + sizeof gz, gz, sizeof gz);
    assert_int_equal(stream_open_memory(&s, two, sizeof two, "m.gz", &err), LW_OK);
    assert_int_equal(stream_peek(s, 64, &got, &err), LW_OK);
    assert_int_equal(got.n, 20);
    stream_close(s);
    assert_int_equal(stream_open_memory(&s, gz, 14, "m.gz", &err), LW_OK);
    assert_int_equal(stream_peek(s, 64, &got, &err), LW_ETRUNCATED);
    stream_close(s);
}

static void outfile_appears_whole_or_not_at_all(void **state)
{
    char dir[] = "/tmp/lw-test-XXXXXX";
    char path[64];
    struct outfile *f = NULL;
    struct lw_error err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/out", dir);
    assert_int_equal(outfile_open(&f, path, &err), LW_OK);
    assert_true(access(path, F_OK) != 0);
    (void)fputs("x", outfile_stream(f));
    assert_int_equal(outfile_commit(f, &err), LW_OK);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(outfile_open(&f, path, &err), LW_OK);
    outfile_abort(f);
    assert_true(access(path, F_OK) != 0);
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(outfile_open(&f, path, &err), LW_EIO);
    /* A full disk is noticed. */
    assert_int_equal(outfile_open(&f, "/dev/full", &err), LW_OK);
    (void)fputs("x", outfile_stream(f));
    assert_int_equal(outfile_commit(f, &err), LW_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_grows_and_stays_terminated),
        cmocka_unit_test(buf_reports_failed_allocation),
        cmocka_unit_test(jsonw_escapes_and_nests),
        cmocka_unit_test(json_reads_and_refuses),
        cmocka_unit_test(radix_sorts_as_comparing_does),
        cmocka_unit_test(radix_keeps_the_order_of_equal_ones),
        cmocka_unit_test(numfmt_writes_short_numbers_as_others),
        cmocka_unit_test(floats_are_printed_as_the_c_library_would),
        cmocka_unit_test(numfmt_round_trips),
        cmocka_unit_test(numfmt_reads_what_the_c_library_reads),
        cmocka_unit_test(digests_match_published_vectors),
        cmocka_unit_test(times_print_as_their_models_do),
        cmocka_unit_test(times_are_read_in_every_form),
        cmocka_unit_test(times_are_exact_to_the_nanosecond),
        cmocka_unit_test(names_are_whole_words_of_a_list),
        cmocka_unit_test(lines_end_in_every_way),
        cmocka_unit_test(rng_repeats_by_seed),
        cmocka_unit_test(stream_reads_memory_in_pieces),
        cmocka_unit_test(stream_inflates_gzip_and_sees_the_cut),
        cmocka_unit_test(outfile_appears_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
