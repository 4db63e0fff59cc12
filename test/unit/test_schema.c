/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that somebody else made: odd headers or none, values that do not fit, several
 * labels; and what may be said of them in a schema. */
#include "base/buf.h"
#include "base/mem.h"
#include "test.h"

#include <lapwing/schema.h>

#include <stdio.h>
#include <string.h>

static struct lw_error err;
static struct buf told; /* what the callback was told */

static void bad_row(void *ctx, const char *message)
{
    assert_null(ctx);
    buf_printf(&told, "%s\n", message);
}

static enum lw_status try_read(struct lw_frame **out, const char *text,
                               const struct lw_frame_config *cfg)
{
    return lw_frame_read_memory(out, text, strlen(text), "t.csv", cfg, &err);
}

static struct lw_frame *read_as(const char *text, const struct lw_frame_config *cfg)
{
    struct lw_frame *f = NULL;

    buf_release(&told);
    if (try_read(&f, text, cfg) != LW_OK)
        fail_msg("%s", err.msg);
    return f;
}

static struct lw_frame *read_text(const char *text)
{
    return read_as(text, NULL);
}

static struct lw_frame *read_with(const char *text, const char *yaml)
{
    struct lw_schema s = {0};
    struct lw_frame_config cfg = {.schema = &s, .bad_row = bad_row};
    struct lw_frame *f;

    if (lw_schema_parse(&s, yaml, strlen(yaml), "s.yaml", &err) != LW_OK)
        fail_msg("%s", err.msg);
    f = read_as(text, &cfg);
    lw_schema_release(&s);
    return f;
}

static void expect_columns(const struct lw_frame *f, const char *want)
{
    struct buf got;

    buf_init(&got);
    for (size_t i = 0; i < lw_frame_columns(f); i++) {
        struct lw_column c;

        lw_frame_column(f, i, &c);
        buf_printf(&got, "%s%s:%s", i == 0 ? "" : "|", c.name,
                   c.type == LW_COLUMN_TEXT ? "text" : "number");
    }
    assert_string_equal(buf_text(&got), want);
    buf_release(&got);
}

/* A cell as text; numbers with %g. */
static const char *cell(const struct lw_frame *f, size_t column, size_t row)
{
    static char text[64];
    struct lw_column c;

    lw_frame_column(f, column, &c);
    if (c.type == LW_COLUMN_TEXT)
        return c.dictionary[c.codes[row]];
    (void)snprintf(text, sizeof text, "%g", (double)c.numbers[row]);
    return text;
}

/* ---- found by looking ---- */

static void names_are_made_unique(void **state)
{
    struct lw_frame *f = read_text("\xef\xbb\xbf Flow Bytes/s,Fwd Header Length,,"
                                   " Fwd Header Length,Fwd Header Length,column_3, \r\n"
                                   "1,2,3,4,5,6,x\r\n");
    struct lw_read_report r;

    (void)state;
    expect_columns(f, "Flow Bytes/s:number|Fwd Header Length:number|column_3:number|"
                      "Fwd Header Length.1:number|Fwd Header Length.2:number|"
                      "column_3.1:number|column_7:text");
    lw_frame_read_report(f, &r);
    assert_true(r.has_header);
    assert_int_equal(r.n_renamed, 5);
    assert_int_equal(r.delimiter, ',');
    assert_int_equal(lw_frame_find_like(f, "flow_bytes_s"), 0);
    assert_int_equal(lw_frame_find_like(f, "Fwd Header Length"), 1);
    assert_int_equal(lw_frame_find_like(f, "fwd header length 1"), 3);
    assert_int_equal(lw_frame_find_like(f, "fwd"), -1);
    lw_frame_free(f);
}

