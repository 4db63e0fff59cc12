/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/map_draw.h"
#include "cmd/table_options.h"

#include <lapwing/detect.h>
#include <lapwing/embed.h>

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
     .help = "where to put the map: FILE.csv, FILE.svg, FILE.png, or FILE.html, a page "
             "to look "
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
     .help = "how much harder neighbours pull in the first sixth of the steps"},
    {"start", 0, OPT_TO_CHOICE(&o.start), .metavar = "NAME", .initial = "pca",
     .choices = starts, .help = "where t-SNE's points are at first"},
    {"steps", 0, OPT_TO_INT(&o.steps), .metavar = "N", .initial = "500", .min = 6,
     .max = 100000, .help = "how often t-SNE moves its points"},
    {"seed", 0, OPT_TO_INT(&o.seed), .metavar = "N", .initial = "1", .min = 0,
     .max = 4294967295, .help = "the same seed and data give the same map"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, &table_group, NULL};

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

static enum lw_status make_map(struct map *m, const struct lw_frame *frame,
                               const struct lw_schema *schema, struct lw_error *err)
{
    const struct lw_embed_config cfg = {.method = (enum lw_embed_method)o.method,
                                        .start = (enum lw_embed_start)o.start,
                                        .perplexity = o.perplexity,
                                        .exaggeration = o.exaggeration,
                                        .n_steps = (uint32_t)o.steps,
                                        .seed = (uint64_t)o.seed};
    enum lw_status st =
        map_take(m, o.data, frame, schema, (size_t)o.rows, (uint64_t)o.seed, err);

    if (st == LW_OK && o.latent != NULL)
        st = see_latent(m, err);
    return st == LW_OK ? map_arrange(m, &cfg, err) : st;
}

static int embed_table(const struct lw_schema *schema)
{
    struct lw_frame *frame = NULL;
    struct map m;
    struct lw_error err;
    int status;

    if (table_read(&frame, o.data, schema, false, &err) != LW_OK)
        return command_error(&err);
    if (make_map(&m, frame, schema, &err) != LW_OK)
        status = command_fail("%s: %s", o.data, err.msg);
    else
        status = map_write(&m, o.output);
    if (status == STATUS_OK)
        map_say(&m);
    map_release(&m);
    lw_frame_free(frame);
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
    if (strcmp(o.output, "-") != 0 && !map_can_write(o.output))
        return command_usage("-w %s: a map is a .csv, .svg, .png or .html file",
                             o.output);
    st = table_schema(&schema, &err);
    if (st != LW_OK)
        return command_refused(st, &err);
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
