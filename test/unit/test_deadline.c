/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/deadline.h"
#include "test.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* A socket pair; the watch gets the first end, the test looks at the second. */
struct pair {
    int fd[2];
};

static struct pair pair_open(void)
{
    struct pair p;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, p.fd), 0);
    return p;
}

static void pair_close(struct pair p)
{
    assert_int_equal(close(p.fd[0]), 0);
    assert_int_equal(close(p.fd[1]), 0);
}

/* Does the other end hear of a shutdown within that time? */
static bool is_cut(struct pair p, int within_ms)
{
    struct pollfd look = {.fd = p.fd[1], .events = POLLIN};
    char byte;

    return poll(&look, 1, within_ms) == 1 && read(p.fd[1], &byte, 1) == 0;
}

static void only_the_late_are_cut(void **state)
{
    struct deadline_watch *w = NULL;
    struct deadline late;
    struct deadline early;
    struct lw_error err;
    struct pair a = pair_open();
    struct pair b = pair_open();

    (void)state;
    assert_int_equal(deadline_watch_new(&w, &err), LW_OK);
    deadline_add(w, &late, a.fd[0], 50);
    deadline_add(w, &early, b.fd[0], 60000);
    assert_true(is_cut(a, 5000));
    assert_false(is_cut(b, 0));
    deadline_remove(w, &late);
    deadline_remove(w, &early);
    deadline_watch_free(w);
    assert_false(is_cut(b, 0));
    pair_close(a);
    pair_close(b);
}

static void putting_off_helps(void **state)
{
    struct deadline_watch *w = NULL;
    struct deadline d;
    struct lw_error err;
    struct pair a = pair_open();

    (void)state;
    assert_int_equal(deadline_watch_new(&w, &err), LW_OK);
    deadline_add(w, &d, a.fd[0], 600);
    deadline_set(&d, 60000);
    assert_false(is_cut(a, 1200));
    deadline_set(&d, 1);
    assert_true(is_cut(a, 5000));
    deadline_remove(w, &d);
    deadline_watch_free(w);
    pair_close(a);
}

static void who_is_removed_is_left_alone(void **state)
{
    struct deadline_watch *w = NULL;
    struct deadline d[3];
    struct lw_error err;
    struct pair p[3] = {pair_open(), pair_open(), pair_open()};

    (void)state;
    assert_int_equal(deadline_watch_new(&w, &err), LW_OK);
    for (int i = 0; i < 3; i++)
        deadline_add(w, &d[i], p[i].fd[0], 300);
    deadline_remove(w, &d[1]);
    assert_true(is_cut(p[0], 5000));
    assert_true(is_cut(p[2], 5000));
    assert_false(is_cut(p[1], 400));
    deadline_remove(w, &d[0]);
    deadline_remove(w, &d[2]);
    deadline_watch_free(w);
    deadline_watch_free(NULL);
    for (int i = 0; i < 3; i++)
        pair_close(p[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_late_are_cut),
        cmocka_unit_test(putting_off_helps),
        cmocka_unit_test(who_is_removed_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
