/* The executor may run our callback, task_done(), inside any of its functions that we call here. So
 * before each such call a task stands in no list, or in the one of its state, and nothing is read
 * from it afterwards that the callback may have freed. A stop asked for within a callback is only
 * noted; scheduler_feed() carries it out. */
#include "coordinator/fetch/scheduler.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/macros.h"
#include "common/url.h"
#include "coordinator/fetch/report.h"
#include "coordinator/fetch/turns.h"
#include "coordinator/fetch/window.h"
#include "coordinator/politeness/retries.h"

/* Lines read in one feed at most: so that results and signals are seen to in between. */
#define LINES_PER_FEED 4096

struct scheduler {
    struct scheduler_config config;
    struct url_parser *parser;
    struct hosts *hosts;
    struct window window;
    struct turns turns;
    struct retries retries;
    uint64_t lines;
    bool input_ended, input_failed, waits_for_input;
    bool executor_full; /* found so in this feed */
    bool stopping, stop_begun, read_rest, broken;
    const char *stop_detail;
};

uint32_t scheduler_window(uint32_t concurrency)
{
    return concurrency > SCHEDULER_WINDOW_MIN / 4 ? 4 * concurrency : SCHEDULER_WINDOW_MIN;
}

struct scheduler *scheduler_open(const struct scheduler_config *config)
{
    struct scheduler *scheduler = calloc(1, sizeof *scheduler);
    if (scheduler == NULL) {
        return NULL;
    }
    scheduler->config = *config;
    scheduler->turns.per_host = config->per_host;
    scheduler->window.size = config->window;
    scheduler->stop_detail = "";
    scheduler->parser = url_parser_open();
    scheduler->hosts = hosts_open();
    if (scheduler->parser == NULL || scheduler->hosts == NULL || !retries_open(&scheduler->retries, config->window)) {
        scheduler_close(scheduler);
        return NULL;
    }
    return scheduler;
}

void scheduler_close(struct scheduler *scheduler)
{
    if (scheduler == NULL) {
        return;
    }
    window_close(&scheduler->window);
    retries_close(&scheduler->retries);
    hosts_close(scheduler->hosts);
    url_parser_close(scheduler->parser);
    free(scheduler);
}

/* ---- outcomes ---- */

/* What a report that was made means for the rest of the run. */
static void note_report(struct scheduler *scheduler, enum status status, enum fetch_error error)
{
    if (status != STATUS_OK) {
        scheduler_stop(scheduler, "the output cannot be written", false);
    }
    if (scheduler->config.fail_fast && error != FETCH_OK) {
        scheduler_stop(scheduler, "not started: another URL had failed", true);
    }
}

/* Reports the task, which is in no list any more, and frees it. */
static void end_task(struct scheduler *scheduler, struct task *task, const struct fetch_result *result)
{
    note_report(scheduler, report_task(scheduler->config.delivery, task, result), result->error);
    hosts_release(scheduler->hosts, task->host);
    window_drop(&scheduler->window, task);
}

static void cancel_task(struct scheduler *scheduler, struct task *task)
{
    struct fetch_result result = report_local_result(FETCH_CANCELLED, scheduler->stop_detail, task->text);
    end_task(scheduler, task, &result);
}

/* Reports a line that never became a task. */
static void end_line(struct scheduler *scheduler, uint64_t sequence, const struct input_line *line,
                     enum fetch_error error, const char *detail)
{
    char numbered[128];
    if (error == FETCH_INVALID_URL && line->number > 0) { /* of a list, where the URL alone would be hard to find */
        snprintf(numbered, sizeof numbered, "line %" PRIu64 ": %s", line->number, detail);
        detail = numbered;
    }
    struct fetch_result result = report_local_result(error, detail, line->text);
    note_report(scheduler, report_line(scheduler->config.delivery, sequence, line, &result), error);
}

/* ---- the executor ---- */

static void wait_for_host(struct scheduler *scheduler, struct task *task)
{
    window_enter(&scheduler->window, task, TASK_WAITING);
    turns_wait(&scheduler->turns, task);
}

/* Takes back what the executor holds for the host and no worker has begun. */
static void recall(struct scheduler *scheduler, const struct host *host)
{
    struct task *task;
    while (host->in_flight > 0 && (task = window_find_recallable(&scheduler->window, host)) != NULL) {
        task->is_recalled = true;
        future_cancel(task->future);
    }
}

