/* duplicates.h: which page had the same content first. 16 bytes a page, times at most 2 for growth; mapped with MADV_DONTFORK. */
#ifndef SHOAL_DUPLICATES_H
#define SHOAL_DUPLICATES_H

#include <stdbool.h>
#include <stdint.h>

struct duplicates;

/* NULL when memory is short. */
struct duplicates *duplicates_open(void);
void duplicates_close(struct duplicates *duplicates); /* accepts NULL */

/* Notes a page's content, by its hash, under `number`, unless there is one: then true, and *first is that one's number. When memory
 * is short nothing is noted. */
bool duplicates_find_or_add(struct duplicates *duplicates, uint64_t hash, uint64_t number, uint64_t *first);

#endif
