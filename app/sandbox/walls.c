/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/walls.h"

#include "sandbox/calls.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sanitizers need more address space than anybody would allow, and calls of their own:
 * builds for tests leave out the two walls that would stop them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

enum { NOBODY = 65534, DESCRIPTORS = 32 };

#if IS_SANITIZED
/* The search for leaks looks at the process by /proc, which the walls forbid. */
static bool is_closed;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return is_closed;
}
#endif

static enum lw_status cannot(const char *what, struct lw_error *err)
{
    return lw_fail(err, LW_EPERM, "cannot %s: %s", what, strerror(errno));
}

/* ---- the walls ---- */

/* A network without a device.  Without root's rights it takes a user namespace. */
static bool leave_network(void)
{
    return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

/* Landlock, of whatever version: all that it can forbid, at every path. */
static bool leave_files(void)
{
    const struct landlock_ruleset_attr all = {
        .handled_access_fs = (1ULL << 13) - 1, /* of the first version */
    };
    long fd = syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    bool ok = fd >= 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0;

    if (fd >= 0)
        (void)close((int)fd);
    return ok;
}

static enum lw_status leave_root(struct lw_error *err)
{
    if (geteuid() != 0)
        return LW_OK;
    if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) != 0)
        return cannot("become nobody", err);
    return LW_OK;
}

/* What a file or the surroundings gave beside root's rights, to open a socket with. */
static enum lw_status leave_capabilities(struct lw_error *err)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* old kernels */
    return syscall(SYS_capset, &head, none) == 0 ? LW_OK
                                                 : cannot("give up capabilities", err);
}

/* One more as the hard limit of processor time: at the soft one comes SIGXCPU, which
 * tells what happened, and at the hard one SIGKILL. */
static bool set_limit(__rlimit_resource_t what, uint64_t n)
{
    const struct rlimit limit = {n, what == RLIMIT_CPU ? n + 1 : n};

    return setrlimit(what, &limit) == 0;
}

static enum lw_status set_limits(const struct walls_config *cfg, struct lw_error *err)
{
    if (!set_limit(RLIMIT_AS, cfg->memory_bytes) || !set_limit(RLIMIT_FSIZE, 0) ||
        !set_limit(RLIMIT_CORE, 0) || !set_limit(RLIMIT_NOFILE, DESCRIPTORS) ||
        (cfg->cpu_s > 0 && !set_limit(RLIMIT_CPU, cfg->cpu_s)))
        return cannot("set limits", err);
    return LW_OK;
}

static enum lw_status set_process(const struct walls_config *cfg, struct lw_error *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return cannot("give up gaining rights", err);
    if (cfg->parent_death && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return cannot("end with the parent", err);
    return LW_OK;
}

enum lw_status walls_close(const struct walls_config *cfg, struct walls_report *report,
                           struct lw_error *err)
{
    struct walls_report r = {.network = leave_network()};
    enum lw_status st = leave_root(err);

    if (st == LW_OK)
        st = leave_capabilities(err);
    /* After a change of user: that resets both what follows. */
    if (st == LW_OK)
        st = set_process(cfg, err);
    if (st == LW_OK && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        st = cannot("hide from other processes", err);
    if (st != LW_OK)
        return st;
    r.files = leave_files();
#if IS_SANITIZED
    is_closed = true;
#endif
    if (!IS_SANITIZED) {
        st = set_limits(cfg, err);
        if (st == LW_OK)
            st = calls_close(cfg->socket, err);
    }
    if (st == LW_OK && report != NULL)
        *report = r;
    return st;
}
