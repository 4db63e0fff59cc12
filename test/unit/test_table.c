/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"
#include "test.h"

#include <lapwing/dataset.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct lw_error err;

static enum lw_status try_read(struct lw_frame **out, const char *text, size_t n,
                               const struct lw_frame_config *cfg)
{
    return lw_frame_read_memory(out, text, n, "t.csv", cfg, &err);
}

static struct lw_frame *read_text(const char *text)
{
    struct lw_frame *f = NULL;

    if (try_read(&f, text, strlen(text), NULL) != LW_OK)
        fail_msg("%s", err.msg);
    return f;
}

static void expect_refusal(const char *text, enum lw_status st, const char *words)
{
    struct lw_frame *f = NULL;

    assert_int_equal(try_read(&f, text, strlen(text), NULL), st);
    assert_int_equal(err.code, st);
    assert_null(f);
    if (strstr(err.msg, words) == NULL)
        fail_msg("'%s' does not say '%s'", err.msg, words);
}

static struct lw_column column(const struct lw_frame *f, const char *name)
{
    struct lw_column c;
    int i = lw_frame_find(f, name);

    if (i < 0)
        fail_msg("no column %s", name);
    lw_frame_column(f, (size_t)i, &c);
    assert_string_equal(c.name, name);
    return c;
}

static double number(const struct lw_frame *f, const char *name, size_t row)
{
    struct lw_column c = column(f, name);

    assert_int_equal(c.type, LW_COLUMN_NUMBER);
    assert_null(c.codes);
    assert_true(row < lw_frame_rows(f));
    return (double)c.numbers[row];
}

static const char *word(const struct lw_frame *f, const char *name, size_t row)
{
    struct lw_column c = column(f, name);

    assert_int_equal(c.type, LW_COLUMN_TEXT);
    assert_null(c.numbers);
    assert_true(row < lw_frame_rows(f));
    assert_true(c.codes[row] < c.n_words);
    return c.dictionary[c.codes[row]];
}

/* ---- tables with a header ---- */

static void types_are_found_by_looking(void **state)
{
    struct lw_frame *f = read_text("a,name,b\n1,x,0.5\n-2,y,1e3\n3.25,x,nan\n");
    struct lw_column c;

    (void)state;
    assert_string_equal(lw_frame_format(f), "csv");
    assert_int_equal(lw_frame_rows(f), 3);
    assert_int_equal(lw_frame_columns(f), 3);
    assert_int_equal(lw_frame_find(f, "Name"), -1);
    assert_near(number(f, "a", 0), 1, 0);
    assert_near(number(f, "a", 1), -2, 0);
    assert_near(number(f, "a", 2), 3.25, 0);
    assert_near(number(f, "b", 1), 1000, 0);
    assert_true(isnan(number(f, "b", 2)));
    c = column(f, "name");
    assert_int_equal(c.n_words, 2);
    assert_string_equal(c.dictionary[0], "x");
    assert_string_equal(c.dictionary[1], "y");
    assert_string_equal(word(f, "name", 2), "x");
    lw_frame_free(f);
    lw_frame_free(NULL);
}

static void missing_values_are_nan_and_words_keep_their_spelling(void **state)
{
    struct lw_frame *f =
        read_text("n,w\n,\n?,?\n-,-\nNA,NA\nnull,null\nNaN,NaN\n1, Mixed "
                  "Case \n");

    (void)state;
    assert_int_equal(lw_frame_rows(f), 7);
    for (size_t i = 0; i < 6; i++)
        assert_true(isnan(number(f, "n", i)));
    assert_near(number(f, "n", 6), 1, 0);
    assert_string_equal(word(f, "w", 0), "");
    assert_string_equal(word(f, "w", 1), "?");
    assert_string_equal(word(f, "w", 3), "NA");
    assert_string_equal(word(f, "w", 6), "Mixed Case");
    lw_frame_free(f);
}

