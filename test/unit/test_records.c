/* SPDX-License-Identifier: Apache-2.0 */
/* The public record files, where they lie beside the source tree: every row and every
 * attack is counted.  Expected counts are those of the sets' own descriptions, checked
 * with awk. */
#include "test.h"

#include <lapwing/dataset.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct count {
    const char *word;
    size_t n;
};

/* The file's frame; skips the test when the file is not there. */
static struct lw_frame *read_records(const char *name)
{
    char relative[256];
    const char *path;
    struct lw_frame *f = NULL;
    struct lw_error err;

    (void)snprintf(relative, sizeof relative, "../shared/data/records/%s", name);
    path = test_source_path(relative);
    if (access(path, R_OK) != 0) {
        print_message("# skipped: %s is not there\n", path);
        skip();
    }
    if (lw_frame_read(&f, path, NULL, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return f;
}

static struct lw_column column(const struct lw_frame *f, const char *name)
{
    struct lw_column c;

    assert_true(lw_frame_find(f, name) >= 0);
    lw_frame_column(f, (size_t)lw_frame_find(f, name), &c);
    return c;
}

static size_t count_word(const struct lw_frame *f, const struct lw_column *c,
                         const char *word)
{
    size_t n = 0;

    for (size_t i = 0; i < lw_frame_rows(f); i++)
        n += strcmp(c->dictionary[c->codes[i]], word) == 0;
    return n;
}

static void expect_attacks(const struct lw_frame *f, const struct count *want,
                           size_t n_want)
{
    struct lw_column c = column(f, "label");

    assert_int_equal(c.n_words, n_want);
    for (size_t i = 0; i < n_want; i++)
        assert_int_equal(count_word(f, &c, want[i].word), want[i].n);
    for (size_t i = 0; i < c.n_words; i++)
        assert_true(lw_kdd_class_of(c.dictionary[i]) >= 0);
}

/* Shares are within [0, 1], counters within their known bounds, nothing is missing. */
static void expect_sane_features(const struct lw_frame *f)
{
    for (size_t k = 0; k < 41; k++) {
        struct lw_column c;

        lw_frame_column(f, k, &c);
        if (c.type == LW_COLUMN_TEXT)
            continue;
        for (size_t i = 0; i < lw_frame_rows(f); i++) {
            assert_true(c.numbers[i] >= 0);
            if (strstr(c.name, "_rate") != NULL)
                assert_true(c.numbers[i] <= 1);
        }
    }
    assert_int_equal(column(f, "protocol_type").n_words, 3);
    assert_int_equal(column(f, "flag").n_words, 11);
}

static void nsl_kdd_is_read_whole(void **state)
{
    static const struct count attacks[] = {
        {"normal", 67343},
        {"neptune", 41214},
        {"satan", 3633},
        {"ipsweep", 3599},
        {"portsweep", 2931},
        {"smurf", 2646},
        {"nmap", 1493},
        {"back", 956},
        {"teardrop", 892},
        {"warezclient", 890},
        {"pod", 201},
        {"guess_passwd", 53},
        {"buffer_overflow", 30},
        {"warezmaster", 20},
        {"land", 18},
        {"imap", 11},
        {"rootkit", 10},
        {"loadmodule", 9},
        {"ftp_write", 8},
        {"multihop", 7},
        {"phf", 4},
        {"perl", 3},
        {"spy", 2},
    };
    struct lw_frame *f = read_records("nsl-kdd/KDDTrain+.txt.xz");

    (void)state;
    assert_string_equal(lw_frame_format(f), "nsl-kdd");
    assert_int_equal(lw_frame_rows(f), 125973);
    assert_int_equal(lw_frame_columns(f), 43);
    assert_int_equal(column(f, "service").n_words, 70);
    expect_attacks(f, attacks, sizeof attacks / sizeof attacks[0]);
    expect_sane_features(f);
    lw_frame_free(f);
}

static void the_small_nsl_kdd_is_read_whole(void **state)
{
    struct lw_frame *f = read_records("nsl-kdd/KDDTrain+_20Percent.txt.xz");

    (void)state;
    assert_string_equal(lw_frame_format(f), "nsl-kdd");
    assert_int_equal(lw_frame_rows(f), 25192);
    expect_sane_features(f);
    lw_frame_free(f);
}

static void kdd99_is_read_whole(void **state)
{
    static const struct count attacks[] = {
        {"smurf.", 280790},
        {"neptune.", 107201},
        {"normal.", 97278},
        {"back.", 2203},
        {"satan.", 1589},
        {"ipsweep.", 1247},
        {"portsweep.", 1040},
        {"warezclient.", 1020},
        {"teardrop.", 979},
        {"pod.", 264},
        {"nmap.", 231},
        {"guess_passwd.", 53},
        {"buffer_overflow.", 30},
        {"land.", 21},
        {"warezmaster.", 20},
        {"imap.", 12},
        {"rootkit.", 10},
        {"loadmodule.", 9},
        {"ftp_write.", 8},
        {"multihop.", 7},
        {"phf.", 4},
        {"perl.", 3},
        {"spy.", 2},
    };
    struct lw_frame *f = read_records("kddcup99/kddcup.data_10_percent.xz");

    (void)state;
    assert_string_equal(lw_frame_format(f), "kdd99");
    assert_int_equal(lw_frame_rows(f), 494021);
    assert_int_equal(lw_frame_columns(f), 42);
    expect_attacks(f, attacks, sizeof attacks / sizeof attacks[0]);
    expect_sane_features(f);
    lw_frame_free(f);
}

static void ctu13_is_read_whole(void **state)
{
    struct lw_frame *f = read_records("ctu13/capture20110816.binetflow.xz");
    struct lw_column start = column(f, "StartTime");
    struct lw_column label = column(f, "Label");
    size_t bots = 0;

    (void)state;
    assert_string_equal(lw_frame_format(f), "binetflow");
    assert_int_equal(lw_frame_rows(f), 558919);
    for (size_t i = 0; i < lw_frame_rows(f); i++) {
        static const char bot[] = "flow=From-Botnet";
        const char *word = label.dictionary[label.codes[i]];

        bots += strncmp(word, bot, sizeof bot - 1) == 0;
        assert_true(i == 0 || start.numbers[i] >= start.numbers[i - 1]);
    }
    assert_int_equal(bots, 4630);
    lw_frame_free(f);
}

static void zeek_logs_are_read_whole(void **state)
{
    static const struct {
        const char *name;
        const char *format;
        size_t n_rows;
    } logs[] = {
        {"iot23/CTU-IoT-Malware-Capture-34-1.conn.log.labeled.xz", "zeek", 23145},
        {"iot23/CTU-IoT-Malware-Capture-42-1.conn.log.labeled.xz", "zeek", 4426},
        {"iot23/CTU-Honeypot-Capture-4-1.conn.log.labeled.xz", "zeek", 452},
        {"iot23/CTU-Honeypot-Capture-7-1-labeled.csv.xz", "zeek-csv", 130},
        {"iot23/CTU-Malware-Capture-20-1-labeled.csv.xz", "zeek-csv", 3209},
        {"zeek/011-mixed.conn.log.labeled.xz", "zeek", 9048},
        {"zeek/test18-ctu-sme-11-win.conn.log.labeled.xz", "zeek", 766},
    };

    (void)state;
    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++) {
        struct lw_frame *f = read_records(logs[i].name);

        assert_string_equal(lw_frame_format(f), logs[i].format);
        assert_int_equal(lw_frame_rows(f), logs[i].n_rows);
        assert_int_equal(lw_frame_columns(f), 23);
        assert_int_equal(column(f, "duration").type, LW_COLUMN_NUMBER);
        assert_in_range(column(f, "label").n_words, 1, 3);
        lw_frame_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nsl_kdd_is_read_whole),
        cmocka_unit_test(the_small_nsl_kdd_is_read_whole),
        cmocka_unit_test(kdd99_is_read_whole),
        cmocka_unit_test(ctu13_is_read_whole),
        cmocka_unit_test(zeek_logs_are_read_whole),
    };

    if (access(test_source_path("../shared/data/records"), R_OK) != 0)
        return test_skip_all("the public records are not beside the source tree");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
