/* Shared memory that a worker scribbles on, read by the coordinator. A real executor, with puppets for its
 * workers: the input is a list of steps, some of which do what an honest worker does, and some of which write any bytes over
 * slots, rings, done rings, roster and marks. Whatever they are: no read out of bounds, no loop without end, no end of the
 * process; every future is done exactly once, and the coordinator's own books stay in order.
 *
 * A step is one byte for what, and its operands; see steps[]. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/done_ring.h"
#include "common/extent.h"
#include "common/page.h"
#include "common/roster.h"
#include "common/slot.h"
#include "coordinator/executor/pool.h"
#include "tests/fuzz/fuzz.h"

#define WORKERS 2u
#define FUTURES 16u
#define STEPS_MAX 400
#define CLAIMS_MAX 8

struct puppet {
    struct claim claims[CLAIMS_MAX];
    int count;
    bool has_ended;
    int wait_status;
};

struct stage {
    struct executor *executor;
    struct puppet puppets[WORKERS + 1];
    struct future *futures[FUTURES];
    bool is_told[FUTURES]; /* its callback ran */
    struct fuzz_bytes bytes;
    volatile unsigned touched; /* the sum of what was read: else nothing would be */
};

static struct stage stage;

/* ---- puppets ---- */

static enum status puppet_start(struct executor *executor, uint32_t index)
{
    (void)executor;
    stage.puppets[index] = (struct puppet){0};
    return STATUS_OK;
}

static bool puppet_has_ended(struct executor *executor, uint32_t index, int *wait_status)
{
    (void)executor;
    *wait_status = stage.puppets[index].wait_status;
    return stage.puppets[index].has_ended;
}

static void puppet_kill(struct executor *executor, uint32_t index, int signal)
{
    (void)executor;
    stage.puppets[index].has_ended = true;
    stage.puppets[index].wait_status = signal;
}

static void puppet_join(struct executor *executor, uint32_t index)
{
    (void)executor;
    (void)index;
}

static const struct engine_ops PUPPETS = {
    .name = "puppets",
    .start = puppet_start,
    .has_ended = puppet_has_ended,
    .kill = puppet_kill,
    .join = puppet_join,
};

/* ---- what honest workers do ---- */

static struct owner owner_of(uint32_t worker)
{
    return (struct owner){.worker = worker, .incarnation = stage.executor->workers[worker].incarnation};
}

static void step_claim(void)
{
    uint32_t worker = fuzz_u8(&stage.bytes) % (WORKERS + 1);
    struct puppet *puppet = &stage.puppets[worker];
    enum ring_kind kind = worker == WORKERS ? RING_QUARANTINE : RING_WORK;
    struct shared *shared = &stage.executor->shared;
    /* A worker that goes over a scribbled ring for ever is found by its heartbeat, and killed. */
    if (!stage.executor->workers[worker].is_alive || puppet->count == CLAIMS_MAX ||
        ring_length(shared, kind) > 4 * (uint64_t)shared->ring_capacity)
        return;
    if (ring_claim(shared, kind, owner_of(worker), &puppet->claims[puppet->count])) {
        roster_set_current(shared, worker, puppet->claims[puppet->count].slot);
        puppet->count++;
    }
}

static void fill_result(uint32_t slot, uint8_t how)
{
    struct shared *shared = &stage.executor->shared;
    struct result_shm *result = &shared->slots[slot].result;
    memset(result, 0, sizeof *result);
    result->http_status = 200;
    result->retry_after_s = -1;
    result->error = how & 1 ? FETCH_RESET : FETCH_OK;
    if (how & 2 && extent_reserve(shared, slot, 32768) == STATUS_OK) {
        result->body_offset = 16384;
        result->body_bytes = result->body_stored = how * 64;
        result->headers_offset = 12000;
        result->headers_bytes = how;
        memset(extent_at(shared, slot) + 12000, 'b', 20000);
    }
    if (how & 4 && extent_reserve(shared, slot, 32768) == STATUS_OK) {
        struct page_shm head = {.bytes = 8u * how, .link_count = how};
        result->has_page = 1;
        result->page_offset = 32000;
        result->page_bytes = 8u * how;
        memset(extent_at(shared, slot) + 32000, 0, 768);
        memcpy(extent_at(shared, slot) + 32000, &head, sizeof head);
    }
}

static void step_publish(void)
{
    uint32_t worker = fuzz_u8(&stage.bytes) % (WORKERS + 1);
    struct puppet *puppet = &stage.puppets[worker];
    uint8_t how = fuzz_u8(&stage.bytes);
    if (!stage.executor->workers[worker].is_alive || !puppet->count)
        return;
    struct claim claim = puppet->claims[--puppet->count];
    fill_result(claim.slot, how);
    if (slot_publish(&stage.executor->shared, claim.slot, claim.word) &&
        done_ring_room(&stage.executor->shared, worker) > 0)
        done_ring_push(&stage.executor->shared, worker, claim.slot);
}

