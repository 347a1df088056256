/* due_heap.c: things that become due, the earliest first. */
#include "coordinator/base/due_heap.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/clock.h"

bool due_heap_reserve(struct due_heap *heap, size_t count)
{
    if (count <= heap->capacity) {
        return true;
    }
    size_t capacity = heap->capacity == 0 ? 64 : heap->capacity;
    while (capacity < count) {
        capacity *= 2;
    }
    struct due **items = realloc(heap->items, capacity * sizeof(struct due *));
    if (items == NULL) {
        return false;
    }
    heap->items = items;
    heap->capacity = capacity;
    return true;
}

static void put(struct due_heap *heap, size_t index, struct due *due)
{
    heap->items[index] = due;
    due->index = index;
}

/* Finds the place for due at index or above it. */
static void sift_up(struct due_heap *heap, size_t index, struct due *due)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (heap->items[parent]->at_ns <= due->at_ns) {
            break;
        }
        put(heap, index, heap->items[parent]);
        index = parent;
    }
    put(heap, index, due);
}

/* Finds the place for due at index or below it. */
static void sift_down(struct due_heap *heap, size_t index, struct due *due)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count && heap->items[child + 1]->at_ns < heap->items[child]->at_ns) {
            child++;
        }
        if (due->at_ns <= heap->items[child]->at_ns) {
            break;
        }
        put(heap, index, heap->items[child]);
        index = child;
    }
    put(heap, index, due);
}

void due_heap_push(struct due_heap *heap, struct due *due, int64_t at_ns)
{
    check(heap->count < heap->capacity && due->index == DUE_NOWHERE);
    due->at_ns = at_ns;
    sift_up(heap, heap->count++, due);
}

void due_heap_remove(struct due_heap *heap, struct due *due)
{
    if (due->index == DUE_NOWHERE) {
        return;
    }
    size_t index = due->index;
    check(index < heap->count && heap->items[index] == due);
    due->index = DUE_NOWHERE;
    struct due *last = heap->items[--heap->count];
    if (last == due) {
        return;
    }
    if (last->at_ns < due->at_ns) {
        sift_up(heap, index, last);
    } else {
        sift_down(heap, index, last);
    }
}

struct due *due_heap_first(const struct due_heap *heap)
{
    return heap->count == 0 ? NULL : heap->items[0];
}

int64_t due_heap_next_ns(const struct due_heap *heap)
{
    return heap->count == 0 ? DEADLINE_NEVER : heap->items[0]->at_ns;
}

void due_heap_free(struct due_heap *heap)
{
    free(heap->items);
    *heap = (struct due_heap){NULL, 0, 0};
}
