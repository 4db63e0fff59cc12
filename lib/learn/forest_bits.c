/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/forest_bits.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
    SPLITS_MAX = BLOCK_LEAVES_MAX - 1,
    CODES_MAX = 1 << BITS_CODE,
    CHOICES_MAX = SPLITS_MAX * BITS_CODE,
    PART_TREES = 16,
    ZEROS = 0,
    ONES = 1,
    NONE = UINT16_MAX,
    /* What a tree costs, in about tenths of a processor's cycles for 256 rows: a
     * choice; codes of four, five and six bits and finding their leaves. */
    COST_CHOICE = 22,
    COST_1_SET = 490,
    COST_2_SETS = 730,
    COST_4_SETS = 1070
};

/* A tree while it is laid out.  Nodes are named by their place (block_split). */
struct layout {
    const struct block_split *splits;
    uint32_t n_splits;
    uint32_t n_leaves;
    uint8_t height[BLOCK_PLACES];
    uint8_t code[BLOCK_PLACES]; /* of a node in a piece: its leaves' least */
    uint32_t n_codes;
    uint32_t n_bits;
};

/* What is needed while the plan is built. */
struct builder {
    struct bits_plan *p;
    uint16_t *mask; /* (2 * n_slices, RANKS_OF_SLICE) owned: which plane a chunk's cut
                       is, NONE: it is none of the chunk's */
    uint32_t n_runs;
    uint32_t n_cuts;
    uint32_t n_parts;
    uint32_t n_choices;
    uint32_t n_sets;
};

void bits_free(struct forest_plan *plan)
{
    struct bits_plan *p = (struct bits_plan *)plan;

    if (p == NULL)
        return;
    mem_free(p->chunks);
    mem_free(p->runs);
    mem_free(p->cuts);
    mem_free(p->parts);
    mem_free(p->choices);
    mem_free(p->trees);
    mem_free(p->sets);
    block_free(plan);
}

/* ---- codes ------------------------------------------------------------------------
 */

static void layout_init(struct layout *l, const struct block_plan *b, uint32_t t)
{
    l->splits = b->splits + b->trees[t].first_split;
    l->n_leaves = b->trees[t].n_leaves;
    l->n_splits = l->n_leaves - 1;
    memset(l->height, 0, sizeof l->height);
    for (uint32_t i = l->n_splits; i-- > 0;) {
        uint8_t left = l->height[l->splits[i].left];
        uint8_t right = l->height[l->splits[i].right];

        l->height[i] = (uint8_t)((left > right ? left : right) + 1);
    }
}

/* Deal codes to the pieces of `height`, which begin below a parent that is higher than
 * `highest`; the root's parent is. */
static void deal_pieces(struct layout *l, uint32_t height, uint32_t highest)
{
    uint32_t size = 1u << height;
    uint8_t root = l->n_splits > 0 ? 0 : BLOCK_LEAF_PLACE;

    if (l->height[root] == height) {
        l->code[root] = 0;
        l->n_codes += size;
    }
    for (uint32_t i = 0; i < l->n_splits; i++) {
        const uint8_t child[2] = {l->splits[i].left, l->splits[i].right};

        if (l->height[i] <= highest)
            continue;
        for (size_t c = 0; c < 2; c++) {
            if (l->height[child[c]] != height)
                continue;
            l->code[child[c]] = (uint8_t)l->n_codes;
            l->n_codes += size;
        }
    }
}

/* Codes with pieces as high as `highest`; false: there are too many. */
static bool deal_codes(struct layout *l, uint32_t highest)
{
    l->n_codes = 0;
    for (uint32_t h = highest + 1; h-- > 0;) {
        deal_pieces(l, h, highest);
        if (l->n_codes > CODES_MAX)
            return false;
    }
    for (uint32_t i = 0; i < l->n_splits; i++) {
        const struct block_split *s = &l->splits[i];

        if (l->height[i] > highest)
            continue;
        l->code[s->left] = l->code[i];
        l->code[s->right] = (uint8_t)(l->code[i] + (1u << (l->height[i] - 1)));
    }
    for (l->n_bits = 0; 1u << l->n_bits < l->n_codes;)
        l->n_bits++;
    return true;
}

/* ---- choices ----------------------------------------------------------------------
 */

