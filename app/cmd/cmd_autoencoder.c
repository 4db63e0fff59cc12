/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/lines.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "base/outfile.h"
#include "cmd/command.h"
#include "cmd/learning_curve.h"
#include "cmd/map_draw.h"
#include "cmd/progress.h"
#include "cmd/table_folder.h"
#include "cmd/text.h"

#include <lapwing/autoencoder.h>
#include <lapwing/schema.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096 };

/* Rows of the map of --visualize. */
enum { MAP_ROWS = 5000 };

static const char *const modes[] = {"train", "test", NULL};
static const char *const sources[] = {"either", "True", "False", NULL};
static const char *const levels[] = {"binary", "name", NULL};

static struct {
    int mode;
    const char *data;
    const char *folder;
    const char *model;
    const char *output;
    const char *experiment;
    int64_t epochs;
    int64_t seed;
    int source;
    int level;
    bool visualize;
} o;

static const struct opt rows[] = {
    {"mode", 0, OPT_TO_CHOICE(&o.mode), .metavar = "MODE", .initial = "train",
     .choices = modes,
     .help = "train: learn, or go on where a checkpoint is; test: score a table"},
    {"data_path", 0, OPT_TO_TEXT(&o.data), .metavar = "FILE|DIR",
     .help = "a CSV table, plain or packed (gz, zst, xz), or a folder of them, taken "
             "in the order of their names"},
    {"fromCSV", 0, OPT_TO_CHOICE(&o.source), .metavar = "BOOL", .initial = "either",
     .choices = sources,
     .help = "True: --data_path must be a table; False: it must be a folder of them"},
    {"ckpt_path", 0, OPT_TO_TEXT(&o.folder), .metavar = "DIR",
     .initial = "./checkpoints", .help = "where checkpoints are; made if missing"},
    {"model_name", 0, OPT_TO_TEXT(&o.model), .metavar = "NAME",
     .initial = "autoencoder", .help = "the checkpoint's name, without .ckpt"},
    {"num_epochs", 0, OPT_TO_INT(&o.epochs), .metavar = "N", .initial = "10", .min = 1,
     .max = 10000,
     .help = "passes over the rows; of those of a checkpoint, so many "
             "more"},
    {"level", 0, OPT_TO_CHOICE(&o.level), .metavar = "LEVEL", .initial = "binary",
     .choices = levels,
     .help =
         "name: learn the labels as they are spelt, too, from the network's middle, "
         "so that a test tells the kind of attack"},
    {"exp_name", 0, OPT_TO_TEXT(&o.experiment), .metavar = "NAME",
     .help = "a folder, made if missing, for the learning curve as a table and as a "
             "picture (exp_1 with --visualize)"},
    {"visualize", 0, OPT_TO_FLAG(&o.visualize),
     .help = "draw a map of the rows and of what the network's middle makes of them "
             "into the folder --exp_name"},
    {"output", 'o', OPT_TO_TEXT(&o.output), .metavar = "FILE",
     .initial = "test_output.csv", .help = "where --mode test writes"},
    {"seed", 0, OPT_TO_INT(&o.seed), .metavar = "N", .initial = "1", .min = 0,
     .max = 4294967295, .help = "the same seed and data give the same checkpoint"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, NULL};

static void say_dropped(void *ctx, const char *column, const char *why)
{
    (void)ctx;
    command_note("column %.60s is left out: %s", column, why);
}

static void note_epoch(void *ctx, uint32_t epoch, double loss, double validation_loss)
{
    learning_curve_add(ctx, epoch, loss, validation_loss);
}

static int write_curve(const struct learning_curve *c)
{
    static const struct {
        const char *name;
        void (*put)(const struct learning_curve *c, FILE *out);
    } forms[] = {{"learning_curve.csv", learning_curve_csv},
                 {"learning_curve.svg", learning_curve_svg}};
    char path[PATH_BYTES];
    struct lw_error err;

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct outfile *f = NULL;

        (void)snprintf(path, sizeof path, "%s/%s", o.experiment, forms[i].name);
        if (outfile_open(&f, path, &err) != LW_OK)
            return command_error(&err);
        forms[i].put(c, outfile_stream(f));
        if (outfile_commit(f, &err) != LW_OK)
            return command_error(&err);
        (void)printf("%s written.\n", path);
    }
    return STATUS_OK;
}

