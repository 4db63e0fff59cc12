/* SPDX-License-Identifier: Apache-2.0 */
/* Captures, uploads, jobs, artefacts, retention, backup: what is kept, and what goes.
 */
#include "temp_store.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OK(call)                                                                       \
    do {                                                                               \
        err.msg[0] = '\0';                                                             \
        if ((call) != LW_OK)                                                           \
            fail_msg("%s: %s", #call, err.msg);                                        \
    } while (0)

struct noted {
    struct store_capture capture;
    struct store_job job;
    struct store_upload upload;
    struct store_artefact artefact;
    char name[200];
    char error[200];
    size_t n;
};

static void note_capture(void *ctx, const struct store_capture *c)
{
    struct noted *n = ctx;

    n->capture = *c;
    (void)snprintf(n->name, sizeof n->name, "%s", c->name);
    n->n++;
}

static void note_job(void *ctx, const struct store_job *j)
{
    struct noted *n = ctx;

    n->job = *j;
    (void)snprintf(n->error, sizeof n->error, "%s", j->error == NULL ? "" : j->error);
    n->n++;
}

static void note_upload(void *ctx, const struct store_upload *u)
{
    struct noted *n = ctx;

    n->upload = *u;
    n->n++;
}

static void note_artefact(void *ctx, const struct store_artefact *a)
{
    struct noted *n = ctx;

    n->artefact = *a;
    n->n++;
}

static void an_upload_becomes_a_capture(void **state)
{
    struct temp_store t;
    struct lw_error err;
    struct noted n = {.n = 0};
    int64_t job = 0;
    int64_t id;
    uint64_t size = 0;
    char text[8] = "";
    int fd = -1;

    (void)state;
    temp_store_init(&t);
    id = temp_store_capture(&t, "a.pcap", "hello", 5, &job);
    OK(store_capture_get(t.s, id, note_capture, &n, &err));
    assert_string_equal(n.name, "a.pcap");
    assert_int_equal(n.capture.size_bytes, 5);
    assert_int_equal(n.capture.state, STORE_CAPTURE_QUEUED);
    assert_int_equal(n.capture.job, job);
    assert_string_equal(
        n.capture.sha256,
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    OK(store_capture_open(t.s, id, &fd, &size, &err));
    assert_int_equal(size, 5);
    assert_int_equal(read(fd, text, sizeof text), 5);
    assert_memory_equal(text, "hello", 5);
    (void)close(fd);
    temp_store_reopen(&t);
    OK(store_capture_get(t.s, id, note_capture, &n, &err));
    temp_store_check(&t);
    OK(store_capture_delete(t.s, id, &err));
    assert_int_equal(store_capture_get(t.s, id, note_capture, &n, &err), LW_ENOTFOUND);
    temp_store_check(&t);
    temp_store_release(&t);
}

static void the_same_content_is_kept_once_and_to_the_last(void **state)
{
    struct temp_store t;
    struct lw_error err;
    struct store_sizes sizes;
    int64_t a;
    int64_t b;
    uint64_t size;
    int fd;

    (void)state;
    temp_store_init(&t);
    a = temp_store_capture(&t, "a.pcap", "same", 4, NULL);
    b = temp_store_capture(&t, "b.pcap", "same", 4, NULL);
    OK(store_sizes(t.s, &sizes, &err));
    assert_int_equal(sizes.blob_bytes, 4);
    OK(store_capture_delete(t.s, a, &err));
    OK(store_capture_open(t.s, b, &fd, &size, &err));
    (void)close(fd);
    OK(store_capture_delete(t.s, b, &err));
    OK(store_sizes(t.s, &sizes, &err));
    assert_int_equal(sizes.blob_bytes, 0);
    temp_store_release(&t);
}

static void an_upload_goes_on_after_a_restart(void **state)
{
    const struct store_upload_config cfg = {
        .name = "big.pcap",
        .size_bytes = 10,
        .sha256 = "72399361da6a7754fec986dca5b7cbaf1c810a28ded4abaf56b2106d06cb78b0",
        .resumable = true};
    struct temp_store t;
    struct lw_error err;
    struct noted n = {.n = 0};
    int64_t id;
    int64_t capture = 0;
    int64_t again = 0;
    int64_t job = 5;
    uint64_t offset = 0;

    (void)state;
    temp_store_init(&t);
    OK(store_upload_begin(t.s, &cfg, &id, &err));
    OK(store_upload_append(t.s, id, 0, "abcd", 4, &err));
    OK(store_upload_sync(t.s, id, &offset, &err));
    assert_int_equal(offset, 4);
    OK(store_upload_append(t.s, id, 4, "yyy", 3, &err)); /* never acknowledged */
    temp_store_reopen(&t);
    OK(store_upload_get(t.s, id, note_upload, &n, &err));
    assert_int_equal(n.upload.offset, 4);
    assert_int_equal(store_upload_append(t.s, id, 7, "h", 1, &err), LW_EMISMATCH);
    assert_int_equal(store_upload_commit(t.s, id, &capture, &job, &err), LW_EMISMATCH);
    OK(store_upload_append(t.s, id, 4, "ef", 2, &err));
    OK(store_upload_sync(t.s, id, &offset, &err));
    OK(store_upload_append(t.s, id, 6, "YY", 2, &err));
    OK(store_upload_revert(t.s, id, &err));
    OK(store_upload_append(t.s, id, 6, "ghij", 4, &err));
    assert_int_equal(store_upload_append(t.s, id, 10, "k", 1, &err), LW_ELIMIT);
    OK(store_upload_commit(t.s, id, &capture, &job, &err));
    assert_int_equal(job, 0);
    OK(store_upload_commit(t.s, id, &again, NULL, &err));
    assert_int_equal(again, capture);
    OK(store_capture_get(t.s, capture, note_capture, &n, &err));
    assert_int_equal(n.capture.state, STORE_CAPTURE_STORED);
    temp_store_check(&t);
    temp_store_release(&t);
}

static void other_content_than_announced_is_refused(void **state)
{
    const struct store_upload_config cfg = {
        .name = "x",
        .sha256 = "72399361da6a7754fec986dca5b7cbaf1c810a28ded4abaf56b2106d06cb78b0"};
    struct temp_store t;
    struct lw_error err;
    int64_t id;
    int64_t capture = 0;
    struct noted n = {.n = 0};

    (void)state;
    temp_store_init(&t);
    OK(store_upload_begin(t.s, &cfg, &id, &err));
    assert_int_equal(store_upload_commit(t.s, id, &capture, NULL, &err), LW_EMISMATCH);
    OK(store_upload_append(t.s, id, 0, "other", 5, &err));
    assert_int_equal(store_upload_commit(t.s, id, &capture, NULL, &err), LW_EMISMATCH);
    assert_non_null(strstr(err.msg, "SHA-256"));
    OK(store_upload_drop(t.s, id, &err));
    assert_int_equal(store_upload_get(t.s, id, note_upload, &n, &err), LW_ENOTFOUND);
    /* One that is not resumable is gone after a restart. */
    OK(store_upload_begin(t.s, &cfg, &id, &err));
    OK(store_upload_append(t.s, id, 0, "other", 5, &err));
    temp_store_reopen(&t);
    assert_int_equal(store_upload_get(t.s, id, note_upload, &n, &err), LW_ENOTFOUND);
    temp_store_check(&t);
    temp_store_release(&t);
}

static void jobs_are_fair_and_come_back(void **state)
{
    struct temp_store t;
    struct lw_error err;
    struct store_page page = {.limit = 2};
    struct noted n = {.n = 0};
    int64_t capture;
    int64_t a[3];
    int64_t b;
    bool cancel = false;
    const struct store_job_progress half = {.progress = 0.5, .flows = 7};

    (void)state;
    temp_store_init(&t);
    capture = temp_store_capture(&t, "a", "a", 1, NULL); /* job 1, of nobody */
    for (int i = 0; i < 3; i++)
        OK(store_job_create(t.s, STORE_JOB_PROFILE, capture, "ann", 0, &a[i], &err));
    OK(store_job_create(t.s, STORE_JOB_EMBED, capture, "ben", 0, &b, &err));
    assert_int_equal(
        store_job_create(t.s, STORE_JOB_EMBED, capture, "ben", 5, &b, &err), LW_ELIMIT);
    assert_int_equal(store_job_create(t.s, STORE_JOB_EMBED, 999, "ben", 0, &b, &err),
                     LW_ENOTFOUND);
    OK(store_job_cancel(t.s, 1, &err));
    assert_int_equal(temp_store_claim(&t), a[0]);
    assert_int_equal(temp_store_claim(&t), a[0] + 3); /* ben's turn */
    OK(store_job_progress(t.s, a[0], &half, &cancel, &err));
    assert_false(cancel);
    OK(store_job_get(t.s, a[0], note_job, &n, &err));
    assert_true(n.job.progress == 0.5 && n.job.flows == 7);
    OK(store_job_get(t.s, a[2], note_job, &n, &err));
    assert_int_equal(n.job.position, 2);
    OK(store_job_cancel(t.s, a[0], &err));
    OK(store_job_progress(t.s, a[0], &half, &cancel, &err));
    assert_true(cancel);
    OK(store_job_cancelled(t.s, a[0], &err));
    assert_int_equal(store_job_cancel(t.s, a[0], &err), LW_EMISMATCH);
    assert_int_equal(store_job_finish(t.s, a[0], 0, &err), LW_EMISMATCH);
    temp_store_reopen(&t); /* ben's is queued again, in front */
    OK(store_job_get(t.s, a[0] + 3, note_job, &n, &err));
    assert_int_equal(n.job.state, STORE_JOB_QUEUED);
    assert_int_equal(n.job.attempts, 1);
    n.n = 0;
    OK(store_job_list(t.s, -1, capture, &page, note_job, &n, &err));
    assert_int_equal(n.n, 2);
    assert_int_not_equal(page.next[0], '\0');
    temp_store_release(&t);
}

static void a_job_that_kills_the_server_is_given_up(void **state)
{
    struct temp_store t;
    struct lw_error err;
    struct noted n = {.n = 0};
    int64_t job;

    (void)state;
    temp_store_init(&t);
    (void)temp_store_capture(&t, "a", "a", 1, &job);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(temp_store_claim(&t), job);
        temp_store_reopen(&t);
    }
    assert_int_equal(store_job_claim(t.s, note_job, &n, &err), LW_END);
    OK(store_job_get(t.s, job, note_job, &n, &err));
    assert_int_equal(n.job.state, STORE_JOB_FAILED);
    assert_non_null(strstr(n.error, "3 times"));
    temp_store_release(&t);
}

static void note_line(void *ctx, int64_t time_ns, const char *line)
{
    char *all = ctx;

    assert_true(time_ns > 0);
    (void)strncat(all, line, 20);
}

static void jobs_have_logs_and_artefacts(void **state)
{
    struct temp_store t;
    struct lw_error err;
    struct store_page page = {.limit = 0};
    struct noted n = {.n = 0};
    char all[64] = "";
    uint64_t size;
    int64_t job;
    int64_t id;
    int fd;

    (void)state;
    temp_store_init(&t);
    (void)temp_store_capture(&t, "a", "a", 1, &job);
    assert_int_equal(temp_store_claim(&t), job);
    OK(store_job_log(t.s, job, "one;", &err));
    OK(store_job_log(t.s, job, "two;", &err));
    OK(store_job_log_read(t.s, job, note_line, all, &err));
    assert_string_equal(all, "one;two;");
    assert_int_equal(store_job_log_read(t.s, 99, note_line, all, &err), LW_ENOTFOUND);
    OK(store_artefact_add(t.s, job, "text/html", "<p>", 3, &id, &err));
    assert_int_equal(store_artefact_add(t.s, 99, "text/html", "<q>", 3, &id, &err),
                     LW_ENOTFOUND);
    temp_store_check(&t);
    OK(store_job_finish(t.s, job, id, &err));
    OK(store_job_get(t.s, job, note_job, &n, &err));
    assert_int_equal(n.job.artefact, id);
    OK(store_artefact_list(t.s, -1, 0, &page, note_artefact, &n, &err));
    OK(store_artefact_open(t.s, id, &fd, &size, &err));
    assert_int_equal(size, 3);
    (void)close(fd);
    OK(store_artefact_delete(t.s, id, &err));
    assert_int_equal(store_artefact_get(t.s, id, note_artefact, &n, &err),
                     LW_ENOTFOUND);
    temp_store_check(&t);
    temp_store_release(&t);
}

static void retention_takes_the_oldest_that_are_idle(void **state)
{
    struct temp_store t;
    struct lw_error err;
    struct store_retention r = {.max_age_ns = 1};
    struct store_retained done;
    struct noted n = {.n = 0};
    int64_t old;
    int64_t busy;
    int64_t job;

    (void)state;
    temp_store_init(&t);
    old = temp_store_load(&t, "old", 0, 50);
    busy = temp_store_capture(&t, "busy", "b", 1, &job);
    OK(store_retain(t.s, &r, INT64_C(9000000000000000000), &done, &err));
    assert_int_equal(done.captures, 1);
    assert_int_equal(store_capture_get(t.s, old, note_capture, &n, &err), LW_ENOTFOUND);
    OK(store_capture_get(t.s, busy, note_capture, &n, &err));
    temp_store_check(&t);
    OK(store_job_cancel(t.s, job, &err));
    r = (struct store_retention){.max_bytes = 1}; /* the database is larger than that */
    OK(store_retain(t.s, &r, 5, &done, &err));
    assert_int_equal(done.captures, 1);
    temp_store_check(&t);
    temp_store_release(&t);
}

static void a_backup_is_a_store(void **state)
{
    struct temp_store t;
    struct temp_store copy;
    struct lw_error err;
    struct noted n = {.n = 0};
    int64_t capture;

    (void)state;
    temp_store_init(&t);
    capture = temp_store_load(&t, "a", 0, 100);
    temp_store_init(&copy); /* for its name */
    store_close(copy.s);
    assert_int_equal(store_backup(t.s, copy.dir, &err), LW_EINVAL);
    (void)strncat(copy.dir, "/copy", 8);
    OK(store_backup(t.s, copy.dir, &err));
    copy.s = NULL;
    temp_store_reopen(&copy);
    temp_store_check(&copy);
    OK(store_capture_get(copy.s, capture, note_capture, &n, &err));
    assert_int_equal(n.capture.flows, 100);
    OK(store_vacuum(t.s, &err));
    temp_store_check(&t);
    copy.dir[strlen(copy.dir) - 5] = '\0';
    temp_store_release(&copy);
    temp_store_release(&t);
}

static void faults_are_found(void **state)
{
    struct temp_store t;
    struct lw_error err;
    uint64_t n = 0;
    char path[160];
    FILE *f;

    (void)state;
    temp_store_init(&t);
    (void)temp_store_load(&t, "a", 0, 10);
    (void)snprintf(path, sizeof path, "%s/blobs/zz", t.dir);
    f = fopen(path, "w");
    (void)fclose(f);
    (void)snprintf(path, sizeof path, "%s/flows/1.db", t.dir);
    (void)remove(path);
    (void)snprintf(path, sizeof path,
                   "%s/blobs/ca/978112ca1bbdcafac231b39a23dc4da786eff814"
                   "7c4e72b9807785afee48bb",
                   t.dir);
    (void)chmod(path, 0600);
    f = fopen(path, "w");
    (void)fputs("b", f);
    (void)fclose(f);
    OK(store_check(t.s, true, NULL, NULL, &n, &err));
    assert_int_equal(n, 3);
    temp_store_release(&t);
}

static void a_read_only_folder_is_said_to_be_one(void **state)
{
    struct temp_store t;
    struct store *s = NULL;
    struct lw_error err;

    (void)state;
    if (geteuid() == 0)
        return; /* root may write everywhere: test/store/disk has a read-only mount */
    temp_store_init(&t);
    store_close(t.s);
    t.s = NULL;
    (void)chmod(t.dir, 0500);
    assert_int_equal(store_open(&s, t.dir, NULL, &err), LW_EPERM);
    (void)chmod(t.dir, 0700);
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upload_becomes_a_capture),
        cmocka_unit_test(the_same_content_is_kept_once_and_to_the_last),
        cmocka_unit_test(an_upload_goes_on_after_a_restart),
        cmocka_unit_test(other_content_than_announced_is_refused),
        cmocka_unit_test(jobs_are_fair_and_come_back),
        cmocka_unit_test(a_job_that_kills_the_server_is_given_up),
        cmocka_unit_test(jobs_have_logs_and_artefacts),
        cmocka_unit_test(retention_takes_the_oldest_that_are_idle),
        cmocka_unit_test(a_backup_is_a_store),
        cmocka_unit_test(faults_are_found),
        cmocka_unit_test(a_read_only_folder_is_said_to_be_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
