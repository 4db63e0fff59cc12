/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/bundle.h - the model file (.lwm).
 *
 * A bundle is a table of named sections with a checksum over all of it.  Loading
 * never executes anything and validates everything; a truncated or altered file is
 * refused with a clear message.  The same content always gives the same bytes.
 */
#ifndef LW_BUNDLE_H
#define LW_BUNDLE_H

#include <lapwing/error.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lw_bundle; /* opaque */

/** An empty bundle to fill; the caller owns *out. */
LW_API LW_MUST enum lw_status lw_bundle_new(struct lw_bundle **out,
                                            struct lw_error *err);

/** Set a section's bytes (copied), whether it is there or not.  `tag` has 1 to 8
 *  characters A-Z and 0-9, else LW_EINVAL.  LW_ELIMIT: too many or too large.
 *  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_bundle_put(struct lw_bundle *b, const char *tag,
                                            const void *data, size_t n_bytes,
                                            struct lw_error *err);

/** A section's bytes, borrowed until the bundle is freed or put to; NULL when absent
 *  (an empty section is not NULL). */
LW_API const void *lw_bundle_get(const struct lw_bundle *b, const char *tag,
                                 size_t *n_bytes);

/** Write atomically: the file appears whole or not at all. */
LW_API LW_MUST enum lw_status lw_bundle_save(const struct lw_bundle *b,
                                             const char *path, struct lw_error *err);

/** The caller owns *out.  LW_ENOTFOUND; LW_EIO; LW_EFORMAT (no model file, or damaged:
 * says where); LW_ETRUNCATED; LW_EUNSUPPORTED (a newer format); LW_ELIMIT; LW_ENOMEM.
 */
LW_API LW_MUST enum lw_status lw_bundle_load(struct lw_bundle **out, const char *path,
                                             struct lw_error *err);
/** `name` stands for the path in messages.  `data` is copied. */
LW_API LW_MUST enum lw_status lw_bundle_load_memory(struct lw_bundle **out,
                                                    const void *data, size_t n_bytes,
                                                    const char *name,
                                                    struct lw_error *err);

/** SHA-256 of the file's bytes: the model's identity. */
LW_API void lw_bundle_digest(const struct lw_bundle *b, uint8_t out[32]);

/** NULL is fine. */
LW_API void lw_bundle_free(struct lw_bundle *b);

#ifdef __cplusplus
}
#endif

#endif /* LW_BUNDLE_H */