static void say_trained(const struct lw_autoencoder_report *r, const char *path)
{
    char count[TEXT_MAX];

    (void)printf(
        "%s normal rows, %u columns, %u epochs: loss %.6f, on the fifth of the "
        "rows kept back %.6f.\n",
        text_count(r->n_rows, count), r->n_columns, r->n_epochs, r->loss,
        r->validation_loss);
    if (r->n_kinds > 0)
        (void)printf("%u labels are told apart.\n", r->n_kinds);
    (void)printf("%s written.\n", path);
}

static int train(struct lw_autoencoder **a, const struct table_folder *t,
                 const char *path)
{
    struct learning_curve curve;
    const struct lw_autoencoder_config cfg = {
        .n_epochs = (uint32_t)o.epochs,
        .seed = (uint64_t)o.seed,
        .progress = progress_show,
        .dropped = say_dropped,
        .epoch = note_epoch,
        .epoch_ctx = &curve,
        .learn_kinds = o.level == 1,
    };
    struct lw_autoencoder_report r;
    struct lw_error err;
    int status = STATUS_OK;

    if (learning_curve_init(&curve, &err) != LW_OK)
        return command_error(&err);
    if (lw_autoencoder_train(a, (const struct lw_frame *const *)t->frame, t->n, &cfg,
                             &r, &err) != LW_OK) {
        progress_clear();
        status = command_fail("%s: %s", o.data, err.msg);
    } else if (lw_autoencoder_save(*a, path, &err) != LW_OK) {
        status = command_error(&err);
    } else {
        progress_clear();
        say_trained(&r, path);
    }
    if (status == STATUS_OK && o.experiment != NULL)
        status = write_curve(&curve);
    learning_curve_release(&curve);
    return status;
}

/* ---- test ---- */

/* What is appended to the lines of a table. */
struct appendix {
    const struct lw_autoencoder *model;
    const char *path;     /* of the table */
    const float *score;   /* (n) */
    const uint32_t *kind; /* (n); NULL: labels were not learnt */
    size_t n;
    size_t at;
    uint64_t n_alarms; /* in all tables */
    char delimiter;
};

static void put_row(struct appendix *x, struct span line, FILE *out)
{
    bool alarm = x->score[x->at] > lw_autoencoder_cut(x->model);
    char score[NUMFMT_MAX];

    (void)numfmt_f32(x->score[x->at], score);
    (void)fwrite(line.p, 1, line.n, out);
    (void)fprintf(out, "%c%d%c%s", x->delimiter, alarm ? 1 : 0, x->delimiter, score);
    if (x->kind != NULL)
        (void)fprintf(out, "%c%s", x->delimiter,
                      lw_autoencoder_kind_name(x->model, x->kind[x->at]));
    (void)fputc('\n', out);
    x->n_alarms += alarm ? 1 : 0;
    x->at++;
}

static void put_header(const struct appendix *x, struct span line, const char *label,
                       FILE *out)
{
    (void)fwrite(line.p, 1, line.n, out);
    (void)fprintf(out, "%c%s%cscore", x->delimiter, label, x->delimiter);
    if (x->kind != NULL)
        (void)fprintf(out, "%ckind", x->delimiter);
    (void)fputc('\n', out);
}

/* The first line of the first table goes over all; the others' must be the same. */
static enum lw_status take_header(const struct appendix *x, struct span line,
                                  const char *label, struct buf *header, FILE *out,
                                  struct lw_error *err)
{
    if (header->len == 0) {
        buf_add(header, line.p, line.n);
        put_header(x, line, label, out);
        return buf_ok(header) ? LW_OK : lw_fail(err, LW_ENOMEM, "out of memory");
    }
    if (header->len == line.n && memcmp(header->data, line.p, line.n) == 0)
        return LW_OK;
    return lw_fail(err, LW_EFORMAT,
                   "%s: other columns than the first table of the folder has; test it "
                   "alone",
                   x->path);
}

/* The table's lines as they are; empty ones are no rows.  label NULL: no header. */
static enum lw_status append(struct appendix *x, struct stream *in, const char *label,
                             struct buf *header, FILE *out, struct lw_error *err)
{
    struct lines l;
    struct span line;
    bool in_rows = label == NULL;
    enum lw_status st;

    lines_init(&l, in, NULL);
    while ((st = lines_next(&l, &line, err)) == LW_OK) {
        if (line.n == 0)
            continue;
        if (!in_rows) {
            st = take_header(x, line, label, header, out, err);
            if (st != LW_OK)
                return st;
            in_rows = true;
            continue;
        }
        if (x->at == x->n)
            return lw_fail(err, LW_EFORMAT, "%s: line %zu is no row of the table",
                           x->path, l.number);
        put_row(x, line, out);
    }
    if (st == LW_END && x->at < x->n)
        return lw_fail(err, LW_EFORMAT, "%s: changed while it was read", x->path);
    return st == LW_END ? LW_OK : st;
}

