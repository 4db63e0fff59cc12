/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/flow_reader.h - a row of text on its way to a record: what the engine
 * (flow_reader.c) and the formats (read_*.c) share.
 *
 * The engine cuts a row into cells, each known by what it means; a format's record()
 * turns them into a record.  A value that cannot be read is noted in the cells and is
 * otherwise as if it were missing: the engine decides what becomes of the row.
 */
#ifndef FLOW_FLOW_READER_H
#define FLOW_FLOW_READER_H

#include "base/csv_line.h"

#include <lapwing/record.h>

enum flow_cell {
    CELL_START,
    CELL_DURATION,
    CELL_PROTO,
    CELL_IP_PROTO,
    CELL_SRC,
    CELL_SRC_PORT,
    CELL_DIR,
    CELL_DST,
    CELL_DST_PORT,
    CELL_STATE,
    CELL_HISTORY,
    CELL_SRC_TOS,
    CELL_DST_TOS,
    CELL_PACKETS,
    CELL_SRC_PACKETS,
    CELL_DST_PACKETS,
    CELL_BYTES,
    CELL_SRC_BYTES,
    CELL_DST_BYTES,
    CELL_SRC_PAYLOAD,
    CELL_DST_PAYLOAD,
    CELL_LABEL,
    N_FLOW_CELLS
};

struct flow_cells {
    struct csv_field cell[N_FLOW_CELLS]; /* (n) 0: missing */
    enum flow_cell bad; /* the first that could not be read; N_FLOW_CELLS: none */
    const char *wanted; /* what it should be, such as "a number" */
    unsigned n_bad;
    bool no_flow; /* the row is about something else */
};

struct flow_column {
    const char *name;
    enum flow_cell cell;
    bool required; /* of a file's header */
};

struct flow_text_format {
    const char *name;
    const struct flow_column *columns; /* (n_columns) */
    size_t n_columns;
    /* *rec is all zero but for its flow_id.  False: what makes a record is missing. */
    bool (*record)(struct flow_cells *c, struct lw_record *rec);
    /* See lw_flow_reader_watermark_ns(). */
    int64_t (*watermark)(int64_t latest_start_ns, int64_t latest_end_ns);
};

extern const struct flow_text_format flow_text_binetflow; /* read_binetflow.c */
extern const struct flow_text_format flow_text_zeek;      /* read_zeek.c */

/* ---- values (read_value.c) ------------------------------------------------------- */

/* All of these: true and *out, or false where the cell is missing or, which is noted,
 * cannot be read. */

bool flow_cell_number(struct flow_cells *c, enum flow_cell i, uint64_t *out);
/** A point in time or a number of seconds. */
bool flow_cell_time(struct flow_cells *c, enum flow_cell i, int64_t *out_ns);
/** IPv4 (version 4), IPv6 (6) or MAC (0). */
bool flow_cell_addr(struct flow_cells *c, enum flow_cell i, struct lw_addr *out,
                    uint8_t *version);
/** Decimal, or hexadecimal with 0x; up to `max`. */
bool flow_cell_port(struct flow_cells *c, enum flow_cell i, uint32_t max,
                    uint32_t *out);
bool flow_cell_is(const struct flow_cells *c, enum flow_cell i, const char *text);
void flow_cell_note(struct flow_cells *c, enum flow_cell i, const char *wanted);

/** Nothing, "-", "?", "(empty)", "NA", "nan" or "null". */
bool flow_field_missing(struct csv_field f);

/** Kind and protocol number, and an EtherType by the addresses' version. */
void flow_set_protocol(struct lw_record *rec, enum lw_flow_kind kind, uint8_t protocol,
                       uint8_t version);

/* ---- JSON (read_json.c) ---------------------------------------------------------- */

/** The members of a flat object into the cells of their columns; members that have
 *  none are passed over, whatever is in them.  False: this is no object. */
bool flow_cells_of_json(struct flow_cells *c, const struct flow_text_format *format,
                        struct span line);

#endif /* FLOW_FLOW_READER_H */
