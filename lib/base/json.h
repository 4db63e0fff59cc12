/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/json.h - reading JSON that strangers wrote (jansson).
 *
 * Values are borrowed from the document.  Accessors accept NULL and answer "absent".
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>

struct json_doc;   /* owns a parsed text */
struct json_value; /* borrowed from the document */

enum json_kind {
    JSON_KIND_ABSENT,
    JSON_KIND_OBJECT,
    JSON_KIND_ARRAY,
    JSON_KIND_TEXT,
    JSON_KIND_NUMBER,
    JSON_KIND_BOOL,
    JSON_KIND_NULL
};

/** Parse a whole text; deeper nesting than `max_depth` is LW_ELIMIT, found before
 *  parsing.  Keys said twice in one object are LW_EFORMAT.  Messages tell line and
 *  column. */
LW_MUST enum lw_status json_parse(struct json_doc **out, const void *text,
                                  size_t n_bytes, unsigned max_depth,
                                  struct lw_error *err);
/** NULL is fine. */
void json_free(struct json_doc *doc);

const struct json_value *json_root(const struct json_doc *doc);
enum json_kind json_kind(const struct json_value *v);
const struct json_value *json_get(const struct json_value *object, const char *key);
size_t json_length(const struct json_value *array);
const struct json_value *json_at(const struct json_value *array, size_t i);
/** False when it is no number. */
bool json_number(const struct json_value *v, double *out);
/** NULL when it is no text. */
const char *json_text(const struct json_value *v);
bool json_truth(const struct json_value *v);

/** Go through an object: start with iter NULL; NULL at the end.  *key and *value are
 *  borrowed. */
void *json_next(const struct json_value *object, void *iter, const char **key,
                const struct json_value **value);

#endif /* BASE_JSON_H */
