/* politeness_address.h: the addresses that hosts answer at, as politeness.c counts them: found by their text, gone with the last host
 * there, but not before the delay since its last start is over. */
#ifndef SHOAL_POLITENESS_ADDRESS_H
#define SHOAL_POLITENESS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/base/due_heap.h"

struct polite_host;

struct polite_address {
    /* politeness.c's */
    struct due due;                                   /* in its heap, while its first host waits for its delay */
    struct polite_host *waiting_first, *waiting_last; /* hosts that may but for this address */
    int64_t last_start_ns, previous_start_ns;
    uint32_t in_flight;
    uint32_t admitted; /* hosts that have a turn */

    /* the table's */
    uint32_t references;
    struct polite_address *next;                      /* in its bucket */
    struct polite_address *idle_next, *idle_previous; /* without references */
    uint64_t hash;
    char text[];
};

/* Begins as all zero but for delay_ns. */
struct polite_addresses {
    int64_t delay_ns;
    struct polite_address **buckets;
    size_t bucket_count; /* a power of two, or 0 */
    size_t count;
    size_t text_bytes;
    uint64_t seed;
    struct polite_address *idle_first, *idle_last;
};

/* What last_start_ns is before the first start: so long ago that any delay is over. */
#define POLITE_LONG_AGO (INT64_MIN / 2)

/* The record of the address, with one more reference, made if there is none. NULL: memory is short. */
struct polite_address *polite_address_acquire(struct polite_addresses *addresses, const char *text, int64_t now_ns);

/* Gives a reference back; accepts NULL. */
void polite_address_release(struct polite_addresses *addresses, struct polite_address *address, int64_t now_ns);

void polite_addresses_free(struct polite_addresses *addresses);

#endif