static void a_first_line_of_values_is_no_header(void **state)
{
    static const char *const texts[] = {
        "10.0.0.1,80,tcp,0\n10.0.0.2,53,udp,1\n",
        ("\xef\xbb\xbf"
         "10.0.0.1,80,tcp,0\r\n10.0.0.2,53,udp,1\r\n"),
        "10.0.0.1;80;tcp;0\n10.0.0.2;53;udp;1\n",
    };
    struct lw_read_report r;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct lw_frame *f = read_text(texts[i]);

        expect_columns(f,
                       "column_1:text|column_2:number|column_3:text|column_4:number");
        assert_int_equal(lw_frame_rows(f), 2);
        assert_string_equal(cell(f, 0, 0), "10.0.0.1");
        assert_string_equal(cell(f, 1, 1), "53");
        lw_frame_read_report(f, &r);
        assert_false(r.has_header);
        lw_frame_free(f);
    }
}

static void words_alone_are_a_header_unless_they_come_again(void **state)
{
    struct lw_frame *f = read_text("proto,state\ntcp,CON\nudp,INT\n");

    (void)state;
    expect_columns(f, "proto:text|state:text");
    lw_frame_free(f);
    f = read_text("tcp,CON\nudp,INT\ntcp,FIN\n");
    expect_columns(f, "column_1:text|column_2:text");
    assert_int_equal(lw_frame_rows(f), 3);
    lw_frame_free(f);
    /* One file appended to another: the header comes again, and is none of the rows. */
    f = read_text("proto,state\ntcp,CON\nproto,state\nudp,INT\n");
    expect_columns(f, "proto:text|state:text");
    assert_int_equal(lw_frame_rows(f), 2);
    lw_frame_free(f);
    f = read_text("0,1,2\n5,6,7\n");
    expect_columns(f, "0:number|1:number|2:number");
    lw_frame_free(f);
}

static void repeated_headers_are_passed_over(void **state)
{
    struct lw_frame *f =
        read_text("Dst Port,Label\n80,Benign\nDst Port,Label\n22,Bot\n");
    struct lw_read_report r;

    (void)state;
    expect_columns(f, "Dst Port:number|Label:text");
    assert_int_equal(lw_frame_rows(f), 2);
    lw_frame_read_report(f, &r);
    assert_int_equal(r.n_headers, 1);
    lw_frame_free(f);
}

static void quoted_delimiters_do_not_count(void **state)
{
    struct lw_frame *f = read_text("\"a,b,c,d\";n\nx;1\n");

    (void)state;
    expect_columns(f, "a,b,c,d:text|n:number");
    lw_frame_free(f);
}

static void infinities_and_hexadecimal_are_numbers(void **state)
{
    struct lw_frame *f =
        read_text("rate,port\nInfinity,80\n-inf,0x0303\nNaN,-\n1,0XfF\n");

    (void)state;
    expect_columns(f, "rate:number|port:number");
    assert_string_equal(cell(f, 0, 0), "inf");
    assert_string_equal(cell(f, 0, 1), "-inf");
    assert_string_equal(cell(f, 0, 2), "nan");
    assert_string_equal(cell(f, 1, 1), "771");
    assert_string_equal(cell(f, 1, 2), "nan");
    assert_string_equal(cell(f, 1, 3), "255");
    lw_frame_free(f);
    f = read_text("id\n0x123456789\n0xg\n0x\n");
    expect_columns(f, "id:text");
    lw_frame_free(f);
}

static void large_times_are_counted_from_the_first(void **state)
{
    struct lw_frame *f = read_text("stime,ms,n\n1421927414,1421927414000,2000000000\n"
                                   "1421927415,1421927414250,5\n");
    struct lw_column c;

    (void)state;
    lw_frame_column(f, 0, &c);
    assert_near(c.origin, 1421927414, 0);
    assert_near(c.numbers[1], 1, 0);
    lw_frame_column(f, 1, &c);
    assert_near(c.numbers[1], 250, 0);
    lw_frame_column(f, 2, &c);
    assert_near(c.origin, 0, 0);
    assert_near(c.numbers[1], 5, 0);
    lw_frame_free(f);
}

/* Whole numbers beyond what is looked at, then a word. */
static char *long_column(const char *cells, const char *last)
{
    struct buf b;

    buf_init(&b);
    buf_add_text(&b, "sport,x\n");
    while (b.len < 140 * 1024)
        buf_printf(&b, "%s,1\n", cells);
    buf_printf(&b, "%s,1\n7,1\n", last);
    return buf_take(&b, NULL);
}