static enum lw_status write_scores(struct appendix *x, const struct lw_frame *frame,
                                   struct buf *header, FILE *out, struct lw_error *err)
{
    const char *label =
        lw_frame_find_like(frame, "label") < 0 ? "label" : "predicted_label";
    struct lw_read_report report;
    struct stream *in = NULL;
    enum lw_status st = stream_open(&in, x->path, err);

    lw_frame_read_report(frame, &report);
    x->delimiter = report.delimiter;
    if (st == LW_OK)
        st = append(x, in, report.has_header ? label : NULL, header, out, err);
    stream_close(in);
    return st;
}

static enum lw_status test_table(struct appendix *x, const struct lw_frame *frame,
                                 struct buf *header, FILE *out, struct lw_error *err)
{
    size_t n = lw_frame_rows(frame);
    bool tell = lw_autoencoder_kinds(x->model) > 0;
    float *score = mem_zalloc(n, sizeof *score);
    uint32_t *kind = tell ? mem_zalloc(n, sizeof *kind) : NULL;
    struct lw_error why;
    enum lw_status st = LW_OK;

    x->score = score;
    x->kind = kind;
    x->n = n;
    x->at = 0;
    if (score == NULL || (tell && kind == NULL))
        st = lw_fail(&why, LW_ENOMEM, "out of memory for %zu rows", n);
    if (st == LW_OK)
        st = lw_autoencoder_score(x->model, frame, score, &why);
    if (st == LW_OK && tell)
        st = lw_autoencoder_tell(x->model, frame, kind, &why);
    if (st != LW_OK)
        (void)lw_fail(err, st, "%s: %s", x->path, why.msg);
    else
        st = write_scores(x, frame, header, out, err);
    mem_free(score);
    mem_free(kind);
    return st;
}

static int test(const struct lw_autoencoder *a, const struct table_folder *t)
{
    struct appendix x = {.model = a};
    struct outfile *out = NULL;
    struct buf header;
    struct lw_error err;
    uint64_t n = 0;
    char count[2][TEXT_MAX];
    enum lw_status st = outfile_open(&out, o.output, &err);

    if (st != LW_OK)
        return command_error(&err);
    buf_init(&header);
    for (size_t i = 0; st == LW_OK && i < t->n; i++) {
        x.path = t->path[i];
        st = test_table(&x, t->frame[i], &header, outfile_stream(out), &err);
        n += x.n;
    }
    buf_release(&header);
    if (st == LW_OK)
        st = outfile_commit(out, &err);
    else
        outfile_abort(out);
    if (st != LW_OK)
        return command_error(&err);
    (void)printf("%s rows, %s of them unlike the normal ones (score above %g).\n"
                 "%s written.\n",
                 text_count(n, count[0]), text_count(x.n_alarms, count[1]),
                 (double)lw_autoencoder_cut(a), o.output);
    return STATUS_OK;
}

/* ---- the map ---- */

static enum lw_status make_map(struct map *m, const struct lw_autoencoder *a,
                               const struct table_folder *t, struct lw_error *err)
{
    const struct lw_embed_config cfg = {.perplexity = 30, .seed = (uint64_t)o.seed};
    enum lw_status st =
        map_take(m, t->path[0], t->frame[0], NULL, MAP_ROWS, (uint64_t)o.seed, err);

    if (st == LW_OK)
        st = lw_autoencoder_latent(a, t->frame[0], m->rows.row, m->rows.x.n_rows,
                                   &m->latent, err);
    return st == LW_OK ? map_arrange(m, &cfg, err) : st;
}

static int visualize(const struct lw_autoencoder *a, const struct table_folder *t)
{
    static const char *const names[] = {"map.html", "map.svg", "map.png"};
    char path[PATH_BYTES];
    struct map m;
    struct lw_error err;
    int status = STATUS_OK;

    if (t->n > 1)
        command_note("the map is of the folder's first table, %s", t->path[0]);
    if (make_map(&m, a, t, &err) != LW_OK)
        status = command_fail("%s: %s", t->path[0], err.msg);
    for (size_t i = 0; status == STATUS_OK && i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", o.experiment, names[i]);
        status = map_write(&m, path);
        if (status == STATUS_OK)
            (void)printf("%s written.\n", path);
    }
    if (status == STATUS_OK)
        map_say(&m);
    map_release(&m);
    return status;
}

