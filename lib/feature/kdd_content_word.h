/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_content_word.h - words, names and paths that the content features are
 * about.
 */
#ifndef FEATURE_KDD_CONTENT_WORD_H
#define FEATURE_KDD_CONTENT_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Lower-case text, borrowed; a piece of a line. */
struct text {
    const uint8_t *p; /* (n) */
    size_t n;
    size_t fresh; /* what ends up to here was seen with the piece before */
    bool first;   /* the line begins here */
    bool last;    /* and ends here */
};

/** Kinds of words, as bits. */
enum {
    WORD_ACCESS_FILE = 1,  /* says who may log in: passwd, .rhosts */
    WORD_SYSTEM_DIR = 2,   /* a directory of the system's, or a way out of one's own */
    WORD_RUN = 4,          /* a request that has the server run a program */
    WORD_SLASHES = 8,      /* more slashes in a row than a path needs */
    WORD_EXPLOIT = 16,     /* the names and traces of well-known break-ins */
    WORD_NOT_FOUND = 32,   /* a file or a command that is not there */
    WORD_JUMP = 64,        /* "jumping to address", said by an overflow that works */
    WORD_ROOT_OUTPUT = 128 /* what only root is shown, or is shown of root */
};

/** Which of `kinds` are in the text and end in its fresh part. */
unsigned text_words(const struct text *t, unsigned kinds);

/** The next word of blank-separated text from *at on, which moves behind it; empty
 *  when there is none. */
struct text text_next(const struct text *t, size_t *at);

bool text_is(const struct text *t, const char *word);
bool text_begins(const struct text *t, const char *word);
bool text_ends(const struct text *t, const char *word);
bool text_has(const struct text *t, const char *word);
/** The part from `at` on. */
struct text text_from(const struct text *t, size_t at);
/** Without blanks at its end. */
struct text text_trim(const struct text *t);
/** A whole number at its beginning, at most 2^53; false when there is none. */
bool text_number(const struct text *t, unsigned base, uint64_t *out);

/** Who logs in. */
enum content_user { USER_OTHER, USER_GUEST, USER_HOST, USER_ROOT };

enum content_user text_user(const struct text *t);

/** A path in a directory of the system's. */
bool text_is_system_dir(const struct text *t);

#endif /* FEATURE_KDD_CONTENT_WORD_H */
