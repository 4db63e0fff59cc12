/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"
#include "cmd/options.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static const char *const colours[] = {"red", "green", "blue", NULL};

static struct {
    bool json;
    bool quiet;
    const char *model;
    int64_t top;
    double share;
    int64_t idle_ns;
    uint64_t memory;
    int colour;
    struct opt_list files;
} o;

static const struct opt first_rows[] = {
    {"json", 'j', OPT_TO_FLAG(&o.json), .help = "x"},
    {"model", 'm', OPT_TO_TEXT(&o.model), .metavar = "FILE", .help = "x"},
    {"top", 0, OPT_TO_INT(&o.top), .metavar = "N", .initial = "10", .min = 1,
     .max = 1000, .unit = "flows", .help = "x"},
    {"share", 0, OPT_TO_FLOAT(&o.share), .metavar = "X", .initial = "0.5", .help = "x"},
};

static const struct opt second_rows[] = {
    {"quiet", 'q', OPT_TO_FLAG(&o.quiet), .help = "x"},
    {"idle", 0, OPT_TO_DURATION(&o.idle_ns), .metavar = "TIME", .initial = "60",
     .min = 1, .max = 3600, .unit = "s", .help = "x"},
    {"memory", 0, OPT_TO_SIZE(&o.memory), .metavar = "SIZE", .help = "x"},
    {"colour", 0, OPT_TO_CHOICE(&o.colour), .choices = colours, .metavar = "COLOUR",
     .help = "x"},
    {"file", 'f', OPT_TO_LIST(&o.files), .metavar = "FILE", .help = "x"},
};

static const struct opt_group first = {"First", first_rows, 4};
static const struct opt_group second = {"Second", second_rows, 5};
static const struct opt_group *const groups[] = {&first, &second, NULL};

/* Words separated by single spaces; what is left over is in `words`. */
static char text[256];
static char *words[32];
static size_t n_words;
static struct lw_error err;

static enum lw_status parse(const char *line)
{
    char *save = NULL;

    memset(&o, 0, sizeof o);
    (void)snprintf(text, sizeof text, "%s", line);
    n_words = 0;
    for (char *w = strtok_r(text, " ", &save); w != NULL;
         w = strtok_r(NULL, " ", &save))
        words[n_words++] = w;
    return opt_parse(groups, words, &n_words, &err);
}

static void assert_refused(const char *line, const char *message)
{
    assert_int_equal(parse(line), LW_EINVAL);
    assert_string_equal(err.msg, message);
}

static void defaults_are_stored(void **state)
{
    (void)state;
    assert_int_equal(parse(""), LW_OK);
    assert_int_equal(o.top, 10);
    assert_near(o.share, 0.5, 0);
    assert_int_equal(o.idle_ns, INT64_C(60000000000));
    assert_null(o.model);
    assert_false(o.json);
}

static void every_type_is_parsed(void **state)
{
    (void)state;
    assert_int_equal(parse("--json --top=25 --share 0.25 --idle 5m --memory 64k "
                           "--colour blue -f a --file=b -fc -m x"),
                     LW_OK);
    assert_true(o.json);
    assert_int_equal(o.top, 25);
    assert_near(o.share, 0.25, 0);
    assert_int_equal(o.idle_ns, INT64_C(300000000000));
    assert_int_equal(o.memory, 65536);
    assert_int_equal(o.colour, 2);
    assert_int_equal(o.files.n, 3);
    assert_string_equal(o.files.items[1], "b");
    assert_string_equal(o.files.items[2], "c");
    assert_string_equal(o.model, "x");
    assert_int_equal(n_words, 0);
}

static void durations_and_sizes_have_suffixes(void **state)
{
    (void)state;
    assert_int_equal(parse("--idle 1500ms --memory 2G"), LW_OK);
    assert_int_equal(o.idle_ns, INT64_C(1500000000));
    assert_int_equal(o.memory, UINT64_C(2147483648));
    assert_int_equal(parse("--idle 1h --memory 3M"), LW_OK);
    assert_int_equal(o.idle_ns, INT64_C(3600000000000));
    assert_int_equal(o.memory, 3145728);
}

static void letters_may_be_bundled(void **state)
{
    (void)state;
    assert_int_equal(parse("-jqmfile"), LW_OK);
    assert_true(o.json && o.quiet);
    assert_string_equal(o.model, "file");
}

static void operands_are_kept_in_order(void **state)
{
    (void)state;
    assert_int_equal(parse("tcp -j port - 80 -- -q --top"), LW_OK);
    assert_true(o.json);
    assert_false(o.quiet);
    assert_int_equal(n_words, 6);
    assert_string_equal(words[0], "tcp");
    assert_string_equal(words[2], "-");
    assert_string_equal(words[4], "-q");
    assert_string_equal(words[5], "--top");
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_refused("--jsno", "unknown option --jsno; did you mean --json?");
    assert_refused("--zzzzzz", "unknown option --zzzzzz");
    assert_refused("-jz", "unknown option -z");
    assert_refused("--json=1", "--json takes no value");
    assert_refused("--model", "--model needs a value: --model FILE");
    assert_refused("-m", "--model needs a value: --model FILE");
    assert_refused("--top ten", "--top: 'ten' is not a whole number");
    assert_refused("--top 10x", "--top: '10x' is not a whole number");
    assert_refused("--top 0", "--top: 0 is out of range (1 to 1000 flows)");
    assert_refused("--top 1001", "--top: 1001 is out of range (1 to 1000 flows)");
    assert_refused("--share nan", "--share: 'nan' is not a number");
    assert_refused("--idle 5x",
                   "--idle: '5x' is not a duration such as 90s, 500ms, 5m or 1h");
    assert_refused("--idle 2h", "--idle: 2h is out of range (1 to 3600 s)");
    assert_refused("--memory -1",
                   "--memory: '-1' is not a size such as 65536, 64k, 10M or 2G");
    assert_refused("--colour gren", "--colour: no 'gren'; did you mean green? "
                                    "(red, green, blue)");
    assert_refused("--colour mauve",
                   "--colour: no 'mauve'; it takes one of red, green, blue");
}

static void a_list_has_an_end(void **state)
{
    (void)state;
    assert_refused(
        "-f1 -f2 -f3 -f4 -f5 -f6 -f7 -f8 -f9 -f1 -f1 -f1 -f1 -f1 -f1 -f1 -f17",
        "--file: given more than 16 times");
}

static void the_nearest_word_is_found(void **state)
{
    static const char *const names[] = {"detect", "flows", "features", "train", NULL};

    (void)state;
    assert_string_equal(nearest_word("dectet", names), "detect");
    assert_string_equal(nearest_word("flow", names), "flows");
    assert_string_equal(nearest_word("trian", names), "train");
    assert_null(nearest_word("xyz", names));
    assert_null(nearest_word("", names));
    assert_null(nearest_word("a-word-that-is-much-longer-than-any-that-a-person-would-"
                             "ever-type-here",
                             names));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_stored),
        cmocka_unit_test(every_type_is_parsed),
        cmocka_unit_test(durations_and_sizes_have_suffixes),
        cmocka_unit_test(letters_may_be_bundled),
        cmocka_unit_test(operands_are_kept_in_order),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(a_list_has_an_end),
        cmocka_unit_test(the_nearest_word_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