static void lines_end_in_several_ways(void **state)
{
    static const char *const texts[] = {
        "a,b\n1,x\n2,y\n",
        "a,b\n1,x\n2,y",
        "a,b\r\n1,x\r\n2,y\r\n",
        "\n\r\n\na,b\n\n1,x\n\r\n2,y\n\n\n",
        ("\xef\xbb\xbf"
         "a,b\n1,x\n2,y\n"),
        "a\tb\n1\tx\n2\ty\n",
        "a;b\n1;x\n2;y\n",
        " a , b \n 1 , x\n2,\ty\n",
        "\"a\",\"b\"\n\"1\",\"x\"\n\"2\" ,y\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct lw_frame *f = read_text(texts[i]);

        assert_int_equal(lw_frame_columns(f), 2);
        assert_int_equal(lw_frame_rows(f), 2);
        assert_near(number(f, "a", 1), 2, 0);
        assert_string_equal(word(f, "b", 0), "x");
        assert_string_equal(word(f, "b", 1), "y");
        lw_frame_free(f);
    }
}

static void quotes_hold_delimiters_quotes_and_blanks(void **state)
{
    struct lw_frame *f = read_text("a,\"b,\"\"c\"\"\"\n1,\"x, \"\"y\"\"\"\n"
                                   "2,\" z \"\n3,\"\"\n4,it\"s\n\"5\",\"\"\"\"\n");

    (void)state;
    assert_string_equal(word(f, "b,\"c\"", 0), "x, \"y\"");
    assert_string_equal(word(f, "b,\"c\"", 1), " z ");
    assert_string_equal(word(f, "b,\"c\"", 2), "");
    assert_string_equal(word(f, "b,\"c\"", 3), "it\"s");
    assert_string_equal(word(f, "b,\"c\"", 4), "\"");
    assert_near(number(f, "a", 4), 5, 0);
    lw_frame_free(f);
    expect_refusal("a,b\n1,\"x\n", LW_EFORMAT,
                   "t.csv:2: column 2: a quoted field does");
    expect_refusal("a,b\n1,\"x\"y\n", LW_EFORMAT,
                   "t.csv:2: column 2: something follows");
}

/* Where digits are read eight bytes at once. */
static void what_is_no_digit_is_seen_among_digits(void **state)
{
    static const char *const cells[] = {"1234:67", "/234567", "12345 7", "1\xb1",
                                        "12a"};

    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        char text[80];
        struct lw_frame *f;

        (void)snprintf(text, sizeof text, "a,b\n1,one\n%s,two\n3,three\n", cells[i]);
        f = read_text(text);
        assert_string_equal(word(f, "a", 0), "1");
        assert_string_equal(word(f, "a", 1), cells[i]);
        lw_frame_free(f);
    }
}

/* The way of plain lines and the general one must agree: a table, and the same table
 * with every cell in quotes. */
static void quoted_and_plain_lines_give_the_same(void **state)
{
    static const char *const cells[] = {
        "0",
        "255",
        "0.17",
        ".5",
        "5.",
        "-3",
        "+4",
        "1e-3",
        "-0.0",
        "123456789012345",
        "1234567890123456",
        "0.1234567890123456",
        "000000000000000000001",
        "99999999999999999999",
        "1e400",
        "inf",
        "",
        "?",
        "0.000001",
        "7",
        "9.99",
        "1.5",
        "00",
        /* all lengths that are read at once, and one more */
        "12",
        "345",
        "6789",
        "90123",
        "456789",
        "1234567",
        "12345678",
        "7",
        "0123456",
        "99.99",
    };
    const size_t n = sizeof cells / sizeof cells[0];
    struct buf plain;
    struct buf quoted;
    struct lw_frame *a;
    struct lw_frame *b;

    (void)state;
    buf_init(&plain);
    buf_init(&quoted);
    buf_add_text(&plain, "v,w\n");
    buf_add_text(&quoted, "v,w\n");
    for (size_t i = 0; i < n; i++) {
        buf_printf(&plain, "%s,w%s\n", cells[i], cells[i]);
        buf_printf(&quoted, "\"%s\",\"w%s\"\n", cells[i], cells[i]);
    }
    a = read_text(buf_text(&plain));
    b = read_text(buf_text(&quoted));
    for (size_t i = 0; i < n; i++) {
        float x = column(a, "v").numbers[i];
        float y = column(b, "v").numbers[i];

        assert_memory_equal(&x, &y, sizeof x);
        assert_string_equal(word(a, "w", i), word(b, "w", i));
        assert_string_equal(word(a, "w", i) + 1, cells[i]);
    }
    assert_near(number(a, "v", 2), 0.17f, 0);
    assert_near(number(a, "v", 3), 0.5, 0);
    assert_near(number(a, "v", 11), 0.1234567890123456f, 0);
    assert_near(number(a, "v", 12), 1, 0);
    assert_true(isinf(number(a, "v", 14)) && isinf(number(a, "v", 15)));
    assert_true(signbit(column(a, "v").numbers[8]));
    lw_frame_free(a);
    lw_frame_free(b);
    buf_release(&plain);
    buf_release(&quoted);
}

