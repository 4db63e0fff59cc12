/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/word_list.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

enum { SLOTS_FIRST = 64 };

void word_list_release(struct word_list *l)
{
    for (uint32_t i = 1; i < l->n; i++)
        mem_free(l->words[i]);
    mem_free(l->words);
    mem_free(l->slots);
    *l = (struct word_list){0};
}

/* Where the word is, or where it goes. */
static uint32_t *slot_of(const struct word_list *l, const char *word)
{
    uint32_t at = (uint32_t)hash_bytes(word, strlen(word), hash_random_seed());

    for (;; at++) {
        uint32_t *slot = &l->slots[at & l->mask];

        if (*slot == 0 || strcmp(l->words[*slot], word) == 0)
            return slot;
    }
}

/* At most half full. */
static bool make_room(struct word_list *l)
{
    uint32_t n_slots = l->slots == NULL ? SLOTS_FIRST : 2 * (l->mask + 1);
    uint32_t *slots;

    if (l->slots != NULL && l->n < (l->mask + 1) / 2)
        return true;
    slots = mem_zalloc(n_slots, sizeof *slots);
    if (slots == NULL)
        return false;
    mem_free(l->slots);
    l->slots = slots;
    l->mask = n_slots - 1;
    for (uint32_t i = 1; i < l->n; i++)
        *slot_of(l, l->words[i]) = i;
    return true;
}

static bool add(struct word_list *l, const char *word)
{
    uint32_t at = l->n == 0 ? 1 : l->n; /* 0 stays free */
    char **words = mem_grow(l->words, &l->cap, (size_t)at + 1, sizeof *words);

    if (words == NULL)
        return false;
    l->words = words;
    l->words[0] = NULL;
    l->words[at] = mem_strdup(word);
    if (l->words[at] == NULL)
        return false;
    l->n = at + 1;
    return true;
}

bool word_list_number(struct word_list *l, const char *word, uint32_t *out)
{
    uint32_t *slot;

    *out = 0;
    if (word[0] == '\0')
        return true;
    if (!make_room(l))
        return false;
    slot = slot_of(l, word);
    if (*slot == 0) {
        if (!add(l, word))
            return false;
        *slot = l->n - 1;
    }
    *out = *slot;
    return true;
}

const char *word_list_get(const struct word_list *l, uint32_t number)
{
    return number > 0 && number < l->n ? l->words[number] : "";
}