static uint32_t offset(uint32_t plane)
{
    return plane * BITS_PLANE;
}

/* Write the tree's choices (CHOICES_MAX), which make planes from `made` on, and its
 * planes; returns how many choices.  A cut that is not of the chunk is NONE. */
static uint32_t choose_planes(const struct builder *b, const struct layout *l,
                              uint32_t made, struct bits_choice *out,
                              uint32_t planes[BITS_CODE])
{
    uint32_t plane[BLOCK_PLACES][BITS_CODE];
    uint32_t n = 0;

    for (uint32_t leaf = 0; leaf < l->n_leaves; leaf++)
        for (uint32_t k = 0; k < BITS_CODE; k++)
            plane[BLOCK_LEAF_PLACE + leaf][k] =
                l->code[BLOCK_LEAF_PLACE + leaf] >> k & 1 ? ONES : ZEROS;
    for (uint32_t i = l->n_splits; i-- > 0;) {
        const struct block_split *s = &l->splits[i];
        uint32_t mask = b->mask[(size_t)s->ranks * RANKS_OF_SLICE + s->rank];

        for (uint32_t k = 0; k < BITS_CODE; k++) {
            uint32_t left = plane[s->left][k];
            uint32_t right = plane[s->right][k];

            if (left == right) {
                plane[i][k] = left;
            } else if (left == ZEROS && right == ONES) {
                plane[i][k] = mask;
            } else {
                out[n] =
                    (struct bits_choice){offset(left), offset(right), offset(mask)};
                plane[i][k] = made + n++;
            }
        }
    }
    for (uint32_t k = 0; k < BITS_CODE; k++)
        planes[k] = offset(plane[l->n_splits > 0 ? 0 : BLOCK_LEAF_PLACE][k]);
    return n;
}

static uint32_t sets_of(const struct layout *l)
{
    return l->n_bits <= 4 ? 1 : l->n_bits == 5 ? 2 : 4;
}

/* Choose the codes that cost least. */
static void find_codes(const struct builder *b, struct layout *l)
{
    struct bits_choice choices[CHOICES_MAX];
    uint32_t planes[BITS_CODE];
    uint32_t least = UINT32_MAX;
    uint32_t best = 0;

    for (uint32_t highest = 0; highest <= BITS_CODE; highest++) {
        uint32_t cost;

        if (!deal_codes(l, highest))
            continue;
        cost = COST_CHOICE * choose_planes(b, l, BITS_FIRST_MADE, choices, planes);
        cost += sets_of(l) == 1   ? COST_1_SET
                : sets_of(l) == 2 ? COST_2_SETS
                                  : COST_4_SETS;
        if (cost < least) {
            least = cost;
            best = highest;
        }
    }
    LW_ASSERT(least != UINT32_MAX);
    (void)deal_codes(l, best);
}

static void lay_leaves(const struct layout *l, const float *leaves, uint8_t *out)
{
    for (uint32_t leaf = 0; leaf < l->n_leaves; leaf++) {
        uint32_t code = l->code[BLOCK_LEAF_PLACE + leaf];
        uint8_t *set = out + code / BITS_SET * BITS_SET_BYTES;
        uint8_t bytes[sizeof *leaves];

        memcpy(bytes, &leaves[leaf], sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++)
            set[i * BITS_SET + code % BITS_SET] = bytes[i];
    }
}

/* ---- the plan ---------------------------------------------------------------------
 */

/* The trees from `first` on whose cuts have room in a chunk, to be numbered: returns
 * the one after the last. */
static uint32_t gather_masks(struct builder *b, const struct forest *f, uint32_t first)
{
    const struct block_plan *base = &b->p->base;
    uint32_t n = 0;
    uint32_t t;

    memset(b->mask, 0xff,
           (size_t)2 * base->ranks.n_slices * RANKS_OF_SLICE * sizeof *b->mask);
    for (t = first; t < f->n_trees && n + SPLITS_MAX <= BITS_MASKS_MAX; t++) {
        const struct block_split *s = base->splits + base->trees[t].first_split;

        for (uint32_t i = 0; i + 1 < base->trees[t].n_leaves; i++) {
            uint16_t *mask = &b->mask[(size_t)s[i].ranks * RANKS_OF_SLICE + s[i].rank];

            n += *mask == NONE;
            *mask = 0;
        }
    }
    return t;
}

