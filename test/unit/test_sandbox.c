/* SPDX-License-Identifier: Apache-2.0 */
/* A child that misbehaves on purpose, behind the walls: each of them holds.  The child
 * is this program with a word that says what it does. */
#include "sandbox/child.h"
#include "sandbox/walls.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REACHED = 7 }; /* exit status: a wall did not hold */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* ---- what the child does ---- */

static void read_and_write(void)
{
    char line[32];
    ssize_t n = read(CHILD_FIRST_FD, line, sizeof line);

    if (n < 0 || write(1, line, (size_t)n) != n)
        _exit(1);
}

static void open_a_file(void)
{
    if (open("/etc/hostname", O_RDONLY) >= 0 || errno != EACCES)
        _exit(REACHED);
    if (open("/tmp/lapwing-test-sandbox", O_CREAT | O_WRONLY, 0600) >= 0)
        _exit(REACHED);
}

static void connect_out(void)
{
    _exit(socket(AF_INET, SOCK_STREAM, 0) >= 0 ? REACHED : 0);
}

static void start_a_process(void)
{
    _exit(fork() >= 0 ? REACHED : 0);
}

static void run_a_program(void)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};

    (void)execv("/bin/true", argv);
    _exit(REACHED);
}

static void kill_the_parent(void)
{
    (void)kill(getppid(), SIGTERM);
    _exit(REACHED);
}

static void run_its_data(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    _exit(p != MAP_FAILED ? REACHED : 0);
}

static void allocate_without_end(void)
{
    for (size_t n = 0; n < 4096; n++) {
        char *p = malloc(16U << 20);

        if (p == NULL)
            _exit(3); /* told no */
        memset(p, 1, 16U << 20);
    }
    _exit(REACHED);
}

static void loop_without_end(void)
{
    for (volatile uint64_t i = 0;; i++)
        ;
}

static void grow_a_file(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    _exit(write(CHILD_FIRST_FD, "x", 1) == 1 ? REACHED : 0);
}

static void gain_rights(void)
{
    if (geteuid() == 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != -1)
        _exit(REACHED);
}

static void crash(void)
{
    abort();
}

static const struct {
    const char *word;
    void (*run)(void);
} deeds[] = {{"read", read_and_write},   {"open", open_a_file},
             {"connect", connect_out},   {"fork", start_a_process},
             {"exec", run_a_program},    {"kill", kill_the_parent},
             {"code", run_its_data},     {"memory", allocate_without_end},
             {"loop", loop_without_end}, {"grow", grow_a_file},
             {"rights", gain_rights},    {"crash", crash}};

static int be_the_child(const char *word)
{
    const struct walls_config cfg = {
        .memory_bytes = 256U << 20, .cpu_s = 1, .parent_death = true};
    struct lw_error err;

    if (walls_close(&cfg, NULL, &err) != LW_OK) {
        (void)fprintf(stderr, "%s\n", err.msg);
        return 99;
    }
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
        if (strcmp(deeds[i].word, word) == 0)
            deeds[i].run();
    return 0;
}

/* ---- what the parent sees ---- */

static struct child_result misbehave(const char *word, int fd, char *said,
                                     size_t n_said)
{
    const char *const words[] = {"child", word};
    struct child c;
    struct lw_error err;
    ssize_t n;

    assert_int_equal(child_start(&c, words, 2, &fd, fd >= 0 ? 1 : 0, &err), LW_OK);
    n = read(c.out, said, n_said - 1);
    said[n < 0 ? 0 : n] = '\0';
    return child_wait(&c);
}

static struct child_result plain(const char *word)
{
    char said[64];

    return misbehave(word, -1, said, sizeof said);
}

static void what_was_handed_over_can_be_read(void **state)
{
    char path[] = "/tmp/lapwing-sandbox-XXXXXX";
    char said[64];
    int fd = mkstemp(path);
    struct child_result r;

    (void)state;
    assert_true(fd >= 0 && write(fd, "packets", 7) == 7 && lseek(fd, 0, SEEK_SET) == 0);
    r = misbehave("read", fd, said, sizeof said);
    assert_int_equal(r.end, CHILD_OK);
    assert_string_equal(said, "packets");
    r = misbehave("grow", fd, said, sizeof said);
    assert_int_equal(r.end, CHILD_OK);
    (void)close(fd);
    (void)unlink(path);
}

static void files_cannot_be_opened(void **state)
{
    (void)state;
    assert_int_equal(plain("open").end, CHILD_OK);
}

static void forbidden_calls_end_it(void **state)
{
    static const char *const words[] = {"connect", "fork", "exec", "kill", "code"};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct child_result r = plain(words[i]);

        print_message("# %s: %s (%d)\n", words[i], child_end_text(r.end), r.status);
        assert_int_equal(r.end, CHILD_CALL);
    }
}

static void memory_and_time_are_bounded(void **state)
{
    struct child_result r;

    (void)state;
    r = plain("memory");
    assert_int_equal(r.end, CHILD_FAILED);
    assert_int_equal(r.status, 3);
    assert_int_equal(plain("loop").end, CHILD_TIME);
}

static void rights_are_gone(void **state)
{
    (void)state;
    assert_int_equal(plain("rights").end, CHILD_OK);
}

static void a_crash_is_seen(void **state)
{
    struct child_result r;

    (void)state;
    r = plain("crash");
    assert_int_equal(r.end, CHILD_CRASHED);
    assert_int_equal(r.status, SIGABRT);
}

static void it_can_be_ended_from_outside(void **state)
{
    const char *const words[] = {"child", "loop"};
    struct child c;

    (void)state;
    assert_int_equal(child_start(&c, words, 2, NULL, 0, NULL), LW_OK);
    child_kill(&c);
    assert_int_equal(child_wait(&c).end, CHILD_KILLED);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_handed_over_can_be_read),
        cmocka_unit_test(files_cannot_be_opened),
        cmocka_unit_test(forbidden_calls_end_it),
        cmocka_unit_test(memory_and_time_are_bounded),
        cmocka_unit_test(rights_are_gone),
        cmocka_unit_test(a_crash_is_seen),
        cmocka_unit_test(it_can_be_ended_from_outside),
    };

    if (argc == 3 && strcmp(argv[1], "child") == 0)
        return be_the_child(argv[2]);
    /* The sanitizers need more address space, and calls of their own. */
    if (SANITIZED) {
        (void)printf("1..0 # SKIP walls do not stand around sanitizers\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
