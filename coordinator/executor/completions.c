/* completions.c: many futures at once: as_completed and wait.
 *
 * DESIGN. Every future gets one watcher; when it is done, the watcher puts it behind the others that are. So a result costs the
 * same whether ten or a million are waited for. */
#include <poll.h>
#include <stdlib.h>

#include "common/clock.h"
#include "coordinator/executor/pool.h"

#define EXECUTORS_MAX 64
#define SLICE_MS 1000 /* hung workers of several executors are looked for so often */

struct entry {
    struct watcher watcher; /* first: the watcher is the entry */
    struct future *future;
    struct completions *completions;
    struct entry *next_done;
    bool is_watching;
};

struct completions {
    struct entry *entries;
    size_t count;  /* without duplicates */
    size_t left;   /* not yet yielded */
    size_t failed; /* done so far with an error, cancelled apart */
    size_t done;
    struct entry *done_first;
    struct entry *done_last;
    int64_t deadline_ns;
    struct executor *executors[EXECUTORS_MAX];
    size_t open[EXECUTORS_MAX]; /* of its futures, not yet done; at 0 the executor may be gone */
    size_t executor_count;
};

static void note_done(struct entry *entry)
{
    struct completions *completions = entry->completions;
    struct future *future = entry->future;
    entry->is_watching = false;
    entry->next_done = NULL;
    if (completions->done_last)
        completions->done_last->next_done = entry;
    else
        completions->done_first = entry;
    completions->done_last = entry;
    completions->done++;
    for (size_t i = 0; i < completions->executor_count; i++) {
        if (completions->executors[i] == future->executor && completions->open[i])
            completions->open[i]--;
    }
    if (future->phase == FUTURE_FINISHED && (!future->completed || future->completed->result.error != FETCH_OK))
        completions->failed++;
}

static void on_done(struct future *future, void *context)
{
    (void)future;
    note_done(context);
}

/* Whether this iterator watches the future already: it would be a duplicate. */
static bool is_watched(const struct future *future, const struct completions *completions)
{
    for (const struct watcher *at = future->watchers; at; at = at->next) {
        if (at->callback == on_done && ((const struct entry *)at->context)->completions == completions)
            return true;
    }
    return false;
}

static int compare_futures(const void *a, const void *b)
{
    uintptr_t left = (uintptr_t) * (struct future *const *)a;
    uintptr_t right = (uintptr_t) * (struct future *const *)b;
    return left < right ? -1 : left > right;
}

/* The done ones cannot be watched any more: those that stand twice are found by sorting. */
static size_t unique_done(struct future *const *futures, size_t count, struct future **sorted)
{
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        if (future_done(futures[i]))
            sorted[done++] = futures[i];
    }
    qsort(sorted, done, sizeof(struct future *), compare_futures);
    return done;
}

/* The first place of a future in the sorted list; `count` if it is not there. */
static size_t find(struct future *const *sorted, size_t count, const struct future *future)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)sorted[middle] < (uintptr_t)future)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && sorted[low] == future ? low : count;
}

static bool add_executor(struct completions *completions, struct executor *executor)
{
    for (size_t i = 0; i < completions->executor_count; i++) {
        if (completions->executors[i] == executor) {
            completions->open[i]++;
            return true;
        }
    }
    if (completions->executor_count == EXECUTORS_MAX)
        return false;
    completions->open[completions->executor_count] = 1;
    completions->executors[completions->executor_count++] = executor;
    return true;
}

static void add_entry(struct completions *completions, struct future *future, bool is_done)
{
    struct entry *entry = &completions->entries[completions->count++];
    *entry = (struct entry){
        .watcher = {.callback = on_done, .context = entry, .is_embedded = true},
        .future = future,
        .completions = completions,
        .is_watching = !is_done,
    };
    if (is_done)
        note_done(entry);
    else
        future_add_watcher(future, &entry->watcher);
}

static enum status fill(struct completions *completions, struct future *const *futures, size_t count)
{
    struct future **sorted = calloc(count + 1, sizeof(struct future *));
    bool *seen = calloc(count + 1, sizeof *seen);
    if (!sorted || !seen) {
        free(sorted);
        free(seen);
        return STATUS_OUT_OF_MEMORY;
    }
    size_t done = unique_done(futures, count, sorted);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        struct future *future = futures[i];
        if (!add_executor(completions, future->executor)) {
            status = STATUS_INVALID_ARGUMENT;
        } else if (future_done(future)) {
            size_t at = find(sorted, done, future);
            if (at < done && !seen[at])
                add_entry(completions, future, true);
            if (at < done)
                seen[at] = true;
        } else if (!is_watched(future, completions)) {
            add_entry(completions, future, false);
        }
    }
    free(sorted);
    free(seen);
    completions->left = completions->count;
    return status;
}

