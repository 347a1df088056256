/* slot.c: moves a slot from state to state. */
#include "common/slot.h"

#include <string.h>

#include "common/check.h"
#include "common/fault.h"
#include "common/fetch_error.h"

static const struct owner NOBODY = {0};

uint64_t slot_word(const struct shared *shared, uint32_t slot)
{
    return atomic_load_explicit(&shared->slots[slot].state, memory_order_acquire);
}

static bool move(const struct shared *shared, uint32_t slot, uint64_t from, uint64_t to)
{
    return atomic_compare_exchange_strong_explicit(&shared->slots[slot].state, &from, to, memory_order_acq_rel,
                                                   memory_order_acquire);
}

void slot_make_ready(const struct shared *shared, uint32_t slot)
{
    uint64_t word = slot_word(shared, slot);
    uint32_t generation = state_generation(word);
    if (state_of(word) != SLOT_FREE)
        generation++; /* scribbled on: whoever took it meanwhile must not publish it */
    /* Release pairs with the claim's acquire: the request comes before it. */
    atomic_store_explicit(&shared->slots[slot].state, state_make(generation, NOBODY, SLOT_READY), memory_order_release);
    /* The coordinator dies between the word and the ring's tail: READY, and in no ring; its workers go with it. */
    FAULT_POINT("ready.after_store");
}

bool slot_cancel(const struct shared *shared, uint32_t slot)
{
    uint64_t word = slot_word(shared, slot);
    if (state_of(word) != SLOT_READY)
        return false;
    bool cancelled = move(shared, slot, word, state_make(state_generation(word) + 1, NOBODY, SLOT_FREE));
    FAULT_POINT("cancel.after_cas");
    return cancelled;
}

bool slot_publish(const struct shared *shared, uint32_t slot, uint64_t word)
{
    check(state_of(word) == SLOT_CLAIMED);
    FAULT_POINT("publish.before_cas");
    /* if we die here: the slot still names us as CLAIMED; the reaper takes it back and it runs again. */
    bool published = move(shared, slot, word, state_make(state_generation(word), state_owner(word), SLOT_DONE));
    /* if we die here: DONE but not announced; the reaper looks at every slot of ours and delivers it. */
    FAULT_POINT("publish.after_cas");
    return published;
}

void slot_free(const struct shared *shared, uint32_t slot)
{
    uint64_t word = slot_word(shared, slot);
    FAULT_POINT("free.before_store");
    atomic_store_explicit(&shared->slots[slot].state, state_make(state_generation(word) + 1, NOBODY, SLOT_FREE),
                          memory_order_release);
    FAULT_POINT("free.after_store");
}

bool slot_take_back(const struct shared *shared, uint32_t slot, struct owner owner)
{
    uint64_t word = slot_word(shared, slot);
    if (state_of(word) != SLOT_CLAIMED || !state_is_owned_by(word, owner))
        return false;
    FAULT_POINT("take_back.before_cas");
    bool taken = move(shared, slot, word, state_make(state_generation(word) + 1, NOBODY, SLOT_FREE));
    FAULT_POINT("take_back.after_cas");
    return taken;
}

/* Read once, like all that the copy is checked against. */
static uint64_t written_bytes(const struct shared *shared, uint32_t slot)
{
    uint64_t reserved = atomic_load_explicit(&shared->slots[slot].reserved_bytes, memory_order_relaxed);
    return reserved < shared->body_stride ? reserved : shared->body_stride;
}

static bool lies_within(uint64_t offset, uint64_t bytes, uint64_t limit)
{
    return bytes <= limit && offset <= limit - bytes;
}

bool slot_copy_result(const struct shared *shared, uint32_t slot, struct result_shm *copy)
{
    const struct result_shm *from = &shared->slots[slot].result;
    /* The two lines that every result has; the strings lie in lines of their own, mostly empty, so mostly not touched. */
    memcpy(copy, from, offsetof(struct result_shm, page_offset));
    copy->page_offset = copy->has_page ? from->page_offset : 0;
    copy->page_bytes = copy->has_page ? from->page_bytes : 0;
    if (copy->has_sha256)
        memcpy(copy->sha256, from->sha256, sizeof copy->sha256);
    copy->content_type[0] = copy->remote_ip[0] = copy->detail[0] = '\0';
    if (from->content_type[0])
        memcpy(copy->content_type, from->content_type, sizeof copy->content_type);
    if (from->remote_ip[0])
        memcpy(copy->remote_ip, from->remote_ip, sizeof copy->remote_ip);
    if (from->detail[0])
        memcpy(copy->detail, from->detail, sizeof copy->detail);
    copy->content_type[sizeof copy->content_type - 1] = '\0';
    copy->remote_ip[sizeof copy->remote_ip - 1] = '\0';
    copy->detail[sizeof copy->detail - 1] = '\0';
    if (!copy->body_stored) /* an offset to nothing is looked at by nobody, and may be anything */
        copy->body_offset = 0;
    if (!copy->effective_bytes)
        copy->effective_offset = 0;
    if (!copy->headers_bytes)
        copy->headers_offset = 0;
    /* No page beyond: to read one would need memory that nobody has reserved. */
    uint64_t end = written_bytes(shared, slot);
    return copy->error < FETCH_ERROR_COUNT && copy->body_stored <= copy->body_bytes &&
           (!copy->body_stored || lies_within(copy->body_offset, copy->body_stored, end)) &&
           (!copy->has_page || (copy->page_bytes && copy->page_offset % 8 == 0 &&
                                lies_within(copy->page_offset, copy->page_bytes, end))) &&
           (!copy->effective_bytes || lies_within(copy->effective_offset, copy->effective_bytes, end)) &&
           (!copy->headers_bytes || lies_within(copy->headers_offset, copy->headers_bytes, end)) &&
           copy->effective_bytes <= URL_BYTES_MAX;
}
