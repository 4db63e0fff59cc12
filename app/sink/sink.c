/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/sink.h"

#include "base/mem.h"
#include "sink/eve.h"

#include <string.h>

struct sink {
    const struct sink_ops *ops;
    void *state; /* owned, by ops->close */
};

static const struct sink_ops *const kinds[] = {&sink_eve};

enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static const struct sink_ops *find(const char *kind)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strcmp(kinds[i]->name, kind) == 0)
            return kinds[i];
    }
    return NULL;
}

enum lw_status sink_open(struct sink **out, const char *kind,
                         const struct sink_config *cfg, struct lw_error *err)
{
    const struct sink_ops *ops = find(kind);
    struct sink *s;
    enum lw_status st;

    if (ops == NULL)
        return lw_fail(err, LW_EINVAL, "no output of kind '%s'", kind);
    s = mem_zalloc(1, sizeof *s);
    if (s == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", cfg->target);
    s->ops = ops;
    st = ops->open(&s->state, cfg, err);
    if (st != LW_OK) {
        mem_free(s);
        return st;
    }
    *out = s;
    return LW_OK;
}

enum lw_status sink_put(struct sink *s, const struct lw_finding *f,
                        struct lw_error *err)
{
    return s->ops->put(s->state, f, err);
}

enum lw_status sink_flush(struct sink *s, struct lw_error *err)
{
    return s->ops->flush(s->state, err);
}

void sink_close(struct sink *s)
{
    if (s == NULL)
        return;
    s->ops->close(s->state);
    mem_free(s);
}
