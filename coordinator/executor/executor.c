/* executor.c: futures over a pool of workers that fetch URLs. */
#include "coordinator/executor/executor.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/done_ring.h"
#include "common/fault.h"
#include "common/fence.h"
#include "common/slot.h"
#include "coordinator/executor/pool.h"

#define EVENTS_MAX 64
#define DONE_TAG UINT32_MAX
#define LOOK_NS (10 * NS_PER_MS) /* how often to look for deaths while results keep coming */
#define BLIND_SLEEP_MS 100       /* without pid fds */

/* ---- one turn ---- */

/* From here on workers must ring again, for the caller's own event loop. Before the rings are drained, so that nothing falls
 * between. */
static void rearm(struct executor *executor)
{
    if (!executor->fd_is_used)
        return;
    atomic_store_explicit(&executor->shared.header->coordinator_sleeps, 1, memory_order_seq_cst);
    full_fence();
}

static void look_at_events(struct executor *executor)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(executor->epoll_fd, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        uint64_t rings;
        if (events[i].data.u32 != DONE_TAG) {
            executor->reap_wanted = true;
        } else {
            ssize_t got = read(executor->done_fd, &rings, sizeof rings);
            (void)got;
            rearm(executor);
        }
    }
}

static void collect_announced(struct executor *executor)
{
    uint32_t last = executor->alive > executor->started ? executor->worker_count + 1 : executor->started;
    if (executor->suspect_placed || executor->workers[executor->worker_count].is_alive)
        last = executor->worker_count + 1;
    for (uint32_t worker = 0; worker < last; worker++)
        pool_collect_announced(executor, worker);
}

/* Whether a worker's end would not be heard of: there was no descriptor left to watch it. */
static bool is_blind(const struct executor *executor)
{
    for (uint32_t i = 0; i <= executor->worker_count; i++) {
        const struct pool_worker *worker = &executor->workers[i];
        if (worker->is_alive && worker->pid > 0 && worker->pid_fd < 0)
            return true;
    }
    return false;
}

/* Workers that wait for memory must not wait for a caller who sits on results. */
static void relieve_memory(struct executor *executor)
{
    if (!executor->held_count)
        return;
    for (uint32_t i = 0; i <= executor->worker_count; i++) {
        if (atomic_load_explicit(&executor->shared.roster[i].paused, memory_order_relaxed)) {
            pool_evict(executor, 0);
            return;
        }
    }
}

uint64_t pool_turn(struct executor *executor)
{
    uint64_t before = executor->completed;
    int64_t now_ns = clock_now_ns();
    if (now_ns >= executor->next_look_ns || executor->fd_is_used) {
        executor->next_look_ns = now_ns + LOOK_NS;
        look_at_events(executor);
        reaper_check_hung(executor, now_ns);
        relieve_memory(executor);
        if (is_blind(executor))
            executor->reap_wanted = true;
    }
    collect_announced(executor);
    if (executor->reap_wanted || executor->reap_at_ns <= now_ns)
        reaper_turn(executor);
    pool_feed(executor);
    if (executor->options.engine == EXECUTOR_SERIAL && executor->workers[0].worker) {
        worker_run_inline(executor->workers[0].worker, 0); /* what can be done without waiting */
        collect_announced(executor);
    }
    return executor->completed - before;
}

static bool has_news(const struct executor *executor)
{
    for (uint32_t i = 0; i <= executor->worker_count; i++) {
        if (executor->workers[i].is_alive && done_ring_has_news(&executor->shared, i))
            return true;
    }
    return false;
}

static int sleep_cap_ms(const struct executor *executor)
{
    if (is_blind(executor))
        return BLIND_SLEEP_MS;
    return pool_heartbeat_ms(executor);
}

/* The caller works itself; when it could not begin to, it waits until it may try again. */
static bool sleep_inline(struct executor *executor, int64_t deadline_ns)
{
    struct worker *self = executor->workers[0].worker;
    int timeout_ms = 0;
    if (self)
        worker_run_inline(self, deadline_ns);
    else
        timeout_ms =
            clock_left_ms(executor->reap_at_ns < deadline_ns ? executor->reap_at_ns : deadline_ns, BLIND_SLEEP_MS);
    struct pollfd interrupt = {.fd = executor->options.interrupt_fd, .events = POLLIN}; /* -1 is passed over */
    return !has_news(executor) && poll(&interrupt, 1, timeout_ms) > 0;
}

