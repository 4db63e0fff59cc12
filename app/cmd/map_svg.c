/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The picture is square and has no axes: the coordinates of t-SNE mean nothing.  Large
 * classes are drawn first, so that small ones are not hidden.
 */
#include "cmd/map_svg.h"

#include "cmd/text.h"

#include <lapwing/dataset.h>

enum { SIDE = 760, LEFT = 20, TOP = 84, PANEL = SIDE + 40, LEGEND = 160, HEIGHT = 870 };

static void put_text(FILE *out, const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s == '<')
            (void)fputs("&lt;", out);
        else if (*s == '&')
            (void)fputs("&amp;", out);
        else if ((unsigned char)*s >= ' ')
            (void)fputc(*s, out);
    }
}

static void put_line(FILE *out, int x, int y, int size, const char *s)
{
    (void)fprintf(out, "<text x=\"%d\" y=\"%d\" font-size=\"%d\">", x, y, size);
    put_text(out, s);
    (void)fputs("</text>\n", out);
}

struct window {
    double low[2];
    double scale;
};

static void find_window(struct window *w, const struct lw_matrix *m)
{
    double high[2] = {(double)m->x[0], (double)m->x[1]};
    double span = 1e-9;

    w->low[0] = high[0];
    w->low[1] = high[1];
    for (size_t i = 0; i < 2 * m->n_rows; i++) {
        double v = (double)m->x[i];

        w->low[i % 2] = v < w->low[i % 2] ? v : w->low[i % 2];
        high[i % 2] = v > high[i % 2] ? v : high[i % 2];
    }
    for (size_t a = 0; a < 2; a++)
        span = high[a] - w->low[a] > span ? high[a] - w->low[a] : span;
    for (size_t a = 0; a < 2; a++)
        w->low[a] -= (span - (high[a] - w->low[a])) / 2;
    w->scale = SIDE / span;
}

/* The k-th in the order of drawing: most points first. */
static size_t kth_largest(const struct map_classes *c, size_t k)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t before = 0;

        for (size_t j = 0; j < c->n; j++)
            before += c->of[j].n_points > c->of[i].n_points ||
                      (c->of[j].n_points == c->of[i].n_points && j < i);
        if (before == k)
            return i;
    }
    return 0;
}

static void put_points(FILE *out, const struct map_picture *p, size_t panel,
                       const struct window *w, size_t class)
{
    const struct map_class *c = &p->classes->of[class];
    const struct lw_matrix *points = p->map[panel].points;
    int left = LEFT + PANEL * (int)panel;

    if (c->n_points == 0)
        return;
    (void)fprintf(out, "<g fill=\"%s\" fill-opacity=\"0.7\">\n", c->colour);
    for (size_t i = 0; i < points->n_rows; i++)
        if (p->classes->point[i] == class) {
            const float *y = points->x + 2 * i;

            (void)fprintf(out, "<use href=\"#s%d\" x=\"%.1f\" y=\"%.1f\"/>\n",
                          (int)c->shape, left + ((double)y[0] - w->low[0]) * w->scale,
                          TOP + SIDE - ((double)y[1] - w->low[1]) * w->scale);
        }
    (void)fputs("</g>\n", out);
}

static void put_legend(FILE *out, const struct map_classes *classes, int left)
{
    int y = TOP + 20;

    for (size_t k = 0; k < classes->n; k++) {
        const struct map_class *c = &classes->of[k];
        char count[TEXT_MAX];

        if (c->n_points == 0)
            continue;
        (void)fprintf(out,
                      "<g fill=\"%s\" transform=\"translate(%d,%d) scale(2)\">"
                      "<use href=\"#s%d\"/></g>\n",
                      c->colour, left, y - 5, (int)c->shape);
        put_line(out, left + 14, y, 14, c->name);
        put_line(out, left + 14, y + 15, 11, text_count(c->n_points, count));
        y += 40;
    }
}

static void put_panel(FILE *out, const struct map_picture *p, size_t panel)
{
    struct window w;

    find_window(&w, p->map[panel].points);
    put_line(out, LEFT + PANEL * (int)panel, 52, 15, p->map[panel].name);
    put_line(out, LEFT + PANEL * (int)panel, 70, 12, p->map[panel].caption);
    for (size_t k = 0; k < p->classes->n; k++)
        put_points(out, p, panel, &w, kth_largest(p->classes, k));
}

void map_svg_write(FILE *out, const struct map_picture *p)
{
    int width = PANEL * (int)p->n_maps + LEGEND;

    (void)fprintf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                  "font-family=\"sans-serif\" fill=\"#222\">\n<defs>\n",
                  width, HEIGHT);
    for (size_t s = 0; s < MAP_N_SHAPES; s++)
        (void)fprintf(out, "<path id=\"s%zu\" d=\"%s\"/>\n", s, map_shape_path[s]);
    (void)fprintf(out, "</defs>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
                  width, HEIGHT);
    put_line(out, LEFT, 28, 20, p->title);
    for (size_t m = 0; m < p->n_maps; m++)
        put_panel(out, p, m);
    put_legend(out, p->classes, PANEL * (int)p->n_maps);
    (void)fputs("</svg>\n", out);
}
