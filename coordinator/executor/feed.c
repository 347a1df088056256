/* feed.c: futures into slots, and out of them again. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/done_ring.h"
#include "common/extent.h"
#include "common/fault.h"
#include "common/fence.h"
#include "common/ring.h"
#include "common/roster.h"
#include "common/slot.h"
#include "coordinator/executor/pool.h"

/* Bells in one go: the others are woken as more work comes. */
#define BELLS_MAX 64u
#define DRAIN_COUNT 64u

void pool_ring(struct executor *executor, uint32_t worker)
{
    uint64_t one = 1;
    ssize_t written = write(executor->workers[worker].doorbell_fd, &one, sizeof one);
    FAULT_POINT("ring.after_write");
    (void)written; /* EAGAIN: it rings already */
}

/* ---- placing ---- */

/* Writes the request into a free slot; false when its first pages cannot be had. */
static bool write_request(struct executor *executor, struct future *future, uint32_t slot, enum ring_kind kind)
{
    const struct shared *shared = &executor->shared;
    struct slot_shm *at = &shared->slots[slot];
    size_t bytes = (size_t)future->url_bytes + 1 + future->header_bytes;
    if (extent_reserve(shared, slot, bytes) != STATUS_OK)
        return false;
    memcpy(extent_at(shared, slot), future->text, bytes);
    at->url_bytes = future->url_bytes;
    at->header_bytes = future->header_bytes;
    at->flags = future->flags;
    at->body_bytes_max = future->body_bytes_max;
    at->task = future->task;
    atomic_store_explicit(&at->ring, kind, memory_order_relaxed);
    at->submitted_ns = future->submitted_ns;
    atomic_store_explicit(&at->cancel, 0, memory_order_relaxed);
    atomic_store_explicit(&at->growing, 0,
                          memory_order_relaxed); /* else it holds up others until the worker has begun */
    return true;
}

static bool place(struct executor *executor, struct future *future, enum ring_kind kind)
{
    uint32_t slot = executor->free_slots[executor->free_count - 1];
    if (!ring_has_room(&executor->shared, kind))
        return false; /* cancelled entries lie behind one that waits: a claim makes room */
    if (!write_request(executor, future, slot, kind))
        return false;
    check(!executor->by_slot[slot]);
    executor->free_count--;
    future->slot = slot;
    future->in_quarantine = kind == RING_QUARANTINE;
    future->phase = FUTURE_PLACED;
    future->attempts++;
    executor->by_slot[slot] = future;
    executor->placed++;
    FAULT_POINT("place.before_ready");
    slot_make_ready(&executor->shared, slot);
    ring_append(&executor->shared, kind, slot);
    return true;
}

/* No page for a request: others will give some back, but if nobody holds any, waiting is in vain. */
static void fail_for_memory(struct executor *executor, struct future_list *list)
{
    if (executor->placed || executor->held_count)
        return;
    struct future *future = list->first;
    future_list_remove(list, future);
    future_fail(future, FETCH_OUT_OF_MEMORY, 0, "no shared memory left for the request: /dev/shm is full");
}

static uint32_t place_from_queue(struct executor *executor)
{
    uint32_t count = 0;
    while (executor->queue.first && executor->placed < executor->placed_max && executor->free_count) {
        struct future *future = executor->queue.first;
        future_list_remove(&executor->queue, future);
        if (!place(executor, future, RING_WORK)) {
            future_list_prepend(&executor->queue, future);
            fail_for_memory(executor, &executor->queue);
            break;
        }
        count++;
    }
    return count;
}

/* One suspect at a time, in a worker of its own: if that dies, it is known why. */
static void place_suspect(struct executor *executor)
{
    if (executor->suspect_placed || !executor->suspects.first || !executor->free_count)
        return;
    struct future *future = executor->suspects.first;
    future_list_remove(&executor->suspects, future);
    if (!place(executor, future, RING_QUARANTINE)) {
        future_list_prepend(&executor->suspects, future);
        fail_for_memory(executor, &executor->suspects);
        return;
    }
    executor->suspect_placed = true;
    FAULT_POINT("quarantine.placed");
    if (!executor->workers[executor->worker_count].is_alive)
        reaper_start(executor, executor->worker_count);
    ring_post(&executor->shared, RING_QUARANTINE);
}

