/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/child.h"

#include "base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What a child may know of the parent's environment: where libraries are, and how
 * sanitizers are set.  Tokens and the like are not for it. */
static const char *const kept_names[] = {
    "LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "LSAN_OPTIONS=", "UBSAN_OPTIONS=",
    "TSAN_OPTIONS="};

enum { N_KEPT = sizeof kept_names / sizeof kept_names[0] };

/* Above what dup2 puts in place, so that nothing is overwritten before it is copied. */
enum { SAFE_FD = 64 };

struct pipes {
    int fd[3][2]; /* in, out, log: read end, write end */
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void pipes_close(struct pipes *p)
{
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++)
            close_fd(&p->fd[i][k]);
}

static bool lift(int *fd)
{
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, SAFE_FD);

    close_fd(fd);
    *fd = high;
    return high >= 0;
}

static bool pipes_open(struct pipes *p)
{
    for (size_t i = 0; i < 3; i++)
        p->fd[i][0] = p->fd[i][1] = -1;
    for (size_t i = 0; i < 3; i++)
        if (pipe2(p->fd[i], O_CLOEXEC) != 0 || !lift(&p->fd[i][0]) ||
            !lift(&p->fd[i][1]))
            return false;
    return true;
}

/* What goes where in the child, and nothing above. */
static int plan(posix_spawn_file_actions_t *a, const struct pipes *p, const int *fds,
                size_t n_fds)
{
    int rc = posix_spawn_file_actions_adddup2(a, p->fd[0][0], 0);

    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(a, p->fd[1][1], 1);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(a, p->fd[2][1], 2);
    for (size_t i = 0; rc == 0 && i < n_fds; i++)
        rc = posix_spawn_file_actions_adddup2(a, fds[i], CHILD_FIRST_FD + (int)i);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(a, CHILD_FIRST_FD + (int)n_fds);
    return rc;
}

/* Signals as at the start of a program. */
static int plain_signals(posix_spawnattr_t *attr)
{
    sigset_t none;
    sigset_t all;
    int rc;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    rc = posix_spawnattr_setsigmask(attr, &none);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attr, &all);
    if (rc == 0)
        rc = posix_spawnattr_setflags(attr,
                                      POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return rc;
}

static void keep_environment(char *out[N_KEPT + 1])
{
    size_t n = 0;

    for (char **e = environ; *e != NULL; e++)
        for (size_t i = 0; n < N_KEPT && i < N_KEPT; i++)
            if (strncmp(*e, kept_names[i], strlen(kept_names[i])) == 0)
                out[n++] = *e;
    out[n] = NULL;
}

static int spawn(pid_t *pid, const struct pipes *p, char *const *argv, const int *fds,
                 size_t n_fds)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    char *env[N_KEPT + 1];
    int rc = posix_spawn_file_actions_init(&actions);

    keep_environment(env);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attr);
    if (rc == 0) {
        rc = plan(&actions, p, fds, n_fds);
        if (rc == 0)
            rc = plain_signals(&attr);
        if (rc == 0)
            rc = posix_spawn(pid, "/proc/self/exe", &actions, &attr, argv, env);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* The descriptors handed over, out of the way of 0 to 3 + n_fds. */
static bool lift_all(int *out, const int *fds, size_t n_fds)
{
    bool ok = true;

    for (size_t i = 0; i < n_fds; i++) {
        out[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, SAFE_FD);
        ok = ok && out[i] >= 0;
    }
    return ok;
}

enum lw_status child_start(struct child *out, const char *const *words, size_t n_words,
                           const int *fds, size_t n_fds, struct lw_error *err)
{
    char *argv[CHILD_WORDS_MAX + 2] = {(char *)(uintptr_t) "lapwing"};
    int lifted[CHILD_FDS_MAX];
    struct pipes p;
    int rc = EMFILE;
    bool ready;

    LW_ASSERT(n_words <= CHILD_WORDS_MAX && n_fds <= CHILD_FDS_MAX);
    for (size_t i = 0; i < n_words; i++)
        argv[i + 1] = (char *)(uintptr_t)words[i];
    ready = lift_all(lifted, fds, n_fds);
    if (pipes_open(&p) && ready)
        rc = spawn(&out->pid, &p, argv, lifted, n_fds);
    for (size_t i = 0; i < n_fds; i++)
        close_fd(&lifted[i]);
    if (rc != 0) {
        pipes_close(&p);
        return lw_fail(err, LW_EIO, "cannot start a process: %s", strerror(rc));
    }
    out->in = p.fd[0][1];
    out->out = p.fd[1][0];
    out->log = p.fd[2][0];
    close_fd(&p.fd[0][0]);
    close_fd(&p.fd[1][1]);
    close_fd(&p.fd[2][1]);
    return LW_OK;
}

static enum child_end end_of(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status) == 0 ? CHILD_OK : CHILD_FAILED;
    switch (WTERMSIG(status)) {
    case SIGXCPU:
        return CHILD_TIME;
    case SIGSYS:
        return CHILD_CALL;
    case SIGKILL:
        return CHILD_KILLED;
    default:
        return CHILD_CRASHED;
    }
}

struct child_result child_wait(struct child *c)
{
    int status = 0;

    close_fd(&c->in);
    close_fd(&c->out);
    close_fd(&c->log);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return (struct child_result){end_of(status), WIFEXITED(status) ? WEXITSTATUS(status)
                                                                   : WTERMSIG(status)};
}

void child_kill(const struct child *c)
{
    (void)kill(c->pid, SIGKILL);
}

void child_stop(const struct child *c)
{
    (void)kill(c->pid, SIGTERM);
}

const char *child_end_text(enum child_end end)
{
    static const char *const text[] = {
        [CHILD_OK] = "it ended well",
        [CHILD_FAILED] = "it failed",
        [CHILD_TIME] = "its processor time was used up",
        [CHILD_CALL] = "it tried what it must not",
        [CHILD_KILLED] = "it was killed",
        [CHILD_CRASHED] = "it crashed",
    };

    return text[end];
}