static void wrong_rows_are_named(void **state)
{
    (void)state;
    expect_refusal("a,b,c\n1,2,3\n\n4,5\n", LW_EFORMAT,
                   "t.csv:4: 2 columns where 3 are expected; the last is '5' (b)");
    expect_refusal("a,b\n1,2\n4,5,six\n", LW_EFORMAT,
                   "t.csv:3: more than the 2 expected columns; the first too many is "
                   "'six'");
    expect_refusal("a,b\n1,2\n4,\"5\",\"six\"\n", LW_EFORMAT,
                   "t.csv:3: more than the 2");
    expect_refusal("a,b\n1,2\n\"4\"\n", LW_EFORMAT, "t.csv:3: 1 columns where 2");
    expect_refusal("a,b\n1,2\n3,4,\n", LW_EFORMAT, "the first too many is ''");
    expect_refusal("a\n\x1b[31m\x80\x01long long long long long long long long,x\n",
                   LW_EFORMAT, "'x'");
}

/* A column is what it is near the beginning of the file; what differs later is named.
 */
static void late_surprises_are_named_or_understood(void **state)
{
    struct buf b;
    struct lw_frame *f = NULL;

    (void)state;
    buf_init(&b);
    buf_add_text(&b, "n,m\n");
    while (b.len < 256 * 1024)
        buf_add_text(&b, "12.5,?\n");
    buf_add_text(&b, "1\x1b[2J,\n");
    assert_int_equal(try_read(&f, b.data, b.len, NULL), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "column 1 (n): '1?[2J' is not a number"));
    b.len -= strlen("1\x1b[2J,\n");
    buf_add_text(&b, "13,late\n14,\n");
    assert_int_equal(try_read(&f, b.data, b.len, NULL), LW_OK);
    assert_near(number(f, "n", lw_frame_rows(f) - 2), 13, 0);
    assert_string_equal(word(f, "m", 0), "");
    assert_string_equal(word(f, "m", lw_frame_rows(f) - 2), "late");
    assert_string_equal(word(f, "m", lw_frame_rows(f) - 1), "");
    lw_frame_free(f);
    buf_release(&b);
}

static void what_is_no_table_is_refused(void **state)
{
    static const char nul[] = "a,b\n1,x\0y\n";
    static const char nul_header[] = "a\0,b\n1,2\n";
    struct lw_frame *f = NULL;

    (void)state;
    expect_refusal("", LW_EFORMAT, "the file is empty");
    expect_refusal("\n\n", LW_EFORMAT, "the file is empty");
    expect_refusal("a,b\n", LW_EFORMAT, "a header but no rows");
    expect_refusal("{\"ts\":1,\"uid\":\"C\"\n", LW_EFORMAT, ":1: no JSON object");
    expect_refusal("[1,2]\n", LW_EUNSUPPORTED, "JSON");
    expect_refusal("@relation 'KDDTrain'\n", LW_EUNSUPPORTED, "ARFF");
    assert_int_equal(try_read(&f, nul, sizeof nul - 1, NULL), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "t.csv:2: column 2 (b): a NUL byte"));
    assert_int_equal(try_read(&f, nul_header, sizeof nul_header - 1, NULL), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "t.csv:1: a NUL byte"));
}

static void endless_lines_and_columns_are_refused(void **state)
{
    struct buf b;
    struct lw_frame *f = NULL;

    (void)state;
    buf_init(&b);
    buf_add_text(&b, "a,b\n1,2\n");
    while (b.len < 1200 * 1024)
        buf_add_text(&b, "xxxxxxxxxxxxxxxx");
    assert_int_equal(try_read(&f, b.data, b.len, NULL), LW_EFORMAT);
    buf_reset(&b);
    for (int i = 0; i < 4097; i++)
        buf_add_text(&b, "c,");
    buf_add_text(&b, "c\n");
    assert_int_equal(try_read(&f, b.data, b.len, NULL), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "4098 columns; at most 4096"));
    buf_release(&b);
}