/* Wakes up to `count` sleepers: first those that hold nothing, then those with room beside what they hold. */
static void wake_workers(struct executor *executor, uint32_t count)
{
    FAULT_POINT("wake.before_post");
    full_fence(); /* pairs with the fences of roster_mark_idle() and _room() */
    sem_t *work = &executor->shared.header->rings[RING_WORK].work;
    uint32_t idle = roster_idle_count(&executor->shared);
    int tokens = 0;
    sem_getvalue(work, &tokens);
    /* Tokens that lie there already are for the pushes before this one. */
    uint32_t waiting = tokens > 0 ? (uint32_t)tokens : 0;
    uint32_t wanted = waiting + count < idle ? waiting + count : idle;
    for (uint32_t i = waiting; i < wanted; i++)
        ring_post(&executor->shared, RING_WORK);
    FAULT_POINT("wake.after_post");
    uint32_t posted = wanted > waiting ? wanted - waiting : 0;
    uint32_t left = count - posted < BELLS_MAX ? count - posted : BELLS_MAX;
    for (; left > 0; left--) {
        uint32_t worker = roster_take_room(&executor->shared, executor->last_rung);
        if (worker == SLOT_NONE)
            break;
        executor->last_rung = worker;
        pool_ring(executor, worker);
    }
}

/* Workers start when there is work for one more. */
static void start_workers(struct executor *executor)
{
    while (executor->started < executor->worker_count && executor->started < executor->placed) {
        uint32_t before = executor->started;
        reaper_start(executor, executor->started);
        if (executor->started == before)
            break; /* not now */
    }
}

void pool_feed(struct executor *executor)
{
    if (executor->feeds || executor->is_stopping || executor->why_broken[0])
        return;
    executor->feeds = true;
    uint32_t placed = place_from_queue(executor);
    place_suspect(executor);
    if (placed) {
        reaper_revive(executor);
        start_workers(executor);
        wake_workers(executor, placed);
    }
    executor->feeds = false;
}

/* ---- leaving a slot ---- */

/* Memory was given back, or another transfer's turn to go on has come. */
static void ring_paused(struct executor *executor)
{
    full_fence(); /* pairs with the fence of may_grow_or_pause() */
    for (uint32_t i = 0; i <= executor->worker_count; i++) {
        if (atomic_load_explicit(&executor->shared.roster[i].paused, memory_order_seq_cst))
            pool_ring(executor, i);
    }
}

/* Pages that stay for the slot's next use: those of the low slots, which are used most, and in half of the memory at most. */
static uint64_t warm_bytes(const struct executor *executor, uint32_t slot)
{
    uint64_t warm_slots = executor->shared.memory_bytes_max / 2 / EXTENT_WARM_BYTES;
    return slot < warm_slots ? EXTENT_WARM_BYTES : EXTENT_COLD_BYTES;
}

static void give_slot_back(struct executor *executor, uint32_t slot)
{
    uint64_t reserved = atomic_load_explicit(&executor->shared.slots[slot].reserved_bytes, memory_order_relaxed);
    uint64_t keep = warm_bytes(executor, slot);
    if (reserved > keep) {
        extent_trim(&executor->shared, slot, keep);
        ring_paused(executor);
    }
    executor->by_slot[slot] = NULL;
    executor->free_slots[executor->free_count++] = slot;
}

static void leave_placed(struct executor *executor, struct future *future)
{
    /* It may have been the one that may always go on: the next may now, whatever happens to its pages. */
    if (atomic_exchange_explicit(&executor->shared.slots[future->slot].growing, 0, memory_order_seq_cst))
        ring_paused(executor);
    executor->placed--;
    if (future->in_quarantine)
        executor->suspect_placed = false;
    future->in_quarantine = false;
}

void pool_unplace(struct executor *executor, struct future *future)
{
    uint32_t slot = future->slot;
    leave_placed(executor, future);
    future->slot = SLOT_NONE;
    give_slot_back(executor, slot);
}

void pool_requeue(struct executor *executor, struct future *future)
{
    pool_unplace(executor, future);
    FAULT_POINT("requeue.unplaced");
    future->phase = FUTURE_QUEUED;
    future_list_prepend(future->is_suspect ? &executor->suspects : &executor->queue, future);
}