/* The host asks to be left alone for a while. */
static void hold_host(struct scheduler *scheduler, struct host *host, int64_t retry_after_s)
{
    bool was_held = host_is_held(host);
    hosts_hold(scheduler->hosts, host, retry_after_s, clock_now_ns());
    if (!was_held && !scheduler->stopping) {
        recall(scheduler, host);
    }
}

/* The future's callback. */
static void task_done(struct future *future, void *context)
{
    struct task *task = context;
    if (task->future != future) {
        return; /* abandoned */
    }
    struct scheduler *scheduler = task->scheduler;
    struct host *host = task->host;
    const struct fetch_result *result = NULL;
    future_result(future, 0, &result);
    check(result != NULL && task->state == TASK_IN_FLIGHT && host->in_flight > 0);

    window_leave(&scheduler->window, task);
    task->future = NULL;
    task->attempts += result->attempts;
    host->in_flight--;
    if (result->error == FETCH_HTTP_STATUS && result->retry_after_s >= 0) {
        hold_host(scheduler, host, result->retry_after_s);
    }
    bool retries = !scheduler->stopping && task->tries <= scheduler->config.retries &&
                   fetch_error_is_retryable(result->error, result->http_status);
    turns_wake(&scheduler->turns, host);
    if (retries) {
        window_enter(&scheduler->window, task, TASK_BACKING_OFF);
        retries_add(&scheduler->retries, &task->due, task->tries, clock_now_ns());
    } else if (result->error == FETCH_CANCELLED && scheduler->stopping) {
        struct fetch_result cancelled = *result;
        cancelled.detail = scheduler->stop_detail;
        end_task(scheduler, task, &cancelled);
    } else if (result->error == FETCH_CANCELLED && task->is_recalled) {
        task->tries--;
        wait_for_host(scheduler, task);
    } else {
        end_task(scheduler, task, result);
    }
    future_release(future);
}

/* The executor had no room for the task: it is the first to be tried again. */
static void wait_first(struct scheduler *scheduler, struct task *task)
{
    window_enter(&scheduler->window, task, TASK_WAITING);
    turns_wait_first(&scheduler->turns, task);
}

/* What to do with a task that the executor did not take. False: the executor has no room now. */
static bool not_submitted(struct scheduler *scheduler, struct task *task, enum status status)
{
    task->host->in_flight--;
    task->tries--;
    bool memory_may_come = status == STATUS_OUT_OF_MEMORY && window_count(&scheduler->window, TASK_IN_FLIGHT) > 0;
    if (status == STATUS_WOULD_BLOCK || status == STATUS_TIMEOUT || status == STATUS_INTERRUPTED || memory_may_come) {
        scheduler->executor_full = true;
        wait_first(scheduler, task);
        return false;
    }
    if (status == STATUS_OUT_OF_MEMORY || status == STATUS_INVALID_ARGUMENT) {
        enum fetch_error error = status == STATUS_OUT_OF_MEMORY ? FETCH_OUT_OF_MEMORY : FETCH_INVALID_URL;
        struct fetch_result result = report_local_result(error, "the request could not be queued", task->text);
        turns_wake(&scheduler->turns, task->host);
        end_task(scheduler, task, &result);
        return true;
    }
    wait_first(scheduler, task);
    scheduler->broken = true;
    const char *why = executor_why_broken(scheduler->config.executor);
    scheduler_stop(scheduler, why[0] != '\0' ? why : status_name(status), input_fd(scheduler->config.input) < 0);
    return false;
}

/* Hands the task, which is in no list, to the executor. False: there is no room; it waits then. */
static bool start_task(struct scheduler *scheduler, struct task *task, int64_t now_ns)
{
    struct request request = {.url = task_fetch_url(task), .user = task};
    struct future *future = NULL;
    task->tries++;
    task->is_recalled = false;
    enum status status = executor_submit(scheduler->config.executor, &request, 0, &future);
    if (status != STATUS_OK) {
        return not_submitted(scheduler, task, status);
    }
    task->future = future;
    task->started_ns = now_ns;
    window_enter(&scheduler->window, task, TASK_IN_FLIGHT);
    if (future_add_done_callback(future, task_done, task) != STATUS_OK) {
        window_leave(&scheduler->window, task);
        task->host->in_flight--;
        task->attempts++; /* as far as we know */
        turns_wake(&scheduler->turns, task->host);
        struct fetch_result result =
            report_local_result(FETCH_OUT_OF_MEMORY, "no memory to wait for the result", task->text);
        end_task(scheduler, task, &result);
        future_release(future);
    }
    return true;
}

