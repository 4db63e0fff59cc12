/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs that make something to look at: a profile, a map, a report.
 *
 * They work on the flows in the store and never on the capture, so nothing foreign is
 * parsed.  A profile and a map are made by this program itself, run as a child on a
 * table of the flows: its memory and time are its own, and it can be stopped.
 */
#include "base/mem.h"
#include "serve/capture_page.h"
#include "serve/flow_csv.h"
#include "serve/jobs.h"
#include "serve/server_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PATH_BYTES = 4096,
    ARTEFACT_BYTES_MAX = 64 * 1024 * 1024,
    CHILD_SECONDS = 1800, /* of processor time */
    LOOK_MS = 100
};

extern char **environ;

/* Columns that say who and when, or what the verdict was. */
#define DROPPED                                                                        \
    "id,capture,start,source,destination,source_name,destination_name,score,severity," \
    "detector,alert,attack_id"

/* ---- the table ------------------------------------------------------------------- */

struct table {
    struct buf text;
    FILE *file;
    uint64_t n;
};

static void on_flow(void *ctx, const struct store_flow *f)
{
    struct table *t = ctx;

    flow_csv_put(&t->text, f);
    t->n++;
}

/* All flows of the capture, in a file without a name, to be read from its start. */
static enum lw_status write_table(struct job_run *r, struct table *t,
                                  struct lw_error *err)
{
    struct store_page page = {.limit = STORE_PAGE_MAX};
    char cursor[STORE_CURSOR_MAX] = "";
    struct store_flow_filter filter;

    store_flow_filter_init(&filter);
    filter.capture = r->capture;
    filter.ascending = true;
    flow_csv_header(&t->text);
    do {
        enum lw_status st =
            store_flow_list(r->server->store, &filter, &page, on_flow, t, err);

        if (st != LW_OK)
            return st;
        if (!buf_ok(&t->text) ||
            fwrite(t->text.data, 1, t->text.len, t->file) != t->text.len)
            return lw_fail(err, LW_EIO, "the table of flows: %s", strerror(errno));
        buf_reset(&t->text);
        memcpy(cursor, page.next, sizeof cursor);
        page.cursor = cursor;
        if (!job_progress(r, &(struct store_job_progress){.flows = t->n}))
            return lw_fail(err, LW_EPERM, "cancelled");
    } while (cursor[0] != '\0');
    if (t->n == 0)
        return lw_fail(err, LW_EFORMAT, "the capture has no flows; analyse it first");
    if (fflush(t->file) != 0 || lseek(fileno(t->file), 0, SEEK_SET) != 0)
        return lw_fail(err, LW_EIO, "the table of flows: %s", strerror(errno));
    return LW_OK;
}

/* ---- the child ------------------------------------------------------------------- */

static enum lw_status wait_for(struct job_run *r, pid_t child, struct lw_error *err)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    int status = 0;

    for (;;) {
        pid_t done = waitpid(child, &status, WNOHANG);

        if (done == child)
            break;
        if (done < 0 && errno != EINTR)
            return lw_fail(err, LW_EIO, "the child is lost: %s", strerror(errno));
        if (!job_progress(r, &(struct store_job_progress){.progress = 0.5})) {
            (void)kill(child, SIGKILL);
            (void)waitpid(child, &status, 0);
            return lw_fail(err, LW_EPERM, "cancelled");
        }
        (void)nanosleep(&pause, NULL);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return LW_OK;
    return lw_fail(err, LW_EFORMAT, "it cannot be made of these flows");
}

static void log_errors(struct job_run *r, FILE *errors)
{
    char line[300];

    rewind(errors);
    while (fgets(line, sizeof line, errors) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        job_log(r, "%s", line);
    }
}

/* Run ourselves with these words, the table on standard input, standard output to a
 * file. */
static enum lw_status run_child(struct job_run *r, char *const *words, FILE *in,
                                FILE *out, struct lw_error *err)
{
    const struct rlimit cpu = {CHILD_SECONDS, CHILD_SECONDS};
    posix_spawn_file_actions_t actions;
    FILE *errors = tmpfile();
    pid_t child;
    int failure;
    enum lw_status st;

    if (errors == NULL)
        return lw_fail(err, LW_EIO, "no temporary file: %s", strerror(errno));
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, fileno(in), STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, fileno(out), STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, fileno(errors), STDERR_FILENO);
    failure = posix_spawn(&child, "/proc/self/exe", &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) {
        (void)fclose(errors);
        return lw_fail(err, LW_EIO, "cannot start a child: %s", strerror(failure));
    }
    if (prlimit(child, RLIMIT_CPU, &cpu, NULL) != 0)
        job_log(r, "without a limit of time: %s", strerror(errno));
    st = wait_for(r, child, err);
    log_errors(r, errors);
    (void)fclose(errors);
    return st;
}

