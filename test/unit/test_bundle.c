/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"
#include "test.h"

#include <lapwing/bundle.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUM_BYTES = SHA256_BYTES };

static struct lw_bundle *small_bundle(void)
{
    struct lw_bundle *b = NULL;

    assert_int_equal(lw_bundle_new(&b, NULL), LW_OK);
    assert_int_equal(lw_bundle_put(b, "VIEW", "kdd", 3, NULL), LW_OK);
    assert_int_equal(lw_bundle_put(b, "MODEL", "trees", 5, NULL), LW_OK);
    assert_int_equal(lw_bundle_put(b, "EMPTY", NULL, 0, NULL), LW_OK);
    return b;
}

/* A name for a file of this test; the caller unlinks it. */
static const char *temp_path(void)
{
    static char path[] = "/tmp/lapwing-test-XXXXXX";
    int fd;

    memset(path + sizeof path - 7, 'X', 6);
    fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    return path;
}

static void read_back(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    char bytes[4096];
    size_t n;

    assert_non_null(f);
    buf_init(out);
    while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
        buf_add(out, bytes, n);
    (void)fclose(f);
}

/* The bytes that `b` is saved as. */
static void saved_bytes(const struct lw_bundle *b, struct buf *out)
{
    const char *path = temp_path();

    assert_int_equal(lw_bundle_save(b, path, NULL), LW_OK);
    read_back(path, out);
    (void)unlink(path);
}

static enum lw_status load(const struct buf *bytes, struct lw_error *err)
{
    struct lw_bundle *b = NULL;
    enum lw_status st = lw_bundle_load_memory(&b, bytes->data, bytes->len, "m", err);

    assert_true((st == LW_OK) == (b != NULL));
    lw_bundle_free(b);
    return st;
}

/* Make the checksum fit again after bytes were changed on purpose. */
static void sign(struct buf *bytes)
{
    digest_sha256(bytes->data, bytes->len - SUM_BYTES,
                  (uint8_t *)bytes->data + bytes->len - SUM_BYTES);
}

static void sections_come_back(void **state)
{
    const char *path = temp_path();
    struct lw_bundle *b = small_bundle();
    struct lw_bundle *back = NULL;
    size_t n = 99;

    (void)state;
    assert_int_equal(lw_bundle_save(b, path, NULL), LW_OK);
    assert_int_equal(lw_bundle_load(&back, path, NULL), LW_OK);
    assert_memory_equal(lw_bundle_get(back, "MODEL", &n), "trees", 5);
    assert_int_equal(n, 5);
    assert_non_null(lw_bundle_get(back, "EMPTY", &n));
    assert_int_equal(n, 0);
    assert_null(lw_bundle_get(back, "MODE", &n));
    lw_bundle_free(back);
    lw_bundle_free(b);
    (void)unlink(path);
}

static void a_put_replaces(void **state)
{
    struct lw_bundle *b = small_bundle();
    size_t n = 0;

    (void)state;
    assert_int_equal(lw_bundle_put(b, "MODEL", "forest", 6, NULL), LW_OK);
    assert_memory_equal(lw_bundle_get(b, "MODEL", &n), "forest", 6);
    assert_int_equal(n, 6);
    assert_memory_equal(lw_bundle_get(b, "VIEW", &n), "kdd", 3);
    lw_bundle_free(b);
}

static void bytes_do_not_depend_on_order(void **state)
{
    struct lw_bundle *a = small_bundle();
    struct lw_bundle *b = NULL;
    uint8_t sum_a[SUM_BYTES];
    uint8_t sum_b[SUM_BYTES];
    struct buf bytes;

    (void)state;
    assert_int_equal(lw_bundle_new(&b, NULL), LW_OK);
    assert_int_equal(lw_bundle_put(b, "EMPTY", "x", 1, NULL), LW_OK);
    assert_int_equal(lw_bundle_put(b, "MODEL", "trees", 5, NULL), LW_OK);
    assert_int_equal(lw_bundle_put(b, "EMPTY", "", 0, NULL), LW_OK);
    assert_int_equal(lw_bundle_put(b, "VIEW", "kdd", 3, NULL), LW_OK);
    lw_bundle_digest(a, sum_a);
    lw_bundle_digest(b, sum_b);
    assert_memory_equal(sum_a, sum_b, SUM_BYTES);
    saved_bytes(b, &bytes);
    digest_sha256(bytes.data, bytes.len, sum_b);
    assert_memory_equal(sum_a, sum_b, SUM_BYTES);
    buf_release(&bytes);
    lw_bundle_free(a);
    lw_bundle_free(b);
}

static void tags_are_checked(void **state)
{
    static const char *const bad[] = {"", "model", "TOOLONGTAG", "A B", "A-"};
    struct lw_bundle *b = small_bundle();
    char tag[4];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(lw_bundle_put(b, bad[i], "", 0, NULL), LW_EINVAL);
    for (int i = 0; i < 61; i++) {
        (void)snprintf(tag, sizeof tag, "T%02d", i);
        assert_int_equal(lw_bundle_put(b, tag, "", 0, NULL), LW_OK);
    }
    assert_int_equal(lw_bundle_put(b, "T99", "", 0, NULL), LW_ELIMIT);
    assert_int_equal(lw_bundle_put(b, "T00", "x", 1, NULL), LW_OK);
    assert_int_equal(lw_bundle_put(b, "T00", "x", (size_t)300 << 20, NULL), LW_ELIMIT);
    lw_bundle_free(b);
}