static void step_die(void)
{
    static const int STATUSES[] = {0, 10 << 8, 11 << 8, 12 << 8, 4 << 8, 11, 9, 15, 6, 0x7f};
    uint32_t worker = fuzz_u8(&stage.bytes) % (WORKERS + 1);
    uint8_t how = fuzz_u8(&stage.bytes);
    if (!stage.executor->workers[worker].is_alive)
        return;
    stage.puppets[worker].has_ended = true;
    stage.puppets[worker].wait_status = STATUSES[how % (sizeof STATUSES / sizeof STATUSES[0])];
    stage.executor->reap_wanted = true;
}

/* ---- what others do ---- */

/* Writes the input's bytes over at[0 .. room). */
static void scribble(void *at, size_t room)
{
    size_t offset = (size_t)fuzz_u64(&stage.bytes, 2) % room;
    size_t count = fuzz_u8(&stage.bytes) % 17u;
    for (size_t i = 0; i < count && offset + i < room; i++)
        ((unsigned char *)at)[offset + i] = fuzz_u8(&stage.bytes);
}

/* Slots of futures, more than those of nobody. */
static uint32_t some_slot(void)
{
    uint8_t which = fuzz_u8(&stage.bytes);
    struct future *future = stage.futures[which % FUTURES];
    if (which < 0xc0 && future && future->slot != SLOT_NONE)
        return future->slot;
    return which % stage.executor->shared.slot_count;
}

static void step_scribble_slot(void)
{
    scribble(&stage.executor->shared.slots[some_slot()], sizeof(struct slot_shm));
}

static void step_set_state(void)
{
    struct slot_shm *slot = &stage.executor->shared.slots[some_slot()];
    uint8_t what = fuzz_u8(&stage.bytes);
    uint64_t word = atomic_load(&slot->state);
    atomic_store(&slot->state, state_make(state_generation(word) + (what >> 6), owner_of((what >> 4) % (WORKERS + 1)),
                                          (enum slot_state)(what & 0xf)));
}

static void step_scribble_roster(void)
{
    scribble(stage.executor->shared.roster, (WORKERS + 1) * sizeof(struct roster_shm));
}

static void step_scribble_done_ring(void)
{
    struct shared *shared = &stage.executor->shared;
    scribble(shared->done_rings, (size_t)(shared->done_stride * (WORKERS + 1)));
}

static void step_scribble_header(void)
{
    size_t from = offsetof(struct header_shm, shutdown);
    scribble((unsigned char *)stage.executor->shared.header + from, sizeof(struct header_shm) - from);
}

static void step_scribble_ring(void)
{
    struct shared *shared = &stage.executor->shared;
    uint8_t which = fuzz_u8(&stage.bytes);
    void *entries = (void *)(uintptr_t)shared->ring_entries[which % RING_COUNT];
    scribble(entries, shared->ring_capacity * sizeof(uint32_t));
}

static void step_announce(void)
{
    uint32_t worker = fuzz_u8(&stage.bytes) % (WORKERS + 1);
    struct done_ring_shm *ring = shared_done_ring(&stage.executor->shared, worker);
    uint32_t tail = atomic_load(&ring->tail);
    atomic_store(&ring->entries[tail & (stage.executor->shared.done_capacity - 1)], some_slot());
    atomic_store(&ring->tail, tail + 1);
}

/* ---- what the coordinator's user does ---- */

static void on_done(struct future *future, void *context)
{
    bool *is_told = context;
    fuzz_expect(future_done(future) && !*is_told);
    *is_told = true;
}

static void step_submit(void)
{
    static const char *const URLS[] = {"http://127.0.0.1/", "http://127.0.0.1/a?b", "no url", "http://u:p@h/"};
    uint32_t at = fuzz_u8(&stage.bytes) % FUTURES;
    const struct request request = {.url = URLS[fuzz_u8(&stage.bytes) % 4]};
    if (stage.futures[at])
        return;
    stage.is_told[at] = false;
    if (executor_submit(stage.executor, &request, 0, &stage.futures[at]) == STATUS_OK)
        future_add_done_callback(stage.futures[at], on_done, &stage.is_told[at]);
}

static void touch(const void *at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        stage.touched += ((const unsigned char *)at)[i];
}

/* Looks at every byte that a result gives. */
static void use(const struct fetch_result *result)
{
    fuzz_expect((unsigned)result->error < FETCH_ERROR_COUNT);
    touch(result->url, strlen(result->url));
    touch(result->effective_url, strlen(result->effective_url));
    touch(result->detail, strlen(result->detail));
    touch(result->remote_ip, strlen(result->remote_ip));
    touch(result->content_type, strlen(result->content_type));
    if (result->body)
        touch(result->body, (size_t)result->body_bytes);
    if (result->headers)
        touch(result->headers, result->header_bytes);
    struct page page;
    struct page_link link;
    if (!result->page || !page_read(&page, result->page, result->page_bytes))
        return;
    touch(result->page, result->page_bytes);
    while (page_next_link(&page, &link))
        touch(link.url.at, link.url.bytes);
}

