/* SPDX-License-Identifier: Apache-2.0 */
#include "temp_store.h"

#include "base/hash.h"
#include "test.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void open_it(struct temp_store *t)
{
    const struct store_config cfg = {.create = true};
    struct lw_error err = {.msg = ""};
    enum lw_status st = store_open(&t->s, t->dir, &cfg, &err);

    if (st != LW_OK)
        fail_msg("%s", err.msg);
}

void temp_store_init(struct temp_store *t)
{
    (void)snprintf(t->dir, sizeof t->dir, "/tmp/lapwing-store-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    open_it(t);
}

void temp_store_reopen(struct temp_store *t)
{
    store_close(t->s);
    t->s = NULL;
    open_it(t);
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

void temp_store_release(struct temp_store *t)
{
    store_close(t->s);
    (void)nftw(t->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void print_problem(void *ctx, const char *problem)
{
    (void)ctx;
    print_message("# %s\n", problem);
}

void temp_store_check(struct temp_store *t)
{
    struct lw_error err;
    uint64_t n = 0;

    assert_int_equal(store_check(t->s, true, print_problem, NULL, &n, &err), LW_OK);
    assert_int_equal(n, 0);
}

int64_t temp_store_capture(struct temp_store *t, const char *name, const void *data,
                           size_t n, int64_t *job)
{
    const struct store_upload_config cfg = {.name = name, .analyse = true};
    struct lw_error err = {.msg = ""};
    int64_t id = 0;
    int64_t capture = 0;

    assert_int_equal(store_upload_begin(t->s, &cfg, &id, &err), LW_OK);
    assert_int_equal(store_upload_append(t->s, id, 0, data, n, &err), LW_OK);
    if (store_upload_commit(t->s, id, &capture, job, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return capture;
}

static void note_job(void *ctx, const struct store_job *j)
{
    int64_t *id = ctx;

    assert_int_equal(j->state, STORE_JOB_RUNNING);
    *id = j->id;
}

int64_t temp_store_claim(struct temp_store *t)
{
    struct lw_error err = {.msg = ""};
    int64_t id = 0;

    if (store_job_claim(t->s, note_job, &id, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return id;
}

static uint64_t draw(uint32_t i, uint32_t what)
{
    const uint32_t key[2] = {i, what};

    return hash_bytes(key, sizeof key, 7);
}

static struct store_addr address(uint64_t random)
{
    struct store_addr a = {{0}};
    /* Half of all flows are those of four hosts. */
    unsigned host =
        random % 2 == 0 ? (unsigned)(random >> 8) % 4 : (unsigned)(random >> 8) % 3000;

    if ((random >> 40) % 11 == 0) {
        a.bytes[0] = 6;
        a.bytes[1] = 0x20;
        a.bytes[15] = (uint8_t)(host >> 8);
        a.bytes[16] = (uint8_t)host;
    } else {
        a.bytes[0] = 4;
        a.bytes[1] = 10;
        a.bytes[3] = (uint8_t)(host >> 8);
        a.bytes[4] = (uint8_t)host;
    }
    return a;
}

struct store_flow temp_flow(uint32_t i, struct store_score scores[2])
{
    static const char *const protos[] = {"tcp", "udp", "icmp"};
    static const char *const services[] = {"http", "dns", NULL, "tls"};
    static const char *const states[] = {"FSPA_FSPA", "S_", "CON", "INT"};
    static const uint16_t ports[] = {80, 443, 53, 22};
    static const float vector[] = {1, 2.5F, 3};
    bool attack = draw(i, 1) % 10 == 0;
    /* Scores come in steps, so that many are equal. */
    float score =
        attack ? 0.75F + (float)(draw(i, 2) % 8) / 32 : (float)(draw(i, 2) % 32) / 64;
    struct store_flow f = {
        .start_ns = INT64_C(1600000000000000000) +
                    (int64_t)(draw(i, 3) % 5000) * INT64_C(700000000),
        .duration_ns = (int64_t)(draw(i, 4) % 50) * INT64_C(100000000),
        .proto = protos[draw(i, 5) % 3],
        .service = services[draw(i, 6) % 4],
        .state = states[draw(i, 7) % 4],
        .addr = {address(draw(i, 8)), address(draw(i, 9))},
        .port = {(int32_t)(1024 + draw(i, 10) % 60000), ports[draw(i, 11) % 4]},
        .packets = {1 + draw(i, 12) % 20, draw(i, 13) % 20},
        .bytes = {60 + draw(i, 14) % 1000, draw(i, 15) % 1000},
        .community_id = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
        .verdict = attack ? (draw(i, 16) % 2 == 0 ? LW_VERDICT_DOS : LW_VERDICT_PROBE)
                          : LW_VERDICT_NORMAL,
        .confidence = 0.5F,
        .score = score,
        .severity = attack ? 3 : 0,
        .alerted = attack,
        .words = attack ? "many connections" : NULL,
        .scores = scores,
        .n_scores = 2,
    };

    scores[0] =
        (struct store_score){.detector = "attack",
                             .model = "0123456789ab",
                             .view = "kdd",
                             .verdict = f.verdict,
                             .score = score,
                             .threshold = 0.75F,
                             .p_value = 0.25F,
                             .confidence = 0.5F,
                             .alert = attack,
                             .reasons = attack ? "[{\"feature\":\"count\"}]" : NULL,
                             .vector = vector,
                             .n_vector = 3};
    scores[1] = (struct store_score){.detector = "botnet",
                                     .model = "ba9876543210",
                                     .view = "netflow",
                                     .verdict = LW_VERDICT_NORMAL,
                                     .score = NAN,
                                     .threshold = 0.3F,
                                     .p_value = NAN,
                                     .confidence = NAN,
                                     .unavailable = 0.125F};
    return f;
}

int64_t temp_store_load(struct temp_store *t, const char *name, uint32_t from,
                        uint32_t n)
{
    struct store_load *l = NULL;
    struct lw_error err = {.msg = ""};
    int64_t capture = temp_store_capture(t, name, name, strlen(name), NULL);
    int64_t job = temp_store_claim(t);

    assert_int_equal(store_load_begin(&l, t->s, job, &err), LW_OK);
    for (uint32_t i = 0; i < n; i++) {
        struct store_score scores[2];
        struct store_flow f = temp_flow(from + i, scores);

        if (store_load_add(l, &f, false, &err) != LW_OK)
            fail_msg("%s", err.msg);
    }
    if (store_load_finish(l, NULL, &err) != LW_OK)
        fail_msg("%s", err.msg);
    return capture;
}
