/* coordinator/fetch/scheduler.c against an executor and a clock that the test moves by
 * hand: both are defined here, in place of the real ones. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "coordinator/fetch/scheduler.h"
#include "coordinator/fetch/task.h"

/* ---- the clock ---- */

static int64_t now_ns;

int64_t clock_now_ns(void)
{
    return now_ns;
}

int64_t clock_deadline_ns(int64_t timeout_ms)
{
    return timeout_ms < 0 ? DEADLINE_NEVER : now_ns + timeout_ms * NS_PER_MS;
}

int clock_left_ms(int64_t deadline_ns, int cap_ms)
{
    int64_t left_ms = (deadline_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
    return left_ms < 0 ? 0 : left_ms > cap_ms ? cap_ms : (int)left_ms;
}

struct timespec clock_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

/* ---- the executor ---- */

struct future {
    char *url;
    bool running, done, released;
    future_callback *callback;
    void *context;
    struct fetch_result result;
    struct future *next;
};

static struct future *futures; /* submitted and not done, oldest first */
static uint32_t pending, pending_max, pending_most;
static uint64_t submitted;
static uint64_t alive; /* futures that were not released */
static enum status submit_fails;
static bool completes_at_once;          /* in future_add_done_callback() */
static bool completes_while_submitting; /* the oldest, before a new one is taken */

static void future_forget(struct future *future)
{
    if (future->done && future->released) {
        free(future->url);
        free(future);
        alive--;
    }
}

static void complete_with(struct future *future, struct fetch_result result)
{
    struct future **link = &futures;
    while (*link != future) {
        link = &(*link)->next;
    }
    *link = future->next;
    pending--;
    result.url = result.effective_url = future->url;
    result.detail = result.detail == NULL ? "" : result.detail;
    result.content_type = result.remote_ip = "";
    future->result = result;
    future->done = true;
    if (future->callback != NULL) {
        future->callback(future, future->context);
    }
    future_forget(future);
}

static void complete(struct future *future, enum fetch_error error, uint32_t http_status, int64_t retry_after_s)
{
    complete_with(future,
                  (struct fetch_result){
                      .error = error, .http_status = http_status, .retry_after_s = retry_after_s, .attempts = 1});
}

static void succeed(struct future *future)
{
    complete(future, FETCH_OK, 200, -1);
}

enum status executor_submit(struct executor *executor, const struct request *request, int64_t timeout_ms,
                            struct future **future)
{
    (void)executor;
    ck_assert_int_eq(timeout_ms, 0);
    if (submit_fails != STATUS_OK) {
        return submit_fails;
    }
    if (completes_while_submitting && futures != NULL) {
        succeed(futures);
    }
    if (pending >= pending_max) {
        return STATUS_WOULD_BLOCK;
    }
    *future = calloc(1, sizeof **future);
    (*future)->url = strdup(request->url);
    struct future **link = &futures;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = *future;
    pending++;
    alive++;
    submitted++;
    pending_most = pending > pending_most ? pending : pending_most;
    return STATUS_OK;
}

enum status future_add_done_callback(struct future *future, future_callback *callback, void *context)
{
    future->callback = callback;
    future->context = context;
    if (completes_at_once) {
        succeed(future);
    }
    return STATUS_OK;
}

enum status future_result(struct future *future, int64_t timeout_ms, const struct fetch_result **result)
{
    (void)timeout_ms;
    *result = future->done ? &future->result : NULL;
    return future->done ? STATUS_OK : STATUS_TIMEOUT;
}

bool future_running(const struct future *future)
{
    return future->running;
}

bool future_cancel(struct future *future)
{
    if (future->done) {
        return false;
    }
    complete_with(future, (struct fetch_result){
                              .error = FETCH_CANCELLED, .retry_after_s = -1, .attempts = future->running ? 1 : 0});
    return true;
}

void future_release(struct future *future)
{
    if (future != NULL) {
        future->released = true;
        /* complete_with() still needs it, and forgets it afterwards. */
        if (!future->done) {
            future->callback = NULL;
        }
    }
}

const char *executor_why_broken(const struct executor *executor)
{
    (void)executor;
    return submit_fails == STATUS_BROKEN ? "workers die" : "";
}

static struct future *find(const char *url)
{
    for (struct future *future = futures; future != NULL; future = future->next) {
        if (strcmp(future->url, url) == 0) {
            return future;
        }
    }
    ck_abort_msg("%s is not in flight", url);
}

static bool in_flight(const char *url)
{
    for (struct future *future = futures; future != NULL; future = future->next) {
        if (strcmp(future->url, url) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- outcomes ---- */

struct recorded {
    char *url;
    enum fetch_error error;
    uint32_t attempts;
    char detail[64];
};

static struct recorded *outcomes;
static size_t outcome_count;
static bool remembers = true;
static uint64_t saved_count;

static enum status record(struct sink *sink, const struct outcome *outcome)
{
    (void)sink;
    if (remembers) {
        if ((outcome_count & (outcome_count - 1)) == 0) {
            outcomes = realloc(outcomes, (2 * outcome_count + 1) * sizeof *outcomes);
        }
        struct recorded *recorded = &outcomes[outcome_count];
        recorded->url = strndup(outcome->url, outcome->url_bytes);
        recorded->error = outcome->result->error;
        recorded->attempts = outcome->attempts;
        snprintf(recorded->detail, sizeof recorded->detail, "%s", outcome->result->detail);
        ck_assert_ptr_nonnull(outcome->result->effective_url);
        ck_assert_ptr_nonnull(outcome->result->content_type);
        ck_assert_ptr_nonnull(outcome->result->remote_ip);
    }
    outcome_count++;
    return STATUS_OK;
}

static enum status save(struct sink *sink, const struct outcome *outcome)
{
    (void)sink;
    (void)outcome;
    saved_count++;
    return STATUS_OK;
}

static enum status refuse(struct sink *sink, const struct outcome *outcome)
{
    (void)outcome;
    strcpy(sink->why, "cannot write: it is full");
    return STATUS_SYSTEM;
}

static enum status flush(struct sink *sink)
{
    (void)sink;
    return STATUS_OK;
}

static const struct sink_ops RECORD_OPS = {"record", record, flush, NULL};
static const struct sink_ops SAVE_OPS = {"save", save, flush, NULL};
static const struct sink_ops REFUSE_OPS = {"refuse", refuse, flush, NULL};
static struct sink report = {.ops = &RECORD_OPS};
static struct sink saver = {.ops = &SAVE_OPS};

static size_t count_of(enum fetch_error error)
{
    size_t count = 0;
    for (size_t i = 0; i < outcome_count; i++) {
        count += outcomes[i].error == error;
    }
    return count;
}

/* ---- a scheduler for each test ---- */

static struct scheduler_config config;
static struct scheduler *scheduler;
static const char **numbered; /* "http://h/0", "http://h/1", ... */
static size_t numbered_count;

/* All anew, as valgrind runs the tests in one process. */
static void set_up(void)
{
    config = (struct scheduler_config){.window = 100, .retries = 2};
    scheduler = NULL;
    now_ns = NS_PER_S;
    futures = NULL;
    pending = pending_most = 0;
    pending_max = 1000;
    submitted = alive = saved_count = 0;
    submit_fails = STATUS_OK;
    completes_at_once = completes_while_submitting = false;
    outcomes = NULL;
    outcome_count = 0;
    remembers = true;
    report.ops = &RECORD_OPS;
    saver.ops = &SAVE_OPS;
    numbered = NULL;
    numbered_count = 0;
}

static void open_scheduler(struct input *input, bool ordered)
{
    config.input = input;
    config.delivery = delivery_open(ordered ? config.window : 0);
    delivery_add_report(config.delivery, &report);
    delivery_add_saver(config.delivery, &saver);
    scheduler = scheduler_open(&config);
    ck_assert_ptr_nonnull(scheduler);
}

#define open_list(...) \
    do { \
        static const char *const list[] = {__VA_ARGS__}; \
        open_scheduler(input_open_arguments(list, sizeof list / sizeof list[0]), false); \
    } while (0)

static void open_numbered(const char *format, size_t count, bool ordered)
{
    numbered = malloc(count * sizeof *numbered);
    numbered_count = count;
    for (size_t i = 0; i < count; i++) {
        char url[100];
        snprintf(url, sizeof url, format, i);
        numbered[i] = strdup(url);
    }
    open_scheduler(input_open_arguments(numbered, count), ordered);
}

static void tear_down(void)
{
    while (futures != NULL) {
        future_cancel(futures);
    }
    scheduler_close(scheduler);
    delivery_close(config.delivery);
    input_close(config.input);
    ck_assert_uint_eq(alive, 0);
    for (size_t i = 0; remembers && i < outcome_count; i++) {
        free(outcomes[i].url);
    }
    free(outcomes);
    for (size_t i = 0; i < numbered_count; i++) {
        free((char *)numbered[i]);
    }
    free(numbered);
}

static enum status feed(void)
{
    return scheduler_feed(scheduler);
}

static struct scheduler_counts counts(void)
{
    struct scheduler_counts now;
    scheduler_count(scheduler, &now);
    return now;
}

/* Feeds and lets everything succeed until the end. */
static void finish(void)
{
    enum status status;
    while ((status = feed()) != STATUS_END) {
        if (futures != NULL) {
            succeed(futures);
        } else if (status == STATUS_WOULD_BLOCK) {
            ck_assert_int_ne(scheduler_next_ns(scheduler), DEADLINE_NEVER);
            now_ns = scheduler_next_ns(scheduler);
        }
    }
}

/* ---- lines and outcomes ---- */

START_TEST(every_line_ends_in_one_outcome)
{
    open_list("http://a/", "nonsense://b/", "c.example", "", "http://a/", "http://d/\tx");
    ck_assert_int_eq(feed(), STATUS_WOULD_BLOCK);
    ck_assert_uint_eq(pending, 3);
    ck_assert_uint_eq(outcome_count, 3); /* what is no URL is told at once */
    ck_assert_uint_eq(count_of(FETCH_INVALID_URL), 3);
    ck_assert(in_flight("http://c.example/"));
    finish();
    ck_assert_uint_eq(outcome_count, 6);
    ck_assert_uint_eq(count_of(FETCH_OK), 3);
    ck_assert_str_eq(outcomes[4].url, "c.example");
    ck_assert_uint_eq(saved_count, 6);
}
END_TEST

START_TEST(an_empty_input_ends_at_once)
{
    open_scheduler(input_open_arguments(NULL, 0), false);
    ck_assert_int_eq(feed(), STATUS_END);
}
END_TEST

START_TEST(reading_stops_at_the_window)
{
    open_numbered("http://h%zu/", 1000, false);
    feed();
    ck_assert_uint_eq(pending, 100);
    ck_assert_uint_eq(counts().lines, 100);
    succeed(futures);
    feed();
    ck_assert_uint_eq(counts().lines, 101);
    finish();
    ck_assert_uint_eq(outcome_count, 1000);
}
END_TEST

START_TEST(a_full_executor_stops_the_feed_and_nothing_is_lost)
{
    pending_max = 7;
    open_numbered("http://h/%zu", 500, false);
    ck_assert_int_eq(feed(), STATUS_WOULD_BLOCK);
    ck_assert_uint_eq(counts().lines, 8); /* the one that did not fit is kept */
    finish();
    ck_assert_uint_eq(outcome_count, 500);
    for (size_t i = 0; i < outcome_count; i++) {
        ck_assert_str_eq(outcomes[i].url, numbered[i]);
    }
}
END_TEST

START_TEST(what_completes_inside_submit_is_not_lost)
{
    config.per_host = 1;
    completes_while_submitting = true;
    open_numbered("http://h%zu.example/", 300, false);
    finish();
    ck_assert_uint_eq(outcome_count, 300);
}
END_TEST

START_TEST(what_is_done_when_its_callback_is_added_is_not_lost)
{
    config.per_host = 1;
    completes_at_once = true;
    open_numbered("http://h/%zu", 300, false);
    finish();
    ck_assert_uint_eq(outcome_count, 300);
}
END_TEST

/* ---- hosts ---- */

START_TEST(no_host_has_more_in_flight_than_allowed)
{
    config.per_host = 3;
    open_numbered("http://h/%zu", 300, false);
    finish();
    ck_assert_uint_eq(pending_most, 3);
    ck_assert_uint_eq(outcome_count, 300);
}
END_TEST

START_TEST(a_full_host_stands_in_nobodys_way)
{
    config.per_host = 1;
    open_list("http://a/1", "http://a/2", "http://a/3", "http://b/1", "http://c/1");
    feed();
    ck_assert_uint_eq(pending, 3);
    ck_assert(in_flight("http://b/1") && in_flight("http://c/1"));
    succeed(find("http://a/1"));
    feed();
    ck_assert(in_flight("http://a/2") && !in_flight("http://a/3"));
    finish();
}
END_TEST

START_TEST(a_window_full_of_one_host_pauses_reading)
{
    config.per_host = 1;
    open_numbered("http://h/%zu", 1000, false);
    ck_assert_int_eq(feed(), STATUS_WOULD_BLOCK);
    ck_assert_uint_eq(counts().lines, 100);
    ck_assert(!scheduler_waits_for_input(scheduler));
    finish();
    for (size_t i = 0; i < outcome_count; i++) {
        ck_assert_str_eq(outcomes[i].url, numbered[i]);
    }
}
END_TEST

START_TEST(hosts_take_turns)
{
    pending_max = 2;
    config.per_host = 2;
    open_list("http://a/1", "http://a/2", "http://a/3", "http://a/4", "http://b/1", "http://b/2", "http://b/3");
    feed(); /* a/1 and a/2 run, a/3 waits for a */
    pending_max = 0;
    succeed(find("http://a/1"));
    succeed(find("http://a/2"));
    pending_max = 1000;
    feed();
    ck_assert(in_flight("http://a/3") && in_flight("http://a/4"));
    ck_assert(in_flight("http://b/1") && in_flight("http://b/2") && !in_flight("http://b/3"));
    finish();
    ck_assert_uint_eq(outcome_count, 7);
}
END_TEST

/* ---- retries ---- */

START_TEST(what_may_pass_is_tried_again_after_growing_pauses)
{
    open_list("http://a/");
    feed();
    complete(futures, FETCH_RESET, 0, -1);
    ck_assert_uint_eq(outcome_count, 0);
    ck_assert_int_eq(feed(), STATUS_WOULD_BLOCK);
    ck_assert_uint_eq(pending, 0);
    int64_t pause_ns = scheduler_next_ns(scheduler) - now_ns;
    ck_assert_int_ge(pause_ns, 250 * NS_PER_MS);
    ck_assert_int_le(pause_ns, 750 * NS_PER_MS);
    now_ns += pause_ns - 1;
    feed();
    ck_assert_uint_eq(pending, 0);
    now_ns += 1;
    feed();
    ck_assert_uint_eq(pending, 1);
    complete(futures, FETCH_HTTP_STATUS, 503, -1);
    pause_ns = scheduler_next_ns(scheduler) - now_ns;
    ck_assert_int_ge(pause_ns, 500 * NS_PER_MS);
    ck_assert_int_le(pause_ns, 1500 * NS_PER_MS);
    now_ns += pause_ns;
    feed();
    complete(futures, FETCH_TIMEOUT_READ, 0, -1);
    ck_assert_int_eq(feed(), STATUS_END);
    ck_assert_uint_eq(outcome_count, 1);
    ck_assert_int_eq(outcomes[0].error, FETCH_TIMEOUT_READ);
    ck_assert_uint_eq(outcomes[0].attempts, 3);
}
END_TEST

START_TEST(pauses_end_at_a_minute)
{
    config.retries = 40;
    open_list("http://a/");
    feed();
    for (int i = 0; i < 40; i++) {
        complete(futures, FETCH_CONNECT, 0, -1);
        ck_assert_int_le(scheduler_next_ns(scheduler) - now_ns, 60 * NS_PER_S);
        now_ns = scheduler_next_ns(scheduler);
        feed();
    }
    complete(futures, FETCH_OK, 200, -1);
    ck_assert_uint_eq(outcomes[0].attempts, 41);
}
END_TEST

START_TEST(what_will_not_pass_is_not_tried_again)
{
    open_list("http://a/", "http://b/", "http://c/");
    feed();
    complete(futures, FETCH_HTTP_STATUS, 404, -1);
    complete(futures, FETCH_TLS, 0, -1);
    complete(futures, FETCH_TOO_LARGE, 200, -1);
    ck_assert_int_eq(feed(), STATUS_END);
    ck_assert_uint_eq(outcome_count, 3);
}
END_TEST

START_TEST(a_back_off_does_not_stop_the_others)
{
    open_numbered("http://h/%zu", 50, false);
    feed();
    complete(futures, FETCH_RESET, 0, -1);
    while (futures != NULL) {
        succeed(futures);
        feed();
    }
    ck_assert_uint_eq(outcome_count, 49);
    finish();
    ck_assert_uint_eq(outcome_count, 50);
    ck_assert_str_eq(outcomes[49].url, "http://h/0");
}
END_TEST

/* ---- Retry-After ---- */

START_TEST(retry_after_holds_the_whole_host_and_no_other)
{
    config.per_host = 1;
    open_list("http://a/1", "http://a/2", "http://b/1", "http://b/2");
    feed();
    complete(find("http://a/1"), FETCH_HTTP_STATUS, 429, 30);
    succeed(find("http://b/1"));
    feed();
    ck_assert_uint_eq(pending, 1);
    ck_assert(in_flight("http://b/2"));
    ck_assert_uint_eq(counts().held_hosts, 1);
    now_ns += 30 * NS_PER_S - 1;
    feed();
    ck_assert_uint_eq(pending, 1);
    now_ns += 1;
    feed();
    ck_assert(in_flight("http://a/2"));
    finish();
    ck_assert_uint_eq(count_of(FETCH_OK), 4);
}
END_TEST

START_TEST(retry_after_takes_back_what_the_executor_has_not_started)
{
    open_numbered("http://h/%zu", 50, false);
    feed();
    ck_assert_uint_eq(pending, 50);
    for (struct future *future = futures; future != NULL; future = future->next) {
        future->running = strcmp(future->url, "http://h/0") == 0 || strcmp(future->url, "http://h/1") == 0;
    }
    complete(find("http://h/0"), FETCH_HTTP_STATUS, 503, 10);
    ck_assert_uint_eq(pending, 1);
    ck_assert_uint_eq(outcome_count, 0);
    complete(find("http://h/1"), FETCH_HTTP_STATUS, 503, 10);
    feed();
    ck_assert_uint_eq(pending, 0);
    finish();
    ck_assert_uint_eq(outcome_count, 50);
    ck_assert_uint_eq(count_of(FETCH_OK), 50);
    for (size_t i = 0; i < outcome_count; i++) {
        bool was_tried = strcmp(outcomes[i].url, "http://h/0") == 0 || strcmp(outcomes[i].url, "http://h/1") == 0;
        ck_assert_uint_eq(outcomes[i].attempts, was_tried ? 2 : 1);
    }
}
END_TEST

START_TEST(a_hold_binds_lines_that_are_read_later)
{
    config.window = 1;
    config.retries = 0;
    open_list("http://a/1", "http://a/2");
    feed();
    complete(futures, FETCH_HTTP_STATUS, 503, 5);
    feed();
    ck_assert_uint_eq(pending, 0);
    ck_assert_int_eq(scheduler_next_ns(scheduler), now_ns + 5 * NS_PER_S);
    finish();
    ck_assert_uint_eq(outcome_count, 2);
}
END_TEST

/* ---- order ---- */

START_TEST(ordered_reports_come_in_order_of_input)
{
    config.retries = 0;
    open_numbered("http://h%zu/", 1000, true);
    uint64_t state = 1;
    while (feed() != STATUS_END) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        struct future *future = futures;
        for (uint64_t skip = (state >> 33) % pending; skip > 0; skip--) {
            future = future->next;
        }
        complete(future, state >> 60 == 0 ? FETCH_TLS : FETCH_OK, 0, -1);
    }
    ck_assert_uint_eq(outcome_count, 1000);
    ck_assert_uint_gt(count_of(FETCH_TLS), 0);
    for (size_t i = 0; i < outcome_count; i++) {
        ck_assert_str_eq(outcomes[i].url, numbered[i]);
    }
}
END_TEST

START_TEST(ordered_reading_stops_when_the_oldest_is_far_behind)
{
    open_numbered("http://h%zu/", 1000, true);
    feed();
    for (int i = 0; i < 500 && futures->next != NULL; i++) {
        succeed(futures->next);
        feed();
    }
    ck_assert_uint_eq(counts().lines, 100);
    ck_assert_uint_eq(outcome_count, 0);
    ck_assert_uint_eq(saved_count, 99); /* bodies are saved when they come */
    succeed(futures);
    ck_assert_uint_eq(outcome_count, 100);
    finish();
}
END_TEST

/* ---- the end ---- */

START_TEST(fail_fast_starts_nothing_more_and_reports_the_rest_as_cancelled)
{
    config.per_host = 1;
    config.fail_fast = true;
    open_numbered("http://h/%zu", 300, false);
    feed();
    complete(futures, FETCH_HTTP_STATUS, 404, -1);
    ck_assert_int_eq(feed(), STATUS_END);
    ck_assert_uint_eq(outcome_count, 300);
    ck_assert_uint_eq(count_of(FETCH_CANCELLED), 299);
    ck_assert_uint_eq(outcomes[299].attempts, 0);
    ck_assert_uint_eq(submitted, 1);
}
END_TEST

START_TEST(fail_fast_lets_what_runs_finish)
{
    config.fail_fast = true;
    open_list("http://a/", "http://b/", "http://c/", "http://d/");
    feed();
    find("http://a/")->running = find("http://b/")->running = find("http://c/")->running = true;
    complete(find("http://a/"), FETCH_TLS, 0, -1);
    ck_assert_int_eq(feed(), STATUS_WOULD_BLOCK);
    ck_assert_uint_eq(count_of(FETCH_CANCELLED), 1); /* d had not started */
    succeed(find("http://b/"));
    complete(find("http://c/"), FETCH_RESET, 0, -1); /* is not tried again */
    ck_assert_int_eq(feed(), STATUS_END);
    ck_assert_uint_eq(outcome_count, 4);
    ck_assert_uint_eq(count_of(FETCH_OK), 1);
    ck_assert_uint_eq(count_of(FETCH_RESET), 1);
}
END_TEST

START_TEST(an_invalid_url_counts_as_the_first_failure)
{
    config.fail_fast = true;
    open_list("ftp://a/", "http://b/");
    ck_assert_int_eq(feed(), STATUS_END);
    ck_assert_uint_eq(outcome_count, 2);
    ck_assert_uint_eq(submitted, 0);
}
END_TEST

START_TEST(a_stop_cancels_what_waits_in_every_state)
{
    config.per_host = 1;
    open_list("http://a/1", "http://a/2", "http://b/1", "http://b/2", "http://c/1", "http://d/1");
    feed();
    find("http://d/1")->running = true;
    complete(find("http://a/1"), FETCH_RESET, 0, -1);           /* backs off; a/2 may start */
    complete(find("http://b/1"), FETCH_HTTP_STATUS, 429, 3600); /* b is held */
    scheduler_stop(scheduler, "interrupted by SIGINT", true);
    ck_assert_int_eq(feed(), STATUS_WOULD_BLOCK);
    ck_assert_uint_eq(outcome_count, 5);
    scheduler_cancel_in_flight(scheduler);
    ck_assert_int_eq(feed(), STATUS_END);
    ck_assert_uint_eq(count_of(FETCH_CANCELLED), 6);
    for (size_t i = 0; i < outcome_count; i++) {
        ck_assert_str_eq(outcomes[i].detail, "interrupted by SIGINT");
    }
}
END_TEST

START_TEST(a_stop_may_leave_the_rest_unread)
{
    open_numbered("http://h%zu/", 1000, false);
    feed();
    scheduler_stop(scheduler, "interrupted by SIGINT", false);
    ck_assert_int_eq(feed(), STATUS_END);
    ck_assert_uint_eq(outcome_count, 100);
}
END_TEST

START_TEST(a_stop_reads_the_rest_of_an_ordered_list_too)
{
    open_numbered("http://h%zu/", 20000, true);
    feed();
    futures->running = true;
    scheduler_stop(scheduler, "interrupted by SIGINT", true);
    ck_assert_int_eq(feed(), STATUS_WOULD_BLOCK); /* the window is full */
    succeed(futures);
    finish();
    ck_assert_uint_eq(outcome_count, 20000);
    ck_assert_uint_eq(count_of(FETCH_CANCELLED), 19999);
    ck_assert_str_eq(outcomes[0].url, "http://h0/");
}
END_TEST

START_TEST(what_the_executor_never_gives_back_can_be_abandoned)
{
    open_numbered("http://h%zu/", 10, false);
    feed();
    scheduler_stop(scheduler, "interrupted by SIGINT", true);
    for (struct future *future = futures; future != NULL; future = future->next) {
        future->running = true;
    }
    ck_assert_int_eq(feed(), STATUS_WOULD_BLOCK);
    scheduler_abandon(scheduler);
    ck_assert_int_eq(feed(), STATUS_END);
    ck_assert_uint_eq(count_of(FETCH_CANCELLED), 10);
}
END_TEST

START_TEST(a_broken_executor_ends_the_run_with_the_reason_for_every_line)
{
    config.per_host = 1;
    open_numbered("http://h/%zu", 300, false);
    feed();
    submit_fails = STATUS_BROKEN;
    complete(futures, FETCH_WORKER_CRASHED, 0, -1);
    ck_assert_int_eq(feed(), STATUS_END);
    ck_assert(scheduler_is_broken(scheduler));
    ck_assert_uint_eq(outcome_count, 300);
    ck_assert_str_eq(outcomes[299].detail, "workers die");
}
END_TEST

START_TEST(output_that_fails_stops_the_run)
{
    report.ops = &REFUSE_OPS;
    open_numbered("http://h%zu/", 1000, false);
    feed();
    succeed(futures);
    ck_assert_int_eq(feed(), STATUS_END);
    ck_assert_int_eq(delivery_status(config.delivery), STATUS_SYSTEM);
    ck_assert_str_eq(delivery_why(config.delivery), "cannot write: it is full");
    ck_assert_uint_eq(counts().lines, 100);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_line_ends_in_one_outcome,
        an_empty_input_ends_at_once,
        reading_stops_at_the_window,
        a_full_executor_stops_the_feed_and_nothing_is_lost,
        what_completes_inside_submit_is_not_lost,
        what_is_done_when_its_callback_is_added_is_not_lost,
        no_host_has_more_in_flight_than_allowed,
        a_full_host_stands_in_nobodys_way,
        a_window_full_of_one_host_pauses_reading,
        hosts_take_turns,
        what_may_pass_is_tried_again_after_growing_pauses,
        pauses_end_at_a_minute,
        what_will_not_pass_is_not_tried_again,
        a_back_off_does_not_stop_the_others,
        retry_after_holds_the_whole_host_and_no_other,
        retry_after_takes_back_what_the_executor_has_not_started,
        a_hold_binds_lines_that_are_read_later,
        ordered_reports_come_in_order_of_input,
        ordered_reading_stops_when_the_oldest_is_far_behind,
        fail_fast_starts_nothing_more_and_reports_the_rest_as_cancelled,
        fail_fast_lets_what_runs_finish,
        an_invalid_url_counts_as_the_first_failure,
        a_stop_cancels_what_waits_in_every_state,
        a_stop_may_leave_the_rest_unread,
        a_stop_reads_the_rest_of_an_ordered_list_too,
        what_the_executor_never_gives_back_can_be_abandoned,
        a_broken_executor_ends_the_run_with_the_reason_for_every_line,
        output_that_fails_stops_the_run,
    };
    Suite *suite = suite_create("scheduler");
    TCase *cases = tcase_create("scheduler");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        tcase_add_test(cases, tests[i]);
    }
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
