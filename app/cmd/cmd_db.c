/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct {
    const char *state;
    bool quick;
} o;

static const struct opt rows[] = {
    {"state", 0, OPT_TO_TEXT(&o.state), .metavar = "DIR",
     .help = "the folder that lapwing serve keeps its state in"},
    {"quick", 0, OPT_TO_FLAG(&o.quick),
     .help = "check: do not read the captures, and the databases once only"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, NULL};

static int open_store(struct store **s, bool reading)
{
    const struct store_config cfg = {.read_only = reading};
    struct lw_error err;

    return store_open(s, o.state, &cfg, &err) == LW_OK ? STATUS_OK
                                                       : command_error(&err);
}

static void print_problem(void *ctx, const char *problem)
{
    (void)ctx;
    (void)printf("%s\n", problem);
}

/* Beside a running server too: what it is writing just now may then be named. */
static int run_check(const char *to)
{
    struct store *s = NULL;
    struct lw_error err;
    uint64_t n = 0;
    enum lw_status st;
    int status = open_store(&s, true);

    (void)to;
    if (status != STATUS_OK)
        return status;
    st = store_check(s, !o.quick, print_problem, NULL, &n, &err);
    store_close(s);
    if (st != LW_OK)
        return command_error(&err);
    if (n > 0)
        return command_fail("%s: %" PRIu64 " problems", o.state, n);
    (void)printf("%s: no problems\n", o.state);
    return STATUS_OK;
}

static int run_vacuum(const char *to)
{
    struct store_sizes before;
    struct store_sizes after;
    struct store *s = NULL;
    struct lw_error err;
    enum lw_status st;
    int status = open_store(&s, false);

    (void)to;
    if (status != STATUS_OK)
        return status;
    st = store_sizes(s, &before, &err);
    if (st == LW_OK)
        st = store_vacuum(s, &err);
    if (st == LW_OK)
        st = store_sizes(s, &after, &err);
    store_close(s);
    if (st != LW_OK)
        return command_error(&err);
    (void)printf("database: %" PRIu64 " bytes, before %" PRIu64 "\n",
                 after.database_bytes, before.database_bytes);
    return STATUS_OK;
}

static int run_backup(const char *to)
{
    struct store *s = NULL;
    struct lw_error err;
    enum lw_status st;
    int status;

    if (to == NULL)
        return command_usage("say where to: lapwing db backup --state DIR NEW-FOLDER");
    status = open_store(&s, true);
    if (status != STATUS_OK)
        return status;
    st = store_backup(s, to, &err);
    store_close(s);
    if (st != LW_OK)
        return command_error(&err);
    (void)printf("%s: a copy of %s\n", to, o.state);
    return STATUS_OK;
}

static int run_migrate(const char *to)
{
    struct store *s = NULL;
    struct lw_error err;
    int found = 0;
    int present = 0;
    int status;

    (void)to;
    if (store_versions(o.state, &found, &present, &err) != LW_OK)
        return command_error(&err);
    status = open_store(&s, false);
    if (status != STATUS_OK)
        return status;
    store_close(s);
    if (found == present)
        (void)printf("%s: version %d, the present one\n", o.state, present);
    else
        (void)printf("%s: version %d, was %d\n", o.state, present, found);
    return STATUS_OK;
}

static const struct {
    const char *name;
    int (*run)(const char *to);
    size_t n_words;
} actions[] = {
    {"check", run_check, 1},
    {"vacuum", run_vacuum, 1},
    {"backup", run_backup, 2},
    {"migrate", run_migrate, 1},
};

static int run_db(char *const *words, size_t n_words)
{
    if (o.state == NULL)
        return command_usage("say which: --state DIR");
    for (size_t i = 0; n_words > 0 && i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(words[0], actions[i].name) != 0)
            continue;
        if (n_words > actions[i].n_words)
            return command_usage("db %s takes no %s", words[0], words[n_words - 1]);
        return actions[i].run(n_words > 1 ? words[1] : NULL);
    }
    return command_usage(
        "say what to do: lapwing db check|vacuum|backup|migrate --state DIR");
}

const struct command command_db = {
    .name = "db",
    .help = "check, compact, copy or migrate what the server keeps",
    .synopsis = "check|vacuum|backup|migrate [NEW-FOLDER]",
    .doc =
        "check looks for damage, rows that refer to nothing, files that are missing or "
        "changed, and files that no row names; it says each and fails if there is any. "
        "vacuum gives free pages back to the file system. backup copies everything to "
        "a "
        "new folder, while the server runs. migrate brings the tables of an older "
        "version to the present one, as starting the server also does.",
    .examples =
        "# is everything as it should be?\nlapwing db check --state /var/lib/lapwing\n"
        "# a copy, while the server runs\n"
        "lapwing db backup --state /var/lib/lapwing /backup/lapwing-monday\n",
    .groups = groups,
    .max_words = 2,
    .run = run_db,
};
