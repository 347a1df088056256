/* counters.c: how often keys were counted, in bounded memory. */
#include "coordinator/crawl/rules/counters.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "coordinator/base/private_map.h"

struct cell {
    uint64_t key; /* 0: empty */
    uint32_t count;
    uint32_t pad;
};

_Static_assert(sizeof(struct cell) == 16, "cells lie within cache lines");

struct counters {
    struct cell *cells;
    size_t capacity; /* a power of two */
    size_t capacity_max;
    size_t used;
    bool is_final; /* it grows no more: keys are looked for in their window only */
};

static struct cell *map_cells(size_t capacity)
{
    return private_map(capacity * sizeof(struct cell));
}

struct counters *counters_open(size_t bytes_max)
{
    struct counters *counters = calloc(1, sizeof *counters);
    if (!counters)
        return NULL;
    size_t first = bytes_max < COUNTERS_BYTES_FIRST ? bytes_max : COUNTERS_BYTES_FIRST;
    counters->capacity = first / sizeof(struct cell);
    counters->capacity_max = bytes_max / sizeof(struct cell);
    counters->cells = map_cells(counters->capacity);
    if (!counters->cells) {
        free(counters);
        return NULL;
    }
    return counters;
}

void counters_close(struct counters *counters)
{
    if (counters)
        munmap(counters->cells, counters->capacity * sizeof(struct cell));
    free(counters);
}

/* The key's cell, or the empty one where it belongs; in a final table NULL where its window is full of others. */
static struct cell *find(const struct counters *counters, uint64_t key)
{
    size_t mask = counters->capacity - 1;
    size_t last = counters->is_final ? COUNTERS_WINDOW : counters->capacity;
    for (size_t i = 0; i < last; i++) {
        struct cell *cell = &counters->cells[(key + i) & mask];
        if (cell->key == key || !cell->key)
            return cell;
    }
    return NULL;
}

static struct cell *smallest_in_window(const struct counters *counters, uint64_t key)
{
    size_t mask = counters->capacity - 1;
    struct cell *smallest = &counters->cells[key & mask];
    for (size_t i = 1; i < COUNTERS_WINDOW; i++) {
        struct cell *cell = &counters->cells[(key + i) & mask];
        if (cell->count < smallest->count)
            smallest = cell;
    }
    return smallest;
}

static void grow(struct counters *counters)
{
    struct counters larger = *counters;
    larger.capacity *= 2;
    larger.cells = larger.capacity <= counters->capacity_max ? map_cells(larger.capacity) : NULL;
    if (!larger.cells) {
        /* What lies beyond its window is not found any more. No cell of that window is ever empty again, so that who comes back is told
         * from who is new: counters_add() is false. */
        counters->is_final = true;
        return;
    }
    for (size_t i = 0; i < counters->capacity; i++) {
        if (counters->cells[i].key)
            *find(&larger, counters->cells[i].key) = counters->cells[i];
    }
    munmap(counters->cells, counters->capacity * sizeof(struct cell));
    *counters = larger;
}

uint32_t counters_get(const struct counters *counters, uint64_t key)
{
    const struct cell *cell = find(counters, key);
    return cell && cell->key ? cell->count : 0;
}

bool counters_add(struct counters *counters, uint64_t key)
{
    if (!counters->is_final && counters->used * 8 >= counters->capacity * 5)
        grow(counters);
    struct cell *cell = find(counters, key);
    if (!cell) {
        *smallest_in_window(counters, key) = (struct cell){.key = key, .count = 1};
        return false;
    }
    if (!cell->key) {
        cell->key = key;
        counters->used++;
    }
    if (cell->count < UINT32_MAX)
        cell->count++;
    return true;
}

size_t counters_bytes(const struct counters *counters)
{
    return counters->capacity * sizeof(struct cell);
}
