/* DESIGN. Open addressing with linear probing; a removed entry is filled by moving back what
 * follows it, so there are no tombstones, however many hosts come and go. The table holds pointers,
 * because tasks point to records too. The record found last is tried first: lists are mostly sorted
 * by host. */
#include "coordinator/politeness/hosts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/macros.h"

#define TABLE_COUNT_MIN 256

struct hosts {
    struct host **table;
    size_t table_count; /* a power of two */
    size_t count;
    uint64_t seed; /* so that nobody can choose names that collide */
    struct host *last;
    struct host *free_records; /* linked by idle_next */
    struct due_heap holds;
    struct host *idle_first, *idle_last; /* held, without references; oldest first */
    size_t idle_count;
};

struct hosts *hosts_open(void)
{
    struct hosts *hosts = calloc(1, sizeof *hosts);
    if (hosts == NULL) {
        return NULL;
    }
    hosts->table_count = TABLE_COUNT_MIN;
    hosts->table = calloc(hosts->table_count, sizeof(struct host *));
    if (hosts->table == NULL) {
        free(hosts);
        return NULL;
    }
    if (getrandom(&hosts->seed, sizeof hosts->seed, GRND_NONBLOCK) < 0) {
        hosts->seed = (uint64_t)clock_now_ns();
    }
    return hosts;
}

void hosts_close(struct hosts *hosts)
{
    if (hosts == NULL) {
        return;
    }
    for (size_t i = 0; i < hosts->table_count; i++) {
        free(hosts->table[i]);
    }
    while (hosts->free_records != NULL) {
        struct host *host = hosts->free_records;
        hosts->free_records = host->idle_next;
        free(host);
    }
    due_heap_free(&hosts->holds);
    free(hosts->table);
    free(hosts);
}

/* ---- the table ---- */

/* What a record is found by. */
struct host_name {
    const char *at;
    uint16_t bytes;
    uint16_t port;
    bool https;
};

static struct host_name name_of_parts(const struct url_parts *parts)
{
    size_t bytes = parts->host.bytes;
    if (bytes > 1 && parts->host.at[bytes - 1] == '.') {
        bytes--; /* the same host: see url_host_key() */
    }
    check(bytes <= URL_HOST_BYTES_MAX);
    return (struct host_name){parts->host.at, (uint16_t)bytes, parts->port, parts->scheme.bytes == 5};
}

static uint64_t mix(uint64_t hash)
{
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 32);
}

static uint64_t hash_name(const struct hosts *hosts, const struct host_name *name)
{
    uint64_t hash = mix(hosts->seed ^ name->port ^ ((uint64_t)name->https << 16));
    size_t left = name->bytes;
    const char *at = name->at;
    uint64_t word;
    for (; left >= sizeof word; left -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = mix(hash ^ word);
    }
    word = left;
    memcpy(&word, at, left);
    return mix(hash ^ word ^ ((uint64_t)name->bytes << 56));
}

static bool is_named(const struct host *host, const struct host_name *name)
{
    return host->name_bytes == name->bytes && host->port == name->port && host->https == name->https &&
           memcmp(host->name, name->at, name->bytes) == 0;
}

/* Where the record is, or the empty place for it. */
static size_t find_place(const struct hosts *hosts, uint64_t hash, const struct host_name *name)
{
    size_t mask = hosts->table_count - 1;
    size_t place = (size_t)hash & mask;
    while (hosts->table[place] != NULL && !(hosts->table[place]->hash == hash && is_named(hosts->table[place], name))) {
        place = (place + 1) & mask;
    }
    return place;
}

/* Doubles the table when it is three quarters full. */
static bool grow_table(struct hosts *hosts)
{
    if ((hosts->count + 1) * 4 <= hosts->table_count * 3) {
        return true;
    }
    size_t count = hosts->table_count * 2;
    struct host **table = calloc(count, sizeof(struct host *));
    if (table == NULL) {
        return false;
    }
    for (size_t i = 0; i < hosts->table_count; i++) {
        struct host *host = hosts->table[i];
        if (host != NULL) {
            size_t place = (size_t)host->hash & (count - 1);
            while (table[place] != NULL) {
                place = (place + 1) & (count - 1);
            }
            table[place] = host;
        }
    }
    free(hosts->table);
    hosts->table = table;
    hosts->table_count = count;
    return true;
}

static void remove_from_table(struct hosts *hosts, struct host *host)
{
    size_t mask = hosts->table_count - 1;
    size_t gap = (size_t)host->hash & mask;
    while (hosts->table[gap] != host) {
        check(hosts->table[gap] != NULL);
        gap = (gap + 1) & mask;
    }
    for (size_t next = (gap + 1) & mask; hosts->table[next] != NULL; next = (next + 1) & mask) {
        size_t home = (size_t)hosts->table[next]->hash & mask;
        /* It may move back into the gap unless its home lies between the gap and itself. */
        if (((next - home) & mask) >= ((next - gap) & mask)) {
            hosts->table[gap] = hosts->table[next];
            gap = next;
        }
    }
    hosts->table[gap] = NULL;
}

/* ---- records ---- */

