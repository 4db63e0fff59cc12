/* SPDX-License-Identifier: Apache-2.0 */
#include "base/numfmt.h"
#include "base/outfile.h"
#include "cmd/command.h"
#include "cmd/map_page.h"
#include "cmd/map_svg.h"
#include "cmd/progress.h"
#include "cmd/table_options.h"
#include "cmd/text.h"

#include <lapwing/detect.h>
#include <lapwing/embed.h>

#include <stdio.h>
#include <string.h>

static struct {
    const char *data;
    const char *output;
    const char *latent;
    int method;
    int start;
    int64_t rows;
    int64_t seed;
    int64_t steps;
    double perplexity;
    double exaggeration;
} o;

static const char *const methods[] = {"tsne", "pca", NULL};
static const char *const starts[] = {"pca", "random", NULL};

static const struct opt rows[] = {
    {"data", 0, OPT_TO_TEXT(&o.data), .metavar = "FILE",
     .help = "the table, plain or packed (gz, zst, xz); - is standard input"},
    {"write", 'w', OPT_TO_TEXT(&o.output), .metavar = "FILE",
     .help = "where to put the map: FILE.csv, FILE.svg, or FILE.html, a page to look "
             "around in; - is CSV on "
             "standard output"},
    {"method", 0, OPT_TO_CHOICE(&o.method), .metavar = "NAME", .initial = "tsne",
     .choices = methods,
     .help = "tsne keeps neighbours together, pca the greatest variance"},
    {"latent", 0, OPT_TO_TEXT(&o.latent), .metavar = "MODEL",
     .help = "beside it, a map of the rows as this model's network sees them: its last "
             "hidden layer, or an autoencoder's middle"},
    {"rows", 0, OPT_TO_INT(&o.rows), .metavar = "N", .initial = "10000", .min = 0,
     .max = 4294967295, .help = "take so many rows at random; 0 is all"},
    {"perplexity", 0, OPT_TO_FLOAT(&o.perplexity), .metavar = "NUMBER", .initial = "30",
     .min = 1, .max = 80, .help = "about how many neighbours of a row count"},
    {"exaggeration", 0, OPT_TO_FLOAT(&o.exaggeration), .metavar = "FACTOR",
     .initial = "12", .min = 1, .max = 100,
     .help = "how much harder neighbours pull in the first quarter of the steps"},
    {"start", 0, OPT_TO_CHOICE(&o.start), .metavar = "NAME", .initial = "pca",
     .choices = starts, .help = "where t-SNE's points are at first"},
    {"steps", 0, OPT_TO_INT(&o.steps), .metavar = "N", .initial = "1000", .min = 4,
     .max = 100000, .help = "how often t-SNE moves its points"},
    {"seed", 0, OPT_TO_INT(&o.seed), .metavar = "N", .initial = "1", .min = 0,
     .max = 4294967295, .help = "the same seed and data give the same map"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, &table_group, NULL};

enum { JUDGED_NEIGHBOURS = 10, JUDGED_ROWS = 2000 };

/* One way to see the rows. */
struct side {
    const char *name;
    const struct lw_matrix *x;
    struct lw_matrix points; /* owned */
    struct lw_embed_report report;
    struct lw_embed_quality quality;
    char figures[400]; /* in words */
};

/* A table, rows of it, and their points; all zero is fine. */
struct map {
    struct lw_frame *frame;
    struct lw_target target;
    bool has_target;
    struct lw_embed_rows rows;
    struct lw_matrix latent;
    struct side side[MAP_PAGE_MAPS_MAX];
    size_t n_sides;
    struct map_classes classes;
};

static void map_release(struct map *m)
{
    map_classes_release(&m->classes);
    for (size_t i = 0; i < m->n_sides; i++)
        lw_matrix_release(&m->side[i].points);
    lw_matrix_release(&m->latent);
    lw_embed_rows_release(&m->rows);
    lw_target_release(&m->target);
    lw_frame_free(m->frame);
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s);
    size_t m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
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

static void say_figures(struct side *s)
{
    char method[128];
    char count[TEXT_MAX];

    if (o.method == LW_EMBED_PCA)
        (void)snprintf(method, sizeof method,
                       "PCA, %.1f %% and %.1f %% of the variance",
                       100 * s->report.explained[0], 100 * s->report.explained[1]);
    else
        (void)snprintf(method, sizeof method,
                       "t-SNE, perplexity %g, KL divergence %.3f", o.perplexity,
                       s->report.kl);
    (void)snprintf(s->figures, sizeof s->figures,
                   "%s rows, %zu columns; %s; trustworthiness %.4f, neighbours kept "
                   "%.1f %% (of %u, %zu rows)",
                   text_count(s->x->n_rows, count), s->x->n_cols, method,
                   s->quality.trustworthiness, 100 * s->quality.recall, s->quality.k,
                   s->quality.n_rows);
}

static struct map_picture picture_of(const struct map *m)
{
    struct map_picture p = {.title = o.data,
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

static int write_map(const struct map *m)
{
    struct outfile *f = NULL;
    const struct map_picture p = picture_of(m);
    struct lw_error err;

    if (outfile_open(&f, o.output, &err) != LW_OK)
        return command_error(&err);
    if (ends_with(o.output, ".svg"))
        map_svg_write(outfile_stream(f), &p);
    else if (ends_with(o.output, ".html")) {
        if (map_page_write(outfile_stream(f), &p, &err) != LW_OK) {
            outfile_abort(f);
            return command_error(&err);
        }
    } else
        write_csv(outfile_stream(f), m);
    if (outfile_commit(f, &err) != LW_OK)
        return command_output_error(o.output, &err);
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

/* The rows as the network of a model sees them. */
static enum lw_status see_latent(struct map *m, struct lw_error *err)
{
    struct lw_classifier *c = NULL;
    struct lw_matrix all = {0};
    size_t n = m->rows.x.n_rows;
    size_t d;
    enum lw_status st = lw_classifier_load(&c, o.latent, err);

    if (st != LW_OK)
        return st;
    d = lw_classifier_view(c)->n_features;
    st = lw_view_map(lw_classifier_view(c), m->frame, &all, err);
    for (size_t i = 0; st == LW_OK && i < n; i++) /* rows ascend */
        memmove(all.x + i * d, all.x + m->rows.row[i] * d, d * sizeof *all.x);
    if (st == LW_OK)
        st = lw_classifier_latent(c, all.x, n, &m->latent, err);
    lw_matrix_release(&all);
    lw_classifier_free(c);
    return st;
}

static enum lw_status arrange(struct side *s, struct lw_error *err)
{
    const struct lw_embed_config cfg = {.method = (enum lw_embed_method)o.method,
                                        .start = (enum lw_embed_start)o.start,
                                        .perplexity = o.perplexity,
                                        .exaggeration = o.exaggeration,
                                        .n_steps = (uint32_t)o.steps,
                                        .n_early = (uint32_t)o.steps / 4,
                                        .seed = (uint64_t)o.seed,
                                        .progress = progress_show};
    uint32_t k = s->x->n_rows > 2 * JUDGED_NEIGHBOURS ? JUDGED_NEIGHBOURS : 1;
    enum lw_status st = lw_embed(&s->points, s->x, &cfg, &s->report, err);

    if (st == LW_OK)
        st = lw_embed_judge(&s->quality, s->x, &s->points, k, JUDGED_ROWS, err);
    progress_clear();
    if (st == LW_OK)
        say_figures(s);
    return st;
}

static enum lw_status make_map(struct map *m, const struct lw_schema *schema,
                               struct lw_error *err)
{
    enum lw_status st = lw_target_find(&m->target, m->frame, schema, err);
    const struct lw_target *target = st == LW_OK ? &m->target : NULL;

    if (st != LW_OK && st != LW_ENOTFOUND)
        return st;
    m->has_target = target != NULL;
    st = lw_embed_rows_make(&m->rows, m->frame, target, schema, (size_t)o.rows,
                            (uint64_t)o.seed, err);
    if (st == LW_OK)
        st = map_classes_init(&m->classes, target, m->rows.row, m->rows.x.n_rows, err);
    if (st == LW_OK && o.latent != NULL)
        st = see_latent(m, err);
    m->side[m->n_sides++] = (struct side){.name = "records", .x = &m->rows.x};
    if (o.latent != NULL)
        m->side[m->n_sides++] = (struct side){.name = "latent", .x = &m->latent};
    for (size_t i = 0; st == LW_OK && i < m->n_sides; i++)
        st = arrange(&m->side[i], err);
    return st;
}

static int embed_table(const struct lw_schema *schema)
{
    struct map m = {0};
    struct lw_error err;
    int status;

    if (table_read(&m.frame, o.data, schema, &err) != LW_OK)
        return command_error(&err);
    if (make_map(&m, schema, &err) != LW_OK)
        status = command_fail("%s: %s", o.data, err.msg);
    else
        status = write_map(&m);
    if (status == STATUS_OK) {
        say_columns(&m);
        for (size_t i = 0; i < m.n_sides; i++)
            command_note("%s: %s", m.side[i].name, m.side[i].figures);
    }
    map_release(&m);
    return status;
}

static int run_embed(char *const *words, size_t n_words)
{
    struct lw_schema schema;
    struct lw_error err;
    enum lw_status st;
    int status;

    (void)words;
    (void)n_words;
    if (o.data == NULL || o.output == NULL)
        return command_usage(
            "say what to map with --data FILE and where to put the map "
            "with -w FILE");
    if (strcmp(o.output, "-") != 0 && !ends_with(o.output, ".csv") &&
        !ends_with(o.output, ".svg") && !ends_with(o.output, ".html"))
        return command_usage("-w %s: a map is a .csv, .svg or .html file", o.output);
    st = table_schema(&schema, &err);
    if (st == LW_EINVAL)
        return command_usage("%s", err.msg);
    if (st != LW_OK)
        return command_error(&err);
    status = embed_table(&schema);
    lw_schema_release(&schema);
    return status;
}

const struct command command_embed = {
    .name = "embed",
    .help = "draw a map of a table's rows",
    .synopsis = "--data FILE -w FILE",
    .doc =
        "Puts the rows of a table on a plane so that rows that are alike lie together: "
        "by t-SNE, or by PCA. Normal rows are green, attacks have a colour and a shape "
        "by class. Numbers are compared on a logarithmic scale, words by being the "
        "same; labels and columns that say who, when or which are left out. Prints how "
        "well the map keeps neighbours: distances between groups, and their sizes, say "
        "nothing in t-SNE.\n\n"
        "The same data, options and seed always give the same map.",
    .examples = "# 10,000 rows of NSL-KDD as a picture\n"
                "lapwing embed --data KDDTrain+.txt -w map.svg\n"
                "# beside it, the same rows as the bundled model sees them, as a page\n"
                "lapwing embed --data KDDTrain+.txt --latent models/attack.lwm "
                "-w map.html\n"
                "# the flows of a capture\n"
                "lapwing features -r office.pcap --view flow -w flows.csv\n"
                "lapwing embed --data flows.csv --perplexity 10 -w flows.svg\n",
    .groups = groups,
    .max_words = 0,
    .run = run_embed,
};
