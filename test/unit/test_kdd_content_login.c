/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content features of Telnet, rlogin, rsh and rexec: a dialogue each, and what is
 * counted in it.  Every dialogue is said in pieces of several sizes
 * (support/dialogue.h).
 */
#include "dialogue.h"
#include "test.h"

#include <stdio.h>

static struct dialogue d;

#define ASSERT_VALUE(column, value) assert_near(d.values[KDD_##column], value, 0)

/* Options of both sides, then a login with echo and a slip of the finger: "bog" is
 * corrected to "bob".  A shell's prompt ends it. */
static void telnet_login(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("\xff\xfd\x18\xff\xfb\x01\xff\xfa\x18\x01\xff\xf0"),
        CLIENT_SAYS("\xff\xfb\x18\xff\xfa\x18\0#login:\xff\xff$\xff\xf0"),
        SERVER_SAYS("\r\nUNIX(r) System V\r\n\r\nlogin: "),
        CLIENT_SAYS("b"),
        SERVER_SAYS("b"),
        CLIENT_SAYS("og"),
        SERVER_SAYS("og"),
        CLIENT_SAYS("\x7f"),
        SERVER_SAYS("\b \b"),
        CLIENT_SAYS("b\r\0"),
        SERVER_SAYS("b\r\nPassword: "),
        CLIENT_SAYS("cat /etc/passwd\r\0"),
        SERVER_SAYS("\r\n\x1b]0;bob@host\x07\x1b[1;32mbob@host\x1b[0m:~$ "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_TELNET, says);
    ASSERT_VALUE(logged_in, 1);
    ASSERT_VALUE(num_failed_logins, 0);
    ASSERT_VALUE(num_access_files, 0);
    ASSERT_VALUE(hot, 0);
    ASSERT_VALUE(root_shell, 0);
    ASSERT_VALUE(num_shells, 0);
}

/* As the data set's guesses: guest is tried (hot 1) and refused (1 failed login); the
 * next question for a password is another refusal, and so is the next for a name. */