/* Starts what waits and may start. False: the executor has no room. */
static bool start_waiting(struct scheduler *scheduler, int64_t now_ns)
{
    struct task *task;
    while (!scheduler->stopping && (task = turns_take(&scheduler->turns)) != NULL) {
        window_leave(&scheduler->window, task);
        if (!start_task(scheduler, task, now_ns)) {
            return false;
        }
    }
    return true;
}

/* ---- the input ---- */

/* Makes a task of the line; NULL if it got its outcome at once. */
static struct task *task_of_line(struct scheduler *scheduler, uint64_t sequence, const struct input_line *line)
{
    if (line->too_long) {
        end_line(scheduler, sequence, line, FETCH_INVALID_URL, "the URL is longer than 4096 bytes");
        return NULL;
    }
    struct url_parts parts;
    enum fetch_error error = url_parse(scheduler->parser, line->text, line->bytes, &parts);
    if (error != FETCH_OK) {
        end_line(scheduler, sequence, line, error, url_why(scheduler->parser));
        return NULL;
    }
    const char *fetch = parts.fetch.at == line->text ? NULL : parts.fetch.at;
    struct task *task = window_add(&scheduler->window, line->text, line->bytes, fetch, parts.fetch.bytes);
    struct host *host = task == NULL ? NULL : hosts_acquire(scheduler->hosts, &parts);
    if (host == NULL) {
        if (task != NULL) {
            window_drop(&scheduler->window, task);
        }
        end_line(scheduler, sequence, line, FETCH_OUT_OF_MEMORY, "no memory to queue the URL");
        return NULL;
    }
    task->host = host;
    task->line = line->number;
    task->sequence = sequence;
    task->scheduler = scheduler;
    return task;
}

/* Starts the task, or lets it wait. False: the executor has no room. */
static bool admit(struct scheduler *scheduler, struct task *task, int64_t now_ns)
{
    if (task->host->waiting_count == 0 && turns_can_start(&scheduler->turns, task->host)) {
        task->host->in_flight++;
        return start_task(scheduler, task, now_ns);
    }
    wait_for_host(scheduler, task);
    return true;
}

/* The next line. WOULD_BLOCK: none has arrived; END: there is no more. */
static enum status next_line(struct scheduler *scheduler, struct input_line *line)
{
    enum status status = scheduler->input_ended ? STATUS_END : input_next(scheduler->config.input, line);
    scheduler->waits_for_input = status == STATUS_WOULD_BLOCK;
    if (status != STATUS_OK && status != STATUS_WOULD_BLOCK) {
        scheduler->input_failed = scheduler->input_failed || status != STATUS_END;
        scheduler->input_ended = true;
        status = STATUS_END;
    }
    return status;
}

static enum status read_lines(struct scheduler *scheduler, int64_t now_ns)
{
    for (int i = 0; i < LINES_PER_FEED && !scheduler->stopping; i++) {
        if (window_is_full(&scheduler->window) || !delivery_has_room(scheduler->config.delivery, scheduler->lines)) {
            return STATUS_WOULD_BLOCK;
        }
        struct input_line line;
        enum status status = next_line(scheduler, &line);
        if (status != STATUS_OK) {
            return status == STATUS_END && scheduler->window.live == 0 ? STATUS_END : STATUS_WOULD_BLOCK;
        }
        struct task *task = task_of_line(scheduler, scheduler->lines++, &line);
        if (task != NULL && !admit(scheduler, task, now_ns)) {
            return scheduler->stopping ? STATUS_OK : STATUS_WOULD_BLOCK;
        }
    }
    return STATUS_OK;
}

/* ---- the end ---- */

void scheduler_stop(struct scheduler *scheduler, const char *detail, bool read_rest)
{
    if (!scheduler->stopping) {
        scheduler->stopping = true;
        scheduler->read_rest = read_rest;
        scheduler->stop_detail = detail;
    }
    scheduler->read_rest = scheduler->read_rest && read_rest;
}

/* Cancels what is in flight, or only what no worker has begun. */
static void cancel_futures(struct scheduler *scheduler, bool running_too)
{
    struct task *task;
    window_walk(&scheduler->window, TASK_IN_FLIGHT);
    while ((task = window_next(&scheduler->window)) != NULL) {
        if (running_too || !future_running(task->future)) {
            future_cancel(task->future);
        }
    }
}

void scheduler_cancel_in_flight(struct scheduler *scheduler)
{
    cancel_futures(scheduler, true);
}

