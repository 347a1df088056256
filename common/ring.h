/* ring.h: the task ring: the order in which free workers look at READY slots.
 *
 * DESIGN. One producer (the coordinator), many consumers. The ring holds slot indexes; whether a slot may be taken is said
 * by the slot's own word alone, by one compare-and-swap. The head is a hint that anybody helps on: an entry whose slot is
 * not READY (claimed by another, cancelled, taken by a worker that then died) is stepped over. So no step between "took"
 * and "said so" exists: a claim is one instruction. The ring does not wait and does not wake; see roster.h for that. */
#ifndef SHOAL_RING_H
#define SHOAL_RING_H

#include <stdbool.h>

#include "common/shared.h"
#include "common/state.h"

struct claim {
    uint32_t slot;
    uint64_t word; /* the slot's state word, CLAIMED by the caller */
};

/* Whether one more entry fits. Entries of cancelled tasks fill the ring too, until a claimer steps over them. Coordinator. */
bool ring_has_room(const struct shared *shared, enum ring_kind kind);

/* Appends a slot that is READY. Coordinator only. False when the ring is full: try again after workers have claimed. Never
 * blocks. */
bool ring_push(const struct shared *shared, enum ring_kind kind, uint32_t slot);

/* The same, behind ring_has_room() that said yes: whatever others write into the ring meanwhile. Coordinator only. */
void ring_append(const struct shared *shared, enum ring_kind kind, uint32_t slot);

/* Posts the ring's semaphore. What sem_init() wrote beside its count is put right first: the C library would end the process
 * over a flag that nobody knows, or wait where it should wake. Coordinator only; never blocks. */
void ring_post(const struct shared *shared, enum ring_kind kind);

/* Takes the first READY slot, as `owner`. Any worker; never blocks; lock-free. False when the ring is empty. */
bool ring_claim(const struct shared *shared, enum ring_kind kind, struct owner owner, struct claim *claim);

/* How many entries lie in the ring; some may be stale. Any process; a snapshot. */
uint64_t ring_length(const struct shared *shared, enum ring_kind kind);

#endif