static void whole_numbers_become_words_when_a_later_row_is_one(void **state)
{
    char *text = long_column("80", "https");
    struct lw_frame *f = read_text(text);
    struct lw_column c;
    size_t n = lw_frame_rows(f);

    (void)state;
    lw_frame_column(f, 0, &c);
    assert_int_equal(c.type, LW_COLUMN_TEXT);
    assert_int_equal(c.text_line, n);
    assert_string_equal(cell(f, 0, 0), "80");
    assert_string_equal(cell(f, 0, n - 2), "https");
    assert_string_equal(cell(f, 0, n - 1), "7");
    lw_frame_free(f);
    mem_free(text);
}

static void numbers_with_other_spellings_do_not(void **state)
{
    static const char *const cells[] = {"1.0", "007",  "12345678", "-1", "\"1.5\"",
                                        "1e3", "0x10", "+1",       ".5"};

    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        char *text = long_column(cells[i], "https");
        struct lw_frame *f = NULL;

        assert_int_equal(try_read(&f, text, NULL), LW_EFORMAT);
        assert_non_null(strstr(err.msg, "column 1 (sport): 'https' is not a number"));
        mem_free(text);
    }
}

/* ---- bad rows ---- */

static const char bad_rows[] =
    "n,w,x\n1,a,1\n2,b,0.5\n3,c,4\n4,d,5\n5,e,6\n6,f,7\n7,g,8\n"
    "8,h,9\n9,i,1\n10,j,1\n11,k,oops\n12,l\n13,m,2,3\n"
    "14,\"n,1\n15,o,3\n";

static void bad_rows_are_left_out_and_told(void **state)
{
    struct lw_frame_config cfg = {.bad_rows = LW_BAD_ROWS_SKIP, .bad_row = bad_row};
    struct lw_frame *f = read_as(bad_rows, &cfg);
    struct lw_read_report r;
    struct lw_column c;

    (void)state;
    expect_columns(f, "n:number|w:text|x:number");
    assert_int_equal(lw_frame_rows(f), 11);
    assert_string_equal(cell(f, 0, 10), "15");
    assert_string_equal(cell(f, 1, 10), "o");
    lw_frame_read_report(f, &r);
    assert_int_equal(r.n_skipped, 4);
    assert_int_equal(r.n_repaired, 0);
    /* Their words are in no dictionary. */
    lw_frame_column(f, 1, &c);
    assert_int_equal(c.n_words, 11);
    assert_string_equal(
        buf_text(&told),
        "t.csv:12: column 3 (x): 'oops' is not a number\n"
        "t.csv:13: 2 columns where 3 are expected; the last is 'l' (w)\n"
        "t.csv:14: more than the 3 expected columns; the first too many is '3'\n"
        "t.csv:15: column 2: a quoted field does not end on its line\n");
    lw_frame_free(f);
    buf_release(&told);
}

static void bad_values_become_missing(void **state)
{
    struct lw_frame_config cfg = {.bad_rows = LW_BAD_ROWS_MISSING, .bad_row = bad_row};
    struct lw_frame *f = read_as(bad_rows, &cfg);
    struct lw_read_report r;
    struct lw_column c;

    (void)state;
    assert_int_equal(lw_frame_rows(f), 12);
    assert_string_equal(cell(f, 1, 10), "k");
    assert_string_equal(cell(f, 2, 10), "nan");
    lw_frame_read_report(f, &r);
    assert_int_equal(r.n_skipped, 3);
    assert_int_equal(r.n_repaired, 1);
    lw_frame_column(f, 2, &c);
    assert_int_equal(c.n_repaired, 1);
    lw_frame_free(f);
    buf_release(&told);
    /* A row that is left out in the end has repaired nothing. */
    f = read_as("n,x\n1,1\n2,2\n3,3\n4,4\n5,5\n6,6\n7,7\n8,8\n9,9\n10,10\nz\n11,11\n",
                &cfg);
    lw_frame_read_report(f, &r);
    assert_int_equal(r.n_skipped, 1);
    assert_int_equal(r.n_repaired, 0);
    lw_frame_free(f);
    buf_release(&told);
}

