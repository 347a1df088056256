/* What the server counts, in memory that a test can read. */
#ifndef ORIGIN_COUNTS_H
#define ORIGIN_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

/* One writer, the serving process, which alone adds; readers only look, and one number says nothing
 * about another: relaxed order throughout. Zero at the start.
 *                              writer  readers  order    life */
struct origin_counts_shm {
    _Atomic uint64_t requests;      /* origin  tests    relaxed  only grows */
    _Atomic uint64_t connections;   /* origin  tests    relaxed  only grows */
    _Atomic uint32_t in_flight;     /* origin  tests    relaxed  up at parse, down at written */
    _Atomic uint32_t in_flight_max; /* origin  tests    relaxed  only grows */
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "counts are read by another process");

void counts_add_connection(struct origin_counts_shm *counts);

/* A request is parsed: it counts, and is in flight. */
void counts_add_request(struct origin_counts_shm *counts);
void counts_remove_in_flight(struct origin_counts_shm *counts, uint32_t requests);

#endif
