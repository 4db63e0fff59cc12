/* SPDX-License-Identifier: Apache-2.0 */
/* data/dict.h - words to codes, in order of first appearance. */
#ifndef DATA_DICT_H
#define DATA_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dict_slot;
struct dict_block;

struct dict {
    char **words; /* (n_words), owned; the words themselves lie in the blocks */
    size_t n_words;
    size_t words_cap;
    struct dict_slot *slots; /* (n_slots), a power of two; owned */
    size_t n_slots;
    struct dict_block *blocks; /* owned */
    uint64_t seed;
    size_t last_n; /* length of the word asked for last, and its code */
    uint32_t last_code;
};

void dict_init(struct dict *d);
void dict_release(struct dict *d);
/** The code of a word without NUL bytes, adding it when it is new; false when memory
 *  is out. */
bool dict_code(struct dict *d, const char *word, size_t n, uint32_t *code);
/** Take back the word that was added last. */
void dict_forget_last(struct dict *d);

#endif /* DATA_DICT_H */
