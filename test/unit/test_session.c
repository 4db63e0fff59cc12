/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of browsers: their cookie, its changes, their end. */
#include "serve/session.h"
#include "temp_store.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#define S INT64_C(1000000000)

static struct temp_store store;
static struct sessions *sessions;

static int set_up(void **state)
{
    struct lw_error err;

    (void)state;
    temp_store_init(&store);
    assert_int_equal(sessions_new(&sessions, store.s, false, &err), LW_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sessions_free(sessions);
    temp_store_release(&store);
    return 0;
}

/* What a browser makes of Set-Cookie. */
static void take_cookie(const char *set_cookie, char header[128])
{
    (void)snprintf(header, 128, "%.*s", (int)strcspn(set_cookie, ";"), set_cookie);
}

static void begin(char header[128], struct auth_principal *who)
{
    char cookie[SESSION_COOKIE_MAX];
    struct lw_error err;

    *who = (struct auth_principal){.scopes = STORE_SCOPE_READ, .name = "ann"};
    assert_int_equal(sessions_begin(sessions, who, 100 * S, cookie, &err), LW_OK);
    assert_non_null(strstr(cookie, "; HttpOnly; SameSite=Strict"));
    assert_null(strstr(cookie, "Secure"));
    take_cookie(cookie, header);
}

static enum lw_status find(const char *header, int64_t at_s)
{
    struct auth_principal who;
    struct lw_error err;

    return sessions_find(sessions, header, at_s * S, &who, &err);
}

static void renew(const char *header, int64_t at_s, char next[128])
{
    char cookie[SESSION_COOKIE_MAX];
    struct lw_error err;

    assert_int_equal(sessions_renew(sessions, header, at_s * S, cookie, &err), LW_OK);
    take_cookie(cookie, next);
}

static void from_login_to_logout(void **state)
{
    char header[128];
    char cookie[SESSION_COOKIE_MAX];
    struct auth_principal who;
    struct auth_principal found;
    struct lw_error err;

    (void)state;
    begin(header, &who);
    assert_int_equal(strlen(who.csrf), AUTH_CSRF_TEXT - 1);
    assert_int_equal(sessions_find(sessions, header, 101 * S, &found, &err), LW_OK);
    assert_string_equal(found.name, "ann");
    assert_string_equal(found.csrf, who.csrf);
    assert_int_equal(found.scopes, STORE_SCOPE_READ);
    assert_int_equal(found.session, who.session);
    assert_int_equal(sessions_end(sessions, who.session, cookie, &err), LW_OK);
    assert_non_null(strstr(cookie, "Max-Age=0"));
    assert_int_equal(find(header, 102), LW_ENOTFOUND);
}

static void it_ends(void **state)
{
    char header[128];
    char cookie[SESSION_COOKIE_MAX];
    struct auth_principal who;
    struct lw_error err;

    (void)state;
    begin(header, &who);
    assert_int_equal(find(header, 99 + SESSION_NS / S), LW_OK);
    assert_int_equal(find(header, 100 + SESSION_NS / S), LW_ENOTFOUND);
    /* With the token at the latest. */
    who = (struct auth_principal){.name = "t", .expires_ns = 200 * S};
    assert_int_equal(sessions_begin(sessions, &who, 100 * S, cookie, &err), LW_OK);
    take_cookie(cookie, header);
    assert_int_equal(find(header, 199), LW_OK);
    assert_int_equal(find(header, 200), LW_ENOTFOUND);
}

static void the_secret_changes(void **state)
{
    char first[128];
    char second[128];
    char third[128];
    struct auth_principal who;

    (void)state;
    begin(first, &who);
    renew(first, 110, second);
    assert_string_not_equal(first, second);
    /* Requests that were under way; and the answer may have been lost. */
    assert_int_equal(find(first, 1000), LW_OK);
    assert_int_equal(find(second, 2000), LW_OK);
    /* It was used, so the first one's time runs out. */
    assert_int_equal(find(first, 2059), LW_OK);
    assert_int_equal(find(first, 2060), LW_ENOTFOUND);
    renew(second, 2100, third);
    assert_int_equal(find(third, 2101), LW_OK);
    assert_int_equal(find(second, 2102), LW_OK);
    assert_int_equal(find(second, 2200), LW_ENOTFOUND);
}

static void two_pages_at_once(void **state)
{
    char first[128];
    char second[128];
    char none[128];
    char third[128];
    struct auth_principal who;

    (void)state;
    begin(first, &who);
    renew(first, 110, second);
    renew(first, 111, none);
    assert_string_equal(none, "");
    assert_int_equal(find(second, 112), LW_OK);
    /* Where the answer with the second was lost, the first is changed again. */
    begin(first, &who);
    renew(first, 110, second);
    renew(first, 150, third);
    assert_int_equal(find(third, 151), LW_OK);
    assert_int_equal(find(second, 152), LW_ENOTFOUND);
}

static void cookies_are_read(void **state)
{
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    static const struct {
        const char *header;
        bool found;
    } cases[] = {
        {"a=" HEX, true},
        {"b=1; a=" HEX, true},
        {"b=1;a=" HEX " ; c=2", true},
        {"a=short; a=" HEX, true},
        {"ba=" HEX, false},
        {"a =" HEX, false},
        {"a=" HEX "0", false},
        {"a=\"" HEX "\"", false},
        {"a=", false},
        {"a", false},
        {";;; ;", false},
        {"", false},
        {NULL, false},
    };
    char out[SESSION_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(session_cookie_read(cases[i].header, "a", out),
                         cases[i].found);
        if (cases[i].found)
            assert_string_equal(out, HEX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_login_to_logout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_secret_changes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_pages_at_once, set_up, tear_down),
        cmocka_unit_test(cookies_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