/* Number a chunk's cuts in order of ranks. */
static void number_masks(struct builder *b, struct bits_chunk *chunk)
{
    uint16_t next = BITS_FIRST_MASK;

    for (uint32_t ranks = 0; ranks < 2 * b->p->base.ranks.n_slices; ranks++) {
        uint16_t *mask = b->mask + (size_t)ranks * RANKS_OF_SLICE;
        struct bits_run *run = &b->p->runs[b->n_runs];
        uint32_t n = 0;

        for (uint32_t rank = 0; rank < RANKS_OF_SLICE; rank++) {
            if (mask[rank] == NONE)
                continue;
            mask[rank] = next++;
            b->p->cuts[b->n_cuts++] = (uint8_t)rank;
            n++;
        }
        if (n == 0)
            continue;
        *run = (struct bits_run){.ranks = ranks, .n_cuts = n};
        b->n_runs++;
        chunk->n_runs++;
    }
}

static void lay_tree(struct builder *b, uint32_t t, struct bits_part *part)
{
    const struct block_plan *base = &b->p->base;
    struct bits_tree *tree = &b->p->trees[t];
    struct layout l;
    uint32_t n;

    layout_init(&l, base, t);
    find_codes(b, &l);
    tree->n_sets = sets_of(&l);
    n = choose_planes(b, &l, BITS_FIRST_MADE + part->n_choices,
                      b->p->choices + b->n_choices, tree->planes);
    lay_leaves(&l, base->leaves + base->trees[t].first_leaf,
               b->p->sets + (size_t)b->n_sets * BITS_SET_BYTES);
    b->n_choices += n;
    b->n_sets += tree->n_sets;
    part->n_choices += n;
    part->n_trees++;
}

static void lay_trees(struct builder *b, const struct forest *f)
{
    for (uint32_t first = 0; first < f->n_trees;) {
        struct bits_chunk *chunk = &b->p->chunks[b->p->n_chunks++];
        uint32_t end = gather_masks(b, f, first);

        number_masks(b, chunk);
        for (struct bits_part *part = NULL; first < end; first++) {
            if (part == NULL || part->n_trees == PART_TREES ||
                part->n_choices + CHOICES_MAX > BITS_MADE_MAX) {
                part = &b->p->parts[b->n_parts++];
                chunk->n_parts++;
            }
            lay_tree(b, first, part);
        }
    }
}

/* Room for the most there can be: a tree has a split less than leaves. */
static bool alloc_plan(struct builder *b, const struct forest *f)
{
    struct bits_plan *p = b->p;
    size_t n = f->n_nodes;

    b->mask = mem_alloc((size_t)2 * p->base.ranks.n_slices * RANKS_OF_SLICE *
                        sizeof *b->mask);
    p->chunks = mem_zalloc(f->n_trees, sizeof *p->chunks);
    p->runs = mem_zalloc(n, sizeof *p->runs);
    p->cuts = mem_zalloc(n, sizeof *p->cuts);
    p->parts = mem_zalloc(f->n_trees, sizeof *p->parts);
    p->choices = mem_zalloc(n / 2 * BITS_CODE + CHOICES_MAX, sizeof *p->choices);
    p->trees = mem_zalloc(f->n_trees, sizeof *p->trees);
    p->sets = mem_zalloc((size_t)f->n_trees * (CODES_MAX / BITS_SET), BITS_SET_BYTES);
    return b->mask != NULL && p->chunks != NULL && p->runs != NULL && p->cuts != NULL &&
           p->parts != NULL && p->choices != NULL && p->trees != NULL &&
           p->sets != NULL;
}

enum lw_status bits_build(const struct forest_kernel *kernel, struct forest_plan **out,
                          const struct forest *f, struct lw_error *err)
{
    struct forest_plan *plan = NULL;
    enum lw_status st = block_build(kernel, sizeof(struct bits_plan), &plan, f, err);
    struct builder b;

    if (st != LW_OK)
        return st;
    b = (struct builder){.p = (struct bits_plan *)plan};
    if (!alloc_plan(&b, f)) {
        mem_free(b.mask);
        bits_free(plan);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    lay_trees(&b, f);
    mem_free(b.mask);
    *out = plan;
    return LW_OK;
}