static void step_result(void)
{
    struct future *future = stage.futures[fuzz_u8(&stage.bytes) % FUTURES];
    const struct fetch_result *result;
    if (!future)
        return;
    future_state(future);
    future_result(future, 0, &result);
    if (result)
        use(result);
}

static void step_cancel(void)
{
    struct future *future = stage.futures[fuzz_u8(&stage.bytes) % FUTURES];
    if (future)
        future_cancel(future);
}

static void step_release(void)
{
    uint32_t at = fuzz_u8(&stage.bytes) % FUTURES;
    if (stage.futures[at] && future_done(stage.futures[at])) {
        future_release(stage.futures[at]);
        stage.futures[at] = NULL;
    }
}

static void step_turn(void)
{
    stage.executor->next_look_ns = 0;
    for (uint32_t i = 0; i <= WORKERS; i++)
        stage.executor->workers[i].may_start_ns = 0;
    stage.executor->reap_at_ns = 0;
    executor_run(stage.executor, 0);
}

static void step_look_for_hung(void)
{
    int64_t now_ns = clock_now_ns() + (int64_t)fuzz_u8(&stage.bytes) * NS_PER_S;
    stage.executor->last_hang_check_ns = now_ns - 1;
    stage.executor->next_hang_check_ns = 0;
    reaper_check_hung(stage.executor, now_ns);
}

static void step_look(void)
{
    struct executor_stats stats;
    executor_stats(stage.executor, &stats);
    fuzz_expect(stats.completed <= stats.submitted && stats.pending == stats.submitted - stats.completed);
}

static void step_end(void)
{
    switch (fuzz_u8(&stage.bytes) % 16) {
    case 0:
        executor_kill_workers(stage.executor);
        break;
    case 1:
        executor_shutdown(stage.executor, false, true, 0);
        break;
    case 2:
        executor_fd(stage.executor);
        break;
    default:
        break;
    }
}

/* In the order of their numbers; what is wanted often stands twice. */
static void (*const steps[])(void) = {
    step_submit,
    step_claim,
    step_publish,
    step_turn,
    step_scribble_slot,
    step_set_state,
    step_scribble_roster,
    step_scribble_done_ring,
    step_scribble_header,
    step_scribble_ring,
    step_announce,
    step_result,
    step_cancel,
    step_release,
    step_die,
    step_look_for_hung,
    step_look,
    step_end,
};

/* ---- the coordinator's own books ---- */

static void expect_books_in_order(void)
{
    const struct executor *executor = stage.executor;
    uint32_t placed = 0;
    uint32_t held = 0;
    if (!executor->is_stopping)
        fuzz_expect(executor->free_count + executor->placed + executor->held_count == executor->shared.slot_count);
    for (uint32_t slot = 0; slot < executor->shared.slot_count; slot++) {
        const struct future *future = executor->by_slot[slot];
        if (!future)
            continue;
        fuzz_expect(future->slot == slot);
        placed += future->phase == FUTURE_PLACED;
        held += future->held_at != SLOT_NONE;
    }
    fuzz_expect(placed == executor->placed && held == executor->held_count);
}

static void open_stage(void)
{
    struct executor_options options;
    executor_options_init(&options);
    options.workers = WORKERS;
    options.concurrency = 4;
    options.pending_max = FUTURES;
    options.keep = EXECUTOR_KEEP_BODY | EXECUTOR_KEEP_HEADERS | EXECUTOR_PAGES;
    options.memory_bytes_max = 1 << 20;
    options.limits.body_bytes_max = 65536;
    options.limits.header_bytes_max = 4096;
    fuzz_expect(executor_open(&stage.executor, &options, NULL, 0) == STATUS_OK);
    stage.executor->engine = &PUPPETS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stage = (struct stage){.bytes = {data, size}};
    open_stage();
    for (int i = 0; i < STEPS_MAX && stage.bytes.left; i++) {
        steps[fuzz_u8(&stage.bytes) % (sizeof steps / sizeof steps[0])]();
        expect_books_in_order();
    }
    executor_close(stage.executor);
    for (uint32_t i = 0; i < FUTURES; i++) {
        const struct fetch_result *result;
        if (!stage.futures[i])
            continue;
        fuzz_expect(future_done(stage.futures[i]) && stage.is_told[i]);
        fuzz_expect(future_result(stage.futures[i], 0, &result) != STATUS_TIMEOUT);
        use(result);
        future_release(stage.futures[i]);
    }
    return 0;
}
