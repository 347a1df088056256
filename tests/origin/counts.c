/* counts.c: what the server counts, in memory that a test can read. */
#include "tests/origin/counts.h"

/* With a single writer, a load and a store do what a locked addition would, and cheaper. */
static void add_one(_Atomic uint64_t *number)
{
    uint64_t value = atomic_load_explicit(number, memory_order_relaxed);
    atomic_store_explicit(number, value + 1, memory_order_relaxed);
}

void counts_add_connection(struct origin_counts_shm *counts)
{
    add_one(&counts->connections);
}

void counts_add_request(struct origin_counts_shm *counts)
{
    add_one(&counts->requests);
    uint32_t now = atomic_load_explicit(&counts->in_flight, memory_order_relaxed) + 1;
    atomic_store_explicit(&counts->in_flight, now, memory_order_relaxed);
    if (now > atomic_load_explicit(&counts->in_flight_max, memory_order_relaxed)) {
        atomic_store_explicit(&counts->in_flight_max, now, memory_order_relaxed);
    }
}

void counts_remove_in_flight(struct origin_counts_shm *counts, uint32_t requests)
{
    uint32_t now = atomic_load_explicit(&counts->in_flight, memory_order_relaxed);
    atomic_store_explicit(&counts->in_flight, now - requests, memory_order_relaxed);
}
