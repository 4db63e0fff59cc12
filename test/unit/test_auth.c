/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what: tokens, scopes, expiry, revocation, and how often one may guess. */
#include "serve/auth.h"
#include "serve/password.h"
#include "temp_store.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#define S INT64_C(1000000000)

static struct temp_store store;
static struct auth *auth;
static char token[AUTH_TOKEN_TEXT];
static int64_t token_id;

static void add(const char *name, uint32_t scopes, int64_t expires_ns)
{
    uint8_t digest[SHA256_BYTES];
    struct lw_error err;

    assert_int_equal(auth_token_make(token, digest, &err), LW_OK);
    assert_int_equal(
        store_token_add(store.s, name, digest, scopes, expires_ns, &token_id, &err),
        LW_OK);
}

static int set_up(void **state)
{
    struct lw_error err;

    (void)state;
    temp_store_init(&store);
    assert_int_equal(auth_new(&auth, store.s, false, &err), LW_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    auth_free(auth);
    temp_store_release(&store);
    return 0;
}

static unsigned ask(const char *header, const char *client, uint32_t needs, int64_t at)
{
    const struct auth_request req = {.authorization = header,
                                     .client = client,
                                     .needs = needs,
                                     .mono_ns = at,
                                     .now_ns = at};
    struct auth_principal who = {0};
    unsigned status = auth_check(auth, &req, &who);

    if (status == 0)
        assert_true(who.token == token_id && who.name[0] != '\0');
    return status;
}

static const char *bearer(const char *text)
{
    static char header[128];

    (void)snprintf(header, sizeof header, "Bearer %s", text);
    return header;
}

static void test_scopes(void **state)
{
    (void)state;
    add("reader", STORE_SCOPE_READ, 0);
    assert_int_equal(ask(bearer(token), "192.0.2.1", STORE_SCOPE_READ, S), 0);
    assert_int_equal(ask(bearer(token), "192.0.2.1", STORE_SCOPE_ANALYSE, S), 403);
    assert_int_equal(ask(bearer(token), "192.0.2.1", STORE_SCOPE_ADMIN, S), 403);
}

static void test_not_a_token(void **state)
{
    (void)state;
    add("reader", STORE_SCOPE_READ, 0);
    assert_int_equal(ask(NULL, "192.0.2.1", STORE_SCOPE_READ, S), 401);
    assert_int_equal(ask("", "192.0.2.1", STORE_SCOPE_READ, S), 401);
    assert_int_equal(ask(token, "192.0.2.1", STORE_SCOPE_READ, S), 401);
    assert_int_equal(ask("Bearer lw_", "192.0.2.1", STORE_SCOPE_READ, S), 401);
    token[10] = token[10] == '0' ? '1' : '0';
    assert_int_equal(ask(bearer(token), "192.0.2.1", STORE_SCOPE_READ, S), 401);
}

static void test_end_of_a_token(void **state)
{
    struct lw_error err;

    (void)state;
    add("short", STORE_SCOPE_READ, 100 * S);
    assert_int_equal(ask(bearer(token), "192.0.2.1", STORE_SCOPE_READ, 99 * S), 0);
    assert_int_equal(ask(bearer(token), "192.0.2.1", STORE_SCOPE_READ, 100 * S), 401);
    add("long", STORE_SCOPE_READ, 0);
    assert_int_equal(ask(bearer(token), "192.0.2.1", STORE_SCOPE_READ, 200 * S), 0);
    assert_int_equal(store_token_revoke(store.s, token_id, &err), LW_OK);
    assert_int_equal(ask(bearer(token), "192.0.2.1", STORE_SCOPE_READ, 201 * S), 401);
}

static void test_guesses_are_few(void **state)
{
    (void)state;
    add("reader", STORE_SCOPE_READ, 0);
    for (int i = 0; i < AUTH_FAILURES; i++)
        assert_int_equal(ask("Bearer guess", "192.0.2.1", STORE_SCOPE_READ, S), 401);
    assert_int_equal(ask("Bearer guess", "192.0.2.1", STORE_SCOPE_READ, S), 429);
    /* A right one does not tell either, until the time has passed. */
    assert_int_equal(ask(bearer(token), "192.0.2.1", STORE_SCOPE_READ, S), 429);
    assert_int_equal(ask(bearer(token), "192.0.2.1", STORE_SCOPE_READ, 2 * S), 0);
    /* Others are not kept out, but for the one in 4,096 that shares the row. */
    assert_true(ask(bearer(token), "192.0.2.2", STORE_SCOPE_READ, S) == 0 ||
                ask(bearer(token), "192.0.2.3", STORE_SCOPE_READ, S) == 0);
}

static void test_asking_is_no_guess(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * AUTH_FAILURES; i++)
        assert_int_equal(ask(NULL, "192.0.2.1", STORE_SCOPE_READ, S), 401);
}

