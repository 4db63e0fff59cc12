/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lines.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "base/outfile.h"
#include "cmd/command.h"
#include "cmd/progress.h"
#include "cmd/text.h"

#include <lapwing/autoencoder.h>
#include <lapwing/schema.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096 };

static const char *const modes[] = {"train", "test", NULL};

static struct {
    int mode;
    const char *data;
    const char *folder;
    const char *model;
    const char *output;
    int64_t epochs;
    int64_t seed;
} o;

static const struct opt rows[] = {
    {"mode", 0, OPT_TO_CHOICE(&o.mode), .metavar = "MODE", .initial = "train",
     .choices = modes,
     .help = "train: learn, or go on where a checkpoint is; test: score a table"},
    {"data_path", 0, OPT_TO_TEXT(&o.data), .metavar = "FILE",
     .help = "a CSV table, plain or packed (gz, zst, xz)"},
    {"ckpt_path", 0, OPT_TO_TEXT(&o.folder), .metavar = "DIR",
     .initial = "./checkpoints", .help = "where checkpoints are; made if missing"},
    {"model_name", 0, OPT_TO_TEXT(&o.model), .metavar = "NAME",
     .initial = "autoencoder", .help = "the checkpoint's name, without .ckpt"},
    {"num_epochs", 0, OPT_TO_INT(&o.epochs), .metavar = "N", .initial = "10", .min = 1,
     .max = 10000,
     .help = "passes over the rows; of those of a checkpoint, so many "
             "more"},
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

static int train(struct lw_autoencoder **a, const struct lw_frame *frame,
                 const char *path)
{
    const struct lw_autoencoder_config cfg = {
        .n_epochs = (uint32_t)o.epochs,
        .seed = (uint64_t)o.seed,
        .progress = progress_show,
        .dropped = say_dropped,
    };
    struct lw_autoencoder_report r;
    struct lw_error err;
    char count[TEXT_MAX];
    enum lw_status st = lw_autoencoder_train(a, frame, &cfg, &r, &err);

    progress_clear();
    if (st != LW_OK)
        return command_fail("%s: %s", o.data, err.msg);
    if (lw_autoencoder_save(*a, path, &err) != LW_OK)
        return command_error(&err);
    (void)printf(
        "%s normal rows, %u columns, %u epochs: loss %.6f, on the fifth of the "
        "rows kept back %.6f.\n%s written.\n",
        text_count(r.n_rows, count), r.n_columns, r.n_epochs, r.loss, r.validation_loss,
        path);
    return STATUS_OK;
}

/* ---- test ---- */

/* What is appended to the lines of the table. */
struct appendix {
    const float *score;
    float cut;
    size_t n;
    size_t at;
    size_t n_alarms;
    char delimiter;
};

static void put_row(struct appendix *x, struct span line, FILE *out)
{
    bool alarm = x->score[x->at] > x->cut;
    char score[NUMFMT_MAX];

    (void)numfmt_f32(x->score[x->at], score);
    (void)fwrite(line.p, 1, line.n, out);
    (void)fprintf(out, "%c%d%c%s\n", x->delimiter, alarm ? 1 : 0, x->delimiter, score);
    x->n_alarms += alarm ? 1 : 0;
    x->at++;
}

/* The table's lines as they are; empty ones are no rows. */
static enum lw_status append(struct appendix *x, struct stream *in, const char *label,
                             FILE *out, struct lw_error *err)
{
    struct lines l;
    struct span line;
    bool in_rows = label == NULL;
    enum lw_status st;

    lines_init(&l, in, NULL);
    while ((st = lines_next(&l, &line, err)) == LW_OK) {
        if (line.n == 0)
            continue;
        if (in_rows && x->at == x->n)
            return lw_fail(err, LW_EFORMAT, "%s: line %zu is no row of the table",
                           o.data, l.number);
        if (in_rows) {
            put_row(x, line, out);
            continue;
        }
        (void)fwrite(line.p, 1, line.n, out);
        (void)fprintf(out, "%c%s%cscore\n", x->delimiter, label, x->delimiter);
        in_rows = true;
    }
    if (st == LW_END && x->at < x->n)
        return lw_fail(err, LW_EFORMAT, "%s: changed while it was read", o.data);
    return st == LW_END ? LW_OK : st;
}

static enum lw_status write_scores(struct appendix *x, const struct lw_frame *frame,
                                   struct lw_error *err)
{
    const char *label =
        lw_frame_find_like(frame, "label") < 0 ? "label" : "predicted_label";
    struct lw_read_report report;
    struct stream *in = NULL;
    struct outfile *out = NULL;
    enum lw_status st = stream_open(&in, o.data, err);

    lw_frame_read_report(frame, &report);
    x->delimiter = report.delimiter;
    if (st == LW_OK)
        st = outfile_open(&out, o.output, err);
    if (st == LW_OK)
        st = append(x, in, report.has_header ? label : NULL, outfile_stream(out), err);
    stream_close(in);
    if (st == LW_OK)
        return outfile_commit(out, err);
    outfile_abort(out);
    return st;
}

static int test(const struct lw_autoencoder *a, const struct lw_frame *frame)
{
    size_t n = lw_frame_rows(frame);
    float *score = mem_zalloc(n, sizeof *score);
    struct appendix x = {.score = score, .cut = lw_autoencoder_cut(a), .n = n};
    struct lw_error err;
    char count[2][TEXT_MAX];
    enum lw_status st = LW_OK;

    if (score == NULL)
        return command_fail("%s: out of memory for %zu rows", o.data, n);
    st = lw_autoencoder_score(a, frame, score, &err);
    if (st != LW_OK) {
        mem_free(score);
        return command_fail("%s: %s", o.data, err.msg);
    }
    st = write_scores(&x, frame, &err);
    mem_free(score);
    if (st != LW_OK)
        return command_error(&err);
    (void)printf("%s rows, %s of them unlike the normal ones (score above %g).\n"
                 "%s written.\n",
                 text_count(n, count[0]), text_count(x.n_alarms, count[1]),
                 (double)x.cut, o.output);
    return STATUS_OK;
}

/* ---- beginning ---- */

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
    if (is_train && mkdir(o.folder, 0777) != 0 && errno != EEXIST)
        return command_fail("%s: cannot make the folder: %s", o.folder,
                            strerror(errno));
    st = lw_autoencoder_load(a, path, &err);
    if (st == LW_OK && is_train)
        command_note("%s is there: training goes on from it", path);
    if (st == LW_OK || (st == LW_ENOTFOUND && is_train))
        return STATUS_OK;
    return command_error(&err);
}

static int run_autoencoder(char *const *words, size_t n_words)
{
    struct lw_autoencoder *a = NULL;
    struct lw_frame *frame = NULL;
    char path[PATH_BYTES];
    struct lw_error err;
    int status;

    (void)words;
    (void)n_words;
    if (o.data == NULL)
        return command_usage("say which table with --data_path FILE");
    if (strcmp(o.data, "-") == 0)
        return command_usage("--data_path: a file is wanted; it is read twice");
    status = open_checkpoint(&a, path);
    if (status != STATUS_OK)
        return status;
    if (lw_frame_read(&frame, o.data, NULL, &err) != LW_OK)
        status = command_error(&err);
    else
        status = o.mode == 0 ? train(&a, frame, path) : test(a, frame);
    lw_frame_free(frame);
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
        "predicted_label.",
    .examples =
        "# learn\n"
        "lapwing autoencoder --mode train --data_path normal.csv --num_epochs 50\n"
        "# mark\n"
        "lapwing autoencoder --mode test --data_path today.csv\n",
    .groups = groups,
    .run = run_autoencoder,
};
