/* keys.c: how often each KEY of /flaky/ or /reset-once/ was asked for. */
#include "tests/origin/keys.h"

#include <stdlib.h>
#include <string.h>

struct key {
    char name[KEY_BYTES_MAX];
    size_t name_bytes; /* 0 = the place is free */
    uint64_t requests;
};

struct keys {
    struct key places[KEYS_MAX]; /* open addressing; calloc'ed, so untouched places cost nothing */
};

struct keys *keys_open(void)
{
    return calloc(1, sizeof(struct keys));
}

void keys_close(struct keys *keys)
{
    free(keys);
}

static uint32_t hash_of(struct span name)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < name.count; i++) {
        hash = (hash ^ (unsigned char)name.bytes[i]) * 16777619U;
    }
    return hash;
}

bool keys_count(struct keys *keys, struct span key, uint64_t *before)
{
    if (key.count == 0 || key.count > KEY_BYTES_MAX) {
        return false;
    }
    uint32_t hash = hash_of(key);
    for (uint32_t i = 0; i < KEYS_MAX; i++) {
        struct key *place = &keys->places[(hash + i) % KEYS_MAX];
        if (place->name_bytes == 0) {
            memcpy(place->name, key.bytes, key.count);
            place->name_bytes = key.count;
        }
        if (place->name_bytes == key.count && memcmp(place->name, key.bytes, key.count) == 0) {
            *before = place->requests++;
            return true;
        }
    }
    return false;
}