static unsigned log_in(const char *name, const char *password, const char *text,
                       int64_t at)
{
    const struct auth_login req = {.token = text,
                                   .name = name,
                                   .password = password,
                                   .client = "192.0.2.1",
                                   .mono_ns = at,
                                   .now_ns = at};
    struct auth_principal who;
    unsigned status = auth_log_in(auth, &req, &who);

    if (status == 0)
        assert_string_equal(who.name, name == NULL ? "reader" : name);
    return status;
}

static void add_user(const char *name, const char *password, bool disabled)
{
    char hash[PASSWORD_HASH_MAX];
    const struct store_user u = {
        .name = name, .password = hash, .scopes = 1, .disabled = disabled};
    struct lw_error err;
    int64_t id;

    assert_int_equal(password_hash(password, hash, &err), LW_OK);
    assert_null(strstr(hash, password));
    assert_int_equal(store_user_add(store.s, &u, &id, &err), LW_OK);
}

static void test_logging_in(void **state)
{
    (void)state;
    add("reader", STORE_SCOPE_READ, 0);
    add_user("ann", "correct horse", false);
    add_user("bob", "battery staple", true);
    assert_int_equal(log_in("ann", "correct horse", NULL, S), 0);
    assert_int_equal(log_in(NULL, NULL, token, S), 0);
    assert_int_equal(log_in("ann", "wrong horse", NULL, S), 401);
    assert_int_equal(log_in("eve", "correct horse", NULL, S), 401);
    assert_int_equal(log_in("bob", "battery staple", NULL, S), 401);
    assert_int_equal(log_in(NULL, NULL, "reader", S), 401);
    for (int i = 4; i < AUTH_LOGINS; i++)
        assert_int_equal(log_in(NULL, NULL, "guess", S), 401);
    assert_int_equal(log_in("ann", "correct horse", NULL, S), 429);
    assert_int_equal(log_in("ann", "correct horse", NULL, (1 + AUTH_LOGIN_S) * S), 0);
}

static unsigned be_first(const char *text, const char *password, int64_t at)
{
    const struct auth_login req = {.token = text,
                                   .name = "ann",
                                   .password = password,
                                   .client = "192.0.2.9",
                                   .mono_ns = at,
                                   .now_ns = at};
    struct auth_principal who;
    struct lw_error err;

    return auth_first_make(auth, &req, &who, &err);
}

static void test_the_first_administrator(void **state)
{
    char text[AUTH_TOKEN_TEXT];
    struct lw_error err;

    (void)state;
    assert_false(auth_first_is_open(auth));
    assert_int_equal(be_first("lw_x", "correct horse", S), 409);
    assert_int_equal(auth_first_begin(auth, text, &err), LW_OK);
    assert_int_equal(be_first("lw_x", "correct horse", S), 401);
    assert_int_equal(be_first(text, "short", S), 422);
    assert_int_equal(be_first(text, "correct horse", S), 0);
    assert_false(auth_first_is_open(auth));
    assert_int_equal(be_first(text, "correct horse", S), 409);
    assert_int_equal(log_in("ann", "correct horse", NULL, S), 0);
    /* It is no token for anything else. */
    assert_int_equal(ask(bearer(text), "192.0.2.1", STORE_SCOPE_READ, S), 401);
    /* Somebody on the machine was faster. */
    assert_int_equal(auth_first_begin(auth, text, &err), LW_OK);
    assert_int_equal(be_first(text, "correct horse", S), 409);
}

static void test_tokens_differ(void **state)
{
    char other[AUTH_TOKEN_TEXT];
    uint8_t digest[SHA256_BYTES];
    struct lw_error err;

    (void)state;
    assert_int_equal(auth_token_make(token, digest, &err), LW_OK);
    assert_int_equal(auth_token_make(other, digest, &err), LW_OK);
    assert_int_equal(strlen(token), AUTH_TOKEN_TEXT - 1);
    assert_string_not_equal(token, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scopes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_a_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_end_of_a_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_guesses_are_few, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_asking_is_no_guess, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_logging_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_first_administrator, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_tokens_differ, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
