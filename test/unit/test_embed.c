/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/rng.h"
#include "learn/near_forest.h"
#include "learn/tsne.h"
#include "learn/tsne_grid.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

/* Rows of `n_groups` clouds far apart. */
static void clouds(struct lw_matrix *x, size_t n, size_t d, size_t n_groups)
{
    struct rng rng;

    assert_int_equal(lw_matrix_init(x, n, d, NULL), LW_OK);
    rng_init(&rng, 7);
    for (size_t r = 0; r < n; r++)
        for (size_t c = 0; c < d; c++)
            x->x[r * d + c] =
                (float)(rng_unit(&rng) + (c % n_groups == r % n_groups ? 4 : 0));
}

static void points(float *y, size_t n, double width)
{
    struct rng rng;

    rng_init(&rng, 3);
    for (size_t i = 0; i < 2 * n; i++)
        y[i] = (float)(width * (rng_unit(&rng) - 0.5));
}

static void slope_is_that_of_the_divergence(void **state)
{
    enum { N = 60 };
    static const struct lw_embed_config cfg;
    struct tsne_pull p = {0};
    struct lw_matrix x;
    float y[2 * N];
    float slope[2 * N];
    float room[2 * N];

    (void)state;
    clouds(&x, N, 5, 3);
    assert_int_equal(tsne_pull_make(&p, &x, 5, &cfg, NULL), LW_OK);
    points(y, N, 6);
    (void)tsne_divergence(&p, y, slope, room);
    for (size_t i = 0; i < 2 * N; i += 7) {
        float was = y[i];
        double up;
        double down;

        y[i] = was + 1e-2f;
        up = tsne_divergence(&p, y, NULL, room);
        y[i] = was - 1e-2f;
        down = tsne_divergence(&p, y, NULL, room);
        y[i] = was;
        assert_near(slope[i], (up - down) / 2e-2, 2e-5);
    }
    tsne_pull_release(&p);
    lw_matrix_release(&x);
}

static void pulls_add_up(void **state)
{
    static const struct lw_embed_config cfg;
    struct tsne_pull p = {0};
    struct lw_matrix x;
    double sum = 0;

    (void)state;
    clouds(&x, 200, 4, 2);
    assert_int_equal(tsne_pull_make(&p, &x, 10, &cfg, NULL), LW_OK);
    assert_int_equal(p.n_neighbours, 31);
    for (size_t i = 0; i < p.from[200]; i++)
        sum += (double)p.p[i];
    assert_near(sum, 1, 1e-5);
    for (size_t r = 0; r < 200; r++)
        for (size_t i = p.from[r]; i < p.from[r + 1]; i++)
            assert_true(p.row[i] != r && (i == p.from[r] || p.row[i] > p.row[i - 1]));
    tsne_pull_release(&p);
    lw_matrix_release(&x);
}

/* Largest error of the grid's forces, over the root of their mean square. */
static double grid_error(size_t n, double width, double *total_error)
{
    float *room = mem_zalloc(6 * n, sizeof *room);
    struct tsne_grid *g = NULL;
    double total;
    double by_grid;
    double square = 0;
    double worst = 0;

    assert_non_null(room);
    points(room, n, width);
    assert_int_equal(tsne_grid_new(&g, NULL), LW_OK);
    tsne_pairs_push(room, n, room + 2 * n, &total);
    assert_int_equal(tsne_grid_push(g, room, n, room + 4 * n, &by_grid, NULL), LW_OK);
    for (size_t i = 0; i < 2 * n; i++) {
        double error = fabs((double)room[4 * n + i] - (double)room[2 * n + i]);

        square += (double)room[2 * n + i] * (double)room[2 * n + i];
        worst = error > worst ? error : worst;
    }
    *total_error = fabs(by_grid / total - 1);
    tsne_grid_free(g);
    mem_free(room);
    return worst / sqrt(square / (double)(2 * n));
}

