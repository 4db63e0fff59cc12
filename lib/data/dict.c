/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with linear probing.  A slot keeps half of the hash beside the code,
 * so that a probe seldom looks at a word, and widening the table looks at none.  Words
 * lie one after the other in blocks that never move; columns often repeat themselves,
 * so the word asked for last is tried first.
 */
#include "data/dict.h"

#include "base/assert.h"
#include "base/hash.h"
#include "base/mem.h"

enum { SLOTS_MIN = 16, BLOCK_BYTES = 16 * 1024 };

struct dict_slot {
    uint32_t code; /* + 1; 0 = free */
    uint32_t tag;  /* upper half of the hash */
};

struct dict_block {
    struct dict_block *next; /* owned */
    size_t used;
    size_t size;
    char bytes[];
};

void dict_init(struct dict *d)
{
    *d = (struct dict){0};
}

void dict_release(struct dict *d)
{
    while (d->blocks != NULL) {
        struct dict_block *next = d->blocks->next;

        mem_free(d->blocks);
        d->blocks = next;
    }
    mem_free(d->words);
    mem_free(d->slots);
    dict_init(d);
}

/* `word` has no NUL byte, so an equal prefix of n bytes has room for one more. */
static bool is_word(const struct dict *d, uint32_t code, const char *word, size_t n)
{
    return strncmp(d->words[code], word, n) == 0 && d->words[code][n] == '\0';
}

/* The slot that holds the word, or the free one where it belongs. */
static struct dict_slot *find_slot(const struct dict *d, uint64_t hash,
                                   const char *word, size_t n)
{
    size_t mask = d->n_slots - 1;
    uint32_t tag = (uint32_t)(hash >> 32);

    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        struct dict_slot *slot = &d->slots[i];

        if (slot->code == 0 ||
            (slot->tag == tag && is_word(d, slot->code - 1, word, n)))
            return slot;
    }
}

/* Keep the slots at most half full. */
static bool make_slots(struct dict *d)
{
    struct dict wider = *d;

    if (d->n_slots >= 2 * (d->n_words + 1))
        return true;
    wider.seed = hash_random_seed();
    wider.n_slots = d->n_slots == 0 ? SLOTS_MIN : 2 * d->n_slots;
    wider.slots = mem_zalloc(wider.n_slots, sizeof *wider.slots);
    if (wider.slots == NULL)
        return false;
    for (size_t i = 0; i < d->n_words; i++) {
        const char *word = d->words[i];
        size_t n = strlen(word);
        uint64_t hash = hash_bytes(word, n, wider.seed);

        *find_slot(&wider, hash, word, n) =
            (struct dict_slot){(uint32_t)i + 1, (uint32_t)(hash >> 32)};
    }
    mem_free(d->slots);
    *d = wider;
    return true;
}

/* Room for n bytes in the newest block, or in a new one; NULL when memory is out. */
static char *block_take(struct dict *d, size_t n)
{
    struct dict_block *b = d->blocks;
    char *p;

    if (b == NULL || b->size - b->used < n) {
        size_t size = d->n_words < SLOTS_MIN ? BLOCK_BYTES / 64 : BLOCK_BYTES;

        size = size < n ? n : size;
        b = mem_alloc(sizeof *b + size);
        if (b == NULL)
            return NULL;
        *b = (struct dict_block){.next = d->blocks, .size = size};
        d->blocks = b;
    }
    p = b->bytes + b->used;
    b->used += n;
    return p;
}

static bool add_word(struct dict *d, const char *word, size_t n)
{
    char **words = mem_grow(d->words, &d->words_cap, d->n_words + 1, sizeof *words);
    char *copy;

    if (words == NULL)
        return false;
    d->words = words;
    copy = block_take(d, n + 1);
    if (copy == NULL)
        return false;
    if (n > 0)
        memcpy(copy, word, n);
    copy[n] = '\0';
    d->words[d->n_words++] = copy;
    return true;
}

bool dict_code(struct dict *d, const char *word, size_t n, uint32_t *code)
{
    struct dict_slot *slot;
    uint64_t hash;

    LW_DEBUG_ASSERT(n == 0 || memchr(word, '\0', n) == NULL);
    if (d->n_words > 0 && n == d->last_n &&
        memcmp(d->words[d->last_code], word, n) == 0) {
        *code = d->last_code;
        return true;
    }
    if (!make_slots(d))
        return false;
    hash = hash_bytes(word, n, d->seed);
    slot = find_slot(d, hash, word, n);
    if (slot->code == 0) {
        if (!add_word(d, word, n))
            return false;
        *slot = (struct dict_slot){(uint32_t)d->n_words, (uint32_t)(hash >> 32)};
    }
    d->last_n = n;
    d->last_code = slot->code - 1;
    *code = d->last_code;
    return true;
}

/* Nothing was put behind the newest word's slot, however often the table was widened:
 * words go in by their codes. */
void dict_forget_last(struct dict *d)
{
    const char *word;
    size_t n;

    LW_ASSERT(d->n_words > 0);
    word = d->words[d->n_words - 1];
    n = strlen(word);
    *find_slot(d, hash_bytes(word, n, d->seed), word, n) = (struct dict_slot){0};
    d->n_words--;
    if (d->last_code >= d->n_words) {
        d->last_n = SIZE_MAX;
        d->last_code = 0;
    }
}
