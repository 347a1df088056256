/* future.c: futures: made, watched, completed, released. */
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/fault.h"
#include "common/slot.h"
#include "coordinator/executor/pool.h"

static const char NOTHING[] = "";

/* What a caller gets when there was no memory even for the record. */
static const struct fetch_result NO_MEMORY = {
    .error = FETCH_OUT_OF_MEMORY,
    .detail = "no memory for the result",
    .url = NOTHING,
    .effective_url = NOTHING,
    .content_type = NOTHING,
    .remote_ip = NOTHING,
    .retry_after_s = -1,
};

/* ---- records ---- */

struct completed *completed_new(struct executor *executor)
{
    struct completed *completed = executor->completed_free;
    if (completed)
        executor->completed_free = completed->next_free;
    else
        completed = malloc(sizeof *completed);
    if (completed) {
        completed->heap = NULL;
        completed->effective_url = NULL;
    }
    return completed;
}

void completed_free(struct executor *executor, struct completed *completed)
{
    if (!completed)
        return;
    free(completed->heap);
    free(completed->effective_url);
    completed->next_free = executor->completed_free;
    executor->completed_free = completed;
}

static size_t lines_bytes(const struct request *request)
{
    size_t bytes = 0;
    for (size_t i = 0; i < request->header_count; i++)
        bytes += strlen(request->headers[i]) + 1;
    return bytes;
}

struct future *future_new(struct executor *executor, const struct request *request, const struct url_text *url)
{
    size_t header_bytes = lines_bytes(request);
    struct future *future = malloc(sizeof *future + url->bytes + 1 + header_bytes);
    if (!future)
        return NULL;
    memset(future, 0, sizeof *future);
    future->executor = executor;
    future->user = request->user;
    future->task = executor->next_task++;
    future->submitted_ns = clock_now_ns();
    future->slot = SLOT_NONE;
    future->held_at = SLOT_NONE;
    future->phase = FUTURE_QUEUED;
    future->flags = (uint8_t)request->flags;
    future->body_bytes_max = request->body_bytes_max;
    future->url_bytes = (uint16_t)url->bytes;
    future->header_bytes = (uint16_t)header_bytes;
    memcpy(future->text, url->at, url->bytes);
    future->text[url->bytes] = '\0';
    char *at = future->text + url->bytes + 1;
    for (size_t i = 0; i < request->header_count; i++) {
        size_t bytes = strlen(request->headers[i]) + 1;
        memcpy(at, request->headers[i], bytes);
        at += bytes;
    }
    executor->live_futures++;
    return future;
}

static void free_future(struct future *future)
{
    struct executor *executor = future->executor;
    if (future->held_at != SLOT_NONE)
        pool_drop_held(executor, future);
    completed_free(executor, future->completed);
    for (struct watcher *watcher = future->watchers; watcher;) {
        struct watcher *next = watcher->next;
        if (!watcher->is_embedded)
            free(watcher);
        watcher = next;
    }
    free(future);
    if (--executor->live_futures == 0 && executor->is_closed)
        executor_free(executor);
}

/* ---- the end of a task ---- */

void future_complete(struct future *future, enum future_phase phase)
{
    struct executor *executor = future->executor;
    check(future->phase == FUTURE_QUEUED || future->phase == FUTURE_PLACED); /* once, and once only */
    future->phase = (uint8_t)phase;
    executor->pending--;
    executor->completed++;
    if (phase == FUTURE_CANCELLED)
        executor->cancelled++;
    future->is_due = true;
    future_list_append(&executor->due, future);
}

void future_fail(struct future *future, enum fetch_error error, uint32_t signal, const char *detail)
{
    if (!future->completed)
        future->completed = completed_new(future->executor);
    struct completed *completed = future->completed;
    if (completed) {
        size_t bytes = strnlen(detail, sizeof completed->detail - 1);
        memcpy(completed->detail, detail, bytes);
        completed->detail[bytes] = '\0';
        completed->result = (struct fetch_result){
            .error = error,
            .detail = completed->detail,
            .attempts = future->attempts,
            .crash_signal = signal,
            .retry_after_s = -1,
            .url = future->text,
            .effective_url = future->text,
            .content_type = NOTHING,
            .remote_ip = NOTHING,
            .time = {-1, -1, -1, -1, -1, -1},
        };
    }
    future_complete(future, error == FETCH_CANCELLED ? FUTURE_CANCELLED : FUTURE_FINISHED);
}

/* ---- state ---- */

bool future_done(const struct future *future)
{
    return future->phase == FUTURE_FINISHED || future->phase == FUTURE_CANCELLED;
}

bool future_running(const struct future *future)
{
    if (future->phase != FUTURE_PLACED)
        return false;
    enum slot_state state = state_of(slot_word(&future->executor->shared, future->slot));
    return state == SLOT_CLAIMED || state == SLOT_DONE;
}

bool future_cancelled(const struct future *future)
{
    return future->phase == FUTURE_CANCELLED;
}

const char *future_state(const struct future *future)
{
    if (future->phase == FUTURE_CANCELLED)
        return "cancelled";
    if (future->phase == FUTURE_FINISHED)
        return "finished";
    return future_running(future) ? "running" : "pending";
}

const char *future_url(const struct future *future)
{
    return future->text;
}

void *future_user(const struct future *future)
{
    return future->user;
}