static void rows_can_be_limited_and_the_digest_follows(void **state)
{
    static const char text[] = "a,b\n1,x\n2,y\n3,z\n";
    const struct lw_frame_config two = {.max_rows = 2};
    struct lw_frame *f = read_text(text);
    uint8_t got[32];
    uint8_t want[32];

    (void)state;
    lw_frame_digest(f, got);
    digest_sha256(text, sizeof text - 1, want);
    assert_memory_equal(got, want, 32);
    lw_frame_free(f);
    assert_int_equal(try_read(&f, text, sizeof text - 1, &two), LW_OK);
    assert_int_equal(lw_frame_rows(f), 2);
    lw_frame_digest(f, got);
    digest_sha256(text, strlen("a,b\n1,x\n2,y\n"), want);
    assert_memory_equal(got, want, 32);
    lw_frame_free(f);
}

/* printf 'a,b\n1,x\n2,y\n' | gzip -n */
static const uint8_t packed[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
                                 0x00, 0x03, 0x4b, 0xd4, 0x49, 0xe2, 0x32, 0xd4,
                                 0xa9, 0xe0, 0x32, 0xd2, 0xa9, 0xe4, 0x02, 0x00,
                                 0xc2, 0x96, 0x7e, 0x9d, 0x0c, 0x00, 0x00, 0x00};

static void compression_does_not_show(void **state)
{
    struct lw_frame *f = NULL;
    uint8_t got[32];
    uint8_t want[32];

    (void)state;
    assert_int_equal(try_read(&f, (const char *)packed, sizeof packed, NULL), LW_OK);
    assert_string_equal(word(f, "b", 1), "y");
    lw_frame_digest(f, got);
    digest_sha256("a,b\n1,x\n2,y\n", 12, want);
    assert_memory_equal(got, want, 32);
    lw_frame_free(f);
    f = NULL;
    assert_int_equal(try_read(&f, (const char *)packed, sizeof packed - 14, NULL),
                     LW_ETRUNCATED);
    assert_null(f);
    assert_int_equal(lw_frame_read(&f, "/nonexistent.csv", NULL, &err), LW_ENOTFOUND);
}

/* ---- the formats known by name ---- */

#define KDD_FEATURES                                                                   \
    "0,tcp,ftp_data,SF,491,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,2,0.00,0.00,0.00,"      \
    "0.00,1.00,0.00,0.00,150,25,0.17,0.03,0.17,0.00,0.00,0.00,0.05,0.00"

static void kdd_records_need_no_header(void **state)
{
    struct lw_frame *f =
        read_text(KDD_FEATURES ",normal,20\n" KDD_FEATURES ",pod,21\n");

    (void)state;
    assert_string_equal(lw_frame_format(f), "nsl-kdd");
    assert_int_equal(lw_frame_rows(f), 2);
    assert_int_equal(lw_frame_columns(f), 43);
    assert_string_equal(word(f, "protocol_type", 0), "tcp");
    assert_string_equal(word(f, "service", 0), "ftp_data");
    assert_string_equal(word(f, "flag", 1), "SF");
    assert_near(number(f, "src_bytes", 0), 491, 0);
    assert_near(number(f, "dst_host_srv_count", 0), 25, 0);
    assert_near(number(f, "dst_host_same_srv_rate", 0), 0.17f, 0);
    assert_near(number(f, "dst_host_srv_rerror_rate", 0), 0, 0);
    assert_string_equal(word(f, "label", 1), "pod");
    assert_near(number(f, "difficulty", 1), 21, 0);
    lw_frame_free(f);

    f = read_text(KDD_FEATURES ",normal.\n");
    assert_string_equal(lw_frame_format(f), "kdd99");
    assert_string_equal(word(f, "label", 0), "normal.");
    assert_int_equal(lw_frame_find(f, "difficulty"), -1);
    lw_frame_free(f);

    f = read_text(KDD_FEATURES "\n");
    assert_string_equal(lw_frame_format(f), "kdd99");
    assert_int_equal(lw_frame_find(f, "label"), -1);
    lw_frame_free(f);
    /* Types are known: a wrong number is found in the first row already. */
    expect_refusal("x" KDD_FEATURES ",normal\n", LW_EFORMAT,
                   "t.csv:1: column 1 (duration): 'x0' is not a number");
}

