/* SPDX-License-Identifier: Apache-2.0 */
#include "store/admin.h"
#include "store/store_priv.h"

#include <string.h>

struct reading {
    store_text_fn fn;
    void *ctx;
    uint64_t n;
};

static void read_setting(void *ctx, struct db_stmt *q)
{
    struct reading *r = ctx;

    r->n++;
    r->fn(r->ctx, db_text(q, 0), db_text(q, 1));
}

enum lw_status store_setting_get(struct store *s, const char *key, store_text_fn fn,
                                 void *ctx, struct lw_error *err)
{
    struct reading r = {fn, ctx, 0};
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, read_setting, &r, NULL,
                      "SELECT key, value FROM settings WHERE key = ?", "t", key);
    store_reader_give(s, d);
    return st == LW_OK && r.n == 0
               ? lw_fail(err, LW_ENOTFOUND, "the setting %s was never set", key)
               : st;
}

enum lw_status store_setting_list(struct store *s, store_text_fn fn, void *ctx,
                                  struct lw_error *err)
{
    struct reading r = {fn, ctx, 0};
    struct db *d = NULL;
    enum lw_status st = store_reader_take(s, &d, err);

    if (st == LW_OK)
        st = db_query(d, err, read_setting, &r, NULL,
                      "SELECT key, value FROM settings WHERE key NOT LIKE 'store.%'"
                      " ORDER BY key",
                      "");
    store_reader_give(s, d);
    return st;
}

static enum lw_status set(struct store *s, const char *key, const char *value,
                          struct lw_error *err)
{
    if (value == NULL)
        return db_run(s->writer, err, "DELETE FROM settings WHERE key = ?", "t", key);
    return db_run(s->writer, err,
                  "INSERT INTO settings VALUES (?1, ?2)"
                  " ON CONFLICT (key) DO UPDATE SET value = ?2",
                  "tt", key, value);
}

enum lw_status store_setting_set_many(struct store *s, const char *const *keys,
                                      const char *const *values, size_t n,
                                      struct lw_error *err)
{
    enum lw_status st = store_begin(s, err);

    if (st != LW_OK)
        return st;
    for (size_t i = 0; st == LW_OK && i < n; i++)
        st = set(s, keys[i], values[i], err);
    return store_end(s, st, err);
}

enum lw_status store_setting_set(struct store *s, const char *key, const char *value,
                                 struct lw_error *err)
{
    return store_setting_set_many(s, &key, &value, 1, err);
}
