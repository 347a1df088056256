/* memory.h: the allocator that libcurl gets in a worker process.
 *
 * DESIGN. A transfer makes and frees some hundred small blocks of ever the same sizes. Freed blocks go to a list of their size
 * class and come from there again: no search, no merging, no lock, as there is one thread that matters. Blocks come from
 * malloc() and each knows its class, so a helper thread of libcurl's (the resolver) may allocate and free as well: its blocks
 * just pass by the lists. */
#ifndef SHOAL_MEMORY_H
#define SHOAL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* The calling thread's blocks are kept in lists from here on. Once, before the first block; in a process of our own only: what
 * was allocated otherwise must not come here. */
void memory_begin(void);

/* ---- what libcurl forgets ----
 *
 * Before 8.1.1, a handle that is used again keeps a pointer to the last header of its last answer, freed long ago, and follows
 * it if the next answer's first header line is folded (curl issue 11101). So that block is held: freed, it stays as it is and
 * is given to nobody; and growing it, which is what libcurl does then, fails. */

/* The block that memory_allocate_zeroed() or memory_resize() returned last to this thread; NULL: none. */
void *memory_last(void);

/* Holds a block, in use or not. NULL is allowed. */
void memory_hold(void *block);

/* Whether growing a held block was refused since the last call. */
bool memory_was_refused(void);

/* Ends that: if it was freed meanwhile, it may be given away again. NULL is allowed. */
void memory_release(void *block);

/* As malloc(), free(), realloc(), strdup(), calloc(). Any thread. */
void *memory_allocate(size_t bytes);
void memory_free(void *block);
void *memory_resize(void *block, size_t bytes);
char *memory_copy_text(const char *text);
void *memory_allocate_zeroed(size_t count, size_t bytes);

#endif
