/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/csv_line.h - one line of a delimited table, cut into fields.
 *
 * RFC 4180 with the usual tolerance: blanks around a field do not count, a field in
 * quotes keeps its blanks and may hold delimiters and doubled quotes (but no line end).
 * Fields point into the line; only quoted ones are copied, to the scratch buffer.
 */
#ifndef BASE_CSV_LINE_H
#define BASE_CSV_LINE_H

#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>

struct csv_field {
    const char *p; /* (n), borrowed from the line or the scratch buffer */
    size_t n;
};

struct csv_line {
    struct csv_field *fields; /* (n), owned */
    size_t n;
    size_t cap;
    struct buf scratch;
};

void csv_line_init(struct csv_line *l);
void csv_line_release(struct csv_line *l);

enum csv_outcome {
    CSV_OK,
    CSV_NO_MEMORY,
    CSV_OPEN_QUOTE, /* the line ends inside a quoted field */
    CSV_AFTER_QUOTE /* something follows a closing quote */
};

/** Cut `text` (one line without its end) at `delimiter`; `quotes` says whether quotes
 *  mean anything.  An empty line has no field. */
enum csv_outcome csv_line_split(struct csv_line *l, struct span text, char delimiter,
                                bool quotes);

/** The same for a line of a Zeek log: no quotes, and labels that stand behind the last
 *  field, set off by three blanks or more, as in the IoT-23 data sets. */
enum csv_outcome csv_line_split_zeek(struct csv_line *l, struct span text,
                                     char delimiter);

/** Add a field, without the blanks around it; false when memory is out. */
bool csv_line_add(struct csv_line *l, const char *p, size_t n);

/** The field without the blanks around it. */
struct csv_field csv_trim(const char *p, size_t n);

#endif /* BASE_CSV_LINE_H */
