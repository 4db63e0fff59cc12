/* SPDX-License-Identifier: Apache-2.0 */
/* Normal flows that are kept to compare others with. */
#include "base/mem.h"
#include "base/span.h"
#include "store/flow_pool.h"
#include "store/flow_row.h"

enum { VECTOR_MAX = 1024 };

struct reading {
    int64_t run;
    store_vector_fn fn;
    void *ctx;
};

static void read_normal(void *ctx, struct db_stmt *q)
{
    const struct reading *r = ctx;
    float vector[VECTOR_MAX];
    uint32_t n = 0;
    size_t size;
    const void *data = db_blob(q, 1, &size);
    struct span s = span_of(data, size);

    while (n < VECTOR_MAX && span_take_f32(&s, &vector[n]))
        n++;
    if (s.n == 0)
        r->fn(r->ctx, flow_id_make(r->run, db_int(q, 0)), vector, n);
}

enum lw_status store_flow_normals(struct store *s, int64_t flow, store_vector_fn fn,
                                  void *ctx, struct lw_error *err)
{
    struct reading r = {flow_id_run(flow), fn, ctx};
    struct flow_db *file = NULL;
    enum lw_status st = flow_db_take(s, r.run, &file, err);

    if (st == LW_OK && file->version >= 3)
        st = db_query(file->db, err, read_normal, &r, NULL,
                      "SELECT flow, vector FROM normals ORDER BY flow LIMIT ?", "i",
                      (int64_t)STORE_NORMALS_MAX);
    flow_db_give(s, file);
    return st;
}
