/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of a list of flows, "name=value" a line; the last line is a cursor.  What
 * is taken prints and reads back. */
#include "base/assert.h"
#include "fuzz.h"
#include "store/addr.h"
#include "store/flow_filter.h"

#include <string.h>

static void set(struct store_flow_filter *f, struct span line)
{
    char name[32];
    const uint8_t *equals = line.n == 0 ? NULL : memchr(line.p, '=', line.n);
    size_t n = equals == NULL ? 0 : (size_t)(equals - line.p);
    struct lw_error err = {.msg = ""};

    if (equals == NULL || n >= sizeof name)
        return;
    memcpy(name, line.p, n);
    name[n] = '\0';
    if (store_flow_filter_set(f, name, span_from(line, n + 1), &err) != LW_OK)
        LW_ASSERT(err.msg[0] != '\0');
}

static void check_net(const struct store_net *net)
{
    char text[STORE_ADDR_TEXT_MAX];
    struct store_addr again;
    struct store_addr last = net_last(net);

    if (!net_is_set(net))
        return;
    LW_ASSERT(store_net_has(net, &net->addr) && store_net_has(net, &last));
    LW_ASSERT(
        store_addr_parse(span_of(text, store_addr_text(&net->addr, text)), &again));
    LW_ASSERT(memcmp(&again, &net->addr, sizeof again) == 0);
}

static void check_cursor(const struct store_flow_filter *f, struct span text)
{
    struct flow_cursor c = {77, 5};
    struct flow_cursor again;
    char made[STORE_CURSOR_MAX];
    struct lw_error err;

    if (flow_cursor_parse(text, f, &c, &err) != LW_OK)
        LW_ASSERT(err.code == LW_EINVAL);
    flow_cursor_format(&c, f, made);
    LW_ASSERT(flow_cursor_parse(span_of(made, strlen(made)), f, &again, &err) == LW_OK);
    LW_ASSERT(again.key == c.key && again.id == c.id);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    struct span rest = span_of(data, n);
    struct store_flow_filter f;

    store_flow_filter_init(&f);
    for (;;) {
        const uint8_t *end = rest.n == 0 ? NULL : memchr(rest.p, '\n', rest.n);

        if (end == NULL)
            break;
        set(&f, span_first(rest, (size_t)(end - rest.p)));
        rest = span_from(rest, (size_t)(end - rest.p) + 1);
    }
    check_net(&f.host);
    check_net(&f.source);
    check_net(&f.destination);
    check_cursor(&f, rest);
}
