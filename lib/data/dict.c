/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing over codes; the words themselves stay put. */
#include "data/dict.h"

#include "base/hash.h"
#include "base/mem.h"

enum { SLOTS_MIN = 16 };

void dict_init(struct dict *d)
{
    *d = (struct dict){0};
}

void dict_release(struct dict *d)
{
    for (size_t i = 0; i < d->n_words; i++)
        mem_free(d->words[i]);
    mem_free(d->words);
    mem_free(d->slots);
    dict_init(d);
}

static bool is_word(const struct dict *d, uint32_t code, const char *word, size_t n)
{
    return strncmp(d->words[code], word, n) == 0 && d->words[code][n] == '\0';
}

/* The slot that holds the word, or the free one where it belongs. */
static size_t find_slot(const struct dict *d, const char *word, size_t n)
{
    size_t mask = d->n_slots - 1;
    size_t i = (size_t)hash_bytes(word, n, hash_random_seed()) & mask;

    while (d->slots[i] != 0 && !is_word(d, d->slots[i] - 1, word, n))
        i = (i + 1) & mask;
    return i;
}

/* Keep the slots at most half full. */
static bool make_slots(struct dict *d)
{
    struct dict wider = *d;

    if (d->n_slots >= 2 * (d->n_words + 1))
        return true;
    wider.n_slots = d->n_slots == 0 ? SLOTS_MIN : 2 * d->n_slots;
    wider.slots = mem_zalloc(wider.n_slots, sizeof *wider.slots);
    if (wider.slots == NULL)
        return false;
    for (size_t i = 0; i < d->n_words; i++)
        wider.slots[find_slot(&wider, d->words[i], strlen(d->words[i]))] =
            (uint32_t)i + 1;
    mem_free(d->slots);
    *d = wider;
    return true;
}

bool dict_code(struct dict *d, const char *word, size_t n, uint32_t *code)
{
    char **words;
    size_t slot;

    if (!make_slots(d))
        return false;
    slot = find_slot(d, word, n);
    if (d->slots[slot] != 0) {
        *code = d->slots[slot] - 1;
        return true;
    }
    words = mem_grow(d->words, &d->words_cap, d->n_words + 1, sizeof *d->words);
    if (words == NULL)
        return false;
    d->words = words;
    d->words[d->n_words] = mem_strndup(word, n);
    if (d->words[d->n_words] == NULL)
        return false;
    *code = (uint32_t)d->n_words;
    d->slots[slot] = (uint32_t)++d->n_words;
    return true;
}