/* ---- results that stay in their slot ---- */

static void forget_held(struct executor *executor, struct future *future)
{
    uint32_t at = future->held_at;
    uint32_t last = executor->held[--executor->held_count];
    executor->held[at] = last;
    executor->by_slot[last]->held_at = at;
    future->held_at = SLOT_NONE;
}

void pool_drop_held(struct executor *executor, struct future *future)
{
    uint32_t slot = future->slot;
    check(executor->by_slot[slot] == future);
    forget_held(executor, future);
    future->slot = SLOT_NONE;
    slot_free(&executor->shared, slot);
    give_slot_back(executor, slot);
}

/* Copies page, body and headers to the heap; false when there is no memory for that. */
static bool copy_out(struct future *future)
{
    struct fetch_result *result = &future->completed->result;
    size_t body_bytes = result->body ? (size_t)result->body_bytes : 0;
    char *heap = malloc(result->page_bytes + body_bytes + result->header_bytes + 1);
    if (!heap)
        return false;
    future->completed->heap = heap;
    if (result->page)
        result->page = memcpy(heap, result->page, result->page_bytes);
    heap += result->page_bytes;
    if (body_bytes)
        memcpy(heap, result->body, body_bytes);
    if (result->header_bytes)
        memcpy(heap + body_bytes, result->headers, result->header_bytes);
    if (result->body)
        result->body = (unsigned char *)heap;
    if (result->headers)
        result->headers = heap + body_bytes;
    return true;
}

void pool_evict(struct executor *executor, uint32_t leave)
{
    for (uint32_t i = executor->held_count; i-- > 0 && executor->held_count > leave;) {
        struct future *future = executor->by_slot[executor->held[i]];
        if (!future->is_pinned && copy_out(future))
            pool_drop_held(executor, future);
    }
}

/* A large body moves on at once when half of the memory is full of others: callers may sit on results for long, and workers need
 * the rest. */
static bool is_in_the_way(const struct executor *executor, uint32_t slot)
{
    uint64_t reserved = atomic_load_explicit(&executor->shared.slots[slot].reserved_bytes, memory_order_relaxed);
    return reserved > EXTENT_WARM_BYTES &&
           extent_reserved_bytes(&executor->shared) > executor->shared.memory_bytes_max / 2;
}

static void hold(struct executor *executor, struct future *future)
{
    uint32_t slot = future->slot;
    future->held_at = executor->held_count;
    executor->held[executor->held_count++] = slot;
    if (is_in_the_way(executor, slot) && copy_out(future)) {
        pool_drop_held(executor, future);
        return;
    }
    ring_paused(executor);
    if (executor->held_count > executor->held_max)
        pool_evict(executor, executor->held_max);
    /* All others pinned, and no heap for this one: its body is lost, the slot is not. */
    if (executor->held_count > executor->held_max) {
        struct fetch_result *result = &future->completed->result;
        result->body = NULL;
        result->page = NULL;
        result->page_bytes = 0;
        result->headers = NULL;
        result->header_bytes = 0;
        result->error = FETCH_OUT_OF_MEMORY;
        result->detail = "no memory to keep the body or the page";
        pool_drop_held(executor, future);
    }
}

/* ---- collecting ---- */

static const char *copy_effective_url(struct executor *executor, uint32_t slot, const struct result_shm *from,
                                      struct completed *completed)
{
    if (!from->effective_bytes)
        return NULL;
    completed->effective_url = malloc((size_t)from->effective_bytes + 1);
    if (!completed->effective_url)
        return NULL;
    memcpy(completed->effective_url, extent_at(&executor->shared, slot) + from->effective_offset,
           from->effective_bytes);
    completed->effective_url[from->effective_bytes] = '\0';
    return completed->effective_url;
}

