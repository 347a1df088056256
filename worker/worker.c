/* worker.c: the loop that claims slots, runs their jobs and publishes results. */
#include "worker/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/done_ring.h"
#include "common/fault.h"
#include "common/fence.h"
#include "common/fetch_error.h"
#include "common/roster.h"
#include "common/slot.h"

#define EVENTS_PER_TURN 64
#define CLAIMS_PER_TURN 32u

struct worker {
    struct worker_config config;
    struct job *job;
    uint32_t *held_slots; /* dense, in no order */
    uint32_t *held_index; /* by slot: where in held_slots */
    uint32_t held;
    uint32_t claimed_ever;
    int epoll_fd;
    bool has_news; /* published since the coordinator was told */
    bool interrupted;
    bool orphaned;
    bool is_leaving;
    int64_t deadline_ns; /* when worker_run_inline() returns at the latest */
};

static int watch_own(struct worker *worker, int fd)
{
    if (fd < 0)
        return 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

enum status worker_open(struct worker **out, const struct worker_config *config)
{
    *out = NULL;
    enum status status = STATUS_OUT_OF_MEMORY;
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return status;
    worker->config = *config;
    worker->deadline_ns = DEADLINE_NEVER;
    worker->epoll_fd = -1;
    worker->held_slots = calloc(config->capacity, sizeof *worker->held_slots);
    worker->held_index = calloc(config->shared->slot_count, sizeof *worker->held_index);
    if (!worker->held_slots || !worker->held_index)
        goto cleanup;
    status = STATUS_SYSTEM;
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (worker->epoll_fd < 0 || watch_own(worker, config->doorbell_fd) || watch_own(worker, config->lifeline_fd) ||
        watch_own(worker, config->interrupt_fd))
        goto cleanup;
    status = config->job->open(&worker->job, worker);
    if (status != STATUS_OK)
        goto cleanup;
    roster_begin(config->shared, config->owner.worker);
    FAULT_POINT("worker.opened");
    *out = worker;
    return STATUS_OK;

cleanup:
    worker_close(worker);
    return status;
}

void worker_close(struct worker *worker)
{
    if (!worker)
        return;
    if (worker->job)
        worker->config.job->close(worker->job);
    if (worker->epoll_fd >= 0)
        close(worker->epoll_fd);
    free(worker->held_slots);
    free(worker->held_index);
    free(worker);
}

const struct worker_config *worker_config_of(const struct worker *worker)
{
    return &worker->config;
}

struct result_shm *worker_result(const struct worker *worker, uint32_t slot)
{
    return &worker->config.shared->slots[slot].result;
}

uint32_t worker_set_current(struct worker *worker, uint32_t slot)
{
    return roster_set_current(worker->config.shared, worker->config.owner.worker, slot);
}

void worker_set_paused(struct worker *worker, uint32_t count)
{
    atomic_store_explicit(&worker->config.shared->roster[worker->config.owner.worker].paused, count,
                          memory_order_seq_cst);
}

void worker_leave(struct worker *worker)
{
    worker->is_leaving = true;
}

bool worker_watch(struct worker *worker, int fd, uint32_t was, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    int operation = !was ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
    return was == events || epoll_ctl(worker->epoll_fd, operation, fd, &event) == 0;
}

static void say_held(const struct worker *worker)
{
    atomic_store_explicit(&worker->config.shared->roster[worker->config.owner.worker].held, worker->held,
                          memory_order_relaxed);
}

static void remember_held(struct worker *worker, uint32_t slot)
{
    worker->held_index[slot] = worker->held;
    worker->held_slots[worker->held++] = slot;
}

static void forget_held(struct worker *worker, uint32_t slot)
{
    uint32_t at = worker->held_index[slot];
    check(at < worker->held && worker->held_slots[at] == slot);
    uint32_t last = worker->held_slots[--worker->held];
    worker->held_slots[at] = last;
    worker->held_index[last] = at;
}

void worker_publish(struct worker *worker, const struct claim *claim)
{
    const struct shared *shared = worker->config.shared;
    uint32_t index = worker->config.owner.worker;
    forget_held(worker, claim->slot);
    if (!slot_publish(shared, claim->slot, claim->word))
        return; /* taken away: nothing of it is ours */
    /* if we die here: DONE, not announced; the reaper finds it. */
    done_ring_push(shared, index, claim->slot);
    _Atomic uint64_t *finished = &shared->roster[index].finished;
    atomic_store_explicit(finished, atomic_load_explicit(finished, memory_order_relaxed) + 1, memory_order_relaxed);
    worker->has_news = true;
}

/* Wakes the coordinator if it sleeps and there is something for it. Once a turn, not once a result: under load it is awake
 * and costs nothing. */
static void tell_coordinator(struct worker *worker)
{
    if (!worker->has_news)
        return;
    worker->has_news = false;
    _Atomic uint32_t *sleeps = &worker->config.shared->header->coordinator_sleeps;
    full_fence(); /* pairs with executor's fence between "I sleep" and its last look */
    if (!atomic_load_explicit(sleeps, memory_order_relaxed) ||
        !atomic_exchange_explicit(sleeps, 0, memory_order_seq_cst))
        return;
    FAULT_POINT("tell.before_write");
    /* if we die here: the coordinator sleeps on, but our death itself wakes it. */
    uint64_t one = 1;
    ssize_t written = write(worker->config.done_fd, &one, sizeof one);
    FAULT_POINT("tell.after_write");
    (void)written; /* EAGAIN: it is awake anyway */
}

static bool claims_no_more(const struct worker *worker)
{
    return worker->is_leaving || (worker->config.tasks_max && worker->claimed_ever >= worker->config.tasks_max);
}

static uint32_t room_of(const struct worker *worker)
{
    if (claims_no_more(worker))
        return 0;
    uint32_t room = worker->config.capacity - worker->held;
    uint32_t announceable = done_ring_room(worker->config.shared, worker->config.owner.worker);
    uint32_t can_announce = announceable > worker->held ? announceable - worker->held : 0;
    return room < can_announce ? room : can_announce;
}

/* Claims a share of what waits, so that a short list is spread over the workers; true if anything was claimed. */
static bool claim_some(struct worker *worker)
{
    const struct worker_config *config = &worker->config;
    uint32_t room = room_of(worker);
    if (!room)
        return false;
    uint64_t waiting = ring_length(config->shared, config->ring);
    uint64_t share = (waiting + config->share - 1) / config->share;
    uint32_t wanted = share < CLAIMS_PER_TURN ? (uint32_t)share : CLAIMS_PER_TURN;
    if (wanted > room)
        wanted = room;
    uint32_t taken = 0;
    struct claim claim;
    while (taken < wanted && ring_claim(config->shared, config->ring, config->owner, &claim)) {
        remember_held(worker, claim.slot);
        worker->claimed_ever++;
        taken++;
        config->job->start(worker->job, &claim);
    }
    return taken > 0;
}

static bool ring_is_empty(const struct worker *worker)
{
    return ring_length(worker->config.shared, worker->config.ring) == 0;
}

static bool must_stop(const struct worker *worker)
{
    return worker->orphaned || atomic_load_explicit(&worker->config.shared->header->shutdown, memory_order_acquire);
}

static void look_for_cancelled(struct worker *worker)
{
    for (uint32_t i = worker->held; i-- > 0;) {
        uint32_t slot = worker->held_slots[i];
        if (atomic_load_explicit(&worker->config.shared->slots[slot].cancel, memory_order_acquire))
            worker->config.job->cancel(worker->job, slot);
        if (i > worker->held)
            i = worker->held;
    }
}

/* For what the coordinator may have rung for. */
static void look_again(struct worker *worker)
{
    look_for_cancelled(worker);
    worker->config.job->memory_freed(worker->job);
}

static void answer_doorbell(struct worker *worker)
{
    uint64_t rings;
    ssize_t got = read(worker->config.doorbell_fd, &rings, sizeof rings);
    (void)got;
    look_again(worker);
}

static void dispatch(struct worker *worker, const struct epoll_event *event)
{
    int fd = event->data.fd;
    if (fd == worker->config.doorbell_fd)
        answer_doorbell(worker);
    else if (fd == worker->config.lifeline_fd)
        worker->orphaned = true;
    else if (fd == worker->config.interrupt_fd)
        worker->interrupted = true;
    else
        worker->config.job->ready(worker->job, fd, event->events);
}

/* Waits for sockets, timers and the doorbell; dispatches what came. may_block: no work is waiting that there is room for. */
static void poll_once(struct worker *worker, bool may_block)
{
    int64_t deadline_ns = worker->config.job->deadline_ns(worker->job);
    if (deadline_ns > worker->deadline_ns)
        deadline_ns = worker->deadline_ns;
    int timeout_ms = may_block ? clock_left_ms(deadline_ns, worker->config.heartbeat_ms) : 0;
    struct epoll_event events[EVENTS_PER_TURN];
    int count = epoll_wait(worker->epoll_fd, events, EVENTS_PER_TURN, timeout_ms);
    if (count < 0) {
        check(errno == EINTR);
        return;
    }
    for (int i = 0; i < count; i++)
        dispatch(worker, &events[i]);
    if (count == 0 && timeout_ms > 0)
        look_again(worker); /* a bell may be lost: this is the recheck of section 6 */
}

static void wait_busy(struct worker *worker)
{
    const struct worker_config *config = &worker->config;
    if (room_of(worker) == 0) {
        poll_once(worker, true);
        return;
    }
    roster_mark_room(config->shared, config->owner.worker);
    /* if we die here: the bit is stale until the reaper clears it; a bell for us is lost, and our death makes up for it. */
    FAULT_POINT("room.after_mark");
    poll_once(worker, ring_is_empty(worker));
    roster_unmark_room(config->shared, config->owner.worker);
}

/* Holds nothing: sleeps in the semaphore, where one post wakes one of all the idle. */
static void wait_idle(struct worker *worker)
{
    const struct worker_config *config = &worker->config;
    roster_mark_idle(config->shared, config->owner.worker);
    FAULT_POINT("idle.after_mark");
    if (ring_is_empty(worker) && !must_stop(worker)) {
        struct timespec until = clock_timespec(clock_now_ns() + config->heartbeat_ms * NS_PER_MS);
        /* A token without an item is normal: whatever this returns, the ring is looked at next. */
        sem_clockwait(&config->shared->header->rings[config->ring].work, CLOCK_MONOTONIC, &until);
        /* if we die here: a token may have gone with us; the reaper posts one. */
        FAULT_POINT("idle.after_wait");
    }
    roster_unmark_idle(config->shared, config->owner.worker);
    poll_once(worker, false);
}

static bool is_used_up(const struct worker *worker)
{
    return claims_no_more(worker) && worker->held == 0;
}

/* What every turn begins with; true if anything was claimed. */
static bool begin_turn(struct worker *worker)
{
    roster_beat(worker->config.shared, worker->config.owner.worker);
    bool claimed = claim_some(worker);
    say_held(worker);
    worker->config.job->turn(worker->job);
    return claimed;
}

enum worker_exit worker_run(struct worker *worker)
{
    while (!must_stop(worker)) {
        bool claimed = begin_turn(worker);
        tell_coordinator(worker);
        if (is_used_up(worker))
            return WORKER_TASKS_DONE;
        if (worker->held > 0)
            wait_busy(worker);
        else if (!claimed) /* else the job was done on the spot, and there may be more */
            wait_idle(worker);
    }
    return worker->orphaned ? WORKER_ORPHANED : WORKER_STOPPED;
}

void worker_run_inline(struct worker *worker, int64_t deadline_ns)
{
    worker->interrupted = false;
    worker->deadline_ns = deadline_ns;
    for (;;) {
        begin_turn(worker);
        bool is_idle = worker->held == 0 && ring_is_empty(worker);
        if (worker->has_news || worker->interrupted || is_idle)
            break;
        poll_once(worker, true);
        if (clock_left_ms(deadline_ns, 1) == 0)
            break;
    }
    worker->has_news = false;
}