/* ---- beginning ---- */

static int make_folder(const char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return STATUS_OK;
    return command_fail("%s: cannot make the folder: %s", path, strerror(errno));
}

/* The checkpoint's path; one that is there is loaded. */
static int open_checkpoint(struct lw_autoencoder **a, char path[PATH_BYTES])
{
    bool is_train = o.mode == 0;
    struct lw_error err;
    enum lw_status st;
    int n;

    if (o.model[0] == '\0' || strchr(o.model, '/') != NULL)
        return command_usage("--model_name '%s': a name without / is wanted", o.model);
    n = snprintf(path, PATH_BYTES, "%s/%s.ckpt", o.folder, o.model);
    if (n < 0 || n >= PATH_BYTES)
        return command_usage("--ckpt_path: too long");
    if (is_train && make_folder(o.folder) != STATUS_OK)
        return STATUS_FAILED;
    st = lw_autoencoder_load(a, path, &err);
    if (st == LW_OK && is_train)
        command_note("%s is there: training goes on from it", path);
    if (st == LW_OK || (st == LW_ENOTFOUND && is_train))
        return STATUS_OK;
    return command_error(&err);
}

static int check_options(void)
{
    if (o.data == NULL)
        return command_usage("say which table with --data_path FILE");
    if (strcmp(o.data, "-") == 0)
        return command_usage("--data_path: a file is wanted; it is read twice");
    if (o.source == 1 && table_folder_is(o.data))
        return command_usage("--fromCSV True: %s is a folder; leave the option out",
                             o.data);
    if (o.source == 2 && !table_folder_is(o.data))
        return command_usage("--fromCSV False: %s is no folder", o.data);
    if (o.visualize && o.experiment == NULL)
        o.experiment = "exp_1";
    if (o.experiment != NULL &&
        (o.experiment[0] == '\0' || strlen(o.experiment) > PATH_BYTES / 2))
        return command_usage("--exp_name: the name of a folder is wanted");
    return STATUS_OK;
}

static int run_tables(struct lw_autoencoder **a, const struct table_folder *t,
                      const char *path)
{
    int status = o.experiment == NULL ? STATUS_OK : make_folder(o.experiment);

    if (status == STATUS_OK)
        status = o.mode == 0 ? train(a, t, path) : test(*a, t);
    if (status == STATUS_OK && o.visualize)
        status = visualize(*a, t);
    return status;
}

static int run_autoencoder(char *const *words, size_t n_words)
{
    struct lw_autoencoder *a = NULL;
    struct table_folder tables = {0};
    char path[PATH_BYTES];
    struct lw_error err;
    int status = check_options();

    (void)words;
    (void)n_words;
    if (status == STATUS_OK)
        status = open_checkpoint(&a, path);
    if (status != STATUS_OK)
        return status;
    if (table_folder_read(&tables, o.data, &err) != LW_OK)
        status = command_error(&err);
    else
        status = run_tables(&a, &tables, path);
    table_folder_release(&tables);
    lw_autoencoder_free(a);
    return status;
}

const struct command command_autoencoder = {
    .name = "autoencoder",
    .help = "learn any table's normal rows and mark what is unlike them",
    .synopsis = "--mode train|test --data_path FILE",
    .doc =
        "Trains the network 100-50-50-100 on the first 8,000 normal rows of a table "
        "(without a label column, on the first 8,000 rows), whose columns of numbers "
        "are "
        "scaled from 0 to 1. Identifiers, addresses, ports, times and text are left "
        "out, "
        "with a notice. Training again with the same names goes on from the "
        "checkpoint.\n\n"
        "A test writes the table with two more columns: label, 1 for a row that is "
        "given "
        "back worse than 99 % of the normal rows kept back in training, and score, the "
        "mean squared error. Where the table has a column label, ours is called "
        "predicted_label. With --level name in training, a column kind says which "
        "label "
        "a row is likest to; it is told apart by a linear classifier on the network's "
        "middle, which learns from labels, while label and score do not.",
    .examples =
        "# learn\n"
        "lapwing autoencoder --mode train --data_path normal.csv --num_epochs 50\n"
        "# mark\n"
        "lapwing autoencoder --mode test --data_path today.csv\n"
        "# learn the kinds of floods, too, and look at what the network sees\n"
        "lapwing autoencoder --data_path floods.csv --level name --exp_name floods "
        "--visualize\n",
    .groups = groups,
    .run = run_autoencoder,
};
