/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model file: named sections, and a checksum over everything.
 *
 *   offset  size  meaning
 *        0     8  magic: 89 'L' 'W' 'M' 0d 0a 1a 0a
 *        8     4  format version, 1
 *       12     4  number of sections, n, at most 64
 *       16     8  length of the whole file in bytes
 *       24   24n  section table, ascending by tag:
 *                    0  8  tag, A-Z and 0-9, padded with zeros
 *                    8  8  offset of the section's bytes in the file
 *                   16  8  their length
 *   24+24n     m  the sections' bytes, in the table's order, without gaps
 *  24+24n+m   32  SHA-256 of all bytes before
 *
 * All numbers are little-endian.  There is one way only to write given sections, so the
 * same content always gives the same bytes.  As in PNG the magic holds a byte with the
 * high bit and both kinds of line end, which tells a file that was copied as text.
 *
 * In memory a bundle is the bytes of its file and nothing else: reading checks them
 * and keeps them, putting a section makes them anew, saving writes them.
 */
#include "base/assert.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/span.h"
#include "base/stream.h"

#include <lapwing/bundle.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    MAGIC_BYTES = 8,
    TAG_BYTES = 8,
    HEAD_BYTES = 24,
    ENTRY_BYTES = 24,
    SECTIONS_MAX = 64,
    VERSION = 1,
    FILE_MIN = HEAD_BYTES + SHA256_BYTES,
    FILE_MAX = 256 << 20
};

static const uint8_t magic[MAGIC_BYTES] = {0x89, 'L', 'W', 'M', '\r', '\n', 0x1a, '\n'};

struct lw_bundle {
    uint8_t *image; /* (n_bytes), owned: a whole, valid file */
    size_t n_bytes;
};

struct section {
    char tag[TAG_BYTES + 1];
    struct span bytes; /* borrowed from an image or a caller */
};

static bool tag_ok(const char *tag)
{
    size_t n = strlen(tag);

    return n >= 1 && n <= TAG_BYTES &&
           strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == n;
}

/* A stored tag: as tag_ok() says, and nothing but zeros behind it. */
static bool stored_tag_ok(const char tag[TAG_BYTES + 1])
{
    for (size_t i = strlen(tag); i < TAG_BYTES; i++)
        if (tag[i] != '\0')
            return false;
    return tag_ok(tag);
}

/* One line of the section table; false past its end. */
static bool read_entry(struct span image, uint32_t i, char tag[TAG_BYTES + 1],
                       uint64_t *offset, uint64_t *n_bytes)
{
    size_t at = HEAD_BYTES + (size_t)i * ENTRY_BYTES;

    memset(tag, 0, TAG_BYTES + 1);
    return span_copy(image, at, tag, TAG_BYTES) &&
           span_get_le64(image, at + TAG_BYTES, offset) &&
           span_get_le64(image, at + TAG_BYTES + 8, n_bytes);
}

static uint32_t count_sections(const struct lw_bundle *b)
{
    uint32_t n = 0;
    bool there = span_get_le32(span_of(b->image, b->n_bytes), MAGIC_BYTES + 4, &n);

    LW_ASSERT(there);
    return n;
}

static struct section section_at(const struct lw_bundle *b, uint32_t i)
{
    struct span image = span_of(b->image, b->n_bytes);
    struct section s;
    uint64_t offset = 0;
    uint64_t n_bytes = 0;
    bool there = read_entry(image, i, s.tag, &offset, &n_bytes);

    LW_ASSERT(there);
    s.bytes = span_first(span_from(image, offset), n_bytes);
    return s;
}

