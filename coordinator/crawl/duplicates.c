/* duplicates.c: which page had the same content first. */
#include "coordinator/crawl/duplicates.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "coordinator/base/private_map.h"

#define ENTRIES_FIRST 4096u

struct entry {
    uint64_t hash; /* 0: empty */
    uint64_t number;
};

struct duplicates {
    struct entry *entries; /* capacity, a power of two; linear probing, at most three quarters full */
    size_t capacity;
    size_t count;
};

static struct entry *map_entries(size_t capacity)
{
    return private_map(capacity * sizeof(struct entry));
}

struct duplicates *duplicates_open(void)
{
    struct duplicates *duplicates = calloc(1, sizeof *duplicates);
    if (duplicates == NULL)
        return NULL;
    duplicates->capacity = ENTRIES_FIRST;
    duplicates->entries = map_entries(duplicates->capacity);
    if (duplicates->entries == NULL) {
        free(duplicates);
        return NULL;
    }
    return duplicates;
}

void duplicates_close(struct duplicates *duplicates)
{
    if (duplicates == NULL)
        return;
    munmap(duplicates->entries, duplicates->capacity * sizeof(struct entry));
    free(duplicates);
}

/* The entry of the hash, or the empty one where it belongs. */
static struct entry *place_of(struct entry *entries, size_t capacity, uint64_t hash)
{
    size_t at = hash & (capacity - 1);
    while (entries[at].hash != 0 && entries[at].hash != hash)
        at = (at + 1) & (capacity - 1);
    return &entries[at];
}

static bool grow(struct duplicates *duplicates)
{
    size_t capacity = duplicates->capacity * 2;
    struct entry *entries = map_entries(capacity);
    if (entries == NULL)
        return false;
    for (size_t i = 0; i < duplicates->capacity; i++) {
        if (duplicates->entries[i].hash != 0)
            *place_of(entries, capacity, duplicates->entries[i].hash) = duplicates->entries[i];
    }
    munmap(duplicates->entries, duplicates->capacity * sizeof(struct entry));
    duplicates->entries = entries;
    duplicates->capacity = capacity;
    return true;
}

bool duplicates_find_or_add(struct duplicates *duplicates, uint64_t hash, uint64_t number, uint64_t *first)
{
    if (hash == 0)
        hash = 1;
    struct entry *place = place_of(duplicates->entries, duplicates->capacity, hash);
    if (place->hash == hash) {
        *first = place->number;
        return true;
    }
    if (duplicates->count + 1 > duplicates->capacity / 4 * 3) {
        if (!grow(duplicates))
            return false;
        place = place_of(duplicates->entries, duplicates->capacity, hash);
    }
    *place = (struct entry){.hash = hash, .number = number};
    duplicates->count++;
    return false;
}
