/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "learn/net.h"
#include "test.h"

#include <cmocka.h>

#include <math.h>
#include <string.h>

enum { ROWS = 24, IN = 5, OUT = 3, BIG = 600 };

static struct net make(uint32_t n_layers, const uint32_t *width,
                       const enum net_act *act, uint64_t seed)
{
    struct net net;
    struct lw_error err;

    assert_int_equal(net_init(&net, n_layers, width, act, &err), LW_OK);
    net_begin(&net, seed);
    return net;
}

static void fill(float *v, size_t n, uint64_t seed)
{
    struct rng rng;

    rng_init(&rng, seed);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)(2 * rng_unit(&rng) - 1);
}

static double loss_of(const struct net *net, const struct net_plan *p,
                      const struct lw_matrix *x, const struct lw_matrix *y)
{
    static float unused[4096];
    struct lw_error err;
    double loss = 0;

    assert_true(net->n_params <= 4096);
    assert_int_equal(net_gradient(net, p, x, y, &loss, unused, &err), LW_OK);
    return loss;
}

/* The gradient is that of finite differences, in every parameter. */
static void check_gradient(enum net_act act, const struct net_plan *p)
{
    static const uint32_t width[] = {IN, 7, 4, OUT};
    const enum net_act acts[] = {act, act, NET_LINEAR};
    static float xs[ROWS * IN];
    static float ys[ROWS * OUT];
    static float g[512];
    const struct lw_matrix x = {xs, ROWS, IN};
    const struct lw_matrix y = {ys, ROWS, OUT};
    struct net net = make(3, width, acts, 5);
    struct lw_error err;
    double loss;

    fill(xs, ROWS * IN, 1);
    fill(ys, ROWS * OUT, 2);
    assert_int_equal(net_gradient(&net, p, &x, &y, &loss, g, &err), LW_OK);
    for (size_t i = 0; i < net.n_params; i++) {
        float was = net.param[i];
        double up;
        double down;

        net.param[i] = was + 2e-3f;
        up = loss_of(&net, p, &x, &y);
        net.param[i] = was - 2e-3f;
        down = loss_of(&net, p, &x, &y);
        net.param[i] = was;
        assert_near((double)g[i], (up - down) / 4e-3, act == NET_RELU ? 2e-3 : 1e-4);
    }
    net_release(&net);
}

static void gradients_are_those_of_differences(void **state)
{
    static const enum net_act acts[] = {NET_LINEAR, NET_TANH, NET_SIGMOID};

    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        check_gradient(acts[i], &(struct net_plan){.loss = NET_MSE});
        check_gradient(acts[i], &(struct net_plan){.loss = NET_HUBER, .huber = 0.3f});
        check_gradient(acts[i],
                       &(struct net_plan){.l2 = 0.01f, .activity_l2 = {0.1f, 0.2f}});
    }
    /* A kink within the step has no gradient: a sigmoid's outputs are never 0, and of
     * the rectifiers here a few rows are near it, which the tolerance allows for. */
    check_gradient(NET_SIGMOID, &(struct net_plan){.activity_l1 = {0.1f, 0.3f}});
    check_gradient(NET_RELU, &(struct net_plan){.loss = NET_MSE, .l2 = 0.01f});
}

/* Activations against the C library's. */
static void activations_are_right(void **state)
{
    static const uint32_t width[] = {1, 1};
    struct net tanh_net = make(1, width, (enum net_act[]){NET_TANH}, 1);
    struct net sigmoid = make(1, width, (enum net_act[]){NET_SIGMOID}, 1);
    float scratch[2];

    (void)state;
    tanh_net.param[0] = sigmoid.param[0] = 1;
    for (double v = -100; v <= 100; v += 0.0371) {
        float in = (float)v;
        float out;

        net_run(&tanh_net, 0, 1, &in, 1, &out, scratch);
        assert_near((double)out, tanh((double)in), 3e-7);
        net_run(&sigmoid, 0, 1, &in, 1, &out, scratch);
        assert_near((double)out, 1 / (1 + exp(-(double)in)), 3e-7);
    }
    net_release(&tanh_net);
    net_release(&sigmoid);
}

struct curve {
    double first;
    double last;
    double last_held;
    uint32_t n;
};

static void note(void *ctx, uint32_t epoch, double loss, double held)
{
    struct curve *c = ctx;

    (void)epoch;
    c->first = c->n == 0 ? loss : c->first;
    c->last = loss;
    c->last_held = held;
    c->n++;
}

static float big_x[BIG * IN];
static float big_y[BIG * OUT];
static const struct lw_matrix big_in = {big_x, BIG, IN};
static const struct lw_matrix big_out = {big_y, BIG, OUT};

/* y is a smooth function of x. */
static void make_big(void)
{
    fill(big_x, BIG * IN, 11);
    for (size_t r = 0; r < BIG; r++) {
        const float *v = big_x + r * IN;

        big_y[r * OUT] = v[0] * v[1];
        big_y[r * OUT + 1] = v[2] - 0.5f * v[3];
        big_y[r * OUT + 2] = v[4] * v[4];
    }
}

static struct net fit_big(const struct net_plan *p, struct curve *c)
{
    struct net net = make(3, (uint32_t[]){IN, 32, 16, OUT},
                          (enum net_act[]){NET_TANH, NET_TANH, NET_LINEAR}, 3);
    struct net_state s;
    struct lw_error err = {.msg = ""};