/* The file of these sections (ascending by tag) as new memory. */
static enum lw_status make_image(struct lw_bundle *out, const struct section *sections,
                                 uint32_t n, struct lw_error *err)
{
    uint64_t offset = HEAD_BYTES + (uint64_t)n * ENTRY_BYTES;
    uint64_t total = offset + SHA256_BYTES;
    struct buf b;

    for (uint32_t i = 0; i < n; i++) {
        if (sections[i].bytes.n > FILE_MAX - total)
            return lw_fail(err, LW_ELIMIT, "a model file is at most %d MB",
                           FILE_MAX >> 20);
        total += sections[i].bytes.n;
    }
    buf_init(&b);
    buf_add(&b, magic, sizeof magic);
    buf_add_le32(&b, VERSION);
    buf_add_le32(&b, n);
    buf_add_le64(&b, total);
    for (uint32_t i = 0; i < n; i++) {
        buf_add(&b, sections[i].tag, TAG_BYTES);
        buf_add_le64(&b, offset);
        buf_add_le64(&b, sections[i].bytes.n);
        offset += sections[i].bytes.n;
    }
    for (uint32_t i = 0; i < n; i++)
        buf_add(&b, sections[i].bytes.p, sections[i].bytes.n);
    if (buf_ok(&b)) {
        uint8_t sum[SHA256_BYTES];

        digest_sha256(b.data, b.len, sum);
        buf_add(&b, sum, sizeof sum);
    }
    if (!buf_ok(&b)) {
        buf_release(&b);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    out->image = (uint8_t *)buf_take(&b, &out->n_bytes);
    return LW_OK;
}

enum lw_status lw_bundle_new(struct lw_bundle **out, struct lw_error *err)
{
    struct lw_bundle *b = mem_zalloc(1, sizeof *b);
    enum lw_status st;

    if (b == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    st = make_image(b, NULL, 0, err);
    if (st != LW_OK) {
        lw_bundle_free(b);
        return st;
    }
    *out = b;
    return LW_OK;
}

void lw_bundle_free(struct lw_bundle *b)
{
    if (b == NULL)
        return;
    mem_free(b->image);
    mem_free(b);
}

/* Copy the table, with `added` in its place. */
static uint32_t merge_section(const struct lw_bundle *b, const struct section *added,
                              struct section out[SECTIONS_MAX + 1])
{
    uint32_t n_old = count_sections(b);
    uint32_t n = 0;
    uint32_t i = 0;

    for (; i < n_old; i++) {
        out[n] = section_at(b, i);
        if (strcmp(out[n].tag, added->tag) >= 0)
            break;
        n++;
    }
    if (i < n_old && strcmp(out[n].tag, added->tag) == 0)
        i++;
    out[n++] = *added;
    for (; i < n_old; i++)
        out[n++] = section_at(b, i);
    return n;
}

enum lw_status lw_bundle_put(struct lw_bundle *b, const char *tag, const void *data,
                             size_t n_bytes, struct lw_error *err)
{
    struct section sections[SECTIONS_MAX + 1];
    struct section added = {.bytes = span_of(data, n_bytes)};
    struct lw_bundle made = {0};
    enum lw_status st;
    uint32_t n;

    if (!tag_ok(tag))
        return lw_fail(err, LW_EINVAL,
                       "\"%s\" is no section tag: 1 to 8 of A-Z and 0-9", tag);
    memcpy(added.tag, tag, strlen(tag));
    n = merge_section(b, &added, sections);
    if (n > SECTIONS_MAX)
        return lw_fail(err, LW_ELIMIT, "a model file has at most %d sections",
                       SECTIONS_MAX);
    st = make_image(&made, sections, n, err);
    if (st != LW_OK)
        return st;
    mem_free(b->image);
    *b = made;
    return LW_OK;
}

const void *lw_bundle_get(const struct lw_bundle *b, const char *tag, size_t *n_bytes)
{
    uint32_t n = count_sections(b);

    for (uint32_t i = 0; i < n; i++) {
        struct section s = section_at(b, i);

        if (strcmp(s.tag, tag) == 0) {
            *n_bytes = s.bytes.n;
            return s.bytes.p;
        }
    }
    return NULL;
}

enum lw_status lw_bundle_save(const struct lw_bundle *b, const char *path,
                              struct lw_error *err)
{
    struct outfile *f = NULL;
    enum lw_status st = outfile_open(&f, path, err);

    if (st != LW_OK)
        return st;
    /* A short write leaves the stream's error flag, which the commit reports. */
    (void)fwrite(b->image, 1, b->n_bytes, outfile_stream(f));
    return outfile_commit(f, err);
}

/* Is it a model file of our version, and all of it? */
static enum lw_status check_head(struct span image, const char *name,
                                 struct lw_error *err)
{
    size_t n_magic = image.n < MAGIC_BYTES ? image.n : MAGIC_BYTES;
    uint32_t version = 0;
    uint64_t total = 0;

    if (image.n == 0)
        return lw_fail(err, LW_ETRUNCATED, "%s: empty, not a model file", name);
    if (memcmp(image.p, magic, n_magic) != 0)
        return lw_fail(err, LW_EFORMAT,
                       "%s: not a Lapwing model file (its first bytes are others)",
                       name);
    if (!span_get_le32(image, MAGIC_BYTES, &version) ||
        !span_get_le64(image, MAGIC_BYTES + 8, &total))
        return lw_fail(err, LW_ETRUNCATED,
                       "%s: cut off in its header, after %zu bytes; copy it again",
                       name, image.n);
    if (version != VERSION)
        return lw_fail(err, LW_EUNSUPPORTED,
                       "%s: model format %" PRIu32
                       "; this version of lapwing reads %d: update it",
                       name, version, VERSION);
    if (image.n < total || image.n < FILE_MIN)
        return lw_fail(err, LW_ETRUNCATED,
                       "%s: cut off: %zu bytes of %" PRIu64 "; copy it again", name,
                       image.n, total);
    if (image.n > total)
        return lw_fail(err, LW_EFORMAT,
                       "%s: %" PRIu64 " bytes too many at its end; copy it again", name,
                       image.n - total);
    return LW_OK;
}

static enum lw_status check_sum(struct span image, const char *name,
                                struct lw_error *err)
{
    uint8_t sum[SHA256_BYTES];
    size_t n = image.n - SHA256_BYTES;

    digest_sha256(image.p, n, sum);
    if (memcmp(image.p + n, sum, SHA256_BYTES) != 0)
        return lw_fail(err, LW_EFORMAT,
                       "%s: altered or damaged: the checksum at byte %zu does not fit; "
                       "copy it again or train anew",
                       name, n);
    return LW_OK;
}

/* Only a wrong writer gets here with a fault: the checksum fits. */
static enum lw_status check_table(struct span image, const char *name,
                                  struct lw_error *err)
{
    char before[TAG_BYTES + 1] = "";
    char tag[TAG_BYTES + 1];
    uint64_t end = image.n - SHA256_BYTES;
    uint64_t at;
    uint32_t n = 0;

    if (!span_get_le32(image, MAGIC_BYTES + 4, &n) || n > SECTIONS_MAX ||
        HEAD_BYTES + (uint64_t)n * ENTRY_BYTES > end)
        return lw_fail(err, LW_EFORMAT,
                       "%s: byte %d: %" PRIu32 " sections are announced", name,
                       MAGIC_BYTES + 4, n);
    at = HEAD_BYTES + (uint64_t)n * ENTRY_BYTES;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t offset = 0;
        uint64_t n_bytes = 0;

        if (!read_entry(image, i, tag, &offset, &n_bytes) || !stored_tag_ok(tag) ||
            strcmp(before, tag) >= 0 || offset != at || n_bytes > end - at)
            return lw_fail(err, LW_EFORMAT,
                           "%s: byte %" PRIu32 ": section %" PRIu32
                           " is not described rightly",
                           name, HEAD_BYTES + i * ENTRY_BYTES, i + 1);
        memcpy(before, tag, sizeof before);
        at += n_bytes;
    }
    if (at != end)
        return lw_fail(err, LW_EFORMAT,
                       "%s: byte %" PRIu64 ": bytes that belong to no section", name,
                       at);
    return LW_OK;
}

static enum lw_status check_image(struct span image, const char *name,
                                  struct lw_error *err)
{
    enum lw_status st = check_head(image, name, err);

    if (st == LW_OK)
        st = check_sum(image, name, err);
    if (st == LW_OK)
        st = check_table(image, name, err);
    return st;
}

enum lw_status lw_bundle_load_memory(struct lw_bundle **out, const void *data,
                                     size_t n_bytes, const char *name,
                                     struct lw_error *err)
{
    enum lw_status st = check_image(span_of(data, n_bytes), name, err);
    struct lw_bundle *b;

    if (st != LW_OK)
        return st;
    b = mem_zalloc(1, sizeof *b);
    if (b != NULL)
        b->image = mem_dup(data, n_bytes);
    if (b == NULL || b->image == NULL) {
        mem_free(b);
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", name);
    }
    b->n_bytes = n_bytes;
    *out = b;
    return LW_OK;
}

/* A file is first asked for its magic, so that a large capture given by mistake is not
 * read to its end. */
static enum lw_status read_file(struct buf *out, struct stream *s, struct lw_error *err)
{
    enum { STEP = 1 << 16 };

    for (;;) {
        struct span got;
        enum lw_status st = stream_peek(s, STEP, &got, err);

        if (st != LW_OK || got.n == 0)
            return st;
        buf_add(out, got.p, got.n);
        stream_skip(s, got.n);
        if (!buf_ok(out))
            return lw_fail(err, LW_ENOMEM, "%s: out of memory", stream_name(s));
        if (out->len < MAGIC_BYTES || memcmp(out->data, magic, MAGIC_BYTES) != 0)
            return LW_OK;
        if (out->len > FILE_MAX)
            return lw_fail(err, LW_ELIMIT, "%s: larger than any model file (%d MB)",
                           stream_name(s), FILE_MAX >> 20);
    }
}

enum lw_status lw_bundle_load(struct lw_bundle **out, const char *path,
                              struct lw_error *err)
{
    struct stream *s = NULL;
    struct buf bytes;
    enum lw_status st;

    buf_init(&bytes);
    st = stream_open(&s, path, err);
    if (st == LW_OK)
        st = read_file(&bytes, s, err);
    if (st == LW_OK)
        st = lw_bundle_load_memory(out, bytes.data, bytes.len, path, err);
    stream_close(s);
    buf_release(&bytes);
    return st;
}

void lw_bundle_digest(const struct lw_bundle *b, uint8_t out[SHA256_BYTES])
{
    digest_sha256(b->image, b->n_bytes, out);
}
