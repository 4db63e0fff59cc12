/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/suppressed.h"

#include "base/mem.h"

static void on_suppression(void *ctx, const struct store_suppression *p)
{
    struct suppressed *s = ctx;
    void *grown = mem_grow(s->items, &s->cap, s->n + 1, sizeof s->items[0]);

    if (grown == NULL) {
        s->failed = true;
        return;
    }
    s->items = grown;
    s->items[s->n] = *p;
    s->items[s->n++].reason = "";
}

enum lw_status suppressed_load(struct suppressed *out, struct store *s, int64_t now_ns,
                               struct lw_error *err)
{
    enum lw_status st;

    *out = (struct suppressed){0};
    st = store_suppression_list(s, now_ns, on_suppression, out, err);
    return st == LW_OK && out->failed ? lw_fail(err, LW_ENOMEM, "out of memory") : st;
}

void suppressed_release(struct suppressed *p)
{
    mem_free(p->items);
    *p = (struct suppressed){0};
}