static struct host *new_record(struct hosts *hosts, uint64_t hash, const struct host_name *name)
{
    struct host *host = hosts->free_records;
    if (host != NULL) {
        hosts->free_records = host->idle_next;
    } else {
        host = malloc(sizeof *host);
        if (host == NULL) {
            return NULL;
        }
    }
    memset(host, 0, offsetof(struct host, name));
    host->hash = hash;
    host->hold.index = DUE_NOWHERE;
    host->https = name->https;
    host->port = name->port;
    host->name_bytes = name->bytes;
    memcpy(host->name, name->at, name->bytes);
    return host;
}

static void reclaim(struct hosts *hosts, struct host *host)
{
    check(host->in_flight == 0 && host->waiting_count == 0 && !host->is_runnable);
    remove_from_table(hosts, host);
    hosts->count--;
    if (hosts->last == host) {
        hosts->last = NULL;
    }
    host->idle_next = hosts->free_records;
    hosts->free_records = host;
}

static void leave_idle(struct hosts *hosts, struct host *host)
{
    *(host->idle_previous == NULL ? &hosts->idle_first : &host->idle_previous->idle_next) = host->idle_next;
    *(host->idle_next == NULL ? &hosts->idle_last : &host->idle_next->idle_previous) = host->idle_previous;
    host->idle_next = host->idle_previous = NULL;
    hosts->idle_count--;
}

static void enter_idle(struct hosts *hosts, struct host *host)
{
    host->idle_previous = hosts->idle_last;
    host->idle_next = NULL;
    *(hosts->idle_last == NULL ? &hosts->idle_first : &hosts->idle_last->idle_next) = host;
    hosts->idle_last = host;
    if (++hosts->idle_count > HOSTS_IDLE_HELD_MAX) {
        struct host *oldest = hosts->idle_first;
        leave_idle(hosts, oldest);
        due_heap_remove(&hosts->holds, &oldest->hold);
        reclaim(hosts, oldest);
    }
}

struct host *hosts_acquire(struct hosts *hosts, const struct url_parts *parts)
{
    struct host_name name = name_of_parts(parts);
    struct host *host = hosts->last;
    if (host == NULL || !is_named(host, &name)) {
        /* Room is made first: place must stay right, and a hold must find room later. */
        if (!grow_table(hosts) || !due_heap_reserve(&hosts->holds, hosts->count + 1)) {
            return NULL;
        }
        uint64_t hash = hash_name(hosts, &name);
        size_t place = find_place(hosts, hash, &name);
        host = hosts->table[place];
        if (host == NULL) {
            host = new_record(hosts, hash, &name);
            if (host == NULL) {
                return NULL;
            }
            hosts->table[place] = host;
            hosts->count++;
        }
        hosts->last = host;
    }
    if (host->references++ == 0 && host_is_held(host)) {
        leave_idle(hosts, host);
    }
    return host;
}

void hosts_release(struct hosts *hosts, struct host *host)
{
    check(host->references > 0);
    if (--host->references > 0) {
        return;
    }
    if (host_is_held(host)) {
        enter_idle(hosts, host);
    } else {
        reclaim(hosts, host);
    }
}

/* ---- holds ---- */

void hosts_hold(struct hosts *hosts, struct host *host, int64_t retry_after_s, int64_t now_ns)
{
    check(host->references > 0);
    int64_t hold_s = retry_after_s < HOSTS_HOLD_MIN_S   ? HOSTS_HOLD_MIN_S
                     : retry_after_s > HOSTS_HOLD_MAX_S ? HOSTS_HOLD_MAX_S
                                                        : retry_after_s;
    int64_t until_ns = now_ns + hold_s * NS_PER_S;
    if (host_is_held(host) && host->hold.at_ns >= until_ns) {
        return;
    }
    due_heap_remove(&hosts->holds, &host->hold);
    due_heap_push(&hosts->holds, &host->hold, until_ns);
}

bool host_is_held(const struct host *host)
{
    return host->hold.index != DUE_NOWHERE;
}

static struct host *host_of_hold(struct due *hold)
{
    return container_of(hold, struct host, hold);
}

struct host *hosts_end_hold(struct hosts *hosts, int64_t now_ns)
{
    while (due_heap_next_ns(&hosts->holds) <= now_ns) {
        struct host *host = host_of_hold(due_heap_first(&hosts->holds));
        due_heap_remove(&hosts->holds, &host->hold);
        if (host->references > 0) {
            return host;
        }
        leave_idle(hosts, host);
        reclaim(hosts, host);
    }
    return NULL;
}

int64_t hosts_next_ns(const struct hosts *hosts)
{
    return due_heap_next_ns(&hosts->holds);
}

const struct host *hosts_first_held(const struct hosts *hosts)
{
    struct due *first = due_heap_first(&hosts->holds);
    return first == NULL ? NULL : host_of_hold(first);
}

size_t host_key(const struct host *host, char key[URL_HOST_KEY_BYTES])
{
    struct url_parts parts = {.scheme = {host->https ? "https" : "http", host->https ? 5 : 4},
                              .host = {host->name, host->name_bytes},
                              .port = host->port};
    return url_host_key(&parts, key);
}

size_t hosts_count(const struct hosts *hosts)
{
    return hosts->count;
}

size_t hosts_held_count(const struct hosts *hosts)
{
    return hosts->holds.count;
}
