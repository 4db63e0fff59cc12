/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same picture as map_svg.c's, drawn by cairo (LGPL 2.1 or MPL 1.1, linked as the
 * system has it), which also has the letters.
 */
#include "base/put.h"
#include "cmd/map_layout.h"
#include "cmd/map_png.h"
#include "cmd/text.h"

#include <cairo.h>
#include <stdlib.h>
#include <string.h>

/* Pixels for one of the layout; the longest line of text. */
enum { FINER = 2, LINE_BYTES = 512, HEX = 16 };

#define TAU 6.283185307179586

struct picture {
    cairo_t *to;
    const struct map_picture *of;
};

/* "#rrggbb" */
static void set_colour(cairo_t *to, const char *colour, double opacity)
{
    unsigned long v = strtoul(colour + 1, NULL, HEX);

    cairo_set_source_rgba(to, (double)(v >> 16 & 255) / 255,
                          (double)(v >> 8 & 255) / 255, (double)(v & 255) / 255,
                          opacity);
}

/* What others wrote need not be UTF-8, and cairo gives up on what is not. */
static void put_line(cairo_t *to, double x, double y, double size, const char *s)
{
    const uint8_t *from = (const uint8_t *)s;
    size_t n = strlen(s);
    char line[LINE_BYTES + PUT_JSON_FACTOR];
    char *p = line;

    while (n > 0 && p < line + LINE_BYTES - PUT_JSON_FACTOR) {
        size_t used = 1;

        if (*from >= 0x80) {
            char *start = p;

            p = put_json_char(p, from, n, &used);
            if (used == 1) { /* it is none */
                p = start;
                *p++ = '?';
            }
        } else if (*from >= ' ')
            *p++ = (char)*from;
        from += used;
        n -= used;
    }
    *p = '\0';
    cairo_set_font_size(to, size);
    cairo_move_to(to, x, y);
    cairo_show_text(to, line);
}

/* ---- shapes ---------------------------------------------------------------------- */

static bool take_number(const char **s, double *out)
{
    char *end;

    *s += strspn(*s, " ,");
    *out = strtod(*s, &end);
    if (end == *s)
        return false;
    *s = end;
    return true;
}

/* One command of a path with its numbers; further numbers repeat it. */
static void take_command(cairo_t *to, char command, const char **s)
{
    double x = 0;
    double y = 0;
    double at[2] = {0, 0};

    if (command == 'z') {
        cairo_close_path(to);
        return;
    }
    while (take_number(s, &x)) {
        if (strchr("ML", command) != NULL && !take_number(s, &y))
            return;
        if (cairo_has_current_point(to))
            cairo_get_current_point(to, &at[0], &at[1]);
        if (command == 'M')
            cairo_move_to(to, x, y);
        else if (command == 'L')
            cairo_line_to(to, x, y);
        else if (command == 'H' || command == 'h')
            cairo_line_to(to, command == 'H' ? x : at[0] + x, at[1]);
        else if (command == 'V' || command == 'v')
            cairo_line_to(to, at[0], command == 'V' ? x : at[1] + x);
        command = command == 'M' ? 'L' : command;
    }
}

/* What of SVG's paths our shapes use: M, L, H, V, h, v, z; the circle has its own. */
static void put_shape(cairo_t *to, enum map_shape shape, double x, double y,
                      double size)
{
    const char *s = map_shape_path[shape];

    cairo_save(to);
    cairo_translate(to, x, y);
    cairo_scale(to, size, size);
    cairo_new_path(to);
    if (shape == MAP_CIRCLE)
        cairo_arc(to, 0, 0, 2.4, 0, TAU);
    else
        while (*s != '\0') {
            char command = *s++;

            take_command(to, command, &s);
        }
    cairo_fill(to);
    cairo_restore(to);
}

/* ---- parts ----------------------------------------------------------------------- */

static void put_points(const struct picture *p, size_t panel,
                       const struct map_window *w, size_t class)
{
    const struct map_classes *classes = p->of->classes;
    const struct lw_matrix *points = p->of->map[panel].points;
    double left = MAP_LEFT + MAP_PANEL * (double)panel;

    set_colour(p->to, classes->of[class].colour, 0.7);
    for (size_t i = 0; i < points->n_rows; i++) {
        const float *y = points->x + 2 * i;

        if (classes->point[i] == class)
            put_shape(p->to, classes->of[class].shape, left + map_window_x(w, y),
                      map_window_y(w, y), 1);
    }
}

static void put_panel(const struct picture *p, size_t panel)
{
    double left = MAP_LEFT + MAP_PANEL * (double)panel;
    struct map_window w;

    map_window_find(&w, p->of->map[panel].points);
    set_colour(p->to, "#222222", 1);
    put_line(p->to, left, 52, 15, p->of->map[panel].name);
    put_line(p->to, left, 70, 12, p->of->map[panel].caption);
    for (size_t k = 0; k < p->of->classes->n; k++)
        put_points(p, panel, &w, map_kth_largest(p->of->classes, k));
}

static void put_legend(const struct picture *p, double left)
{
    double y = MAP_TOP + 20;

    for (size_t k = 0; k < p->of->classes->n; k++) {
        const struct map_class *c = &p->of->classes->of[k];
        char count[TEXT_MAX];

        if (c->n_points == 0)
            continue;
        set_colour(p->to, c->colour, 1);
        put_shape(p->to, c->shape, left, y - 5, 2);
        set_colour(p->to, "#222222", 1);
        put_line(p->to, left + 14, y, 14, c->name);
        put_line(p->to, left + 14, y + 15, 11, text_count(c->n_points, count));
        y += MAP_LEGEND_STEP;
    }
}

static cairo_status_t put_part(void *ctx, const unsigned char *data, unsigned n)
{
    return fwrite(data, 1, n, ctx) == n ? CAIRO_STATUS_SUCCESS
                                        : CAIRO_STATUS_WRITE_ERROR;
}

enum lw_status map_png_write(FILE *out, const struct map_picture *p,
                             struct lw_error *err)
{
    int width = MAP_PANEL * (int)p->n_maps + MAP_LEGEND;
    cairo_surface_t *surface = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, FINER * width, FINER * MAP_HEIGHT);
    struct picture picture = {cairo_create(surface), p};
    cairo_t *to = picture.to;
    cairo_status_t st;

    cairo_scale(to, FINER, FINER);
    cairo_set_source_rgb(to, 1, 1, 1);
    cairo_paint(to);
    cairo_select_font_face(to, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           CAIRO_FONT_WEIGHT_NORMAL);
    set_colour(to, "#222222", 1);
    put_line(to, MAP_LEFT, 28, 20, p->title);
    for (size_t m = 0; m < p->n_maps; m++)
        put_panel(&picture, m);
    put_legend(&picture, MAP_PANEL * (double)p->n_maps);
    st = cairo_status(to);
    cairo_destroy(to);
    if (st == CAIRO_STATUS_SUCCESS)
        st = cairo_surface_write_to_png_stream(surface, put_part, out);
    cairo_surface_destroy(surface);
    /* A write that failed is told where the file is put in its place. */
    return st == CAIRO_STATUS_SUCCESS || st == CAIRO_STATUS_WRITE_ERROR
               ? LW_OK
               : lw_fail(err, LW_ENOMEM, "no picture: %s", cairo_status_to_string(st));
}