static void every_truncation_is_refused(void **state)
{
    struct lw_bundle *b = small_bundle();
    struct lw_error err;
    struct buf bytes;
    size_t n;

    (void)state;
    saved_bytes(b, &bytes);
    n = bytes.len;
    for (bytes.len = 0; bytes.len < n; bytes.len++) {
        assert_int_equal(load(&bytes, &err), LW_ETRUNCATED);
        assert_non_null(strstr(err.msg, bytes.len == 0 ? "empty" : "cut off"));
    }
    assert_int_equal(load(&bytes, &err), LW_OK);
    buf_add_char(&bytes, 'x');
    assert_int_equal(load(&bytes, &err), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "1 bytes too many"));
    buf_release(&bytes);
    lw_bundle_free(b);
}

static void every_altered_bit_is_refused(void **state)
{
    struct lw_bundle *b = small_bundle();
    struct lw_error err;
    struct buf bytes;

    (void)state;
    saved_bytes(b, &bytes);
    for (size_t i = 0; i < 8 * bytes.len; i++) {
        char bit = (char)(1 << (i % 8));

        bytes.data[i / 8] ^= bit;
        assert_int_not_equal(load(&bytes, &err), LW_OK);
        assert_int_equal(strncmp(err.msg, "m: ", 3), 0);
        bytes.data[i / 8] ^= bit;
    }
    assert_int_equal(load(&bytes, &err), LW_OK);
    buf_release(&bytes);
    lw_bundle_free(b);
}

/* With a checksum that fits, only the table is left to find the fault. */
static void every_lying_table_is_refused(void **state)
{
    enum { TABLE = 24, TABLE_END = 24 + 3 * 24, COUNT = 12 };
    struct lw_bundle *b = small_bundle();
    struct lw_error err;
    struct buf bytes;

    (void)state;
    saved_bytes(b, &bytes);
    for (size_t i = COUNT; i < TABLE_END; i++) {
        char was = bytes.data[i];

        if (i >= COUNT + 4 && i < TABLE)
            continue; /* the length of the file, tested above */
        for (int v = 1; v < 256; v++) {
            enum lw_status st;

            bytes.data[i] = (char)(was ^ v);
            sign(&bytes);
            st = load(&bytes, &err);
            /* Another tag may be a right one. */
            assert_true(st == LW_EFORMAT ||
                        (st == LW_OK && i >= TABLE && (i - TABLE) % 24 < 8));
        }
        bytes.data[i] = was;
    }
    bytes.data[TABLE + 7] = 'Z'; /* "EMPTY", zeros, "Z" */
    sign(&bytes);
    assert_int_equal(load(&bytes, &err), LW_EFORMAT);
    assert_non_null(strstr(err.msg, "byte 24: section 1"));
    buf_release(&bytes);
    lw_bundle_free(b);
}

static void other_files_are_named(void **state)
{
    struct lw_bundle *b = small_bundle();
    struct lw_bundle *back = NULL;
    struct lw_error err;
    struct buf bytes;

    (void)state;
    saved_bytes(b, &bytes);
    bytes.data[8] = 2;
    assert_int_equal(load(&bytes, &err), LW_EUNSUPPORTED);
    assert_non_null(strstr(err.msg, "format 2"));
    assert_int_equal(lw_bundle_load(&back, test_source_path("LICENSE"), &err),
                     LW_EFORMAT);
    assert_non_null(strstr(err.msg, "LICENSE: not a Lapwing model file"));
    assert_int_equal(lw_bundle_load(&back, "/nonexistent/model.lwm", &err),
                     LW_ENOTFOUND);
    assert_non_null(strstr(err.msg, "/nonexistent/model.lwm"));
    assert_int_equal(lw_bundle_load(&back, "/tmp", &err), LW_EIO);
    assert_int_equal(lw_bundle_save(b, "/nonexistent/model.lwm", &err), LW_EIO);
    assert_int_equal(lw_bundle_save(b, "/dev/full", &err), LW_EIO);
    assert_null(back);
    buf_release(&bytes);
    lw_bundle_free(b);
}

/* new, put, save and load with the n-th allocation failing, until none fails. */
static enum lw_status round_trip(const char *path)
{
    struct lw_bundle *b = NULL;
    struct lw_bundle *back = NULL;
    enum lw_status st = lw_bundle_new(&b, NULL);

    if (st == LW_OK)
        st = lw_bundle_put(b, "MODEL", "trees", 5, NULL);
    if (st == LW_OK)
        st = lw_bundle_save(b, path, NULL);
    if (st == LW_OK)
        st = lw_bundle_load(&back, path, NULL);
    lw_bundle_free(b);
    lw_bundle_free(back);
    return st;
}

static void survives_lack_of_memory(void **state)
{
    const char *path = temp_path();
    enum lw_status st = LW_ENOMEM;
    uint64_t n;

    (void)state;
    for (n = 1; st != LW_OK; n++) {
        mem_fail_at(n, 1);
        st = round_trip(path);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || st == LW_ENOMEM);
    }
    assert_true(n > 5);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_come_back),
        cmocka_unit_test(a_put_replaces),
        cmocka_unit_test(bytes_do_not_depend_on_order),
        cmocka_unit_test(tags_are_checked),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_altered_bit_is_refused),
        cmocka_unit_test(every_lying_table_is_refused),
        cmocka_unit_test(other_files_are_named),
        cmocka_unit_test(survives_lack_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