static void grid_pushes_as_pairs_do(void **state)
{
    static const double widths[] = {0.01, 1, 10, 60, 200};

    (void)state;
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        double total;
        double worst = grid_error(1500, widths[i], &total);

        print_message("# width %g: force %.2g, total %.2g\n", widths[i], worst, total);
        assert_near(worst, 0, 0.06);
        assert_near(total, 0, 1e-5);
    }
}

static void nearly_all_neighbours_are_found(void **state)
{
    enum { N = 3000, K = 31 };
    struct neighbour *near = mem_zalloc(N * K, sizeof *near);
    struct neighbours *index = NULL;
    struct lw_matrix x;
    size_t found = 0;

    (void)state;
    assert_non_null(near);
    clouds(&x, N, 12, 3);
    assert_int_equal(near_forest_find(near, &x, K, 1, NULL), LW_OK);
    assert_int_equal(neighbours_new(&index, &x, NEIGHBOURS_EUCLID, NULL), LW_OK);
    for (uint32_t r = 0; r < N; r++) {
        struct neighbour truly[K];

        assert_int_equal(neighbours_find(index, x.x + r * 12, K, r, truly), K);
        for (size_t i = 0; i < K; i++) {
            assert_true(near[r * K + i].row != r);
            assert_true(i == 0 ||
                        near[r * K + i].distance >= near[r * K + i - 1].distance);
            for (size_t j = 0; j < K; j++)
                found += near[r * K + i].row == truly[j].row;
        }
    }
    print_message("# found %.4f\n", (double)found / (N * K));
    assert_true((double)found / (N * K) > 0.97);
    neighbours_free(index);
    lw_matrix_release(&x);
    mem_free(near);
}

static void map_of(struct lw_matrix *y, const struct lw_matrix *x,
                   struct lw_embed_config cfg, double *kl, double *trust)
{
    struct lw_embed_report r;
    struct lw_embed_quality q;

    assert_int_equal(lw_embed(y, x, &cfg, &r, NULL), LW_OK);
    assert_int_equal(lw_embed_judge(&q, x, y, 10, 0, NULL), LW_OK);
    *kl = r.kl;
    *trust = q.trustworthiness;
}

static void grid_maps_as_well_as_pairs(void **state)
{
    struct lw_embed_config cfg = {.n_steps = 400, .push = LW_EMBED_PUSH_PAIRS};
    struct lw_matrix x;
    struct lw_matrix y[2];
    double kl[2];
    double trust[2];

    (void)state;
    clouds(&x, 600, 8, 4);
    map_of(&y[0], &x, cfg, &kl[0], &trust[0]);
    cfg.push = LW_EMBED_PUSH_GRID;
    map_of(&y[1], &x, cfg, &kl[1], &trust[1]);
    assert_near(kl[0], kl[1], 0.03);
    assert_near(trust[0], trust[1], 0.01);
    assert_true(trust[1] > 0.9);
    for (size_t i = 0; i < 2; i++)
        lw_matrix_release(&y[i]);
    lw_matrix_release(&x);
}

static void same_seed_same_points(void **state)
{
    struct lw_embed_config cfg = {
        .n_steps = 60, .start = LW_EMBED_START_RANDOM, .push = LW_EMBED_PUSH_GRID};
    struct lw_matrix x;
    struct lw_matrix y[3];

    (void)state;
    clouds(&x, 300, 6, 3);
    for (size_t i = 0; i < 3; i++) {
        cfg.seed = i / 2;
        assert_int_equal(lw_embed(&y[i], &x, &cfg, NULL, NULL), LW_OK);
    }
    assert_memory_equal(y[0].x, y[1].x, 600 * sizeof *y[0].x);
    assert_memory_not_equal(y[0].x, y[2].x, 600 * sizeof *y[0].x);
    for (size_t i = 0; i < 3; i++)
        lw_matrix_release(&y[i]);
    lw_matrix_release(&x);
}

