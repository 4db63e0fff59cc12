/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content features of the kdd view from packets: a connection through meter, tap
 * and extractor for each of them, and the value that it must have.  What each protocol
 * counts is tested in test_kdd_content*.c.
 */
#include "kdd_rows.h"
#include "test.h"

#include <math.h>

static struct kdd_rows k;

#define TALK(port, says)                                                               \
    do {                                                                               \
        kdd_rows_begin(&k);                                                            \
        kdd_rows_talk(&k, 1, 40000, port, says, sizeof(says) / sizeof(says)[0]);       \
        kdd_rows_end(&k);                                                              \
        assert_int_equal(k.n, 1);                                                      \
    } while (0)

#define ASSERT_VALUE(column, v) assert_near(kdd_rows_value(&k, 0, KDD_##column), v, 0)

#define BOB_LOGS_IN                                                                    \
    SERVER_SAYS("\xff\xfd\x18login: "), CLIENT_SAYS("\xff\xfb\x18"),                   \
        CLIENT_SAYS("bob\r\n"), SERVER_SAYS("Password: "), CLIENT_SAYS("secret\r\n"),  \
        SERVER_SAYS("\r\nhost% ")

#define FTP_LOGIN(user)                                                                \
    SERVER_SAYS("220 ready.\r\n"), CLIENT_SAYS("USER " user "\r\n"),                   \
        SERVER_SAYS("331 password\r\n"), CLIENT_SAYS("PASS x\r\n"),                    \
        SERVER_SAYS("230 in\r\n")

/* Two files that are stored. */
static void hot(void **state)
{
    static const struct say says[] = {
        FTP_LOGIN("bob"),
        CLIENT_SAYS("STOR a\r\n"),
        SERVER_SAYS("150 a\r\n226 b\r\n"),
        CLIENT_SAYS("STOR b\r\n"),
        SERVER_SAYS("150 a\r\n226 b\r\n"),
    };

    (void)state;
    TALK(21, says);
    assert_string_equal(kdd_rows_name(&k, 0, KDD_service), "ftp");
    assert_string_equal(kdd_rows_name(&k, 0, KDD_flag), "SF");
    ASSERT_VALUE(hot, 2);
}

/* Three wrong passwords, to FTP on another port than its own. */
static void num_failed_logins(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220 FTP server ready.\r\n"),
        CLIENT_SAYS("USER bob\r\n"),
        SERVER_SAYS("331 password\r\n"),
        CLIENT_SAYS("PASS a\r\n"),
        SERVER_SAYS("530 no\r\n"),
        CLIENT_SAYS("PASS b\r\n"),
        SERVER_SAYS("530 no\r\n"),
        CLIENT_SAYS("PASS c\r\n"),
        SERVER_SAYS("530 no\r\n"),
    };

    (void)state;
    TALK(2121, says);
    assert_string_equal(kdd_rows_name(&k, 0, KDD_service), "ftp");
    ASSERT_VALUE(num_failed_logins, 3);
    ASSERT_VALUE(logged_in, 0);
}

static void logged_in(void **state)
{
    static const struct say says[] = {BOB_LOGS_IN};

    (void)state;
    TALK(23, says);
    assert_string_equal(kdd_rows_name(&k, 0, KDD_service), "telnet");
    ASSERT_VALUE(logged_in, 1);
}

/* A page that is not there. */
static void num_compromised(void **state)
{
    static const struct say says[] = {CLIENT_SAYS("GET /x HTTP/1.0\r\n\r\n"),
                                      SERVER_SAYS("HTTP/1.0 404 Not Found\r\n\r\n")};

    (void)state;
    TALK(80, says);
    ASSERT_VALUE(num_compromised, 1);
}

static void root_shell(void **state)
{
    static const struct say says[] = {BOB_LOGS_IN, CLIENT_SAYS("./eject\r\n"),
                                      SERVER_SAYS("./eject\r\n# ")};

    (void)state;
    TALK(23, says);
    ASSERT_VALUE(root_shell, 1);
}

/* Tried, and nothing came of it. */
static void su_attempted(void **state)
{
    static const struct say says[] = {
        BOB_LOGS_IN, CLIENT_SAYS("su root\r\n"), SERVER_SAYS("su root\r\nPassword: "),
        CLIENT_SAYS("x\r\n"), SERVER_SAYS("\r\nSorry\r\nhost% ")};

    (void)state;
    TALK(23, says);
    ASSERT_VALUE(su_attempted, 1);
}

