/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, models, tokens, sessions, users, the audit log. */
#include "temp_store.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#define OK(call)                                                                       \
    do {                                                                               \
        err.msg[0] = '\0';                                                             \
        if ((call) != LW_OK)                                                           \
            fail_msg("%s: %s", #call, err.msg);                                        \
    } while (0)

struct noted {
    struct store_token token;
    struct store_session session;
    struct store_user user;
    struct store_audit audit;
    char text[256];
    size_t n;
};

static void note_setting(void *ctx, const char *key, const char *value)
{
    struct noted *n = ctx;

    (void)snprintf(n->text, sizeof n->text, "%s=%s", key, value);
    n->n++;
}

static void settings_stay(void **state)
{
    static const char *const keys[] = {"a", "b"};
    static const char *const values[] = {"1", NULL};
    struct temp_store t;
    struct lw_error err;
    struct noted n = {.n = 0};

    (void)state;
    temp_store_init(&t);
    assert_int_equal(store_setting_get(t.s, "a", note_setting, &n, &err), LW_ENOTFOUND);
    OK(store_ready(t.s, &err));
    OK(store_setting_set(t.s, "b", "2", &err));
    OK(store_setting_set_many(t.s, keys, values, 2, &err));
    temp_store_reopen(&t);
    OK(store_setting_get(t.s, "a", note_setting, &n, &err));
    assert_string_equal(n.text, "a=1");
    OK(store_setting_list(t.s, note_setting, &n, &err));
    assert_int_equal(n.n, 2);
    temp_store_release(&t);
}

static void note_model(void *ctx, const struct store_model *m)
{
    struct noted *n = ctx;

    n->n++;
    if (m->active)
        (void)snprintf(n->text, sizeof n->text, "%s", m->id);
}

static const char *active(struct temp_store *t, struct noted *n)
{
    struct lw_error err;

    n->text[0] = '\0';
    n->n = 0;
    OK(store_model_list(t->s, note_model, n, &err));
    return n->text;
}

static void models_roll_back(void **state)
{
    struct temp_store t;
    struct lw_error err;
    struct noted n = {.n = 0};
    char a[13];
    char b[13];
    char back[13];

    (void)state;
    temp_store_init(&t);
    OK(store_model_add(t.s, "attack", "one", 3, true, a, &err));
    OK(store_model_add(t.s, "attack", "two", 3, false, b, &err));
    OK(store_model_add(t.s, "attack", "two", 3, false, b, &err));
    assert_string_equal(active(&t, &n), "");
    assert_int_equal(n.n, 2);
    OK(store_model_activate(t.s, a, &err));
    assert_int_equal(store_model_roll_back(t.s, "attack", back, &err), LW_EMISMATCH);
    OK(store_model_activate(t.s, b, &err));
    assert_string_equal(active(&t, &n), b);
    assert_int_equal(store_model_delete(t.s, b, &err), LW_EMISMATCH);
    OK(store_model_roll_back(t.s, "attack", back, &err));
    assert_string_equal(back, a);
    assert_string_equal(active(&t, &n), a);
    OK(store_model_delete(t.s, b, &err));
    assert_int_equal(store_model_delete(t.s, a, &err), LW_EMISMATCH);
    assert_int_equal(store_model_activate(t.s, "nothing", &err), LW_ENOTFOUND);
    temp_store_check(&t);
    temp_store_release(&t);
}

static void note_token(void *ctx, const struct store_token *k)
{
    struct noted *n = ctx;

    n->token = *k;
    (void)snprintf(n->text, sizeof n->text, "%s", k->name);
    n->n++;
}

static void note_session(void *ctx, const struct store_session *k)
{
    struct noted *n = ctx;

    n->session = *k;
    (void)snprintf(n->text, sizeof n->text, "%s/%s", k->name, k->csrf);
    n->n++;
}

static void tokens_are_revoked_with_their_sessions(void **state)
{
    static const uint8_t digest[SHA256_BYTES] = {1, 2, 3};
    static const uint8_t other[SHA256_BYTES] = {4};
    static const uint8_t third[SHA256_BYTES] = {5};
    struct temp_store t;
    struct lw_error err;
    struct noted n = {.n = 0};
    struct store_session session = {.scopes = 1, .csrf = "c", .expires_ns = 50};
    int64_t id;
    int64_t sid;

    (void)state;
    temp_store_init(&t);
    OK(store_token_add(t.s, "ann", digest, STORE_SCOPE_READ, 0, &id, &err));
    assert_int_equal(store_token_add(t.s, "ann", other, 1, 0, &sid, &err),
                     LW_EMISMATCH);
    OK(store_token_find(t.s, digest, note_token, &n, &err));
    assert_string_equal(n.text, "ann");
    assert_int_equal(store_token_find(t.s, other, note_token, &n, &err), LW_ENOTFOUND);
    OK(store_token_used(t.s, id, INT64_C(100000000000), &err));
    OK(store_token_used(t.s, id, INT64_C(100000000001), &err)); /* not a minute later */
    OK(store_token_find(t.s, digest, note_token, &n, &err));
    assert_int_equal(n.token.used_ns, INT64_C(100000000000));
    session.token = id;
    OK(store_session_add(t.s, other, &session, &sid, &err));
    OK(store_session_find(t.s, other, note_session, &n, &err));
    assert_string_equal(n.text, "ann/c");
    OK(store_session_rotate(t.s, sid, third, 60, &err));
    assert_int_equal(store_session_find(t.s, other, note_session, &n, &err),
                     LW_ENOTFOUND);
    OK(store_session_expire(t.s, 59, &err));
    OK(store_session_find(t.s, third, note_session, &n, &err));
    OK(store_token_revoke(t.s, id, &err));
    OK(store_token_revoke(t.s, id, &err));
    assert_int_equal(store_session_find(t.s, third, note_session, &n, &err),
                     LW_ENOTFOUND);
    OK(store_token_find(t.s, digest, note_token, &n, &err));
    assert_true(n.token.revoked_ns > 0);
    OK(store_token_add(t.s, "ann", other, 1, 0, &id,
                       &err)); /* the name is free again */
    assert_int_equal(store_token_revoke(t.s, 99, &err), LW_ENOTFOUND);
    session.token = 99;
    assert_int_equal(store_session_add(t.s, digest, &session, &sid, &err),
                     LW_EMISMATCH);
    temp_store_release(&t);
}

static void note_user(void *ctx, const struct store_user *u)
{
    struct noted *n = ctx;

    n->user = *u;
    (void)snprintf(n->text, sizeof n->text, "%s:%s", u->name, u->password);
    n->n++;
}

static void the_first_administrator_is_the_first(void **state)
{
    static const uint8_t digest[SHA256_BYTES] = {9};
    static const struct store_user_change other_password = {.password = "y",
                                                            .disabled = -1};
    static const struct store_user_change disable = {.disabled = 1};
    const struct store_user ann = {.name = "ann", .password = "x", .scopes = 7};
    struct store_session session = {.scopes = 7, .csrf = "c", .expires_ns = 50};
    struct temp_store t;
    struct lw_error err;
    struct noted n = {.n = 0};
    uint64_t users;
    uint64_t tokens;
    int64_t id;
    int64_t other;

    (void)state;
    temp_store_init(&t);
    OK(store_access_counts(t.s, &users, &tokens, &err));
    assert_int_equal(users + tokens, 0);
    OK(store_user_add_first(t.s, &ann, &id, &err));
    assert_int_equal(store_user_add_first(t.s, &ann, &other, &err), LW_EMISMATCH);
    assert_int_equal(store_user_add(t.s, &ann, &other, &err), LW_EMISMATCH);
    OK(store_user_change(t.s, id, &other_password, &err));
    OK(store_user_find(t.s, "ann", note_user, &n, &err));
    assert_string_equal(n.text, "ann:y");
    session.user = id;
    OK(store_session_add(t.s, digest, &session, &other, &err));
    OK(store_user_change(t.s, id, &disable, &err));
    assert_int_equal(store_session_find(t.s, digest, note_session, &n, &err),
                     LW_ENOTFOUND);
    n.n = 0;
    OK(store_user_list(t.s, note_user, &n, &err));
    assert_true(n.n == 1 && n.user.disabled);
    temp_store_release(&t);
}

static void the_last_administrator_stays(void **state)
{
    static const struct store_user_change disable = {.disabled = 1, .keep_admin = true};
    static const struct store_user_change demote = {
        .disabled = -1, .scopes = 3, .keep_admin = true};
    static const struct store_user_change promote = {
        .disabled = -1, .scopes = 7, .keep_admin = true};
    const struct store_user ann = {.name = "ann", .password = "x", .scopes = 7};
    const struct store_user bob = {.name = "bob", .password = "x", .scopes = 3};
    struct temp_store t;
    struct lw_error err;
    struct noted n = {.n = 0};
    int64_t a;
    int64_t b;

    (void)state;
    temp_store_init(&t);
    OK(store_user_add(t.s, &ann, &a, &err));
    OK(store_user_add(t.s, &bob, &b, &err));
    assert_int_equal(store_user_change(t.s, a, &disable, &err), LW_EMISMATCH);
    assert_int_equal(store_user_change(t.s, a, &demote, &err), LW_EMISMATCH);
    assert_int_equal(store_user_delete(t.s, a, true, &err), LW_EMISMATCH);
    OK(store_user_change(t.s, b, &promote, &err));
    OK(store_user_change(t.s, a, &disable, &err));
    assert_int_equal(store_user_delete(t.s, b, true, &err), LW_EMISMATCH);
    /* A disabled one counts for nothing, and may go. */
    OK(store_user_delete(t.s, a, true, &err));
    assert_int_equal(store_user_delete(t.s, a, true, &err), LW_ENOTFOUND);
    assert_int_equal(store_user_change(t.s, a, &promote, &err), LW_ENOTFOUND);
    assert_int_equal(store_user_get(t.s, a, note_user, &n, &err), LW_ENOTFOUND);
    OK(store_user_get(t.s, b, note_user, &n, &err));
    assert_string_equal(n.text, "bob:x");
    assert_int_equal(n.user.scopes, 7);
    OK(store_user_delete(t.s, b, false, &err));
    temp_store_release(&t);
}

static void note_audit(void *ctx, const struct store_audit *a)
{
    struct noted *n = ctx;

    (void)strncat(n->text, a->action, 10);
    n->n++;
}

static void the_audit_log_pages(void **state)
{
    struct temp_store t;
    struct lw_error err;
    struct noted n = {.n = 0};
    struct store_page page = {.limit = 2};
    char cursor[STORE_CURSOR_MAX];

    (void)state;
    temp_store_init(&t);
    for (int i = 0; i < 5; i++) {
        const char action[2] = {(char)('a' + i), '\0'};
        const struct store_audit a = {.who = "ann", .action = action};

        OK(store_audit_add(t.s, &a, &err));
    }
    do {
        OK(store_audit_list(t.s, &page, note_audit, &n, &err));
        memcpy(cursor, page.next, sizeof cursor);
        page.cursor = cursor;
    } while (page.next[0] != '\0');
    assert_string_equal(n.text, "edcba");
    page.cursor = "12x";
    assert_int_equal(store_audit_list(t.s, &page, note_audit, &n, &err), LW_EINVAL);
    temp_store_release(&t);
}

static void old_refusals_are_forgotten(void **state)
{
    struct temp_store t;
    struct lw_error err;
    struct noted n = {.n = 0};
    struct store_page page = {.limit = 100};
    uint64_t removed = 0;

    (void)state;
    temp_store_init(&t);
    OK(store_audit_trim(t.s, 4, &removed, &err));
    assert_int_equal(removed, 0);
    for (int i = 0; i < 8; i++) {
        const char action[2] = {(char)('a' + i), '\0'};
        const struct store_audit a = {
            .who = "ann", .action = action, .outcome = i % 2 == 0 ? "401" : "200"};

        OK(store_audit_add(t.s, &a, &err));
    }
    OK(store_audit_trim(t.s, 4, &removed, &err));
    assert_int_equal(removed, 2);
    OK(store_audit_list(t.s, &page, note_audit, &n, &err));
    assert_string_equal(n.text, "hgfedb");
    temp_store_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_stay),
        cmocka_unit_test(models_roll_back),
        cmocka_unit_test(tokens_are_revoked_with_their_sessions),
        cmocka_unit_test(the_first_administrator_is_the_first),
        cmocka_unit_test(the_last_administrator_stays),
        cmocka_unit_test(the_audit_log_pages),
        cmocka_unit_test(old_refusals_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
