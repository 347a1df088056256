/* extent.c: the stretch of the body segment that belongs to a slot. */
#include "common/extent.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "common/fault.h"
#include "common/state.h"

#define PAGE_BYTES 4096u

static uint64_t whole_pages(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

unsigned char *extent_at(const struct shared *shared, uint32_t slot)
{
    return shared->bodies + (uint64_t)slot * shared->body_stride;
}

uint64_t extent_stride(uint64_t body_bytes_max, uint64_t header_bytes_max, uint64_t page_bytes_max)
{
    uint64_t head = 2 * (URL_BYTES_MAX + 1) + REQUEST_HEADER_BYTES_MAX;
    return whole_pages(head + header_bytes_max + body_bytes_max + page_bytes_max + PAGE_BYTES);
}

enum status extent_reserve(const struct shared *shared, uint32_t slot, uint64_t bytes)
{
    struct slot_shm *at = &shared->slots[slot];
    uint64_t has = atomic_load_explicit(&at->reserved_bytes, memory_order_relaxed);
    if (bytes > shared->body_stride)
        return STATUS_INVALID_ARGUMENT;
    if (has > shared->body_stride) /* scribbled on: none for sure */
        has = 0;
    if (bytes <= has)
        return STATUS_OK;
    uint64_t wants = whole_pages(bytes);
    /* Said before it is done: if we die between the two, more is on the books than is used, and the reaper gives
     * back every page of the slot. */
    atomic_store_explicit(&at->reserved_bytes, wants, memory_order_seq_cst);
    FAULT_POINT("extent.before_fallocate");
    int outcome;
    do
        outcome =
            fallocate(shared->body_fd, 0, (off_t)((uint64_t)slot * shared->body_stride + has), (off_t)(wants - has));
    /* not covered: needs a signal just while the kernel reserves pages */
    while (outcome != 0 && errno == EINTR);
    FAULT_POINT("extent.after_fallocate");
    if (outcome == 0)
        return STATUS_OK;
    atomic_store_explicit(&at->reserved_bytes, has, memory_order_seq_cst);
    return STATUS_OUT_OF_MEMORY;
}

void extent_trim(const struct shared *shared, uint32_t slot, uint64_t keep_bytes)
{
    struct slot_shm *at = &shared->slots[slot];
    uint64_t has = atomic_load_explicit(&at->reserved_bytes, memory_order_relaxed);
    uint64_t keep = whole_pages(keep_bytes);
    if (keep > shared->body_stride)
        keep = shared->body_stride;
    if (has <= keep)
        return;
    if (has > shared->body_stride) { /* scribbled on: how much lies before it nobody knows */
        has = shared->body_stride;
        keep = 0;
    }
    FAULT_POINT("trim.before_punch");
    fallocate(shared->body_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
              (off_t)((uint64_t)slot * shared->body_stride + keep), (off_t)(has - keep));
    FAULT_POINT("trim.after_punch");
    atomic_store_explicit(&at->reserved_bytes, keep, memory_order_seq_cst);
}

uint64_t extent_reserved_bytes(const struct shared *shared)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < shared->slot_count; i++)
        sum += atomic_load_explicit(&shared->slots[i].reserved_bytes, memory_order_relaxed);
    return sum;
}

bool extent_may_grow(const struct shared *shared, uint32_t slot, uint64_t more_bytes)
{
    atomic_store_explicit(&shared->slots[slot].growing, 1, memory_order_seq_cst);
    if (extent_reserved_bytes(shared) + more_bytes <= shared->memory_bytes_max)
        return true;
    for (uint32_t i = 0; i < shared->slot_count; i++) {
        const struct slot_shm *other = &shared->slots[i];
        enum slot_state state = state_of(atomic_load_explicit(&other->state, memory_order_acquire));
        bool goes_first = (state == SLOT_CLAIMED && i < slot) || state == SLOT_DONE;
        /* The coordinator clears it when it collects, and then wakes who waits. */
        if (goes_first && atomic_load_explicit(&other->growing, memory_order_seq_cst))
            return false;
    }
    return true;
}
