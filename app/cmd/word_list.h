/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/word_list.h - words by number, each once: labels that records carry as a tag. */
#ifndef CMD_WORD_LIST_H
#define CMD_WORD_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct word_list {
    char **words; /* (n), owned as the words are; words[0] is "" */
    uint32_t n;
    size_t cap;
    uint32_t *slots; /* (mask + 1) numbers, 0: free; owned */
    uint32_t mask;
};

/** All zero is an empty list. */
void word_list_release(struct word_list *l);
/** The word's number, 0 for "".  False when memory is out. */
bool word_list_number(struct word_list *l, const char *word, uint32_t *out);
/** "" for a number that no word has. */
const char *word_list_get(const struct word_list *l, uint32_t number);

#endif /* CMD_WORD_LIST_H */