struct executor *future_executor(const struct future *future)
{
    return future->executor;
}

/* ---- cancelling ---- */

static bool take_from_queue(struct future *future)
{
    struct executor *executor = future->executor;
    if (future->phase == FUTURE_QUEUED)
        future_list_remove(future->is_suspect ? &executor->suspects : &executor->queue, future);
    else if (slot_cancel(&executor->shared, future->slot)) {
        pool_unplace(executor, future);
        future->attempts--; /* no worker has begun it */
    } else
        return false;
    return true;
}

bool future_cancel_waiting(struct future *future)
{
    if (future_done(future) || !take_from_queue(future))
        return false;
    future_fail(future, FETCH_CANCELLED, 0, "cancelled before it started");
    pool_run_callbacks(future->executor);
    return true;
}

bool future_cancel(struct future *future)
{
    struct executor *executor = future->executor;
    if (future_done(future))
        return future->phase == FUTURE_CANCELLED;
    if (future_cancel_waiting(future))
        return true;
    uint64_t word = slot_word(&executor->shared, future->slot);
    if (state_of(word) == SLOT_CLAIMED && !future->wants_cancel) {
        future->wants_cancel = true;
        atomic_store_explicit(&executor->shared.slots[future->slot].cancel, 1, memory_order_release);
        FAULT_POINT("cancel.after_flag");
        uint32_t worker = state_owner(word).worker;
        if (worker <= executor->worker_count)
            pool_ring(executor, worker);
    }
    /* Done, but not collected: it depends on what the worker did last. */
    return state_of(word) == SLOT_CLAIMED ||
           (future->wants_cancel && executor->shared.slots[future->slot].result.error == FETCH_CANCELLED);
}

/* ---- waiting ---- */

static const struct fetch_result *pin(struct future *future)
{
    future->is_pinned = true;
    return future->completed ? &future->completed->result : &NO_MEMORY;
}

enum status future_result(struct future *future, int64_t timeout_ms, const struct fetch_result **result)
{
    struct executor *executor = future->executor;
    int64_t deadline_ns = clock_deadline_ns(timeout_ms);
    *result = NULL;
    while (!future_done(future)) {
        if (pool_turn(executor) > 0)
            continue;
        if (executor->callback_depth == 0)
            pool_run_callbacks(executor);
        if (future_done(future))
            break;
        if (clock_left_ms(deadline_ns, 1) == 0)
            return STATUS_TIMEOUT;
        if (pool_sleep(executor, deadline_ns))
            return STATUS_INTERRUPTED;
    }
    *result = pin(future);
    if (executor->callback_depth == 0) /* a callback that asks for its result must not begin the others' within it */
        pool_run_callbacks(executor);
    if (future->phase == FUTURE_CANCELLED)
        return STATUS_CANCELLED;
    return (*result)->error == FETCH_OK ? STATUS_OK : STATUS_FAILED;
}

enum status future_error(struct future *future, int64_t timeout_ms, enum fetch_error *error)
{
    const struct fetch_result *result;
    enum status status = future_result(future, timeout_ms, &result);
    *error = result ? result->error : FETCH_OK;
    return status;
}

/* ---- callbacks ---- */

bool future_add_watcher(struct future *future, struct watcher *watcher)
{
    if (future_done(future) && !future->is_due)
        return false;
    watcher->next = NULL;
    if (future->watchers_end)
        future->watchers_end->next = watcher;
    else
        future->watchers = watcher;
    future->watchers_end = watcher;
    return true;
}

void future_remove_watcher(struct future *future, struct watcher *watcher)
{
    struct watcher *before = NULL;
    for (struct watcher *at = future->watchers; at; before = at, at = at->next) {
        if (at != watcher)
            continue;
        if (before)
            before->next = at->next;
        else
            future->watchers = at->next;
        if (future->watchers_end == at)
            future->watchers_end = before;
        return;
    }
}

enum status future_add_done_callback(struct future *future, future_callback *callback, void *context)
{
    if (future_done(future) && !future->is_due) {
        callback(future, context);
        return STATUS_OK;
    }
    struct watcher *watcher = malloc(sizeof *watcher);
    if (!watcher)
        return STATUS_OUT_OF_MEMORY;
    *watcher = (struct watcher){.callback = callback, .context = context};
    future_add_watcher(future, watcher);
    if (future->is_due && future->executor->callback_depth == 0)
        pool_run_callbacks(future->executor);
    return STATUS_OK;
}

static void call_watchers(struct future *future)
{
    struct watcher *watcher;
    while ((watcher = future->watchers)) {
        struct watcher called = *watcher;
        future->watchers = watcher->next;
        if (!future->watchers)
            future->watchers_end = NULL;
        if (!watcher->is_embedded)
            free(watcher);
        called.callback(future, called.context);
    }
}

void pool_run_callbacks(struct executor *executor)
{
    struct future *future;
    executor->callback_depth++;
    while ((future = executor->due.first)) {
        future_list_remove(&executor->due, future);
        call_watchers(future);
        future->is_due = false;
        if (future->is_released)
            free_future(future);
    }
    executor->callback_depth--;
}

void future_release(struct future *future)
{
    if (!future || future->is_released)
        return;
    if (future_done(future) && !future->is_due)
        free_future(future);
    else
        future->is_released = true;
}