static void begin_stop(struct scheduler *scheduler)
{
    scheduler->stop_begun = true;
    cancel_futures(scheduler, false);
    turns_clear(&scheduler->turns, &scheduler->window.tasks[TASK_WAITING]);
    for (int state = TASK_WAITING; state <= TASK_BACKING_OFF; state++) {
        struct task *task;
        while ((task = window_first(&scheduler->window, (enum task_state)state)) != NULL) {
            retries_remove(&scheduler->retries, &task->due);
            window_leave(&scheduler->window, task);
            cancel_task(scheduler, task);
        }
    }
}

static enum status feed_stopped(struct scheduler *scheduler)
{
    if (!scheduler->stop_begun) {
        begin_stop(scheduler);
    }
    for (int i = 0; i < LINES_PER_FEED; i++) {
        struct input_line line;
        if (!scheduler->read_rest || scheduler->input_ended) {
            scheduler->input_ended = true;
            scheduler->waits_for_input = false;
            return scheduler->window.live == 0 ? STATUS_END : STATUS_WOULD_BLOCK;
        }
        if (!delivery_has_room(scheduler->config.delivery, scheduler->lines)) {
            return STATUS_WOULD_BLOCK;
        }
        enum status status = next_line(scheduler, &line);
        if (status == STATUS_WOULD_BLOCK) {
            return status;
        }
        if (status == STATUS_OK) {
            end_line(scheduler, scheduler->lines++, &line, FETCH_CANCELLED, scheduler->stop_detail);
        }
    }
    return STATUS_OK;
}

void scheduler_abandon(struct scheduler *scheduler)
{
    struct task *task;
    while ((task = window_first(&scheduler->window, TASK_IN_FLIGHT)) != NULL) {
        window_leave(&scheduler->window, task);
        task->host->in_flight--;
        task->attempts++;
        future_release(task->future);
        task->future = NULL;
        cancel_task(scheduler, task);
    }
}

/* ---- the turn ---- */

/* Wakes what the time has come for. */
static void end_waits(struct scheduler *scheduler, int64_t now_ns)
{
    struct host *host;
    while ((host = hosts_end_hold(scheduler->hosts, now_ns)) != NULL) {
        turns_wake(&scheduler->turns, host);
    }
    struct due *due;
    while ((due = retries_take(&scheduler->retries, now_ns)) != NULL) {
        struct task *task = container_of(due, struct task, due);
        window_leave(&scheduler->window, task);
        wait_for_host(scheduler, task);
    }
}

enum status scheduler_feed(struct scheduler *scheduler)
{
    scheduler->waits_for_input = false;
    scheduler->executor_full = false;
    if (!scheduler->stopping) {
        int64_t now_ns = clock_now_ns();
        end_waits(scheduler, now_ns);
        enum status status = STATUS_WOULD_BLOCK;
        if (start_waiting(scheduler, now_ns)) {
            status = read_lines(scheduler, now_ns);
        }
        /* What completed while we submitted may have given a host its turn. */
        bool more = scheduler->turns.first != NULL && !scheduler->executor_full;
        if (!scheduler->stopping) {
            return status == STATUS_WOULD_BLOCK && more ? STATUS_OK : status;
        }
    }
    return feed_stopped(scheduler);
}

int64_t scheduler_next_ns(const struct scheduler *scheduler)
{
    int64_t due_ns = retries_next_ns(&scheduler->retries);
    int64_t hold_ns = hosts_next_ns(scheduler->hosts);
    return due_ns < hold_ns ? due_ns : hold_ns;
}

bool scheduler_waits_for_input(const struct scheduler *scheduler)
{
    return scheduler->waits_for_input;
}

bool scheduler_is_broken(const struct scheduler *scheduler)
{
    return scheduler->broken;
}

bool scheduler_input_failed(const struct scheduler *scheduler)
{
    return scheduler->input_failed;
}

void scheduler_count(const struct scheduler *scheduler, struct scheduler_counts *counts)
{
    *counts = (struct scheduler_counts){
        .lines = scheduler->lines,
        .input_ended = scheduler->input_ended,
        .waiting = window_count(&scheduler->window, TASK_WAITING),
        .backing_off = window_count(&scheduler->window, TASK_BACKING_OFF),
        .in_flight = window_count(&scheduler->window, TASK_IN_FLIGHT),
        .held_hosts = (uint32_t)hosts_held_count(scheduler->hosts),
    };
}

const struct task *scheduler_oldest(const struct scheduler *scheduler)
{
    const struct task *task = window_first(&scheduler->window, TASK_IN_FLIGHT);
    return task != NULL && future_running(task->future) ? task : NULL;
}

const struct host *scheduler_held_host(const struct scheduler *scheduler)
{
    return hosts_first_held(scheduler->hosts);
}
