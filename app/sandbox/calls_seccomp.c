/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CALL(name) SCMP_SYS(name)

/* Reading and writing what is open, memory, time, and the end. */
static const int allowed[] = {CALL(read),
                              CALL(write),
                              CALL(readv),
                              CALL(writev),
                              CALL(pread64),
                              CALL(lseek),
                              CALL(close),
                              CALL(fstat),
                              CALL(munmap),
                              CALL(mremap),
                              CALL(madvise),
                              CALL(brk),
                              CALL(futex),
                              CALL(clock_gettime),
                              CALL(gettimeofday),
                              CALL(nanosleep),
                              CALL(clock_nanosleep),
                              CALL(poll),
                              CALL(ppoll),
                              CALL(exit),
                              CALL(exit_group),
                              CALL(rt_sigreturn),
                              CALL(rt_sigprocmask),
                              CALL(rt_sigaction),
                              CALL(sigaltstack),
                              CALL(getpid),
                              CALL(gettid),
                              CALL(sched_yield),
                              CALL(getrandom),
                              CALL(restart_syscall),
                              CALL(getrusage),
                              CALL(membarrier),
                              CALL(rseq),
                              CALL(set_robust_list),
                              CALL(getuid),
                              CALL(geteuid)};

/* What the C library tries and can do without, and what a reader of files tries: told
 * no, instead of killed. */
static const int refused[] = {CALL(open),      CALL(openat),
                              CALL(openat2),   CALL(stat),
                              CALL(lstat),     CALL(statx),
                              CALL(access),    CALL(faccessat),
                              CALL(readlink),  CALL(ioctl),
                              CALL(fadvise64), CALL(prlimit64),
                              CALL(sysinfo),   CALL(sched_getaffinity),
                              CALL(prctl),     CALL(uname),
                              CALL(getcwd),    CALL(unlink),
                              CALL(mkdir)};

static int allow_all(scmp_filter_ctx f)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof allowed / sizeof allowed[0]; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
    for (size_t i = 0; rc == 0 && i < sizeof refused / sizeof refused[0]; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    return rc;
}

/* Memory that can be run is not to be had; abort() signals this very process; an open
 * descriptor can be duplicated and looked at. */
static int allow_some(scmp_filter_ctx f)
{
    const struct scmp_arg_cmp not_run = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp to_self = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
    const struct scmp_arg_cmp duplicate = SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC, 0);
    const struct scmp_arg_cmp no_path =
        SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH);
    int rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, CALL(mmap), 1, &not_run);

    if (rc == 0)
        rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, CALL(fcntl), 1, &duplicate);
    if (rc == 0)
        rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, CALL(newfstatat), 1, &no_path);

    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), CALL(fcntl), 1,
                              SCMP_A1(SCMP_CMP_NE, F_DUPFD_CLOEXEC, 0));
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EACCES), CALL(newfstatat), 1,
                              SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0));
    if (rc == 0)
        rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, CALL(mprotect), 1, &not_run);
    if (rc == 0)
        rc = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, CALL(tgkill), 1, &to_self);
    return rc;
}

enum lw_status calls_close(bool socket, struct lw_error *err)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc;

    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a filter of calls");
    rc = allow_all(f);
    if (rc == 0)
        rc = allow_some(f);
    /* How many packets the kernel had no room for, and what went wrong. */
    if (rc == 0 && socket)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, CALL(getsockopt), 0);
    if (rc == 0)
        rc = seccomp_load(f);
    seccomp_release(f);
    if (rc == 0)
        return LW_OK;
    return lw_fail(err, LW_EUNSUPPORTED,
                   "the kernel takes no filter of system calls (seccomp): %s",
                   strerror(-rc));
}