/* ---- keeping --------------------------------------------------------------------- */

static enum lw_status keep(struct job_run *r, const char *type, const void *data,
                           size_t n, struct lw_error *err)
{
    int64_t id = 0;
    enum lw_status st =
        store_artefact_add(r->server->store, r->id, type, data, n, &id, err);

    return st == LW_OK ? store_job_finish(r->server->store, r->id, id, err) : st;
}

static enum lw_status keep_file(struct job_run *r, const char *type, FILE *f,
                                struct lw_error *err)
{
    struct stat info;
    void *data;
    enum lw_status st;

    if (fflush(f) != 0 || fstat(fileno(f), &info) != 0 ||
        info.st_size > ARTEFACT_BYTES_MAX || info.st_size == 0)
        return lw_fail(err, LW_EIO, "what was made is empty or too large");
    data = mem_alloc((size_t)info.st_size);
    if (data == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    st = pread(fileno(f), data, (size_t)info.st_size, 0) == info.st_size
             ? keep(r, type, data, (size_t)info.st_size, err)
             : lw_fail(err, LW_EIO, "what was made cannot be read");
    mem_free(data);
    return st;
}

/* ---- the kinds ------------------------------------------------------------------- */

static enum lw_status make_profile(struct job_run *r, FILE *table, struct lw_error *err)
{
    char w[][32] = {"lapwing", "profile", "--json", "--quiet",
                    "--label", "class",   "--drop"};
    char dropped[] = DROPPED;
    char dash[] = "-";
    char *words[] = {w[0], w[1], w[2], w[3], w[4], w[5], w[6], dropped, dash, NULL};
    FILE *out = tmpfile();
    enum lw_status st;

    if (out == NULL)
        return lw_fail(err, LW_EIO, "no temporary file: %s", strerror(errno));
    st = run_child(r, words, table, out, err);
    if (st == LW_OK)
        st = keep_file(r, "application/json", out, err);
    (void)fclose(out);
    return st;
}

static enum lw_status make_map(struct job_run *r, FILE *table, struct lw_error *err)
{
    char w[][32] = {"lapwing", "embed",  "--quiet", "--label", "class", "--rows",
                    "3000",    "--drop", "--data",  "-",       "-w"};
    char dropped[] = DROPPED;
    char path[PATH_BYTES];
    char *words[] = {w[0], w[1],    w[2], w[3], w[4],  w[5], w[6],
                     w[7], dropped, w[8], w[9], w[10], path, NULL};
    FILE *sink = tmpfile();
    FILE *made = NULL;
    enum lw_status st;

    /* The command tells its formats by the name; what is left in this folder is cleared
     * away at the next start. */
    if (sink == NULL ||
        snprintf(path, sizeof path, "%s/partial/map-%lld.html",
                 store_dir(r->server->store), (long long)r->id) >= (int)sizeof path)
        return lw_fail(err, LW_EIO, "no temporary file");
    st = run_child(r, words, table, sink, err);
    (void)fclose(sink);
    if (st == LW_OK) {
        made = fopen(path, "re");
        st = made == NULL ? lw_fail(err, LW_EIO, "the map is not there")
                          : keep_file(r, "text/html", made, err);
    }
    if (made != NULL)
        (void)fclose(made);
    (void)unlink(path);
    return st;
}

static enum lw_status make_report(struct job_run *r, struct lw_error *err)
{
    struct buf page;
    enum lw_status st;

    buf_init(&page);
    st = capture_page_write(r->server, r->capture, &page, err);
    if (st == LW_OK)
        st = buf_ok(&page) ? keep(r, "text/html", page.data, page.len, err)
                           : lw_fail(err, LW_ENOMEM, "out of memory");
    buf_release(&page);
    return st;
}

enum lw_status job_artefact(struct job_run *r, struct lw_error *err)
{
    struct table t = {.n = 0};
    enum lw_status st;

    if (r->kind == STORE_JOB_REPORT)
        return make_report(r, err);
    buf_init(&t.text);
    t.file = tmpfile();
    st = t.file == NULL ? lw_fail(err, LW_EIO, "no temporary file: %s", strerror(errno))
                        : write_table(r, &t, err);
    if (st == LW_OK)
        st = r->kind == STORE_JOB_PROFILE ? make_profile(r, t.file, err)
                                          : make_map(r, t.file, err);
    if (t.file != NULL)
        (void)fclose(t.file);
    buf_release(&t.text);
    return st;
}
