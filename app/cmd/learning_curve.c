/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/learning_curve.h"

#include "base/mem.h"

#include <math.h>
#include <stdbool.h>

enum { WIDTH = 760, HEIGHT = 400, LEFT = 90, TOP = 60, RIGHT = 30, BOTTOM = 60 };

enum lw_status learning_curve_init(struct learning_curve *c, struct lw_error *err)
{
    c->n = 0;
    c->point = mem_zalloc(LEARNING_CURVE_MAX, sizeof *c->point);
    if (c->point == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a learning curve");
    return LW_OK;
}

void learning_curve_release(struct learning_curve *c)
{
    mem_free(c->point);
    *c = (struct learning_curve){0};
}

void learning_curve_add(struct learning_curve *c, uint32_t epoch, double loss,
                        double validation_loss)
{
    if (c->n < LEARNING_CURVE_MAX)
        c->point[c->n++] = (struct learning_point){epoch, loss, validation_loss};
}

void learning_curve_csv(const struct learning_curve *c, FILE *out)
{
    (void)fputs("epoch,loss,validation_loss\n", out);
    for (size_t i = 0; i < c->n; i++) {
        const struct learning_point *p = &c->point[i];

        (void)fprintf(out, "%u,%.9g,", p->epoch, p->loss);
        if (!isnan(p->validation_loss))
            (void)fprintf(out, "%.9g", p->validation_loss);
        (void)fputc('\n', out);
    }
}

/* ---- the picture ---- */

struct scale {
    double first; /* epoch */
    double last;
    double low; /* decimal logarithm of the loss */
    double high;
};

static double log_of(double loss)
{
    return log10(loss > 1e-12 ? loss : 1e-12);
}

static void widen(struct scale *s, double loss)
{
    if (isnan(loss))
        return;
    s->low = fmin(s->low, log_of(loss));
    s->high = fmax(s->high, log_of(loss));
}

static struct scale find_scale(const struct learning_curve *c)
{
    struct scale s = {(double)c->point[0].epoch, (double)c->point[c->n - 1].epoch,
                      log_of(c->point[0].loss), log_of(c->point[0].loss)};

    for (size_t i = 0; i < c->n; i++) {
        widen(&s, c->point[i].loss);
        widen(&s, c->point[i].validation_loss);
    }
    s.last = fmax(s.last, s.first + 1);
    s.low = floor(s.low * 10) / 10;
    s.high = fmax(ceil(s.high * 10) / 10, s.low + 0.1);
    return s;
}

static double x_of(const struct scale *s, double epoch)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * (epoch - s->first) / (s->last - s->first);
}

static double y_of(const struct scale *s, double log_loss)
{
    return TOP + (HEIGHT - TOP - BOTTOM) * (s->high - log_loss) / (s->high - s->low);
}

static void put_axes(const struct scale *s, FILE *out)
{
    enum { LINES = 4 };

    for (int i = 0; i <= LINES; i++) {
        double v = s->low + (s->high - s->low) * i / LINES;
        double y = y_of(s, v);

        (void)fprintf(out,
                      "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" "
                      "stroke=\"#ddd\"/>\n<text x=\"%d\" y=\"%.1f\" "
                      "text-anchor=\"end\">%.3g</text>\n",
                      LEFT, WIDTH - RIGHT, y, y, LEFT - 10, y + 5, pow(10, v));
    }
    (void)fprintf(out,
                  "<text x=\"%d\" y=\"%d\">epoch %g</text>\n"
                  "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">epoch %g</text>\n",
                  LEFT, HEIGHT - BOTTOM + 25, s->first, WIDTH - RIGHT,
                  HEIGHT - BOTTOM + 25, s->last);
}

/* `how`: colour and dashes, as attributes. */
static void put_line(const struct learning_curve *c, const struct scale *s,
                     bool validation, const char *how, FILE *out)
{
    (void)fprintf(out, "<polyline fill=\"none\" stroke-width=\"2.5\" %s points=\"",
                  how);
    for (size_t i = 0; i < c->n; i++) {
        const struct learning_point *p = &c->point[i];
        double loss = validation ? p->validation_loss : p->loss;

        if (!isnan(loss))
            (void)fprintf(out, "%.1f,%.1f ", x_of(s, (double)p->epoch),
                          y_of(s, log_of(loss)));
    }
    (void)fputs("\"/>\n", out);
}

void learning_curve_svg(const struct learning_curve *c, FILE *out)
{
    struct scale s = find_scale(c);

    (void)fprintf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                  "font-family=\"sans-serif\" font-size=\"14\" fill=\"#333\">\n"
                  "<title>Loss by epoch</title>\n"
                  "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
                  "<text x=\"%d\" y=\"34\" font-size=\"18\">Mean squared error by "
                  "epoch</text>\n",
                  WIDTH, HEIGHT, LEFT);
    put_axes(&s, out);
    put_line(c, &s, false, "stroke=\"#0072b2\"", out);
    put_line(c, &s, true, "stroke=\"#d55e00\" stroke-dasharray=\"8 4\"", out);
    (void)fprintf(out,
                  "<text x=\"%d\" y=\"%d\" fill=\"#0072b2\">— rows learnt from</text>\n"
                  "<text x=\"%d\" y=\"%d\" fill=\"#a04000\">- - rows kept back</text>\n"
                  "</svg>\n",
                  LEFT, HEIGHT - 10, LEFT + 200, HEIGHT - 10);
}
