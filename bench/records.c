/* SPDX-License-Identifier: Apache-2.0 */
/*
 * records_bench FILE... - how fast tables are read.
 *
 * Reads each file in several turns, all files once a turn; medians and the spread, in
 * processor time.  Compressed files count what is in the file, so give plain ones.
 */
#include "base/mem.h"
#include "bench.h"

#include <lapwing/dataset.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { TURNS = 11, FILES_MAX = 16 };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double read_once(const char *path, size_t *n_rows, size_t *n_columns)
{
    struct lw_frame *frame = NULL;
    struct lw_error err;
    double start = seconds();

    must(lw_frame_read(&frame, path, NULL, &err), &err);
    start = seconds() - start;
    *n_rows = lw_frame_rows(frame);
    *n_columns = lw_frame_columns(frame);
    lw_frame_free(frame);
    return start;
}

int main(int argc, char **argv)
{
    double times[FILES_MAX][TURNS];
    size_t n_rows[FILES_MAX];
    size_t n_columns[FILES_MAX];
    int n = argc - 1;

    if (n < 1 || n > FILES_MAX) {
        (void)fprintf(stderr, "usage: records_bench FILE... (at most %d)\n", FILES_MAX);
        return 2;
    }
    for (size_t t = 0; t < TURNS; t++)
        for (int i = 0; i < n; i++)
            times[i][t] = read_once(argv[i + 1], &n_rows[i], &n_columns[i]);
    for (int i = 0; i < n; i++) {
        struct stat s;
        double mb = stat(argv[i + 1], &s) == 0 ? (double)s.st_size / 1e6 : 0;

        qsort(times[i], TURNS, sizeof times[i][0], compare);
        (void)printf("%s: %zu rows, %zu columns, %.1f MB: %.0f MB/s (%.0f-%.0f)\n",
                     argv[i + 1], n_rows[i], n_columns[i], mb, mb / times[i][TURNS / 2],
                     mb / times[i][TURNS - 1], mb / times[i][0]);
    }
    return 0;
}