static void formats_can_be_asked_for(void **state)
{
    const struct lw_frame_config as_kdd = {.format = "kdd99"};
    const struct lw_frame_config as_csv = {.format = "csv"};
    const struct lw_frame_config as_odd = {.format = "odd"};
    struct lw_frame *f = NULL;

    (void)state;
    assert_int_equal(try_read(&f, "a,b\n1,2\n", 8, &as_kdd), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "not in the format kdd99"));
    assert_int_equal(try_read(&f, "a,b\n1,2\n", 8, &as_odd), LW_EINVAL);
    assert_int_equal(try_read(&f, "a,b\n1,2\n", 8, &as_csv), LW_OK);
    lw_frame_free(f);
}

static void binetflow_has_times_and_textual_ports(void **state)
{
    struct lw_frame *f = read_text(
        "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,"
        "TotBytes,SrcBytes,Label\n"
        "2011/08/16 10:01:46.972101,3599.986572,tcp,10.0.0.1,49213,  "
        "<?>,10.0.0.2,18250,"
        "A_PA,0,0,414671,415389446,10150692,flow=Background\n"
        "2011/08/17 10:01:47.000000,0.000,icmp,10.0.0.1,0x0303,   ->,10.0.0.2,,"
        "URP,0,,1,60,60,flow=From-Botnet-V46\n");

    (void)state;
    assert_string_equal(lw_frame_format(f), "binetflow");
    /* date -u -d '2011-08-16 10:01:46.972101' +%s.%N */
    assert_near(column(f, "StartTime").origin, 1313488906.972101, 1e-6);
    assert_near(number(f, "StartTime", 0), 0, 0);
    assert_near(number(f, "StartTime", 1), 86400.027899, 1e-2);
    assert_near(number(f, "Dur", 0), 3599.986572, 1e-3);
    assert_string_equal(word(f, "Sport", 0), "49213");
    assert_string_equal(word(f, "Sport", 1), "0x0303");
    assert_string_equal(word(f, "Dir", 0), "<?>");
    assert_string_equal(word(f, "Dport", 1), "");
    assert_true(isnan(number(f, "dTos", 1)));
    assert_string_equal(word(f, "Label", 1), "flow=From-Botnet-V46");
    lw_frame_free(f);
}

