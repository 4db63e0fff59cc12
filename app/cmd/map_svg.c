/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/map_svg.h"

#include "cmd/map_layout.h"
#include "cmd/text.h"

#include <lapwing/dataset.h>

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

static void put_points(FILE *out, const struct map_picture *p, size_t panel,
                       const struct map_window *w, size_t class)
{
    const struct map_class *c = &p->classes->of[class];
    const struct lw_matrix *points = p->map[panel].points;
    int left = MAP_LEFT + MAP_PANEL * (int)panel;

    if (c->n_points == 0)
        return;
    (void)fprintf(out, "<g fill=\"%s\" fill-opacity=\"0.7\">\n", c->colour);
    for (size_t i = 0; i < points->n_rows; i++)
        if (p->classes->point[i] == class) {
            const float *y = points->x + 2 * i;

            (void)fprintf(out, "<use href=\"#s%d\" x=\"%.1f\" y=\"%.1f\"/>\n",
                          (int)c->shape, left + map_window_x(w, y), map_window_y(w, y));
        }
    (void)fputs("</g>\n", out);
}

static void put_legend(FILE *out, const struct map_classes *classes, int left)
{
    int y = MAP_TOP + 20;

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
    struct map_window w;

    map_window_find(&w, p->map[panel].points);
    put_line(out, MAP_LEFT + MAP_PANEL * (int)panel, 52, 15, p->map[panel].name);
    put_line(out, MAP_LEFT + MAP_PANEL * (int)panel, 70, 12, p->map[panel].caption);
    for (size_t k = 0; k < p->classes->n; k++)
        put_points(out, p, panel, &w, map_kth_largest(p->classes, k));
}

void map_svg_write(FILE *out, const struct map_picture *p)
{
    int width = MAP_PANEL * (int)p->n_maps + MAP_LEGEND;

    (void)fprintf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                  "font-family=\"sans-serif\" fill=\"#222\">\n<defs>\n",
                  width, MAP_HEIGHT);
    for (size_t s = 0; s < MAP_N_SHAPES; s++)
        (void)fprintf(out, "<path id=\"s%zu\" d=\"%s\"/>\n", s, map_shape_path[s]);
    (void)fprintf(out, "</defs>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
                  width, MAP_HEIGHT);
    put_line(out, MAP_LEFT, 28, 20, p->title);
    for (size_t m = 0; m < p->n_maps; m++)
        put_panel(out, p, m);
    put_legend(out, p->classes, MAP_PANEL * (int)p->n_maps);
    (void)fputs("</svg>\n", out);
}