/* From the mailbox's form to the caller's. */
static void fill_result(struct executor *executor, struct future *future, const struct result_shm *from)
{
    struct completed *completed = future->completed;
    const unsigned char *extent = extent_at(&executor->shared, future->slot);
    memcpy(completed->content_type, from->content_type, strlen(from->content_type) + 1);
    memcpy(completed->remote_ip, from->remote_ip, strlen(from->remote_ip) + 1);
    memcpy(completed->detail, from->detail, strlen(from->detail) + 1);
    const char *effective_url = copy_effective_url(executor, future->slot, from, completed);
    completed->result = (struct fetch_result){
        .error = (enum fetch_error)from->error,
        .detail = completed->detail,
        .attempts = future->attempts,
        .worker = state_owner(slot_word(&executor->shared, future->slot)).worker,
        .curl_code = from->curl_code,
        .os_errno = from->os_errno,
        .http_status = from->http_status,
        .http_version = from->http_version,
        .redirects = from->redirects,
        .retry_after_s = from->retry_after_s,
        .retryable = fetch_error_is_retryable((enum fetch_error)from->error, from->http_status),
        .insecure = from->insecure != 0,
        .url = future->text,
        .effective_url = effective_url ? effective_url : future->text,
        .content_type = completed->content_type,
        .remote_ip = completed->remote_ip,
        .body_bytes = from->body_bytes,
        .wire_bytes = from->wire_bytes,
        .links = from->links,
        .is_cut = from->is_cut != 0,
        .has_sha256 = from->has_sha256 != 0,
        .time = {.queued_us = from->queued_us,
                 .dns_us = from->dns_us,
                 .connect_us = from->connect_us,
                 .tls_us = from->tls_us,
                 .first_byte_us = from->first_byte_us,
                 .total_us = from->total_us},
    };
    if (from->has_sha256)
        memcpy(completed->result.sha256, from->sha256, sizeof from->sha256);
    bool keeps_body = executor->options.keep & EXECUTOR_KEEP_BODY || future->flags & REQUEST_KEEP_BODY;
    if (keeps_body && from->body_stored == from->body_bytes)
        completed->result.body = extent + from->body_offset;
    if (executor->options.keep & EXECUTOR_PAGES && from->has_page) {
        completed->result.page = extent + from->page_offset;
        completed->result.page_bytes = from->page_bytes;
    }
    if (executor->options.keep & EXECUTOR_KEEP_HEADERS) {
        completed->result.headers = (const char *)extent + from->headers_offset;
        completed->result.header_bytes = from->headers_bytes;
    }
}

void pool_collect(struct executor *executor, uint32_t slot)
{
    struct future *future = executor->by_slot[slot];
    uint64_t word = slot_word(&executor->shared, slot);
    /* Announced by somebody whose announcement is older than the slot's use: the word says that nothing is done. */
    if (!future || future->phase != FUTURE_PLACED || state_of(word) != SLOT_DONE)
        return;
    struct result_shm copy;
    bool is_sound = slot_copy_result(&executor->shared, slot, &copy);
    future->completed = completed_new(executor);
    executor->barren_deaths = 0;
    leave_placed(executor, future);
    FAULT_POINT("collect.before_result");
    if (is_sound && future->completed)
        fill_result(executor, future, &copy);
    bool stays = is_sound && future->completed &&
                 ((future->completed->result.body && copy.body_stored) || future->completed->result.header_bytes ||
                  future->completed->result.page);
    if (!stays) {
        slot_free(&executor->shared, slot);
        future->slot = SLOT_NONE;
        give_slot_back(executor, slot);
    }
    if (!is_sound || !future->completed)
        future_fail(future, is_sound ? FETCH_OUT_OF_MEMORY : FETCH_WORKER_CRASHED, 0,
                    is_sound ? "no memory for the result" : "the worker left a result that does not hold together");
    else
        future_complete(future, copy.error == FETCH_CANCELLED ? FUTURE_CANCELLED : FUTURE_FINISHED);
    FAULT_POINT("collect.completed");
    if (stays)
        hold(executor, future);
}

void pool_collect_announced(struct executor *executor, uint32_t worker)
{
    uint32_t slots[DRAIN_COUNT];
    uint32_t count;
    /* No more than there are slots: more is announced only by somebody who would never end. */
    for (uint32_t sum = 0; sum <= executor->shared.slot_count; sum += count) {
        count = done_ring_drain(&executor->shared, worker, slots, DRAIN_COUNT);
        for (uint32_t i = 0; i < count; i++)
            pool_collect(executor, slots[i]);
        if (!count)
            break;
    }
}