static void binetflow_times_are_checked(void **state)
{
    static const struct {
        const char *text;
        double seconds; /* NaN: refused */
    } times[] = {
        {"1970/01/01 00:00:00.000000", 0},
        {"2000/02/29 12:00:00.5", 951825600.5}, /* date -u -d '2000-02-29 12:00' +%s */
        {"1999/12/31 23:59:60.000000", 946684800},
        {"1969/12/31 23:59:59.000000", -1},
        {"1313488906.972101", 1313488906.972101},
        {"2011/13/01 00:00:00.0", (double)NAN},
        {"2011/12/00 00:00:00.0", (double)NAN},
        {"2011/12/01 24:00:00.0", (double)NAN},
        {"2011/12/01 00:60:00.0", (double)NAN},
        {"2011/12/01 00:00:61.0", (double)NAN},
        {"2011/12/01 00:00:-1", (double)NAN},
        {"2011/12/01", (double)NAN},
        {"2011/1/1 00:00:00", (double)NAN},
        {"noon", (double)NAN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct lw_frame *f = NULL;
        char text[128];

        (void)snprintf(text, sizeof text, "StartTime,Dur,Proto\n%s,1,tcp\n",
                       times[i].text);
        if (isnan(times[i].seconds)) {
            expect_refusal(text, LW_EFORMAT, "column 1 (StartTime)");
            continue;
        }
        f = read_text(text);
        assert_near(column(f, "StartTime").origin, times[i].seconds, 1e-6);
        lw_frame_free(f);
    }
}

#define ZEEK_HEAD                                                                      \
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"    \
    "#path\tconn\n#open\t2019-12-05-15-46-36\n"

static void zeek_logs_are_typed_by_their_header(void **state)
{
    struct lw_frame *f = read_text(
        ZEEK_HEAD "#fields\tts\tuid\tid.orig_p\tservice\tduration\ttunnel_parents\n"
                  "#types\ttime\tstring\tport\tstring\tinterval\tset[string]\n"
                  "1540469302.538640\tC1\t58687\t-\t-\t(empty)\n"
                  "1540469197.5\tC2\t1900\t\"dns\t160.367579\t-\n#close\t2019\n"
                  "#fields\tts\tuid\tid.orig_p\tservice\tduration\ttunnel_parents\n"
                  "1540469303.538640\tC3\t5\thttp\t1\t-\n");

    (void)state;
    assert_string_equal(lw_frame_format(f), "zeek");
    assert_int_equal(lw_frame_rows(f), 3);
    assert_near(column(f, "ts").origin, 1540469302.538640, 1e-6);
    assert_near(number(f, "ts", 1), -105.03864, 1e-4);
    assert_near(number(f, "id.orig_p", 0), 58687, 0);
    assert_true(isnan(number(f, "duration", 0)));
    assert_string_equal(word(f, "service", 0), "-");
    assert_string_equal(word(f, "service", 1), "\"dns"); /* no quoting in Zeek */
    assert_string_equal(word(f, "tunnel_parents", 0), "(empty)");
    assert_string_equal(word(f, "uid", 2), "C3");
    lw_frame_free(f);
}

static void labels_behind_three_blanks_are_columns(void **state)
{
    struct lw_frame *f = read_text(
        ZEEK_HEAD "#fields\tts\torig_bytes\ttunnel_parents   label   detailed-label\r\n"
                  "#types\ttime\tcount\tset[string]   string   string\r\n"
                  "1.5\t48\t-   Malicious   C&C-FileDownload\r\n"
                  "2.5\t-\t(empty)   benign   -\r\n");

    (void)state;
    assert_int_equal(lw_frame_columns(f), 5);
    assert_string_equal(word(f, "tunnel_parents", 0), "-");
    assert_string_equal(word(f, "label", 0), "Malicious");
    assert_string_equal(word(f, "detailed-label", 0), "C&C-FileDownload");
    assert_string_equal(word(f, "label", 1), "benign");
    assert_near(number(f, "orig_bytes", 0), 48, 0);
    lw_frame_free(f);
}

static void damaged_zeek_headers_are_refused(void **state)
{
    (void)state;
    expect_refusal("#separator ,\n1,2\n", LW_EUNSUPPORTED, "not separated by tabs");
    expect_refusal(ZEEK_HEAD, LW_EFORMAT, "a Zeek log without rows");
    expect_refusal(ZEEK_HEAD "1\t2\n", LW_EFORMAT, "t.csv:7: rows before the #fields");
    expect_refusal(ZEEK_HEAD "#fields\ta\tb\n1\t2\n", LW_EFORMAT, "rows before");
    expect_refusal(ZEEK_HEAD "#fields\n1\t2\n", LW_EFORMAT, "names nothing");
    expect_refusal(ZEEK_HEAD "#fields\ta\tb\n#types\tcount\n1\t2\n", LW_EFORMAT,
                   "t.csv:8: 1 types for 2 fields");
    expect_refusal(ZEEK_HEAD
                   "#fields\ta\tb\n#types\tcount\tcount\n1\t2\n#fields\ta\tc\n",
                   LW_EFORMAT, "t.csv:10: the fields change");
    expect_refusal(ZEEK_HEAD "#fields\ta\tb\n#types\tcount\tcount\n1\tx\n", LW_EFORMAT,
                   "t.csv:9: column 2 (b): 'x' is not a number");
    expect_refusal(ZEEK_HEAD "#fields\tts\n#types\ttime\nsoon\n", LW_EFORMAT,
                   "'soon' is not a time");
}

static void zeek_logs_as_csv_keep_their_times(void **state)
{
    struct lw_frame *f = read_text("ts,uid,id.orig_h,id.orig_p,duration,history,label\n"
                                   "1537522822.965530,C1,0.0.0.0,68,8.3,,benign\n"
                                   "1537522823.965530,C2,fe80::1,5353,,D,benign\n");

    (void)state;
    assert_string_equal(lw_frame_format(f), "zeek-csv");
    assert_near(column(f, "ts").origin, 1537522822.96553, 1e-6);
    assert_near(number(f, "ts", 1), 1, 1e-6);
    assert_true(isnan(number(f, "duration", 1)));
    assert_string_equal(word(f, "history", 0), "");
    assert_string_equal(word(f, "id.orig_h", 1), "fe80::1");
    lw_frame_free(f);
}

/* ---- the rest ---- */

static void matrices_are_zeroed_and_bounded(void **state)
{
    struct lw_matrix m;

    (void)state;
    assert_int_equal(lw_matrix_init(&m, 3, 2, &err), LW_OK);
    assert_int_equal(m.n_rows, 3);
    assert_int_equal(m.n_cols, 2);
    for (size_t i = 0; i < 6; i++)
        assert_true(m.x[i] == 0);
    lw_matrix_release(&m);
    assert_null(m.x);
    assert_int_equal(lw_matrix_init(&m, SIZE_MAX, 2, &err), LW_ELIMIT);
    mem_fail_at(1, 0);
    assert_int_equal(lw_matrix_init(&m, 3, 2, &err), LW_ENOMEM);
    mem_fail_at(0, 0);
}

/* Enough words and rows for every table inside to grow several times. */
static void many_words_and_rows_are_kept(void **state)
{
    enum { N = 20000 };
    struct buf b;
    struct lw_frame *f;

    (void)state;
    buf_init(&b);
    buf_add_text(&b, "i,w\n");
    for (int i = 0; i < N; i++)
        buf_printf(&b, "%d,word%d\n", i, i % 7000);
    f = read_text(buf_text(&b));
    assert_int_equal(lw_frame_rows(f), N);
    assert_int_equal(column(f, "w").n_words, 7000);
    for (int i = 0; i < N; i++) {
        char want[32];

        (void)snprintf(want, sizeof want, "word%d", i % 7000);
        assert_near(number(f, "i", (size_t)i), i, 0);
        assert_string_equal(word(f, "w", (size_t)i), want);
    }
    lw_frame_free(f);
    buf_release(&b);
}

/* Rows told of so far; what is told never goes back. */
static void see_rows(void *ctx, uint64_t n_rows, double done)
{
    uint64_t *seen = ctx;

    assert_true(n_rows > *seen);
    assert_true(done >= 0 && done <= 1);
    *seen = n_rows;
}

static void reading_tells_how_far_it_is(void **state)
{
    uint64_t seen = 0;
    const struct lw_frame_config cfg = {.rows_read = see_rows, .rows_read_ctx = &seen};
    struct lw_frame *f = NULL;
    struct buf b;

    (void)state;
    buf_init(&b);
    buf_add_text(&b, "a,b\n");
    for (int i = 0; i < 20000; i++)
        buf_printf(&b, "%d,%d\n", i, i % 7);
    assert_int_equal(try_read(&f, buf_text(&b), strlen(buf_text(&b)), &cfg), LW_OK);
    assert_in_range(seen, 10000, 20000);
    lw_frame_free(f);
    buf_release(&b);
}

static void fail_everywhere(const char *text, size_t n_bytes)
{
    struct lw_frame *f = NULL;

    for (uint64_t n = 1; f == NULL; n++) {
        mem_fail_at(n, 0);
        if (try_read(&f, text, n_bytes, NULL) != LW_OK) {
            assert_int_equal(err.code, LW_ENOMEM);
            assert_null(f);
        }
        assert_true(n < 10000);
    }
    mem_fail_at(0, 0);
    lw_frame_free(f);
}

static void memory_may_run_out_anywhere(void **state)
{
    static const char quoted[] = "a,b\n:,1\n2,\"3\"\n";
    struct buf b;

    (void)state;
    fail_everywhere((const char *)packed, sizeof packed);
    /* The first quote of the file lies where types are looked for. */
    fail_everywhere(quoted, sizeof quoted - 1);
    buf_init(&b);
    buf_add_text(&b, ZEEK_HEAD "#fields\tts\ta   b\n#types\ttime\tcount   string\n"
                               "1\t2   3\n");
    fail_everywhere(b.data, b.len);
    buf_reset(&b);
    /* Growth of rows and words, quotes, and a column that becomes text. */
    buf_add_text(&b, "n,w,m\n");
    while (b.len < 130 * 1024)
        buf_printf(&b, "1,w%zu,\n", b.len % 300);
    buf_add_text(&b, "2,\"q\"\"\",late\n");
    fail_everywhere(b.data, b.len);
    buf_release(&b);
}

/* Keys in any order, nested, missing, lists, null; of events only flows. */
static void json_lines_are_rows(void **state)
{
    static const char no_object[] = "{\"a\":1}\n[2]\n";
    static const char no_flow[] = "{\"event_type\":\"dns\"}\n";
    static const char text[] =
        "{\"event_type\":\"dns\",\"x\":1}\n"
        "{\"event_type\":\"flow\",\"flow\":{\"pkts\":3,\"state\":\"new\"},"
        "\"tags\":[\"a\",2],\"ok\":true,\"ts\":1500000000.25}\n\n"
        "{\"ts\":1500000001.75,\"flow\":{\"state\":\"c\\\"d\",\"pkts\":null},"
        "\"event_type\":\"flow\",\"late\":{\"key\":-1.5e1}}\n";
    struct lw_frame *f = NULL;
    struct lw_column c;

    (void)state;
    assert_int_equal(
        lw_frame_read_memory(&f, text, sizeof text - 1, "eve.json", NULL, &err), LW_OK);
    assert_string_equal(lw_frame_format(f), "json");
    assert_int_equal(lw_frame_rows(f), 2);
    assert_int_equal(lw_frame_columns(f), 7);
    lw_frame_column(f, (size_t)lw_frame_find(f, "flow.pkts"), &c);
    assert_near(c.numbers[0], 3, 0);
    assert_true(isnan(c.numbers[1]));
    lw_frame_column(f, (size_t)lw_frame_find(f, "flow.state"), &c);
    assert_string_equal(c.dictionary[c.codes[1]], "c\"d");
    lw_frame_column(f, (size_t)lw_frame_find(f, "tags"), &c);
    assert_string_equal(c.dictionary[c.codes[0]], "a 2");
    assert_string_equal(c.dictionary[c.codes[1]], "");
    lw_frame_column(f, (size_t)lw_frame_find(f, "ts"), &c);
    assert_near(c.origin, 1500000000.25, 0);
    assert_near(c.numbers[1], 1.5, 0);
    lw_frame_column(f, (size_t)lw_frame_find(f, "late.key"), &c);
    assert_near(c.numbers[1], -15, 0);
    lw_frame_free(f);
    f = NULL;
    assert_int_equal(
        lw_frame_read_memory(&f, no_object, sizeof no_object - 1, "x.json", NULL, &err),
        LW_EFORMAT);
    assert_non_null(strstr(err.msg, "x.json:2: JSON, but no object"));
    assert_int_equal(
        lw_frame_read_memory(&f, no_flow, sizeof no_flow - 1, "x.json", NULL, &err),
        LW_EFORMAT);
    assert_non_null(strstr(err.msg, "no flow"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_lines_are_rows),
        cmocka_unit_test(types_are_found_by_looking),
        cmocka_unit_test(missing_values_are_nan_and_words_keep_their_spelling),
        cmocka_unit_test(lines_end_in_several_ways),
        cmocka_unit_test(quotes_hold_delimiters_quotes_and_blanks),
        cmocka_unit_test(what_is_no_digit_is_seen_among_digits),
        cmocka_unit_test(quoted_and_plain_lines_give_the_same),
        cmocka_unit_test(wrong_rows_are_named),
        cmocka_unit_test(late_surprises_are_named_or_understood),
        cmocka_unit_test(what_is_no_table_is_refused),
        cmocka_unit_test(endless_lines_and_columns_are_refused),
        cmocka_unit_test(rows_can_be_limited_and_the_digest_follows),
        cmocka_unit_test(compression_does_not_show),
        cmocka_unit_test(kdd_records_need_no_header),
        cmocka_unit_test(formats_can_be_asked_for),
        cmocka_unit_test(binetflow_has_times_and_textual_ports),
        cmocka_unit_test(binetflow_times_are_checked),
        cmocka_unit_test(zeek_logs_are_typed_by_their_header),
        cmocka_unit_test(labels_behind_three_blanks_are_columns),
        cmocka_unit_test(damaged_zeek_headers_are_refused),
        cmocka_unit_test(zeek_logs_as_csv_keep_their_times),
        cmocka_unit_test(matrices_are_zeroed_and_bounded),
        cmocka_unit_test(reading_tells_how_far_it_is),
        cmocka_unit_test(many_words_and_rows_are_kept),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
