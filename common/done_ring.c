/* done_ring.c: a worker's announcements of what it published. */
#include "common/done_ring.h"

#include "common/check.h"
#include "common/fault.h"

void done_ring_push(const struct shared *shared, uint32_t worker, uint32_t slot)
{
    struct done_ring_shm *ring = shared_done_ring(shared, worker);
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    check(tail - atomic_load_explicit(&ring->head, memory_order_acquire) < shared->done_capacity);
    atomic_store_explicit(&ring->entries[tail & (shared->done_capacity - 1)], slot, memory_order_relaxed);
    /* if we die here: the entry is not counted; the reaper finds the slot DONE. */
    FAULT_POINT("announce.before_tail");
    /* Release pairs with the acquire in done_ring_drain(): the entry and the slot's DONE come before it. */
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    FAULT_POINT("announce.after_tail");
}

uint32_t done_ring_room(const struct shared *shared, uint32_t worker)
{
    struct done_ring_shm *ring = shared_done_ring(shared, worker);
    uint32_t used = atomic_load_explicit(&ring->tail, memory_order_relaxed) -
                    atomic_load_explicit(&ring->head, memory_order_acquire);
    return used < shared->done_capacity ? shared->done_capacity - used : 0;
}

bool done_ring_has_news(const struct shared *shared, uint32_t worker)
{
    struct done_ring_shm *ring = shared_done_ring(shared, worker);
    return atomic_load_explicit(&ring->tail, memory_order_acquire) !=
           atomic_load_explicit(&ring->head, memory_order_relaxed);
}

uint32_t done_ring_drain(const struct shared *shared, uint32_t worker, uint32_t *slots, uint32_t max)
{
    struct done_ring_shm *ring = shared_done_ring(shared, worker);
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire); /* pairs with done_ring_push() */
    if (tail - head > shared->done_capacity) /* scribbled on: no more than a ring holds */
        head = tail - shared->done_capacity;
    uint32_t count = 0;
    for (; head != tail && count < max; head++) {
        uint32_t slot = atomic_load_explicit(&ring->entries[head & (shared->done_capacity - 1)], memory_order_relaxed);
        if (slot < shared->slot_count)
            slots[count++] = slot;
    }
    if (count)
        FAULT_POINT("drain.before_head");
    atomic_store_explicit(&ring->head, head, memory_order_release);
    if (count)
        FAULT_POINT("drain.after_head");
    return count;
}

void done_ring_reset(const struct shared *shared, uint32_t worker)
{
    struct done_ring_shm *ring = shared_done_ring(shared, worker);
    atomic_store_explicit(&ring->tail, 0, memory_order_relaxed);
    atomic_store_explicit(&ring->head, 0, memory_order_release);
}
