/* due_heap.h: things that become due, the earliest first: a binary heap of members that lie inside
 * the things. Adding and removing cost O(log n) and never fail, since room is reserved when a thing
 * is made. */
#ifndef SHOAL_DUE_HEAP_H
#define SHOAL_DUE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DUE_NOWHERE SIZE_MAX

/* Lies inside what is due. Before its first use index must be DUE_NOWHERE. */
struct due {
    int64_t at_ns;
    size_t index; /* the heap's: DUE_NOWHERE while it is in none */
};

/* Begins as all zero. */
struct due_heap {
    struct due **items;
    size_t count;
    size_t capacity;
};

/* Makes room for count members in all. False when memory is short; the heap is unchanged then. */
bool due_heap_reserve(struct due_heap *heap, size_t count);

/* Adds due, which is in no heap, for at_ns. There must be room. */
void due_heap_push(struct due_heap *heap, struct due *due, int64_t at_ns);

/* Takes due out, if it is in the heap. */
void due_heap_remove(struct due_heap *heap, struct due *due);

/* The earliest, which stays; NULL: none. */
struct due *due_heap_first(const struct due_heap *heap);

/* When the earliest is due; DEADLINE_NEVER: none. */
int64_t due_heap_next_ns(const struct due_heap *heap);

void due_heap_free(struct due_heap *heap);

#endif