bool pool_sleep(struct executor *executor, int64_t deadline_ns)
{
    if (executor->options.engine == EXECUTOR_SERIAL)
        return sleep_inline(executor, deadline_ns);
    if (executor->reap_at_ns < deadline_ns)
        deadline_ns = executor->reap_at_ns;
    _Atomic uint32_t *sleeps = &executor->shared.header->coordinator_sleeps;
    atomic_store_explicit(sleeps, 1, memory_order_seq_cst);
    FAULT_POINT("sleep.after_mark");
    full_fence(); /* pairs with the fence of the worker's tell_coordinator() */
    int timeout_ms = has_news(executor) ? 0 : clock_left_ms(deadline_ns, sleep_cap_ms(executor));
    struct pollfd fds[2] = {{.fd = executor->epoll_fd, .events = POLLIN},
                            {.fd = executor->options.interrupt_fd, .events = POLLIN}};
    int ready = poll(fds, executor->options.interrupt_fd >= 0 ? 2 : 1, timeout_ms);
    if (!executor->fd_is_used)
        atomic_store_explicit(sleeps, 0, memory_order_seq_cst);
    executor->next_look_ns = 0;
    return ready > 0 && fds[1].revents;
}

/* The caller's own event loop waits for executor_fd(): from here on workers must ring. */
static void arm_fd(struct executor *executor)
{
    if (!executor->fd_is_used)
        return;
    rearm(executor);
    uint64_t one = 1;
    bool is_our_turn = executor->options.engine == EXECUTOR_SERIAL && executor->pending > 0;
    if ((has_news(executor) || is_our_turn) && write(executor->done_fd, &one, sizeof one) < 0)
        return; /* EAGAIN: it is readable already */
}

enum status executor_run(struct executor *executor, int64_t timeout_ms)
{
    int64_t deadline_ns = clock_deadline_ns(timeout_ms);
    enum status status = STATUS_OK;
    for (;;) {
        uint64_t before = executor->completed;
        bool any_due = executor->due.first != NULL;
        pool_turn(executor);
        pool_run_callbacks(executor);
        if (executor->completed != before || any_due)
            break;
        status = executor->why_broken[0] ? STATUS_BROKEN : STATUS_END;
        if (executor->pending == 0)
            break;
        status = STATUS_TIMEOUT;
        if (clock_left_ms(deadline_ns, 1) == 0)
            break;
        status = STATUS_INTERRUPTED;
        if (pool_sleep(executor, deadline_ns) && !has_news(executor))
            break;
        status = STATUS_OK;
    }
    arm_fd(executor);
    return status;
}

int executor_fd(const struct executor *executor)
{
    struct executor *self = (struct executor *)(uintptr_t)executor;
    self->fd_is_used = true;
    arm_fd(self);
    return executor->epoll_fd;
}

/* ---- submit ---- */

static bool has_break(const char *text)
{
    return strpbrk(text, "\r\n") != NULL;
}

static bool headers_are_sound(const struct request *request)
{
    size_t sum = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!request->headers[i] || has_break(request->headers[i]))
            return false;
        sum += strlen(request->headers[i]) + 1;
    }
    return sum <= REQUEST_HEADER_BYTES_MAX;
}

static bool flags_are_sound(const struct executor *executor, uint32_t flags)
{
    bool has_room = executor->options.keep & (EXECUTOR_KEEP_BODY | EXECUTOR_PAGES);
    return !(flags & ~(uint32_t)JOB_FLAGS_ALL) && (has_room || !(flags & REQUEST_KEEP_BODY));
}

/* Waits until fewer than pending_max futures are pending. */
static enum status wait_for_room(struct executor *executor, int64_t timeout_ms)
{
    if (executor->pending < executor->options.pending_max)
        return STATUS_OK;
    pool_turn(executor);
    int64_t deadline_ns = clock_deadline_ns(timeout_ms);
    while (executor->pending >= executor->options.pending_max) {
        if (timeout_ms == 0)
            return STATUS_WOULD_BLOCK;
        if (clock_left_ms(deadline_ns, 1) == 0)
            return STATUS_TIMEOUT;
        if (pool_sleep(executor, deadline_ns) && !has_news(executor))
            return STATUS_INTERRUPTED;
        pool_turn(executor);
        pool_run_callbacks(executor);
    }
    return STATUS_OK;
}