    *c = (struct curve){0};
    assert_int_equal(net_state_init(&s, &net, &err), LW_OK);
    if (net_fit(&net, &s, p, &big_in, &big_out, note, c, &err) != LW_OK)
        fail_msg("%s", err.msg);
    net_state_release(&s);
    return net;
}

static void every_optimiser_learns(void **state)
{
    static const struct net_plan plans[] = {
        {.optimiser = NET_ADAM, .rate = 5e-3f},
        {.optimiser = NET_ADADELTA, .rate = 1},
        {.optimiser = NET_SGD, .rate = 0.1f},
        {.optimiser = NET_SGD, .rate = 0.05f, .momentum = 0.9f},
        {.optimiser = NET_ADAM, .rate = 5e-3f, .loss = NET_HUBER, .huber = 0.5f},
        {.optimiser = NET_ADAM, .rate = 5e-3f, .dropout = 0.05f, .noise = 0.01f},
    };

    (void)state;
    make_big();
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct net_plan p = plans[i];
        struct curve c;
        struct net net;

        p.batch = 32;
        p.n_epochs = 60;
        p.validation = 0.2;
        net = fit_big(&p, &c);
        assert_int_equal(c.n, 60);
        if (!(c.last < 0.4 * c.first && c.last_held < 0.4 * c.first))
            fail_msg("plan %zu: %g to %g, held %g", i, c.first, c.last, c.last_held);
        net_release(&net);
    }
}

/* The same bits again, other bits with another seed; and in two parts the bits of the
 * whole. */
static void fitting_repeats_and_continues(void **state)
{
    struct net_plan p = {.rate = 3e-3f,
                         .batch = 50,
                         .n_epochs = 6,
                         .dropout = 0.1f,
                         .noise = 0.05f,
                         .seed = 9};
    struct net_state s;
    struct curve c;
    struct lw_error err;
    struct net one;
    struct net two;

    (void)state;
    make_big();
    one = fit_big(&p, &c);
    two = fit_big(&p, &c);
    assert_memory_equal(one.param, two.param, one.n_params * sizeof(float));
    net_begin(&two, 3);
    assert_int_equal(net_state_init(&s, &two, &err), LW_OK);
    p.n_epochs = 2;
    assert_int_equal(net_fit(&two, &s, &p, &big_in, &big_out, NULL, NULL, &err), LW_OK);
    p.n_epochs = 4;
    assert_int_equal(net_fit(&two, &s, &p, &big_in, &big_out, NULL, NULL, &err), LW_OK);
    assert_memory_equal(one.param, two.param, one.n_params * sizeof(float));
    net_state_release(&s);
    net_release(&two);
    p.n_epochs = 6;
    p.seed = 10;
    two = fit_big(&p, &c);
    assert_memory_not_equal(one.param, two.param, one.n_params * sizeof(float));
    net_release(&one);
    net_release(&two);
}

/* Noise for targets: the validation loss turns early, and fitting stops. */
static void fitting_stops_early(void **state)
{
    const struct net_plan p = {
        .rate = 1e-2f, .batch = 16, .n_epochs = 400, .patience = 5, .validation = 0.3};
    struct curve c;
    struct net net;

    (void)state;
    fill(big_x, BIG * IN, 21);
    fill(big_y, BIG * OUT, 22);
    net = fit_big(&p, &c);
    assert_in_range(c.n, 6, 200);
    net_release(&net);
}

static void a_rate_too_high_is_told(void **state)
{
    const struct net_plan p = {
        .optimiser = NET_SGD, .rate = 1e9f, .batch = 16, .n_epochs = 4};
    struct net net = make(1, (uint32_t[]){IN, OUT}, (enum net_act[]){NET_LINEAR}, 1);
    struct net_state s;
    struct lw_error err;

    (void)state;
    make_big();
    assert_int_equal(net_state_init(&s, &net, &err), LW_OK);
    assert_int_equal(net_fit(&net, &s, &p, &big_in, &big_out, NULL, NULL, &err),
                     LW_EINVAL);
    assert_non_null(strstr(err.msg, "lower rate"));
    net_state_release(&s);
    net_release(&net);
}

static void a_network_is_stored(void **state)
{
    struct net net =
        make(2, (uint32_t[]){4, 9, 2}, (enum net_act[]){NET_SIGMOID, NET_RELU}, 8);
    struct net back;
    struct lw_error err;
    struct span s;
    struct buf b;

    (void)state;
    buf_init(&b);
    net_save(&net, &b);
    s = span_of(b.data, b.len);
    assert_int_equal(net_load(&back, &s, &err), LW_OK);
    assert_int_equal(s.n, 0);
    assert_int_equal(back.layer[0].act, NET_SIGMOID);
    assert_memory_equal(net.param, back.param, net.n_params * sizeof(float));
    net_release(&back);
    for (size_t n = 0; n < b.len; n++) {
        s = span_of(b.data, n);
        assert_int_not_equal(net_load(&back, &s, &err), LW_OK);
    }
    buf_release(&b);
    net_release(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_differences),
        cmocka_unit_test(activations_are_right),
        cmocka_unit_test(every_optimiser_learns),
        cmocka_unit_test(fitting_repeats_and_continues),
        cmocka_unit_test(fitting_stops_early),
        cmocka_unit_test(a_rate_too_high_is_told),
        cmocka_unit_test(a_network_is_stored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
