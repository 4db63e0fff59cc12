/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/map_page.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/jsonw.h"

#include <stdio.h>
#include <string.h>

extern const uint8_t map_page_text[]; /* ui/map.html, made by tools/embed */

static void put_classes(struct jsonw *w, const struct map_picture *p)
{
    jsonw_key(w, "shapes");
    jsonw_array(w);
    for (size_t s = 0; s < MAP_N_SHAPES; s++)
        jsonw_text(w, map_shape_path[s]);
    jsonw_array_end(w);
    jsonw_key(w, "classes");
    jsonw_array(w);
    for (size_t k = 0; k < p->classes->n; k++) {
        const struct map_class *c = &p->classes->of[k];

        jsonw_object(w);
        jsonw_put_text(w, "name", c->name == NULL ? "" : c->name);
        jsonw_put_text(w, "colour", c->colour);
        jsonw_put_u64(w, "shape", c->shape);
        jsonw_put_u64(w, "points", c->n_points);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

static void put_maps(struct jsonw *w, const struct map_picture *p)
{
    jsonw_key(w, "maps");
    jsonw_array(w);
    for (size_t m = 0; m < p->n_maps; m++) {
        jsonw_object(w);
        jsonw_put_text(w, "name", p->map[m].name);
        jsonw_put_text(w, "caption", p->map[m].caption);
        jsonw_key(w, "xy");
        jsonw_array(w);
        for (size_t i = 0; i < 2 * p->map[m].points->n_rows; i++)
            jsonw_f32(w, p->map[m].points->x[i]);
        jsonw_array_end(w);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

static void put_points(struct jsonw *w, const struct map_picture *p)
{
    size_t n = p->rows->x.n_rows;

    jsonw_key(w, "point");
    jsonw_array(w);
    for (size_t i = 0; i < n; i++)
        jsonw_u64(w, p->classes->point[i]);
    jsonw_array_end(w);
    jsonw_key(w, "row");
    jsonw_array(w);
    for (size_t i = 0; i < n; i++)
        jsonw_u64(w, p->rows->row[i] + 1);
    jsonw_array_end(w);
    jsonw_key(w, "label");
    jsonw_array(w);
    for (size_t i = 0; i < n; i++)
        jsonw_text(w, p->target == NULL
                          ? ""
                          : p->target->words[p->target->codes[p->rows->row[i]]]);
    jsonw_array_end(w);
}

static void put_value(struct jsonw *w, const struct lw_column *c, size_t row)
{
    if (c->type == LW_COLUMN_NUMBER)
        jsonw_f32(w, c->numbers[row]);
    else
        jsonw_text(w, c->dictionary[c->codes[row]]);
}

/* The columns that the map is made of. */
static void put_records(struct jsonw *w, const struct map_picture *p)
{
    struct lw_column c;

    jsonw_key(w, "columns");
    jsonw_array(w);
    for (size_t k = 0; k < lw_frame_columns(p->frame); k++)
        if (p->rows->is_used[k]) {
            lw_frame_column(p->frame, k, &c);
            jsonw_text(w, c.name);
        }
    jsonw_array_end(w);
    jsonw_key(w, "record");
    jsonw_array(w);
    for (size_t i = 0; i < p->rows->x.n_rows; i++) {
        jsonw_array(w);
        for (size_t k = 0; k < lw_frame_columns(p->frame); k++)
            if (p->rows->is_used[k]) {
                lw_frame_column(p->frame, k, &c);
                put_value(w, &c, p->rows->row[i]);
            }
        jsonw_array_end(w);
    }
    jsonw_array_end(w);
}

/* No "</script>" and no comment begins inside: '<' stands in strings only. */
static void put_safely(FILE *out, const char *json)
{
    for (; *json != '\0'; json++)
        if (*json == '<')
            (void)fputs("\\u003c", out);
        else
            (void)fputc(*json, out);
}

enum lw_status map_page_write(FILE *out, const struct map_picture *p,
                              struct lw_error *err)
{
    static const char mark[] = "@DATA@";
    const char *text = (const char *)map_page_text;
    const char *at = strstr(text, mark);
    struct buf json;
    struct jsonw w;

    LW_ASSERT(at != NULL);
    buf_init(&json);
    jsonw_init(&w, &json);
    jsonw_object(&w);
    jsonw_put_text(&w, "title", p->title);
    put_classes(&w, p);
    put_maps(&w, p);
    put_points(&w, p);
    put_records(&w, p);
    jsonw_object_end(&w);
    if (!buf_ok(&json)) {
        buf_release(&json);
        return lw_fail(err, LW_ENOMEM, "out of memory for a page");
    }
    (void)fwrite(text, 1, (size_t)(at - text), out);
    put_safely(out, buf_text(&json));
    (void)fputs(at + strlen(mark), out);
    buf_release(&json);
    return LW_OK;
}
