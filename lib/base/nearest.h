/* SPDX-License-Identifier: Apache-2.0 */
/* base/nearest.h - "did you mean": the word of a list that a mistyped one is nearest
 * to. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

/** The word of a list (ended by NULL) that is nearest to a mistyped one, or NULL when
 *  none is near. */
const char *nearest_word(const char *word, const char *const *candidates);

#endif /* BASE_NEAREST_H */
