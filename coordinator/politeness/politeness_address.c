/* politeness_address.c: the addresses that hosts answer at, as politeness.c counts them. */
#include "coordinator/politeness/politeness_address.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/fingerprint.h"

#define BUCKETS_MIN 64

/* Doubles the table when there are as many records as buckets. */
static bool grow(struct polite_addresses *addresses)
{
    if (addresses->count < addresses->bucket_count) {
        return true;
    }
    if (addresses->bucket_count == 0) {
        addresses->seed = fingerprint_seed();
    }
    size_t count = addresses->bucket_count == 0 ? BUCKETS_MIN : 2 * addresses->bucket_count;
    struct polite_address **buckets = calloc(count, sizeof(struct polite_address *));
    if (buckets == NULL) {
        return false;
    }
    for (size_t i = 0; i < addresses->bucket_count; i++) {
        struct polite_address *next;
        for (struct polite_address *address = addresses->buckets[i]; address != NULL; address = next) {
            next = address->next;
            address->next = buckets[address->hash & (count - 1)];
            buckets[address->hash & (count - 1)] = address;
        }
    }
    free(addresses->buckets);
    addresses->buckets = buckets;
    addresses->bucket_count = count;
    return true;
}

static void leave_idle(struct polite_addresses *addresses, struct polite_address *address)
{
    if (address->idle_previous != NULL) {
        address->idle_previous->idle_next = address->idle_next;
    } else {
        addresses->idle_first = address->idle_next;
    }
    if (address->idle_next != NULL) {
        address->idle_next->idle_previous = address->idle_previous;
    } else {
        addresses->idle_last = address->idle_previous;
    }
    address->idle_next = address->idle_previous = NULL;
}

static void enter_idle(struct polite_addresses *addresses, struct polite_address *address)
{
    address->idle_previous = addresses->idle_last;
    if (addresses->idle_last != NULL) {
        addresses->idle_last->idle_next = address;
    } else {
        addresses->idle_first = address;
    }
    addresses->idle_last = address;
}

/* Frees what nobody refers to and no delay keeps, oldest first. One whose delay lasts keeps those behind it, for as long at most. */
// NOLINTBEGIN(clang-analyzer-unix.Malloc): it does not see that leave_idle() took it out of the list
static void reclaim(struct polite_addresses *addresses, int64_t now_ns)
{
    struct polite_address *address;
    while ((address = addresses->idle_first) != NULL && address->last_start_ns + addresses->delay_ns <= now_ns) {
        leave_idle(addresses, address);
        struct polite_address **link = &addresses->buckets[address->hash & (addresses->bucket_count - 1)];
        while (*link != address) {
            link = &(*link)->next;
        }
        *link = address->next;
        addresses->count--;
        addresses->text_bytes -= strlen(address->text) + 1;
        free(address);
    }
}
// NOLINTEND(clang-analyzer-unix.Malloc)

struct polite_address *polite_address_acquire(struct polite_addresses *addresses, const char *text, int64_t now_ns)
{
    reclaim(addresses, now_ns);
    if (!grow(addresses)) {
        return NULL;
    }
    size_t bytes = strlen(text);
    uint64_t hash = fingerprint_of(text, bytes, addresses->seed);
    struct polite_address **bucket = &addresses->buckets[hash & (addresses->bucket_count - 1)];
    struct polite_address *address = *bucket;
    while (address != NULL && !(address->hash == hash && strcmp(address->text, text) == 0)) {
        address = address->next;
    }
    if (address == NULL) {
        address = calloc(1, sizeof *address + bytes + 1);
        if (address == NULL) {
            return NULL;
        }
        address->due.index = DUE_NOWHERE;
        address->last_start_ns = address->previous_start_ns = POLITE_LONG_AGO;
        address->hash = hash;
        memcpy(address->text, text, bytes + 1);
        address->next = *bucket;
        *bucket = address;
        addresses->count++;
        addresses->text_bytes += bytes + 1;
    } else if (address->references == 0) {
        leave_idle(addresses, address);
    }
    address->references++;
    return address;
}

void polite_address_release(struct polite_addresses *addresses, struct polite_address *address, int64_t now_ns)
{
    if (address == NULL) {
        return;
    }
    check(address->references > 0);
    if (--address->references == 0) {
        check(address->in_flight == 0 && address->admitted == 0 && address->waiting_first == NULL);
        enter_idle(addresses, address);
        reclaim(addresses, now_ns);
    }
}

void polite_addresses_free(struct polite_addresses *addresses)
{
    for (size_t i = 0; i < addresses->bucket_count; i++) {
        struct polite_address *next;
        for (struct polite_address *address = addresses->buckets[i]; address != NULL; address = next) {
            next = address->next;
            free(address);
        }
    }
    free(addresses->buckets);
    *addresses = (struct polite_addresses){0};
}
