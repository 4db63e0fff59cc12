/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/json_layout.h - JSON records that look like the one before.
 *
 * Whoever writes many records writes the same bytes between their values: brackets,
 * names and blanks, the gaps.  They are learnt from a record that was read and found
 * well-formed; another with the same gaps, and numbers or words between them that JSON
 * allows there, is well-formed too and has the same members.  Any other record is left
 * to flatjson_read().
 */
#ifndef SERVE_JSON_LAYOUT_H
#define SERVE_JSON_LAYOUT_H

#include "base/span.h"
#include "serve/flatjson.h"

enum { JSON_LAYOUT_MEMBERS_MAX = 256, JSON_LAYOUT_GAP_MAX = 60 };

struct json_gap {
    char bytes[JSON_LAYOUT_GAP_MAX]; /* before the value */
    uint16_t n;
    int16_t tag; /* whose value it is, as the caller numbers them */
};

struct json_layout {
    struct json_gap gaps[JSON_LAYOUT_MEMBERS_MAX + 1]; /* the last ends the record */
    size_t n;                                          /* members */
    size_t at;                                         /* while learning */
    bool is_known;
    bool learns;
};

struct layout_value {
    struct span text; /* of a word: borrowed from the record; p is NULL: a number */
    float number;
    int tag;
};

/** Learn from `text`: begin, note every member as flatjson_read() tells it, and end
 * when it was read well.  `tag` fits 16 bits. */
void json_layout_begin(struct json_layout *l);
void json_layout_note(struct json_layout *l, struct span text,
                      const struct flatjson_member *m, int tag);
void json_layout_end(struct json_layout *l, struct span text);

/** Read `text`: out (l->n), in the order of its members.  False: it does not look like
 *  the record learnt from. */
bool json_layout_read(const struct json_layout *l, struct span text,
                      struct layout_value out[JSON_LAYOUT_MEMBERS_MAX]);

#endif /* SERVE_JSON_LAYOUT_H */
