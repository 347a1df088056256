/* ring.c: the task ring. */
#include "common/ring.h"

#include <string.h>

#include "common/check.h"
#include "common/fault.h"

uint64_t ring_length(const struct shared *shared, enum ring_kind kind)
{
    const struct ring_shm *ring = &shared->header->rings[kind];
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return tail > head ? tail - head : 0;
}

static bool is_of_ring(const struct shared *shared, uint32_t slot, enum ring_kind kind)
{
    return atomic_load_explicit(&shared->slots[slot].ring, memory_order_relaxed) == kind;
}

/* An entry that no worker will want lies at the head: steps over it. */
static void step_over_stale(const struct shared *shared, enum ring_kind kind, uint64_t head)
{
    struct ring_shm *ring = &shared->header->rings[kind];
    uint32_t slot =
        atomic_load_explicit(&shared->ring_entries[kind][head & (shared->ring_capacity - 1)], memory_order_relaxed);
    bool is_ready = slot < shared->slot_count && is_of_ring(shared, slot, kind) &&
                    state_of(atomic_load_explicit(&shared->slots[slot].state, memory_order_acquire)) == SLOT_READY;
    if (!is_ready)
        atomic_compare_exchange_strong_explicit(&ring->head, &head, head + 1, memory_order_acq_rel,
                                                memory_order_relaxed);
}

bool ring_has_room(const struct shared *shared, enum ring_kind kind)
{
    if (ring_length(shared, kind) < shared->ring_capacity)
        return true;
    step_over_stale(shared, kind, atomic_load_explicit(&shared->header->rings[kind].head, memory_order_acquire));
    return ring_length(shared, kind) < shared->ring_capacity;
}

void ring_append(const struct shared *shared, enum ring_kind kind, uint32_t slot)
{
    struct ring_shm *ring = &shared->header->rings[kind];
    check(slot < shared->slot_count);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    atomic_store_explicit(&shared->ring_entries[kind][tail & (shared->ring_capacity - 1)], slot, memory_order_relaxed);
    FAULT_POINT("push.before_tail");
    /* Release pairs with the load of tail in ring_claim(): the entry and the slot's READY come before it. */
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    FAULT_POINT("push.after_tail");
}

bool ring_push(const struct shared *shared, enum ring_kind kind, uint32_t slot)
{
    if (!ring_has_room(shared, kind))
        return false;
    ring_append(shared, kind, slot);
    return true;
}

void ring_post(const struct shared *shared, enum ring_kind kind)
{
    sem_t *work = &shared->header->rings[kind].work;
    size_t words = sizeof(uint64_t); /* count and waiters: theirs to change */
    unsigned char *fixed = (unsigned char *)work + words;
    const unsigned char *sound = (const unsigned char *)&shared->work_as_made + words;
    if (memcmp(fixed, sound, sizeof *work - words) != 0)
        memcpy(fixed, sound, sizeof *work - words);
    sem_post(work);
}

bool ring_claim(const struct shared *shared, enum ring_kind kind, struct owner owner, struct claim *claim)
{
    struct ring_shm *ring = &shared->header->rings[kind];
    for (;;) {
        uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
        uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire); /* pairs with ring_push() */
        if (head >= tail)
            return false;
        uint32_t slot =
            atomic_load_explicit(&shared->ring_entries[kind][head & (shared->ring_capacity - 1)], memory_order_relaxed);
        bool won = false;
        FAULT_POINT("claim.before_cas");
        if (slot < shared->slot_count) {
            uint64_t word = atomic_load_explicit(&shared->slots[slot].state, memory_order_acquire);
            uint64_t mine = state_make(state_generation(word), owner, SLOT_CLAIMED);
            /* Acquire pairs with the READY of slot_make_ready(): the request is visible once this has won. */
            /* An entry of an earlier use may lie in the other ring: a suspect must not be claimed from here by it. */
            won = state_of(word) == SLOT_READY && is_of_ring(shared, slot, kind) &&
                  atomic_compare_exchange_strong_explicit(&shared->slots[slot].state, &word, mine, memory_order_acq_rel,
                                                          memory_order_relaxed);
            *claim = (struct claim){.slot = slot, .word = mine};
        }
        /* if we die here: the slot names us, and the reaper takes it back; the next claimer finds it not READY and helps the
         * head on. */
        FAULT_POINT("claim.after_cas");
        atomic_compare_exchange_strong_explicit(&ring->head, &head, head + 1, memory_order_acq_rel,
                                                memory_order_relaxed);
        FAULT_POINT("claim.after_head");
        if (won)
            return true;
    }
}