static void nothing_but_bad_rows_is_a_failure(void **state)
{
    struct lw_frame_config cfg = {.bad_rows = LW_BAD_ROWS_SKIP};
    struct lw_frame *f = NULL;

    (void)state;
    assert_int_equal(try_read(&f, "a,b\n1\n2\n", &cfg), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "none of 2 rows can be read"));
}

/* ---- said in a schema ---- */

static void columns_can_be_named_dropped_and_typed(void **state)
{
    struct lw_frame *f = read_with("1;80;tcp;0.5\n2;81;udp;1\n",
                                   "# a table without a header\n"
                                   "columns: [id, port, proto, 'Rate %']\n"
                                   "drop:\n  - ID\ncategorical: [Port]\nheader: no\n"
                                   "delimiter: semicolon\non_bad_row: skip\n");

    (void)state;
    expect_columns(f, "port:text|proto:text|Rate %:number");
    assert_string_equal(cell(f, 0, 1), "81");
    assert_string_equal(cell(f, 2, 0), "0.5");
    lw_frame_free(f);
    f = read_with("x,y\n1,2\n", "header: no\n");
    expect_columns(f, "column_1:text|column_2:text");
    lw_frame_free(f);
    f = read_with("7,8\n1,2\n", "header: yes\n");
    expect_columns(f, "7:number|8:number");
    lw_frame_free(f);
    /* Dropped columns of formats with types of their own, and in quoted rows. */
    f = read_with("StartTime,Dur,Label\n2011/08/16 10:01:46.9,\"1\",x\n",
                  "drop: [StartTime, label]\n");
    expect_columns(f, "Dur:number");
    lw_frame_free(f);
}

static void expect_schema_refusal(const char *yaml, const char *words)
{
    struct lw_schema s = {0};

    assert_int_equal(lw_schema_parse(&s, yaml, strlen(yaml), "s.yaml", &err),
                     LW_EFORMAT);
    if (strstr(err.msg, words) == NULL)
        fail_msg("'%s' does not say '%s'", err.msg, words);
    lw_schema_release(&s);
}

static void wrong_schemas_are_refused_with_their_line(void **state)
{
    (void)state;
    expect_schema_refusal("label: a\nlabels: b\n",
                          "s.yaml:2: no key is called 'labels'");
    expect_schema_refusal("label: a\nlabel: b\n", "s.yaml:2: label is said twice");
    expect_schema_refusal("header: maybe\n", "s.yaml:1: header cannot be 'maybe'");
    expect_schema_refusal("delimiter: x\n", "delimiter cannot be 'x'");
    expect_schema_refusal("delimiter: two\n", "delimiter cannot be 'two'");
    expect_schema_refusal("on_bad_row: cry\n", "on_bad_row cannot be 'cry'");
    expect_schema_refusal("[a, b]\n", "s.yaml:1: a list where none is expected");
    expect_schema_refusal("word\n", "s.yaml:1: a schema is a mapping");
    expect_schema_refusal("drop: {a: b}\n", "s.yaml:1: a mapping within a schema");
    expect_schema_refusal("drop: [[a]]\n", "s.yaml:1: a list where none");
    expect_schema_refusal("drop: &x a\n", "an anchor");
    expect_schema_refusal("drop: *x\n", "an alias");
    expect_schema_refusal("a: b\n---\nc: d\n", "no key is called 'a'");
    expect_schema_refusal("label: b\n---\nlabel: d\n", "s.yaml:2: a second document");
    expect_schema_refusal("drop: [a\n", "not YAML");
    expect_schema_refusal("label: \"a\\0b\"\n", "NUL");
}