/* Becoming root, and one command. */
static void num_root(void **state)
{
    static const struct say says[] = {BOB_LOGS_IN,
                                      CLIENT_SAYS("su root\r\n"),
                                      SERVER_SAYS("su root\r\nPassword: "),
                                      CLIENT_SAYS("x\r\n"),
                                      SERVER_SAYS("\r\n# "),
                                      CLIENT_SAYS("id\r\n"),
                                      SERVER_SAYS("id\r\nuid=0(root)\r\n# ")};

    (void)state;
    TALK(23, says);
    ASSERT_VALUE(num_root, 2);
    ASSERT_VALUE(su_attempted, 2);
}

static void num_file_creations(void **state)
{
    static const struct say says[] = {
        FTP_LOGIN("bob"), CLIENT_SAYS("MKD a\r\n"), SERVER_SAYS("257 a\r\n"),
        CLIENT_SAYS("STOR a/b\r\n"), SERVER_SAYS("150 a\r\n226 b\r\n")};

    (void)state;
    TALK(21, says);
    ASSERT_VALUE(num_file_creations, 2);
}

static void num_shells(void **state)
{
    static const struct say says[] = {BOB_LOGS_IN, CLIENT_SAYS("/bin/sh\r\n"),
                                      SERVER_SAYS("/bin/sh\r\n$ ")};

    (void)state;
    TALK(23, says);
    ASSERT_VALUE(num_shells, 1);
}

static void num_access_files(void **state)
{
    static const struct say says[] = {BOB_LOGS_IN,
                                      CLIENT_SAYS("vi .rhosts\r\n"),
                                      SERVER_SAYS("vi .rhosts\r\n"),
                                      SERVER_SAYS("host% "),
                                      CLIENT_SAYS("rm /etc/hosts.equiv\r\n"),
                                      SERVER_SAYS("\r\nhost% ")};

    (void)state;
    TALK(23, says);
    ASSERT_VALUE(num_access_files, 2);
}

/* One PORT to the client, 10.0.0.1, and one to somebody else. */
static void num_outbound_cmds(void **state)
{
    static const struct say says[] = {
        FTP_LOGIN("bob"), CLIENT_SAYS("PORT 10,0,0,1,4,1\r\n"),
        SERVER_SAYS("200 a\r\n"), CLIENT_SAYS("PORT 10,0,0,9,4,1\r\n"),
        SERVER_SAYS("200 a\r\n")};

    (void)state;
    TALK(21, says);
    ASSERT_VALUE(num_outbound_cmds, 1);
}

static void is_host_login(void **state)
{
    static const struct say says[] = {FTP_LOGIN("root")};

    (void)state;
    TALK(21, says);
    ASSERT_VALUE(is_host_login, 1);
    ASSERT_VALUE(is_guest_login, 0);
}

static void is_guest_login(void **state)
{
    static const struct say says[] = {FTP_LOGIN("anonymous")};

    (void)state;
    TALK(21, says);
    ASSERT_VALUE(is_guest_login, 1);
    ASSERT_VALUE(is_host_login, 0);
}

/* A connection that was never made had no content: zeros.  One whose protocol is not
 * read, and one that goes on encrypted: not known. */
static void unknown_is_not_zero(void **state)
{
    static const struct say ssh[] = {SERVER_SAYS("SSH-2.0-x\r\n"),
                                     CLIENT_SAYS("SSH-2.0-y\r\n")};
    static const struct say tls[] = {SERVER_SAYS("220 FTP ready\r\n"),
                                     CLIENT_SAYS("AUTH TLS\r\n"),
                                     SERVER_SAYS("234 go on\r\n")};

    (void)state;
    kdd_rows_begin(&k);
    kdd_rows_packets(&k, "0 tcp 10.0.0.1:1 > 10.0.0.2:23 S seq=0\n");
    kdd_rows_talk(&k, 1, 2, 22, ssh, 2);
    kdd_rows_talk(&k, 2, 3, 21, tls, 3);
    kdd_rows_end(&k);
    assert_int_equal(k.n, 3);
    for (int c = KDD_hot; c <= KDD_is_guest_login; c++) {
        ASSERT_VALUE(hot, 0);
        assert_true(isnan(k.values[1][c]));
        assert_true(isnan(k.values[2][c]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hot),
        cmocka_unit_test(num_failed_logins),
        cmocka_unit_test(logged_in),
        cmocka_unit_test(num_compromised),
        cmocka_unit_test(root_shell),
        cmocka_unit_test(su_attempted),
        cmocka_unit_test(num_root),
        cmocka_unit_test(num_file_creations),
        cmocka_unit_test(num_shells),
        cmocka_unit_test(num_access_files),
        cmocka_unit_test(num_outbound_cmds),
        cmocka_unit_test(is_host_login),
        cmocka_unit_test(is_guest_login),
        cmocka_unit_test(unknown_is_not_zero),
    };

    return cmocka_run_group_tests_name("kdd_talk", tests, NULL, NULL);
}