static enum status enqueue(struct executor *executor, const struct request *request, struct future **future)
{
    struct url_parts parts;
    size_t bytes = strlen(request->url);
    enum fetch_error error = FETCH_OK;
    struct url_text url = {.at = request->url, .bytes = bytes};
    if (!executor->options.job) { /* another job's tasks are no URLs */
        error = url_parse(executor->parser, request->url, bytes, &parts);
        if (error == FETCH_OK)
            url = parts.fetch;
        else if (url.bytes > URL_BYTES_MAX)
            url.bytes = URL_BYTES_MAX;
    } else if (bytes > URL_BYTES_MAX) {
        return STATUS_INVALID_ARGUMENT;
    }
    struct future *made = future_new(executor, request, &url);
    if (!made)
        return STATUS_OUT_OF_MEMORY;
    executor->submitted++;
    executor->pending++;
    *future = made;
    if (error != FETCH_OK) {
        future_fail(made, error, 0, url_why(executor->parser));
        return STATUS_OK;
    }
    future_list_append(&executor->queue, made);
    if (executor->placed < executor->placed_max)
        pool_feed(executor);
    return STATUS_OK;
}

enum status executor_submit(struct executor *executor, const struct request *request, int64_t timeout_ms,
                            struct future **future)
{
    *future = NULL;
    if (!request || !request->url || !headers_are_sound(request) || !flags_are_sound(executor, request->flags))
        return STATUS_INVALID_ARGUMENT;
    if (executor->why_broken[0])
        return STATUS_BROKEN;
    if (executor->is_shut_down)
        return STATUS_SHUT_DOWN;
    enum status status = wait_for_room(executor, timeout_ms);
    if (status == STATUS_OK && executor->why_broken[0])
        status = STATUS_BROKEN;
    if (status == STATUS_OK)
        status = enqueue(executor, request, future);
    arm_fd(executor);
    return status;
}

enum status executor_submit_url(struct executor *executor, const char *url, struct future **future)
{
    const struct request request = {.url = url};
    return executor_submit(executor, &request, -1, future);
}

/* ---- the end ---- */

static void end_all(struct executor *executor, enum fetch_error error, uint32_t signal, const char *why)
{
    struct future *future;
    while ((future = executor->queue.first)) {
        future_list_remove(&executor->queue, future);
        future_fail(future, error, signal, why);
    }
    while ((future = executor->suspects.first)) {
        future_list_remove(&executor->suspects, future);
        future_fail(future, error, signal, why);
    }
}

void pool_break(struct executor *executor, enum fetch_error error, uint32_t signal, const char *format, ...)
{
    if (executor->why_broken[0])
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(executor->why_broken, sizeof executor->why_broken, format, arguments);
    va_end(arguments);
    FAULT_POINT("break.begun");
    end_all(executor, error, signal, executor->why_broken);
    for (uint32_t slot = 0; slot < executor->shared.slot_count; slot++) {
        struct future *future = executor->by_slot[slot];
        if (future && future->phase == FUTURE_PLACED && slot_cancel(&executor->shared, slot)) {
            pool_unplace(executor, future);
            future_fail(future, error, signal, executor->why_broken);
        }
    }
    for (uint32_t i = 0; i <= executor->worker_count; i++) {
        if (executor->workers[i].is_alive)
            executor->engine->kill(executor, i, SIGKILL);
    }
}

/* Cancels what has not started. */
static void cancel_waiting(struct executor *executor)
{
    end_all(executor, FETCH_CANCELLED, 0, "cancelled before it started");
    for (uint32_t slot = 0; slot < executor->shared.slot_count; slot++) {
        struct future *future = executor->by_slot[slot];
        if (future && future->phase == FUTURE_PLACED)
            future_cancel_waiting(future); /* not future_cancel(): what a worker has claimed meanwhile goes on */
    }
    pool_run_callbacks(executor);
}

static void wake_all(struct executor *executor)
{
    for (uint32_t i = 0; i <= executor->worker_count; i++) {
        ring_post(&executor->shared, RING_WORK);
        pool_ring(executor, i);
    }
    ring_post(&executor->shared, RING_QUARANTINE);
}