static void names_that_are_not_there_are_named(void **state)
{
    struct lw_schema s = {0};
    struct lw_frame_config cfg = {.schema = &s};
    struct lw_frame *f = NULL;

    (void)state;
    assert_int_equal(lw_schema_set(&s, "drop", "colour", &err), LW_OK);
    assert_int_equal(try_read(&f, "a,b\n1,2\n", &cfg), LW_EINVAL);
    assert_non_null(strstr(err.msg, "no column is called 'colour'"));
    lw_schema_release(&s);
    assert_int_equal(lw_schema_set(&s, "drop", "a", &err), LW_OK);
    assert_int_equal(lw_schema_set(&s, "drop", "b", &err), LW_OK);
    assert_int_equal(lw_schema_set(&s, "drop", "A", &err), LW_OK);
    assert_int_equal(try_read(&f, "a,b\n1,2\n", &cfg), LW_EINVAL);
    assert_non_null(strstr(err.msg, "every column is dropped"));
    lw_schema_release(&s);
    assert_int_equal(lw_schema_set(&s, "columns", "a", &err), LW_OK);
    assert_int_equal(try_read(&f, "a,b\n1,2\n", &cfg), LW_EINVAL);
    assert_non_null(strstr(err.msg, "names 1 columns, the first line has 2"));
    lw_schema_release(&s);
}

/* ---- labels ---- */

static void find_target(struct lw_target *l, const struct lw_frame *f, const char *yaml)
{
    struct lw_schema s = {0};

    if (lw_schema_parse(&s, yaml, strlen(yaml), "s.yaml", &err) != LW_OK ||
        lw_target_find(l, f, &s, &err) != LW_OK)
        fail_msg("%s", err.msg);
    lw_schema_release(&s);
}

static void the_label_is_found_by_its_name(void **state)
{
    struct lw_frame *f = read_text("n,attack_cat,Label\n1,,0\n2,DoS,1\n3,Worms,1\n");
    struct lw_target l;

    (void)state;
    find_target(&l, f, "");
    assert_int_equal(l.column, 2);
    assert_false(l.by_place);
    assert_true(l.is_label[1] && l.is_label[2] && !l.is_label[0]);
    assert_int_equal(l.n_words, 2);
    assert_string_equal(l.words[0], "0");
    assert_int_equal(l.word_side[0], LW_SIDE_NEGATIVE);
    assert_int_equal(l.side_rows[LW_SIDE_POSITIVE], 2);
    lw_target_release(&l);
    /* The kind instead: nothing means normal. */
    find_target(&l, f, "label: 'attack cat'\n");
    assert_int_equal(l.column, 1);
    assert_int_equal(l.n_words, 3);
    assert_int_equal(l.word_side[0], LW_SIDE_NEGATIVE);
    assert_int_equal(l.side_rows[LW_SIDE_POSITIVE], 2);
    lw_target_release(&l);
    find_target(&l, f, "label: attack_cat\npositive: [w*]\n");
    assert_int_equal(l.side_rows[LW_SIDE_POSITIVE], 1);
    assert_int_equal(l.side_rows[LW_SIDE_NEGATIVE], 2);
    lw_target_release(&l);
    lw_frame_free(f);
}

static void the_label_may_be_the_last_column(void **state)
{
    struct lw_frame *f = read_text("1,5.5,0\n2,6.5,1\n3,1.5,1\n");
    struct lw_target l;

    (void)state;
    find_target(&l, f, "");
    assert_true(l.by_place);
    assert_int_equal(l.column, 2);
    lw_target_release(&l);
    lw_frame_free(f);
    f = read_text("a,b\n1,5.5\n2,6.5\n");
    assert_int_equal(lw_target_find(&l, f, NULL, &err), LW_ENOTFOUND);
    lw_frame_free(f);
    f = read_text("a,b\n1,5\n2,6\n3,7\n");
    assert_int_equal(lw_target_find(&l, f, NULL, &err), LW_ENOTFOUND);
    lw_frame_free(f);
}

static void background_is_neither(void **state)
{
    struct lw_frame *f = read_text("n,Label\n"
                                   "1,flow=Background-UDP-Established\n"
                                   "2,flow=From-Normal-V46-Stribrek\n"
                                   "3,flow=From-Botnet-V46-TCP\n4,flow=To-Normal-x\n");
    struct lw_target l;

    (void)state;
    find_target(&l, f, "");
    assert_int_equal(l.side_rows[LW_SIDE_NEITHER], 1);
    assert_int_equal(l.side_rows[LW_SIDE_NEGATIVE], 2);
    assert_int_equal(l.side_rows[LW_SIDE_POSITIVE], 1);
    lw_target_release(&l);
    find_target(&l, f, "positive: ['*botnet*', 'flow=background-UDP-established']\n");
    assert_int_equal(l.side_rows[LW_SIDE_POSITIVE], 2);
    lw_target_release(&l);
    lw_frame_free(f);
}

