/* done_ring.h: a worker's announcements of what it published. A hint for speed: the truth is the slots' words, and after a
 * death the reaper looks at those. One producer, one consumer, no lock. */
#ifndef SHOAL_DONE_RING_H
#define SHOAL_DONE_RING_H

#include <stdbool.h>

#include "common/shared.h"

/* Announces. The ring's worker only. It must not hold more claims than done_ring_room(). */
void done_ring_push(const struct shared *shared, uint32_t worker, uint32_t slot);

/* How many more announcements fit. The ring's worker only. */
uint32_t done_ring_room(const struct shared *shared, uint32_t worker);

/* Takes up to `max` announcements into slots[]; indexes are checked. Coordinator only. */
uint32_t done_ring_drain(const struct shared *shared, uint32_t worker, uint32_t *slots, uint32_t max);

/* Whether announcements wait. Coordinator only. */
bool done_ring_has_news(const struct shared *shared, uint32_t worker);

/* Empties it for the next incarnation. Coordinator, after the worker was reaped. */
void done_ring_reset(const struct shared *shared, uint32_t worker);

#endif