/* Everything is collected or given up: ends the workers and waits for them. */
static void stop_workers(struct executor *executor)
{
    FAULT_POINT("shutdown.before_word");
    executor->is_stopping = true;
    atomic_store_explicit(&executor->shared.header->shutdown, 1, memory_order_release);
    FAULT_POINT("shutdown.after_word");
    wake_all(executor);
    for (uint32_t i = 0; i <= executor->worker_count; i++) {
        if (!executor->workers[i].is_alive)
            continue;
#if defined(SHOAL_SANITIZED) || defined(SHOAL_COVERAGE)
        executor->engine->kill(executor, i, SIGCONT); /* those write down what they saw as they end */
#else
        executor->engine->kill(executor, i, SIGKILL); /* holds nothing that matters, and may be stopped or hung */
#endif
        FAULT_POINT("shutdown.before_join");
        executor->engine->join(executor, i);
        executor->workers[i].is_alive = false;
        executor->alive--;
    }
}

enum status executor_shutdown(struct executor *executor, bool wait, bool cancel, int64_t timeout_ms)
{
    int64_t deadline_ns = clock_deadline_ns(timeout_ms);
    executor->is_shut_down = true;
    if (cancel)
        cancel_waiting(executor);
    while (wait && executor->pending > 0) {
        pool_turn(executor);
        pool_run_callbacks(executor);
        if (executor->pending == 0)
            break;
        if (clock_left_ms(deadline_ns, 1) == 0)
            return STATUS_TIMEOUT;
        if (pool_sleep(executor, deadline_ns) && !has_news(executor))
            return STATUS_INTERRUPTED;
    }
    if (wait && !executor->is_stopping)
        stop_workers(executor);
    pool_run_callbacks(executor);
    return STATUS_OK;
}

static void end_workers(struct executor *executor, int signal)
{
    executor_shutdown(executor, false, true, 0);
    executor->is_stopping = true;
    for (uint32_t i = 0; i <= executor->worker_count; i++) {
        if (executor->workers[i].is_alive)
            executor->engine->kill(executor, i, signal);
    }
}

void executor_terminate_workers(struct executor *executor)
{
    end_workers(executor, SIGTERM);
}

void executor_kill_workers(struct executor *executor)
{
    end_workers(executor, SIGKILL);
}

/* After the workers are gone: what was running when they went. */
static void give_up_placed(struct executor *executor)
{
    for (uint32_t slot = 0; slot < executor->shared.slot_count; slot++) {
        struct future *future = executor->by_slot[slot];
        if (!future || future->phase != FUTURE_PLACED)
            continue;
        if (state_of(slot_word(&executor->shared, slot)) == SLOT_DONE) {
            pool_collect(executor, slot);
            continue;
        }
        /* The slot is not used again: there is no worker any more. */
        executor->by_slot[slot] = NULL;
        executor->placed--;
        future->slot = SLOT_NONE;
        future_fail(future, FETCH_CANCELLED, 0, "the executor was closed");
    }
}

void executor_close(struct executor *executor)
{
    if (!executor)
        return;
    executor->is_shut_down = true;
    if (executor->pending > 0)
        cancel_waiting(executor);
    if (!executor->is_stopping || executor->alive > 0)
        stop_workers(executor);
    give_up_placed(executor);
    pool_run_callbacks(executor);
    executor->is_closed = true;
    if (executor->live_futures == 0)
        executor_free(executor);
}

/* ---- facts ---- */

const char *executor_note(const struct executor *executor)
{
    return executor->note[0] ? executor->note : NULL;
}

const char *executor_why_broken(const struct executor *executor)
{
    return executor->why_broken;
}

void executor_stats(const struct executor *executor, struct executor_stats *stats)
{
    *stats = (struct executor_stats){
        .workers = executor->worker_count,
        .concurrency = executor->concurrency,
        .slots = executor->shared.slot_count,
        .workers_alive = executor->alive,
        .submitted = executor->submitted,
        .completed = executor->completed,
        .cancelled = executor->cancelled,
        .worker_deaths = executor->deaths,
        .pending = executor->pending,
        .pending_future_bytes = sizeof(struct future) + 1,
        .sandbox = executor->options.sandbox,
    };
    for (uint32_t i = 0; i <= executor->worker_count; i++) {
        stats->sandbox &= ~atomic_load_explicit(&executor->shared.roster[i].unconfined, memory_order_relaxed);
        if (executor->workers[i].is_alive)
            stats->running += atomic_load_explicit(&executor->shared.roster[i].held, memory_order_relaxed);
    }
    for (uint32_t i = 0; i < executor->shared.slot_count; i++)
        stats->body_bytes_reserved +=
            atomic_load_explicit(&executor->shared.slots[i].reserved_bytes, memory_order_relaxed);
}