static void wrong_labels_are_refused(void **state)
{
    struct lw_frame *f = read_text("n,label\n1,normal.\n2,smurf.\n");
    struct lw_schema s = {0};
    struct lw_target l;

    (void)state;
    assert_int_equal(lw_schema_set(&s, "label", "kind", &err), LW_OK);
    assert_int_equal(lw_target_find(&l, f, &s, &err), LW_EINVAL);
    assert_non_null(strstr(err.msg, "no column is called 'kind'"));
    lw_schema_release(&s);
    assert_int_equal(lw_schema_set(&s, "positive", "*teardrop", &err), LW_OK);
    assert_int_equal(lw_target_find(&l, f, &s, &err), LW_EINVAL);
    assert_non_null(strstr(err.msg, "no row is labelled '*teardrop'"));
    lw_schema_release(&s);
    assert_int_equal(lw_schema_set(&s, "positive", "*urf.", &err), LW_OK);
    assert_int_equal(lw_target_find(&l, f, &s, &err), LW_OK);
    assert_int_equal(l.side_rows[LW_SIDE_POSITIVE], 1);
    lw_target_release(&l);
    lw_schema_release(&s);
    lw_frame_free(f);
}

/* ---- memory ---- */

static void memory_may_run_out_anywhere(void **state)
{
    static const char yaml[] = "drop: [a]\ncategorical: [b]\npositive: [x]\n";
    static const char text[] = "a,b,,b,label\n1,2,3,4,x\n5,6,7,8,y\n";

    (void)state;
    for (uint64_t n = 1;; n++) {
        struct lw_schema s = {0};
        struct lw_frame_config cfg = {.schema = &s};
        struct lw_frame *f = NULL;
        struct lw_target l = {0};
        enum lw_status st;

        mem_fail_at(n, 0);
        st = lw_schema_parse(&s, yaml, sizeof yaml - 1, "s.yaml", &err);
        if (st == LW_OK)
            st = lw_frame_read_memory(&f, text, sizeof text - 1, "t.csv", &cfg, &err);
        if (st == LW_OK)
            st = lw_target_find(&l, f, &s, &err);
        mem_fail_at(0, 0);
        lw_target_release(&l);
        lw_frame_free(f);
        lw_schema_release(&s);
        if (st == LW_OK)
            break;
        assert_int_equal(st, LW_ENOMEM);
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_made_unique),
        cmocka_unit_test(a_first_line_of_values_is_no_header),
        cmocka_unit_test(words_alone_are_a_header_unless_they_come_again),
        cmocka_unit_test(repeated_headers_are_passed_over),
        cmocka_unit_test(quoted_delimiters_do_not_count),
        cmocka_unit_test(infinities_and_hexadecimal_are_numbers),
        cmocka_unit_test(large_times_are_counted_from_the_first),
        cmocka_unit_test(whole_numbers_become_words_when_a_later_row_is_one),
        cmocka_unit_test(numbers_with_other_spellings_do_not),
        cmocka_unit_test(bad_rows_are_left_out_and_told),
        cmocka_unit_test(bad_values_become_missing),
        cmocka_unit_test(nothing_but_bad_rows_is_a_failure),
        cmocka_unit_test(columns_can_be_named_dropped_and_typed),
        cmocka_unit_test(wrong_schemas_are_refused_with_their_line),
        cmocka_unit_test(names_that_are_not_there_are_named),
        cmocka_unit_test(the_label_is_found_by_its_name),
        cmocka_unit_test(the_label_may_be_the_last_column),
        cmocka_unit_test(background_is_neither),
        cmocka_unit_test(wrong_labels_are_refused),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
