/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/options.h - options as rows of a table.
 *
 * A subcommand keeps its option values in a static struct of its own file and says
 * where each goes: the row's target is a typed pointer, so that the compiler checks
 * what the parser stores.  The same rows give the parser, `--help`, the manual page
 * and the shell completion.
 *
 *     static struct { bool json; int64_t top; const char *model; } o;
 *
 *     static const struct opt rows[] = {
 *         {"json", 0, OPT_TO_FLAG(&o.json), .help = "print the summary as JSON"},
 *         {"top", 0, OPT_TO_INT(&o.top), .metavar = "N", .initial = "10",
 *          .min = 1, .max = 1000, .help = "how many flows to list"},
 *     };
 *     static const struct opt_group group = {"Options", rows, 2};
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_type {
    OPT_FLAG,
    OPT_TEXT,
    OPT_INT,
    OPT_FLOAT,
    OPT_DURATION, /* "500ms", "90", "90s", "5m", "1h", "1d"; stored in nanoseconds */
    OPT_SIZE,     /* "65536", "64k", "10M", "2G" (powers of 1024); stored in bytes */
    OPT_CHOICE,   /* one of a list of words; stored as its index */
    OPT_LIST      /* text that may be given several times */
};

enum { OPT_LIST_MAX = 16 };

struct opt_list {
    const char *items[OPT_LIST_MAX]; /* (n), borrowed from the command line */
    size_t n;
};

union opt_target {
    bool *flag;
    const char **text; /* borrowed from the command line */
    int64_t *number;   /* also durations, in nanoseconds */
    double *real;
    uint64_t *bytes;
    int *choice;
    struct opt_list *list;
};

#define OPT_TO_FLAG(p)     .type = OPT_FLAG, .to.flag = (p)
#define OPT_TO_TEXT(p)     .type = OPT_TEXT, .to.text = (p)
#define OPT_TO_INT(p)      .type = OPT_INT, .to.number = (p)
#define OPT_TO_FLOAT(p)    .type = OPT_FLOAT, .to.real = (p)
#define OPT_TO_DURATION(p) .type = OPT_DURATION, .to.number = (p)
#define OPT_TO_SIZE(p)     .type = OPT_SIZE, .to.bytes = (p)
#define OPT_TO_CHOICE(p)   .type = OPT_CHOICE, .to.choice = (p)
#define OPT_TO_LIST(p)     .type = OPT_LIST, .to.list = (p)

struct opt {
    const char *name; /* long form, without dashes */
    char letter;      /* short form; 0: none */
    enum opt_type type;
    union opt_target to;
    const char *metavar;        /* "FILE"; NULL for flags */
    const char *initial;        /* default, as a user would write it; NULL: none */
    double min;                 /* range of numbers, inclusive (durations in s, */
    double max;                 /* sizes in bytes); none when min == max */
    const char *unit;           /* "flows"; NULL: none, or said by the type */
    const char *const *choices; /* words, ended by NULL */
    const char *help;           /* NULL: a hidden option */
};

struct opt_group {
    const char *title; /* heading in the help, "Input"; NULL: all rows are hidden */
    const struct opt *rows;
    size_t n_rows;
};

/** Store the defaults, then the values of the words argv[0..*n_words).  Groups end
 *  with NULL.  Options and operands may be mixed; "--" ends the options.  On return
 *  argv[0..*n_words) holds the operands in order.
 *  LW_EINVAL: the message says which option and what it takes. */
LW_MUST enum lw_status opt_parse(const struct opt_group *const *groups, char **argv,
                                 size_t *n_words, struct lw_error *err);

#endif /* CMD_OPTIONS_H */