enum status futures_as_completed(struct future *const *futures, size_t count, int64_t timeout_ms,
                                 struct completions **out)
{
    *out = NULL;
    struct completions *completions = calloc(1, sizeof *completions);
    if (!completions)
        return STATUS_OUT_OF_MEMORY;
    completions->deadline_ns = clock_deadline_ns(timeout_ms);
    completions->entries = calloc(count ? count : 1, sizeof *completions->entries);
    enum status status = completions->entries ? fill(completions, futures, count) : STATUS_OUT_OF_MEMORY;
    if (status != STATUS_OK)
        completions_close(completions);
    else
        *out = completions;
    return status;
}

void completions_close(struct completions *completions)
{
    if (!completions)
        return;
    for (size_t i = 0; i < completions->count; i++) {
        if (completions->entries[i].is_watching)
            future_remove_watcher(completions->entries[i].future, &completions->entries[i].watcher);
    }
    free(completions->entries);
    free(completions);
}

size_t completions_left(const struct completions *completions)
{
    return completions->left;
}

/* Sleeps until any of the executors has something; one executor sleeps by itself. */
static bool sleep_for_any(struct completions *completions)
{
    if (completions->executor_count == 1)
        return pool_sleep(completions->executors[0], completions->deadline_ns);
    struct pollfd fds[2 * EXECUTORS_MAX];
    nfds_t count = 0;
    for (size_t i = 0; i < completions->executor_count; i++) {
        struct executor *executor = completions->executors[i];
        if (!completions->open[i])
            continue;
        if (executor->options.engine == EXECUTOR_SERIAL && executor->pending)
            return pool_sleep(executor, completions->deadline_ns);
        fds[count++] = (struct pollfd){.fd = executor_fd(executor), .events = POLLIN};
        fds[count++] = (struct pollfd){.fd = executor->options.interrupt_fd, .events = POLLIN}; /* -1 is passed over */
        executor->next_look_ns = 0;
    }
    poll(fds, count, clock_left_ms(completions->deadline_ns, SLICE_MS));
    for (nfds_t i = 1; i < count; i += 2) {
        if (fds[i].revents)
            return true;
    }
    return false;
}

static void turn_all(struct completions *completions)
{
    for (size_t i = 0; i < completions->executor_count; i++) {
        if (!completions->open[i])
            continue;
        pool_turn(completions->executors[i]);
        pool_run_callbacks(completions->executors[i]);
    }
}

/* Until `enough` are done, or one has failed when that ends the wait. */
static enum status wait_until(struct completions *completions, size_t enough, bool until_failed)
{
    for (;;) {
        if (completions->done >= enough || (until_failed && completions->failed))
            return STATUS_OK;
        turn_all(completions);
        if (completions->done >= enough || (until_failed && completions->failed))
            return STATUS_OK;
        if (clock_left_ms(completions->deadline_ns, 1) == 0)
            return STATUS_TIMEOUT;
        if (sleep_for_any(completions)) {
            turn_all(completions);
            return completions->done >= enough ? STATUS_OK : STATUS_INTERRUPTED;
        }
    }
}

enum status completions_next(struct completions *completions, struct future **future)
{
    *future = NULL;
    if (completions->left == 0)
        return STATUS_END;
    while (!completions->done_first) {
        enum status status = wait_until(completions, completions->done + 1, false);
        if (status != STATUS_OK)
            return status;
    }
    struct entry *entry = completions->done_first;
    completions->done_first = entry->next_done;
    if (!completions->done_first)
        completions->done_last = NULL;
    completions->left--;
    *future = entry->future;
    return STATUS_OK;
}

enum status futures_wait(struct future *const *futures, size_t count, enum futures_until until, int64_t timeout_ms,
                         size_t *done_count)
{
    struct completions *completions;
    *done_count = 0;
    enum status status = futures_as_completed(futures, count, timeout_ms, &completions);
    if (status != STATUS_OK)
        return status;
    size_t enough = until == FUTURES_FIRST_COMPLETED && completions->count ? 1 : completions->count;
    status = wait_until(completions, enough, until == FUTURES_FIRST_ERROR);
    *done_count = completions->done;
    completions_close(completions);
    return status;
}
