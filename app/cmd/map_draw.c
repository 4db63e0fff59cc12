/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/map_draw.h"

#include "base/numfmt.h"
#include "base/outfile.h"
#include "cmd/command.h"
#include "cmd/map_page.h"
#include "cmd/map_png.h"
#include "cmd/map_svg.h"
#include "cmd/progress.h"
#include "cmd/text.h"

#include <stdio.h>
#include <string.h>

enum { JUDGED_NEIGHBOURS = 10, JUDGED_ROWS = 2000 };

void map_release(struct map *m)
{
    map_classes_release(&m->classes);
    for (size_t i = 0; i < m->n_sides; i++)
        lw_matrix_release(&m->side[i].points);
    lw_matrix_release(&m->latent);
    lw_embed_rows_release(&m->rows);
    lw_target_release(&m->target);
}

/* ---- making ---- */

enum lw_status map_take(struct map *m, const char *title, const struct lw_frame *frame,
                        const struct lw_schema *schema, size_t n, uint64_t seed,
                        struct lw_error *err)
{
    const struct lw_target *target;
    enum lw_status st;

    *m = (struct map){.title = title, .frame = frame};
    st = lw_target_find(&m->target, frame, schema, err);
    if (st != LW_OK && st != LW_ENOTFOUND)
        return st;
    m->has_target = st == LW_OK;
    target = m->has_target ? &m->target : NULL;
    st = lw_embed_rows_make(&m->rows, frame, target, schema, n, seed, err);
    if (st == LW_OK)
        st = map_classes_init(&m->classes, target, m->rows.row, m->rows.x.n_rows, err);
    return st;
}

static void say_figures(struct map_side *s, const struct lw_embed_config *cfg)
{
    char method[128];
    char count[TEXT_MAX];

    if (cfg->method == LW_EMBED_PCA)
        (void)snprintf(method, sizeof method,
                       "PCA, %.1f %% and %.1f %% of the variance",
                       100 * s->report.explained[0], 100 * s->report.explained[1]);
    else
        (void)snprintf(method, sizeof method,
                       "t-SNE, perplexity %g, KL divergence %.3f", cfg->perplexity,
                       s->report.kl);
    (void)snprintf(s->figures, sizeof s->figures,
                   "%s rows, %zu columns; %s; trustworthiness %.4f, neighbours kept "
                   "%.1f %% (of %u, %zu rows)",
                   text_count(s->x->n_rows, count), s->x->n_cols, method,
                   s->quality.trustworthiness, 100 * s->quality.recall, s->quality.k,
                   s->quality.n_rows);
}

static enum lw_status arrange(struct map_side *s, const struct lw_embed_config *cfg,
                              struct lw_error *err)
{
    uint32_t k = s->x->n_rows > 2 * JUDGED_NEIGHBOURS ? JUDGED_NEIGHBOURS : 1;
    enum lw_status st = lw_embed(&s->points, s->x, cfg, &s->report, err);

    if (st == LW_OK)
        st = lw_embed_judge(&s->quality, s->x, &s->points, k, JUDGED_ROWS, err);
    progress_clear();
    if (st == LW_OK)
        say_figures(s, cfg);
    return st;
}

enum lw_status map_arrange(struct map *m, const struct lw_embed_config *cfg,
                           struct lw_error *err)
{
    struct lw_embed_config shown = *cfg;
    enum lw_status st = LW_OK;

    shown.progress = progress_show;
    m->side[m->n_sides++] = (struct map_side){.name = "records", .x = &m->rows.x};
    if (m->latent.n_rows > 0)
        m->side[m->n_sides++] = (struct map_side){.name = "latent", .x = &m->latent};
    for (size_t i = 0; st == LW_OK && i < m->n_sides; i++)
        st = arrange(&m->side[i], &shown, err);
    return st;
}

/* ---- drawing ---- */

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s);
    size_t m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

bool map_can_write(const char *path)
{
    static const char *const ends[] = {".csv", ".svg", ".png", ".html"};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_with(path, ends[i]))
            return true;
    return false;
}

static void put_csv_word(FILE *out, const char *s)
{
    bool quote = strpbrk(s, ",\"\r\n") != NULL;

    if (!quote) {
        (void)fputs(s, out);
        return;
    }
    (void)fputc('"', out);
    for (; *s != '\0'; s++) {
        if (*s == '"')
            (void)fputc('"', out);
        (void)fputc(*s, out);
    }
    (void)fputc('"', out);
}

static void write_csv(FILE *out, const struct map *m)
{
    (void)fprintf(out, "row,%sclass,label\n",
                  m->n_sides == 1 ? "x,y," : "x,y,latent_x,latent_y,");
    for (size_t i = 0; i < m->rows.x.n_rows; i++) {
        (void)fprintf(out, "%zu,", m->rows.row[i] + 1);
        for (size_t v = 0; v < 2 * m->n_sides; v++) {
            char text[NUMFMT_MAX];

            (void)numfmt_f32(m->side[v / 2].points.x[2 * i + v % 2], text);
            (void)fprintf(out, "%s,", text);
        }
        put_csv_word(out, m->classes.of[m->classes.point[i]].name);
        (void)fputc(',', out);
        if (m->has_target)
            put_csv_word(out, m->target.words[m->target.codes[m->rows.row[i]]]);
        (void)fputc('\n', out);
    }
}

static struct map_picture picture_of(const struct map *m)
{
    struct map_picture p = {.title = m->title,
                            .n_maps = m->n_sides,
                            .classes = &m->classes,
                            .frame = m->frame,
                            .target = m->has_target ? &m->target : NULL,
                            .rows = &m->rows};

    for (size_t i = 0; i < m->n_sides; i++)
        p.map[i] =
            (struct map_panel){m->side[i].name, m->side[i].figures, &m->side[i].points};
    return p;
}

static enum lw_status write_as(FILE *out, const struct map *m, const char *path,
                               struct lw_error *err)
{
    const struct map_picture p = picture_of(m);

    if (ends_with(path, ".html"))
        return map_page_write(out, &p, err);
    if (ends_with(path, ".png"))
        return map_png_write(out, &p, err);
    if (ends_with(path, ".svg"))
        map_svg_write(out, &p);
    else
        write_csv(out, m);
    return LW_OK;
}

int map_write(const struct map *m, const char *path)
{
    struct outfile *f = NULL;
    struct lw_error err;

    if (outfile_open(&f, path, &err) != LW_OK)
        return command_error(&err);
    if (write_as(outfile_stream(f), m, path, &err) != LW_OK) {
        outfile_abort(f);
        return command_error(&err);
    }
    if (outfile_commit(f, &err) != LW_OK)
        return command_output_error(path, &err);
    return STATUS_OK;
}

/* What was left out is worth knowing: a map of fewer columns is another map. */
static void say_columns(const struct map *m)
{
    for (size_t c = 0; c < lw_frame_columns(m->frame); c++) {
        struct lw_column col;

        lw_frame_column(m->frame, c, &col);
        if (!m->rows.is_used[c] && !(m->has_target && m->target.is_label[c]))
            command_note("column %s is left out: it says who, when or which, or has "
                         "too many words",
                         col.name);
    }
}

void map_say(const struct map *m)
{
    say_columns(m);
    for (size_t i = 0; i < m->n_sides; i++)
        command_note("%s: %s", m->side[i].name, m->side[i].figures);
}
