/* SPDX-License-Identifier: Apache-2.0 */
/* store/files.h - the files of a store: paths, syncing, putting in place, clearing. */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include "store/store.h"

enum { FILES_PATH_MAX = 4096 };

/** What is in a store's folder. */
#define FILES_DB      "lapwing.db"
#define FILES_LOCK    "lapwing.lock"
#define FILES_BLOBS   "blobs"
#define FILES_FLOWS   "flows"
#define FILES_PARTIAL "partial"

/** "DIR/NAME"; LW_EINVAL: too long. */
LW_MUST enum lw_status files_path(char out[FILES_PATH_MAX], const char *dir,
                                  const char *name, struct lw_error *err);
/** Of a blob by its digest: DIR/blobs/ab/cdef... */
LW_MUST enum lw_status files_blob_path(char out[FILES_PATH_MAX], const char *dir,
                                       const char *sha256, struct lw_error *err);
/** Of a flow file, DIR/flows/17.db; of one being loaded, DIR/partial/run-17.db; of an
 *  upload, DIR/partial/upload-3. */
LW_MUST enum lw_status files_run_path(char out[FILES_PATH_MAX], const char *dir,
                                      int64_t run, struct lw_error *err);
LW_MUST enum lw_status files_new_run_path(char out[FILES_PATH_MAX], const char *dir,
                                          int64_t run, struct lw_error *err);
LW_MUST enum lw_status files_upload_path(char out[FILES_PATH_MAX], const char *dir,
                                         int64_t upload, struct lw_error *err);

/** Make a folder, only for its owner; there already is fine. */
LW_MUST enum lw_status files_make_dir(const char *path, struct lw_error *err);
/** A folder's entries are on disk. */
LW_MUST enum lw_status files_sync_dir(const char *path, struct lw_error *err);
/** Rename a synced file and sync both folders, which must exist. */
LW_MUST enum lw_status files_place(const char *from, const char *to,
                                   struct lw_error *err);
/** Remove a file; gone already is fine. */
LW_MUST enum lw_status files_remove(const char *path, struct lw_error *err);
/** Let a synced file also be the blob with that digest; one there already stays. `from`
 *  stays too, for as long as no row names the blob: the caller removes it then. */
LW_MUST enum lw_status files_link_blob(const char *from, const char *dir,
                                       const char *sha256, struct lw_error *err);
/** Write a blob of n bytes; its digest is told. */
LW_MUST enum lw_status files_put_blob(const char *dir, const void *data, size_t n,
                                      char sha256[STORE_SHA_TEXT],
                                      struct lw_error *err);
LW_MUST enum lw_status files_open(const char *path, int *fd, uint64_t *size_bytes,
                                  struct lw_error *err);
/** Digest of a file's first n bytes. */
LW_MUST enum lw_status files_digest(const char *path, uint64_t n, struct sha256 **out,
                                    struct lw_error *err);
/** All n bytes at `offset`. */
LW_MUST enum lw_status files_write(int fd, const char *path, const void *data, size_t n,
                                   uint64_t offset, struct lw_error *err);
/** LW_EIO with the system's reason and what to do. */
enum lw_status files_fail(const char *path, int number, struct lw_error *err);

/** A file below a folder; name is relative to it. */
typedef void (*files_each_fn)(void *ctx, const char *name, uint64_t size_bytes);

/** The files of a folder and, `depth` levels down, of its folders. */
LW_MUST enum lw_status files_each(const char *path, unsigned depth, files_each_fn fn,
                                  void *ctx, struct lw_error *err);

#endif /* STORE_FILES_H */
