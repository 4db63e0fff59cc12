/* SPDX-License-Identifier: Apache-2.0 */
/* data/dict.h - words to codes, in order of first appearance. */
#ifndef DATA_DICT_H
#define DATA_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dict {
    char **words; /* (n_words), each owned */
    size_t n_words;
    size_t words_cap;
    uint32_t *slots; /* (n_slots) code + 1, 0 = free; a power of two; owned */
    size_t n_slots;
};

void dict_init(struct dict *d);
void dict_release(struct dict *d);
/** The word's code, adding it when it is new; false when memory is out. */
bool dict_code(struct dict *d, const char *word, size_t n, uint32_t *code);

#endif /* DATA_DICT_H */