static void telnet_failed_logins(void **state)
{
    static const struct say one[] = {
        SERVER_SAYS("login: "),
        CLIENT_SAYS("guest\r\n"),
        SERVER_SAYS("Password: "),
        CLIENT_SAYS("guest\r\n"),
        SERVER_SAYS("\r\nLogin incorrect\r\nlogin: "),
    };
    static const struct say more[] = {
        SERVER_SAYS("login: "),        CLIENT_SAYS("bob\r\n"),
        SERVER_SAYS("\r\nPassword: "), CLIENT_SAYS("a\r\n"),
        SERVER_SAYS("\r\nPassword: "), CLIENT_SAYS("b\r\n"),
        SERVER_SAYS("\r\nlogin: "),    CLIENT_SAYS("bob\r\n"),
        SERVER_SAYS("\r\nPassword: "), CLIENT_SAYS("c\r\n"),
        SERVER_SAYS("\r\nlogin: "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_TELNET, one);
    ASSERT_VALUE(num_failed_logins, 1);
    ASSERT_VALUE(hot, 1);
    ASSERT_VALUE(logged_in, 0);
    ASSERT_VALUE(is_guest_login, 0);
    DIALOGUE_RUN(&d, LW_APP_TELNET, more);
    ASSERT_VALUE(num_failed_logins, 3);
    ASSERT_VALUE(hot, 0);
    ASSERT_VALUE(logged_in, 0);
}

/* Name and password sent at once, as programs do; "failures" of the past are none. */
static void telnet_guest_typed_ahead(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("login: "),
        CLIENT_SAYS("guest\rguest\r"),
        SERVER_SAYS("guest\r\nPassword: \r\n"),
        SERVER_SAYS("Last login: Mon Jan  1 from here\r\n3 failures since\r\n% "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_TELNET, says);
    ASSERT_VALUE(logged_in, 1);
    ASSERT_VALUE(is_guest_login, 1);
    ASSERT_VALUE(num_failed_logins, 0);
    ASSERT_VALUE(hot, 1);
}

#define BOB_LOGS_IN                                                                    \
    SERVER_SAYS("login: "), CLIENT_SAYS("bob\r\n"), SERVER_SAYS("Password: "),         \
        CLIENT_SAYS("secret\r\n"), SERVER_SAYS("\r\nhost% ")

/* su, a password, root's prompt; two commands of root's.  Becoming root and they are
 * three accesses.  su -c of another user, later, is nothing. */
static void su_that_works(void **state)
{
    static const struct say says[] = {
        BOB_LOGS_IN,           CLIENT_SAYS("su -\r\n"),     SERVER_SAYS("Password: "),
        CLIENT_SAYS("x\r\n"),  SERVER_SAYS("\r\n# "),       CLIENT_SAYS("id\r\n"),
        SERVER_SAYS("\r\n# "), CLIENT_SAYS("su alice\r\n"), SERVER_SAYS("\r\nhost% "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_TELNET, says);
    ASSERT_VALUE(su_attempted, 2);
    ASSERT_VALUE(root_shell, 1);
    ASSERT_VALUE(num_root, 3);
    ASSERT_VALUE(is_host_login, 0);
    ASSERT_VALUE(num_failed_logins, 0);
}

static void su_that_does_not_work(void **state)
{
    static const struct say says[] = {
        BOB_LOGS_IN,
        CLIENT_SAYS("/bin/su root\r\n"),
        SERVER_SAYS("Password: "),
        CLIENT_SAYS("x\r\n"),
        SERVER_SAYS("\r\nsu: Sorry\r\nhost% "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_TELNET, says);
    ASSERT_VALUE(su_attempted, 1);
    ASSERT_VALUE(root_shell, 0);
    ASSERT_VALUE(num_root, 0);
}

/* root logs in: a hot name (1), and one of the system's; one command. */
static void root_logs_in(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("login: "), CLIENT_SAYS("root\r\n"), SERVER_SAYS("Password: "),
        CLIENT_SAYS("x\r\n"),   SERVER_SAYS("\r\n# "),   CLIENT_SAYS("ls\r\n"),
        SERVER_SAYS("\r\n# "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_TELNET, says);
    ASSERT_VALUE(is_host_login, 1);
    ASSERT_VALUE(is_guest_login, 0);
    ASSERT_VALUE(root_shell, 1);
    ASSERT_VALUE(su_attempted, 0);
    ASSERT_VALUE(num_root, 2);
    ASSERT_VALUE(hot, 1);
}

/* "cat >", touch, cp and the second of two commands in a line: four creations; not
 * what goes to /dev/null or to another stream. */
static void file_creations(void **state)
{
    static const struct say says[] = {
        BOB_LOGS_IN,
        CLIENT_SAYS("cat >ex.c\r\n"),
        SERVER_SAYS("\r\nhost% "),
        CLIENT_SAYS("/usr/bin/touch a\r\n"),
        SERVER_SAYS("\r\nhost% "),
        CLIENT_SAYS("ls; sudo cp a b\r\n"),
        SERVER_SAYS("\r\nhost% "),
        CLIENT_SAYS("make 2>&1 >/dev/null\r\n"),
        SERVER_SAYS("\r\nhost% "),
        CLIENT_SAYS("echo x >> log\r\n"),
        SERVER_SAYS("\r\nhost% "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_TELNET, says);
    ASSERT_VALUE(num_file_creations, 4);
    ASSERT_VALUE(su_attempted, 0);
}

/* sh and exec /bin/csh are shells; ssh is none. */
static void shells(void **state)
{
    static const struct say says[] = {
        BOB_LOGS_IN,
        CLIENT_SAYS("sh\r\n"),
        SERVER_SAYS("\r\n$ "),
        CLIENT_SAYS("exec /bin/csh -f\r\n"),
        SERVER_SAYS("\r\nhost% "),
        CLIENT_SAYS("ssh host\r\n"),
        SERVER_SAYS("\r\nhost% "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_TELNET, says);
    ASSERT_VALUE(num_shells, 2);
    ASSERT_VALUE(root_shell, 0);
}

/* One for each command, however many files it names. */
static void access_files(void **state)
{
    static const struct say says[] = {
        BOB_LOGS_IN,
        CLIENT_SAYS("cat /etc/passwd /etc/shadow\r\n"),
        SERVER_SAYS("\r\nroot:x:0:1:Super-User:/:/sbin/sh\r\nhost% "),
        CLIENT_SAYS("echo + + > .rhosts\r\n"),
        SERVER_SAYS("\r\nhost% "),
        CLIENT_SAYS("ls\r\n"),
        SERVER_SAYS("\r\npasswd\r\n.rhosts\r\nhost% "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_TELNET, says);
    ASSERT_VALUE(num_access_files, 2);
    ASSERT_VALUE(num_file_creations, 1);
    ASSERT_VALUE(root_shell, 1); /* what only root is shown, the data set's phf */
}

/* A command and a file that are not there, and an overflow that worked: 3.  The last
 * one is hot, as are ./exploit, cd /etc and chmod 4755. */
static void compromised_and_hot(void **state)
{
    static const struct say says[] = {
        BOB_LOGS_IN,
        CLIENT_SAYS("foo\r\n"),
        SERVER_SAYS("\r\nfoo: Command not found\r\nhost% "),
        CLIENT_SAYS("cd /nowhere\r\n"),
        SERVER_SAYS("\r\n/nowhere: No such file or directory\r\nhost% "),
        CLIENT_SAYS("./exploit\r\n"),
        SERVER_SAYS("\r\nJumping to address 0xeffff\r\n# "),
        CLIENT_SAYS("cd /etc\r\n"),
        SERVER_SAYS("\r\n# "),
        CLIENT_SAYS("chmod 4755 sh; chmod 755 b\r\n"),
        SERVER_SAYS("\r\n# "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_TELNET, says);
    ASSERT_VALUE(num_compromised, 3);
    ASSERT_VALUE(hot, 4);
    ASSERT_VALUE(root_shell, 1);
    ASSERT_VALUE(num_root, 2);
    ASSERT_VALUE(num_outbound_cmds, 0);
}

/* The client's lines are longer than what is kept, erased, and lost. */
static void odd_input(void **state)
{
    static const struct say says[] = {
        BOB_LOGS_IN,
        CLIENT_SAYS(
            "echo 0123456789012345678901234567890123456789012345678901234567890123"
            "456789012345678901234567890123456789 /etc/passwd\r\n"),
        SERVER_SAYS("\r\nhost% "),
        CLIENT_SAYS("cat /etc/shadow\x15ls\r\n"),
        SERVER_SAYS("\r\nhost% "),
        CLIENT_LOST(10),
        CLIENT_SAYS("cat /etc/shadow\r\n"),
        SERVER_LOST(1000),
        SERVER_SAYS("garbage\r\nhost% "),
        CLIENT_SAYS("touch b\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_TELNET, says);
    ASSERT_VALUE(logged_in, 1);
    ASSERT_VALUE(num_access_files, 2);
    ASSERT_VALUE(num_file_creations, 1);
}

/* The trusted user needs no password: a prompt follows.  The window's size is not
 * typed text. */
static void rlogin_login(void **state)
{
    static const struct say says[] = {
        CLIENT_SAYS("\0bob\0guest\0xterm/38400\0"),
        SERVER_SAYS("\0"),
        CLIENT_SAYS("\xff\xffss\0\x18\0\x50\r\r\r\r"),
        SERVER_SAYS("Last login: today\r\n$ "),
        CLIENT_SAYS("mkdir a\r"),
        SERVER_SAYS("\r\n$ "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_RLOGIN, says);
    ASSERT_VALUE(logged_in, 1);
    ASSERT_VALUE(is_guest_login, 1);
    ASSERT_VALUE(hot, 1);
    ASSERT_VALUE(num_file_creations, 1);
}

/* Not trusted, and the wrong password. */
static void rlogin_failed(void **state)
{
    static const struct say says[] = {
        CLIENT_SAYS("\0bob\0alice\0xterm/38400\0"),
        SERVER_SAYS("\0Password: "),
        CLIENT_SAYS("guess\r"),
        SERVER_SAYS("\r\nLogin incorrect\r\nlogin: "),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_RLOGIN, says);
    ASSERT_VALUE(logged_in, 0);
    ASSERT_VALUE(num_failed_logins, 1);
}

/* root's command: hot for the name, its login and itself two accesses. */
static void rsh_command(void **state)
{
    static const struct say says[] = {
        CLIENT_SAYS("1022\0bob\0root\0cat /etc/shadow > x\0"),
        SERVER_SAYS("\0cat: x: No such file or directory\n"),
    };
    static const struct say refused[] = {
        CLIENT_SAYS("0\0bob\0root\0cat /etc/shadow\0"),
        SERVER_SAYS("\1Permission denied.\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_RSH, says);
    ASSERT_VALUE(logged_in, 1);
    ASSERT_VALUE(is_host_login, 1);
    ASSERT_VALUE(num_root, 2);
    ASSERT_VALUE(hot, 1);
    ASSERT_VALUE(num_access_files, 1);
    ASSERT_VALUE(num_file_creations, 1);
    ASSERT_VALUE(num_compromised, 1);
    DIALOGUE_RUN(&d, LW_APP_RSH, refused);
    ASSERT_VALUE(logged_in, 0);
    ASSERT_VALUE(num_failed_logins, 1);
    ASSERT_VALUE(num_access_files, 0);
}

static void rexec_command(void **state)
{
    static const struct say says[] = {
        CLIENT_SAYS("0\0guest\0root\0/bin/sh -i\0stdin"),
        SERVER_SAYS("\0uid=0(root) gid=0(root)\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_REXEC, says);
    ASSERT_VALUE(logged_in, 1);
    ASSERT_VALUE(is_guest_login, 1);
    ASSERT_VALUE(is_host_login, 0);
    ASSERT_VALUE(num_shells, 1);
    ASSERT_VALUE(root_shell, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telnet_login),
        cmocka_unit_test(telnet_failed_logins),
        cmocka_unit_test(telnet_guest_typed_ahead),
        cmocka_unit_test(su_that_works),
        cmocka_unit_test(su_that_does_not_work),
        cmocka_unit_test(root_logs_in),
        cmocka_unit_test(file_creations),
        cmocka_unit_test(shells),
        cmocka_unit_test(access_files),
        cmocka_unit_test(compromised_and_hot),
        cmocka_unit_test(odd_input),
        cmocka_unit_test(rlogin_login),
        cmocka_unit_test(rlogin_failed),
        cmocka_unit_test(rsh_command),
        cmocka_unit_test(rexec_command),
    };

    return cmocka_run_group_tests_name("kdd_content_login", tests, NULL, NULL);
}