static void components_hold_the_variance(void **state)
{
    const struct lw_embed_config cfg = {.method = LW_EMBED_PCA};
    struct lw_embed_report r;
    struct lw_matrix x;
    struct lw_matrix y;

    (void)state;
    assert_int_equal(lw_matrix_init(&x, 50, 3, NULL), LW_OK);
    for (size_t i = 0; i < 50; i++) {
        x.x[3 * i] = (float)i;
        x.x[3 * i + 1] = 2 * (float)i;
        x.x[3 * i + 2] = i % 2 ? 1.0f : -1.0f;
    }
    assert_int_equal(lw_embed(&y, &x, &cfg, &r, NULL), LW_OK);
    assert_near(r.explained[0] + r.explained[1], 1, 1e-9);
    assert_true(isnan(r.kl));
    for (size_t i = 1; i < 50; i++)
        assert_near(y.x[2 * i] - y.x[2 * i - 2], sqrt(5), 0.01);
    lw_matrix_release(&x);
    lw_matrix_release(&y);
}

static void a_map_of_itself_is_perfect(void **state)
{
    struct lw_embed_quality q;
    struct lw_matrix x;

    (void)state;
    clouds(&x, 100, 2, 2);
    assert_int_equal(lw_embed_judge(&q, &x, &x, 5, 40, NULL), LW_OK);
    assert_near(q.trustworthiness, 1, 1e-12);
    assert_near(q.recall, 1, 1e-12);
    assert_int_equal(q.n_rows, 40);
    assert_int_equal(lw_embed_judge(&q, &x, &x, 50, 0, NULL), LW_EINVAL);
    lw_matrix_release(&x);
}

static void what_cannot_be_is_said(void **state)
{
    struct lw_embed_config cfg = {.perplexity = 30};
    struct lw_error err;
    struct lw_matrix x;
    struct lw_matrix y = {0};

    (void)state;
    clouds(&x, 40, 2, 2);
    assert_int_equal(lw_embed(&y, &x, &cfg, NULL, &err), LW_EINVAL);
    assert_non_null(strstr(err.msg, "more than 91"));
    cfg.perplexity = 200;
    assert_int_equal(lw_embed(&y, &x, &cfg, NULL, &err), LW_EINVAL);
    x.x[5] = NAN;
    assert_int_equal(lw_embed(&y, &x, &cfg, NULL, &err), LW_EINVAL);
    assert_non_null(strstr(err.msg, "row 2"));
    assert_null(y.x);
    lw_matrix_release(&x);
}

static void memory_may_run_out(void **state)
{
    struct lw_embed_config cfg = {.n_steps = 2,
                                  .perplexity = 3,
                                  .push = LW_EMBED_PUSH_GRID,
                                  .search = LW_EMBED_SEARCH_NEARLY};
    enum lw_status st = LW_ENOMEM;
    struct lw_matrix x;

    (void)state;
    clouds(&x, 40, 3, 2);
    for (uint64_t i = 1; st != LW_OK; i++) {
        struct lw_matrix y = {0};

        mem_fail_at(i, 0);
        st = lw_embed(&y, &x, &cfg, NULL, NULL);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || (st == LW_ENOMEM && y.x == NULL));
        lw_matrix_release(&y);
    }
    lw_matrix_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slope_is_that_of_the_divergence),
        cmocka_unit_test(pulls_add_up),
        cmocka_unit_test(grid_pushes_as_pairs_do),
        cmocka_unit_test(nearly_all_neighbours_are_found),
        cmocka_unit_test(grid_maps_as_well_as_pairs),
        cmocka_unit_test(same_seed_same_points),
        cmocka_unit_test(components_hold_the_variance),
        cmocka_unit_test(a_map_of_itself_is_perfect),
        cmocka_unit_test(what_cannot_be_is_said),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
