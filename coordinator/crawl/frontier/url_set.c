/* DESIGN. Shards by the key's first bits; in each the keys lie in ascending order, every one at its home or behind it with no empty place
 * in between, and its home is in proportion to the key:
 *
 *     home = key's share of the shard * homes
 *
 *     +---+----+----+---+----+----+----+---+ ... +--------+---+
 *     |   | 12 | 13 |   | 31 | 33 | 34 |   |     | beyond | 0 |   beyond: behind the last home, for those that were pushed on
 *     +---+----+----+---+----+----+----+---+ ... +--------+---+   the last place stays empty and ends every search
 *
 * So a search ends at the first larger key, and a shard grows where it is: its mapping is made longer, all keys are packed at its end
 * and then spread from its beginning, and no key is written over before it was read. No second copy is ever needed, one shard grows at
 * a time, and by a third: at most 8 * 4/3 / (3/4) = 14.2 bytes a member. (Order-preserving linear probing: Amble and Knuth, "Ordered hash
 * tables", 1974.) */
#include "coordinator/crawl/frontier/url_set.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "coordinator/base/private_map.h"

#define SHARD_BITS 4u
#define SHARDS (1u << SHARD_BITS)
#define PAGE_BYTES 4096u
#define SHARD_BYTES_MIN (3 * PAGE_BYTES) /* so that the first growth is by a third, not by twice */
#define PLACES_BEYOND 64u

/* How many of sixteen homes are taken, at most. */
#define LOAD_MAX_SIXTEENTHS 12u

struct shard {
    uint64_t *places;
    size_t homes;
    size_t room; /* places, those beyond the homes too */
    size_t count, count_max;
};

struct url_set {
    struct shard shards[SHARDS];
    uint64_t count;
    size_t bytes; /* of all shards; never less than before */
};

/* Spreads fingerprints over the shards and in them, whatever they are: odd, so no two get one key, and 0 stays 0. */
static uint64_t key_of(uint64_t fingerprint)
{
    return fingerprint * 0x9E3779B97F4A7C15u;
}

static size_t home_of(uint64_t key, size_t homes)
{
    return (size_t)(((unsigned __int128)(key << SHARD_BITS) * homes) >> 64);
}

static void set_homes(struct shard *shard, size_t homes)
{
    shard->homes = homes;
    shard->count_max = homes / 16 * LOAD_MAX_SIXTEENTHS;
}

static bool open_shard(struct shard *shard)
{
    shard->places = private_map(SHARD_BYTES_MIN);
    if (shard->places == NULL)
        return false;
    shard->room = SHARD_BYTES_MIN / sizeof *shard->places;
    set_homes(shard, shard->room - PLACES_BEYOND);
    return true;
}

struct url_set *url_set_open(void)
{
    struct url_set *set = calloc(1, sizeof *set);
    if (!set)
        return NULL;
    for (unsigned i = 0; i < SHARDS; i++) {
        if (!open_shard(&set->shards[i])) {
            url_set_close(set);
            return NULL;
        }
        set->bytes += SHARD_BYTES_MIN;
    }
    set->bytes += sizeof *set;
    return set;
}

void url_set_close(struct url_set *set)
{
    if (!set)
        return;
    for (unsigned i = 0; i < SHARDS; i++) {
        if (set->shards[i].places)
            munmap(set->shards[i].places, set->shards[i].room * sizeof *set->shards[i].places);
    }
    free(set);
}

/* Moves all keys to the end of the room. False: with so many homes the last of them would have no place. */
static bool pack(struct shard *shard, size_t room_before, size_t homes)
{
    bool fits = true;
    uint64_t *to = shard->places + shard->room;
    size_t packed = 0;
    for (size_t from = room_before; from-- > 0;) {
        uint64_t key = shard->places[from];
        if (!key)
            continue;
        *--to = key;
        packed++;
        fits = fits && home_of(key, homes) + packed < shard->room;
    }
    return fits;
}

/* Puts the keys that are packed at the end where they belong. Never overtakes what it reads: those that are still to come would not
 * fit behind. */
static void spread(struct shard *shard, size_t homes)
{
    const uint64_t *from = shard->places + shard->room - shard->count;
    size_t next = 0;
    for (size_t i = 0; i < shard->count; i++) {
        uint64_t key = from[i];
        size_t home = home_of(key, homes);
        while (next < home)
            shard->places[next++] = 0;
        shard->places[next++] = key;
    }
    while (next < shard->room)
        shard->places[next++] = 0;
    set_homes(shard, homes);
}

/* Makes a shard a third longer. False when memory is short: its members are as they were. */
static bool grow(struct url_set *set, struct shard *shard)
{
    for (;;) {
        size_t room_before = shard->room;
        size_t bytes = room_before * sizeof *shard->places;
        size_t bytes_more = bytes / 3 / PAGE_BYTES * PAGE_BYTES;
        void *places = mremap(shard->places, bytes, bytes + bytes_more, MREMAP_MAYMOVE);
        if (places == MAP_FAILED)
            return false;
        shard->places = places;
        shard->room = (bytes + bytes_more) / sizeof *shard->places;
        set->bytes += bytes_more;
        size_t homes = shard->room - PLACES_BEYOND;
        if (pack(shard, room_before, homes)) {
            spread(shard, homes);
            return true;
        }
        spread(shard, shard->homes); /* where they did fit; with yet more room they will */
    }
}

/* Where the key is or would be. */
static size_t place_of(const struct shard *shard, uint64_t key)
{
    size_t place = home_of(key, shard->homes);
    /* An empty place is 0, and 0 - 1 is no less than any key: one comparison ends the search at both. */
    while (shard->places[place] - 1 < key - 1)
        place++;
    return place;
}

/* There is room for one more: whatever is moved on by that, the last place stays empty. */
static bool has_room(const struct shard *shard)
{
    return shard->count < shard->count_max && shard->places[shard->room - 2] == 0;
}

/* Puts the key there and moves those from there on, up to the next empty place, on by one. */
static void insert(struct shard *shard, size_t place, uint64_t key)
{
    while (key) {
        uint64_t pushed_on = shard->places[place];
        shard->places[place++] = key;
        key = pushed_on;
    }
    shard->count++;
}

enum url_set_answer url_set_add(struct url_set *set, uint64_t fingerprint)
{
    uint64_t key = key_of(fingerprint);
    struct shard *shard = &set->shards[key >> (64 - SHARD_BITS)];
    for (;;) {
        size_t place = place_of(shard, key);
        if (shard->places[place] == key)
            return URL_SET_KNOWN;
        if (has_room(shard)) {
            insert(shard, place, key);
            set->count++;
            return URL_SET_NEW;
        }
        if (!grow(set, shard))
            return URL_SET_NO_MEMORY;
    }
}

bool url_set_has(const struct url_set *set, uint64_t fingerprint)
{
    uint64_t key = key_of(fingerprint);
    const struct shard *shard = &set->shards[key >> (64 - SHARD_BITS)];
    return shard->places[place_of(shard, key)] == key;
}

void url_set_prefetch(const struct url_set *set, uint64_t fingerprint)
{
    uint64_t key = key_of(fingerprint);
    const struct shard *shard = &set->shards[key >> (64 - SHARD_BITS)];
    __builtin_prefetch(&shard->places[home_of(key, shard->homes)]);
}

uint64_t url_set_count(const struct url_set *set)
{
    return set->count;
}

size_t url_set_bytes(const struct url_set *set)
{
    return set->bytes;
}

size_t url_set_bytes_peak(const struct url_set *set)
{
    return set->bytes; /* it grows in place and never shrinks */
}
