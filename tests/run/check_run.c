/* The loop of a run and the phases of its end: coordinator/run/run.c, against a scheduler, an executor and a clock
 * that the test moves: all are defined here, in place of the real ones. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "coordinator/fetch/scheduler_work.h"
#include "coordinator/fetch/task.h"
#include "coordinator/run/run.h"

#define SIGNALS_MAX 4
#define START_NS (100 * NS_PER_S)
#define LOG_BYTES 1024

/* What the run sees, and what it did. Times are ms since the start. */
static struct {
    int64_t now_ns;
    int64_t signals_ms[SIGNALS_MAX]; /* when each comes; 0: none */
    int taken;
    int64_t done_ms;      /* every line has its outcome then; -1: never by itself */
    bool obeys, dies;     /* all is done once it was cancelled, or once the workers were killed */
    bool is_done;         /* ... */
    bool has_input_fd;    /* a list that is still being written */
    bool waits_for_input; /* the scheduler */
    int busy_turns;       /* so often there is something at once */
    int64_t broken_ms;    /* when the executor breaks; 0: never */
    int64_t no_output_ms; /* when the output fails; 0: never */
    bool has_nothing;     /* executor_run() says END */
    bool is_broken;       /* scheduler_is_broken() */
    const struct task *oldest;
    const struct host *held;
    int64_t progress_ms; /* when the progress is due next; 0: never */
    struct scheduler_counts counts;
    char log[LOG_BYTES]; /* "NAME@MS " for each */
    int waits, flushes;
    bool watched_input;
    struct progress_state shown;
    char shown_text[600];
} world;

static struct signals signals = {.first = SIGINT};
static struct writer_interrupt interrupt;
static struct run run;

static int64_t now_ms(void)
{
    return (world.now_ns - START_NS) / NS_PER_MS;
}

static void note(const char *what)
{
    size_t used = strlen(world.log);
    snprintf(world.log + used, sizeof world.log - used, "%s@%lld ", what, (long long)now_ms());
}

/* ---- the clock ---- */

int64_t clock_now_ns(void)
{
    return world.now_ns;
}

int64_t clock_deadline_ns(int64_t timeout_ms)
{
    return timeout_ms < 0 ? DEADLINE_NEVER : world.now_ns + timeout_ms * NS_PER_MS;
}

int clock_left_ms(int64_t deadline_ns, int cap_ms)
{
    int64_t left_ms = (deadline_ns - world.now_ns + NS_PER_MS - 1) / NS_PER_MS;
    return left_ms < 0 ? 0 : left_ms > cap_ms ? cap_ms : (int)left_ms;
}

struct timespec clock_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

/* ---- signals, input, output ---- */

unsigned signals_take(struct signals *self)
{
    unsigned count = 0;
    (void)self;
    while (world.taken < SIGNALS_MAX && world.signals_ms[world.taken] && now_ms() >= world.signals_ms[world.taken]) {
        world.taken++;
        count++;
    }
    return count;
}

const char *signals_name(int number)
{
    return number == SIGINT ? "SIGINT" : "?";
}

int input_fd(const struct input *input)
{
    (void)input;
    return world.has_input_fd ? 7 : -1;
}

enum status delivery_status(const struct delivery *delivery)
{
    (void)delivery;
    return world.no_output_ms && now_ms() >= world.no_output_ms ? STATUS_SYSTEM : STATUS_OK;
}

enum status delivery_flush(struct delivery *delivery)
{
    world.flushes++;
    return delivery_status(delivery);
}

const struct summary *delivery_summary(const struct delivery *delivery)
{
    static const struct summary EMPTY;
    (void)delivery;
    return &EMPTY;
}

uint64_t summary_total(const struct summary *summary)
{
    (void)summary;
    return 12;
}

uint64_t summary_failed(const struct summary *summary)
{
    (void)summary;
    return 3;
}

bool progress_due(const struct progress *progress, int64_t at_ns)
{
    (void)progress;
    return world.progress_ms && at_ns >= START_NS + world.progress_ms * NS_PER_MS;
}

void progress_update(struct progress *progress, const struct progress_state *state, int64_t at_ns)
{
    (void)progress;
    (void)at_ns;
    world.shown = *state;
    snprintf(world.shown_text, sizeof world.shown_text, "%.*s", (int)state->waiting_for_bytes,
             state->waiting_for ? state->waiting_for : "");
    world.progress_ms = 0;
}

int64_t progress_next_ns(const struct progress *progress)
{
    (void)progress;
    return world.progress_ms ? START_NS + world.progress_ms * NS_PER_MS : DEADLINE_NEVER;
}

/* ---- the wait ---- */

void wakeups_watch_input(struct wakeups *wakeups, bool watch)
{
    (void)wakeups;
    world.watched_input = watch;
}

/* Time passes up to the deadline, or to the next signal. */
static void pass(int64_t timeout_ms)
{
    int64_t left_ms = timeout_ms < 0 ? 3600 * 1000 : timeout_ms;
    for (int i = world.taken; i < SIGNALS_MAX; i++) {
        int64_t until_ms = world.signals_ms[i] ? world.signals_ms[i] - now_ms() : left_ms;
        left_ms = until_ms < left_ms ? until_ms : left_ms;
    }
    const int64_t events_ms[] = {world.done_ms, world.broken_ms, world.no_output_ms};
    for (int i = 0; i < 3; i++) {
        if (events_ms[i] > now_ms() && events_ms[i] - now_ms() < left_ms)
            left_ms = events_ms[i] - now_ms();
    }
    world.now_ns += left_ms * NS_PER_MS;
}

void wakeups_wait(const struct wakeups *wakeups, int timeout_ms)
{
    (void)wakeups;
    world.waits++;
    pass(timeout_ms);
}

/* ---- the scheduler ---- */

struct scheduler *scheduler_open(const struct scheduler_config *config)
{
    (void)config;
    return (struct scheduler *)&world;
}

void scheduler_close(struct scheduler *scheduler)
{
    ck_assert(scheduler == (struct scheduler *)&world);
}

bool scheduler_input_failed(const struct scheduler *scheduler)
{
    (void)scheduler;
    return false;
}

enum status scheduler_feed(struct scheduler *scheduler)
{
    (void)scheduler;
    if (world.is_done || (world.done_ms >= 0 && now_ms() >= world.done_ms))
        return STATUS_END;
    if (world.busy_turns > 0) {
        world.busy_turns--;
        world.now_ns += 10 * NS_PER_MS;
        return STATUS_OK;
    }
    return STATUS_WOULD_BLOCK;
}

void scheduler_stop(struct scheduler *scheduler, const char *detail, bool read_rest)
{
    char what[128];
    (void)scheduler;
    snprintf(what, sizeof what, "stop(%s%s)", detail, read_rest ? ",rest" : "");
    note(what);
}

void scheduler_cancel_in_flight(struct scheduler *scheduler)
{
    (void)scheduler;
    note("cancel");
    world.is_done |= world.obeys;
}

void scheduler_abandon(struct scheduler *scheduler)
{
    (void)scheduler;
    note("abandon");
    world.is_done = true;
}

int64_t scheduler_next_ns(const struct scheduler *scheduler)
{
    (void)scheduler;
    return DEADLINE_NEVER;
}

bool scheduler_waits_for_input(const struct scheduler *scheduler)
{
    (void)scheduler;
    return world.waits_for_input;
}

bool scheduler_is_broken(const struct scheduler *scheduler)
{
    (void)scheduler;
    return world.is_broken;
}

void scheduler_count(const struct scheduler *scheduler, struct scheduler_counts *counts)
{
    (void)scheduler;
    *counts = world.counts;
}

const struct task *scheduler_oldest(const struct scheduler *scheduler)
{
    (void)scheduler;
    return world.oldest;
}

const struct host *scheduler_held_host(const struct scheduler *scheduler)
{
    (void)scheduler;
    return world.held;
}

size_t host_key(const struct host *host, char key[URL_HOST_KEY_BYTES])
{
    (void)host;
    return (size_t)snprintf(key, URL_HOST_KEY_BYTES, "http://held:80");
}

/* ---- the executor ---- */

enum status executor_run(struct executor *executor, int64_t timeout_ms)
{
    (void)executor;
    if (world.broken_ms && now_ms() >= world.broken_ms)
        return STATUS_BROKEN;
    if (world.has_nothing)
        return STATUS_END;
    if (timeout_ms != 0)
        pass(timeout_ms);
    return STATUS_TIMEOUT;
}

void executor_kill_workers(struct executor *executor)
{
    (void)executor;
    note("kill");
    world.is_done |= world.dies;
}

const char *executor_why_broken(const struct executor *executor)
{
    (void)executor;
    return world.broken_ms && now_ms() >= world.broken_ms ? "broken" : "";
}

void executor_stats(const struct executor *executor, struct executor_stats *stats)
{
    (void)executor;
    *stats = (struct executor_stats){.running = 2};
}

/* ---- tests ---- */

static void set_up(void)
{
    memset(&world, 0, sizeof world);
    world.now_ns = START_NS;
    world.done_ms = -1;
    interrupt = (struct writer_interrupt){.fd = -1, .deadline_ns = DEADLINE_NEVER};
    static const struct scheduler_config CONFIG;
    run = (struct run){.signals = &signals, .interrupt = &interrupt, .work = scheduler_work_open(&CONFIG)};
    ck_assert_ptr_nonnull(run.work);
}

static void tear_down(void)
{
    run.work->ops->close(run.work);
}

static void expect_log(const char *log)
{
    run_until_end(&run);
    ck_assert_str_eq(world.log, log);
}

START_TEST(a_run_without_a_signal_ends_when_every_line_has_its_outcome)
{
    world.done_ms = 7000;
    expect_log("");
    ck_assert_int_eq(now_ms(), 7000);
    ck_assert(!run.broken && run.phase == RUN_RUNNING);
    ck_assert_int_ge(world.flushes, 2); /* before it slept, and at the end */
}
END_TEST

START_TEST(a_signal_starts_the_grace_and_each_phase_has_its_time)
{
    world.signals_ms[0] = 1000;
    expect_log(
        "stop(interrupted by SIGINT,rest)@1000 stop(interrupted by SIGINT)@6000 cancel@6000 kill@7000 abandon@8000 ");
    ck_assert_int_eq((int)run.phase, RUN_ABANDON);
}
END_TEST

START_TEST(what_ends_within_the_grace_is_not_cancelled)
{
    world.signals_ms[0] = 1000;
    world.done_ms = 5999;
    expect_log("stop(interrupted by SIGINT,rest)@1000 ");
    ck_assert_int_eq((int)run.phase, RUN_GRACE);
}
END_TEST

START_TEST(workers_that_obey_are_not_killed)
{
    world.signals_ms[0] = 1000;
    world.obeys = true;
    expect_log("stop(interrupted by SIGINT,rest)@1000 stop(interrupted by SIGINT)@6000 cancel@6000 ");
}
END_TEST

START_TEST(workers_that_die_are_the_end)
{
    world.signals_ms[0] = 1000;
    world.dies = true;
    expect_log("stop(interrupted by SIGINT,rest)@1000 stop(interrupted by SIGINT)@6000 cancel@6000 kill@7000 ");
}
END_TEST

START_TEST(a_list_that_is_still_written_is_not_waited_for)
{
    world.signals_ms[0] = 1000;
    world.has_input_fd = true;
    world.done_ms = 1001;
    expect_log("stop(interrupted by SIGINT)@1000 ");
}
END_TEST

START_TEST(a_second_signal_ends_the_grace)
{
    world.signals_ms[0] = 1000;
    world.signals_ms[1] = 1100;
    world.obeys = true;
    expect_log("stop(interrupted by SIGINT,rest)@1000 stop(interrupted by SIGINT)@1100 cancel@1100 ");
    ck_assert(interrupt.deadline_ns == world.now_ns); /* a write that waits is over, too */
}
END_TEST

START_TEST(a_second_signal_at_once_is_the_same_signal)
{
    world.signals_ms[0] = 1000;
    world.signals_ms[1] = 1099;
    world.done_ms = 5000;
    expect_log("stop(interrupted by SIGINT,rest)@1000 ");
    ck_assert(interrupt.deadline_ns == START_NS + 6000 * NS_PER_MS);
}
END_TEST

START_TEST(a_signal_while_a_write_waits_gives_it_up_only_when_it_is_the_second)
{
    ck_assert(!run_gives_up_writing(&run));
    world.signals_ms[0] = 1;
    world.signals_ms[1] = 500;
    world.now_ns += NS_PER_MS;
    ck_assert(!run_gives_up_writing(&run));
    ck_assert(interrupt.deadline_ns == world.now_ns + RUN_GRACE_MS * NS_PER_MS);
    world.now_ns += 499 * NS_PER_MS;
    ck_assert(run_gives_up_writing(&run));
    ck_assert(run_gives_up_writing(&run));
}
END_TEST

START_TEST(an_output_that_fails_aborts_at_once)
{
    world.no_output_ms = 2000;
    world.obeys = true;
    expect_log("stop()@2000 cancel@2000 ");
    tear_down();
    set_up();
    world.no_output_ms = 2000;
    expect_log("stop()@2000 cancel@2000 kill@3000 abandon@4000 ");
}
END_TEST

START_TEST(a_broken_executor_stops_the_run_and_what_it_never_completes_is_abandoned)
{
    world.broken_ms = 3000;
    expect_log("stop(broken,rest)@3000 stop(broken,rest)@3000 abandon@3000 ");
    ck_assert(run.broken);
}
END_TEST

START_TEST(an_executor_that_breaks_with_the_last_result_is_noticed)
{
    world.broken_ms = 1000;
    world.done_ms = 1000;
    expect_log("");
    ck_assert(run.broken);
    tear_down();
    set_up();
    world.is_broken = true;
    world.done_ms = 1000;
    expect_log("");
    ck_assert(run.broken);
}
END_TEST

START_TEST(with_nothing_in_flight_the_wait_is_for_signals_and_input)
{
    world.has_nothing = true;
    world.waits_for_input = true;
    world.done_ms = 4000;
    expect_log("");
    ck_assert_int_eq(world.waits, 1);
    ck_assert(world.watched_input);
}
END_TEST

START_TEST(while_results_keep_coming_they_are_brought_out_ten_times_a_second)
{
    world.busy_turns = 100; /* of 10 ms */
    world.done_ms = 1000;
    expect_log("");
    ck_assert_int_ge(world.flushes, 9);
    ck_assert_int_le(world.flushes, 12);
}
END_TEST

static char url[] = "http://name:secret@host/page";

START_TEST(progress_names_the_oldest_transfer_without_its_password)
{
    struct task task = {.text = url, .url_bytes = sizeof url - 1, .started_ns = START_NS};
    world.oldest = &task;
    world.progress_ms = 4500;
    world.counts = (struct scheduler_counts){.lines = 40, .input_ended = true, .waiting = 5, .in_flight = 4};
    world.done_ms = 5000;
    expect_log("");
    ck_assert_str_eq(world.shown_text, "4 s for http://host/page");
    ck_assert_uint_eq(world.shown.total_known, 40);
    ck_assert_uint_eq(world.shown.queued, 7);
    ck_assert_uint_eq(world.shown.in_flight, 2);
    ck_assert_uint_eq(world.shown.done, 12);
}
END_TEST

START_TEST(progress_does_not_name_what_has_only_begun)
{
    struct task task = {.text = url, .url_bytes = sizeof url - 1, .started_ns = START_NS};
    world.oldest = &task;
    world.progress_ms = 900;
    world.counts = (struct scheduler_counts){.lines = 40, .in_flight = 1};
    run.total_known = 44;
    world.done_ms = 5000;
    expect_log("");
    ck_assert_ptr_null(world.shown.waiting_for);
    ck_assert_uint_eq(world.shown.total_known, 44);
    ck_assert_uint_eq(world.shown.queued, 0); /* more run than live: a moment of their own */
}
END_TEST

START_TEST(progress_cuts_a_url_that_is_too_long_for_it)
{
    static char text[2000];
    memset(text, 'x', sizeof text);
    memcpy(text, "http://host/", 12);
    struct task task = {.text = text, .url_bytes = sizeof text, .started_ns = START_NS};
    world.oldest = &task;
    world.progress_ms = 2000;
    world.done_ms = 5000;
    expect_log("");
    ck_assert_uint_eq(world.shown.waiting_for_bytes, 512);
}
END_TEST

START_TEST(progress_names_the_held_host_when_nothing_runs)
{
    struct host host = {.hold = {.at_ns = START_NS + 9500 * NS_PER_MS}};
    world.held = &host;
    world.progress_ms = 2000;
    world.done_ms = 5000;
    expect_log("");
    ck_assert_str_eq(world.shown_text, "host http://held:80 held 8 s (Retry-After)");
}
END_TEST

static void count_crawl(const struct work *work, struct work_counts *counts)
{
    (void)work;
    *counts = (struct work_counts){.is_crawl = true, .unfinished = 12, .hosts = 300, .held_hosts = 7};
}

START_TEST(progress_shows_what_a_crawl_counts)
{
    struct work_ops ops = *run.work->ops;
    const struct work_ops *kept = run.work->ops;
    ops.count = count_crawl;
    run.work->ops = &ops;
    world.progress_ms = 2000;
    world.done_ms = 5000;
    expect_log("");
    run.work->ops = kept;
    ck_assert(world.shown.is_crawl);
    ck_assert_uint_eq(world.shown.hosts, 300);
    ck_assert_uint_eq(world.shown.held_hosts, 7);
    ck_assert_uint_eq(world.shown.queued, 10);
    ck_assert_uint_eq(world.shown.total_known, 0);
}
END_TEST

START_TEST(progress_says_nothing_when_there_is_nothing)
{
    world.progress_ms = 2000;
    world.done_ms = 5000;
    expect_log("");
    ck_assert_ptr_null(world.shown.waiting_for);
}
END_TEST

static Suite *run_suite(void)
{
    Suite *suite = suite_create("run");
    TCase *tests = tcase_create("run");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_run_without_a_signal_ends_when_every_line_has_its_outcome);
    tcase_add_test(tests, a_signal_starts_the_grace_and_each_phase_has_its_time);
    tcase_add_test(tests, what_ends_within_the_grace_is_not_cancelled);
    tcase_add_test(tests, workers_that_obey_are_not_killed);
    tcase_add_test(tests, workers_that_die_are_the_end);
    tcase_add_test(tests, a_list_that_is_still_written_is_not_waited_for);
    tcase_add_test(tests, a_second_signal_ends_the_grace);
    tcase_add_test(tests, a_second_signal_at_once_is_the_same_signal);
    tcase_add_test(tests, a_signal_while_a_write_waits_gives_it_up_only_when_it_is_the_second);
    tcase_add_test(tests, an_output_that_fails_aborts_at_once);
    tcase_add_test(tests, a_broken_executor_stops_the_run_and_what_it_never_completes_is_abandoned);
    tcase_add_test(tests, an_executor_that_breaks_with_the_last_result_is_noticed);
    tcase_add_test(tests, with_nothing_in_flight_the_wait_is_for_signals_and_input);
    tcase_add_test(tests, while_results_keep_coming_they_are_brought_out_ten_times_a_second);
    tcase_add_test(tests, progress_names_the_oldest_transfer_without_its_password);
    tcase_add_test(tests, progress_does_not_name_what_has_only_begun);
    tcase_add_test(tests, progress_cuts_a_url_that_is_too_long_for_it);
    tcase_add_test(tests, progress_names_the_held_host_when_nothing_runs);
    tcase_add_test(tests, progress_shows_what_a_crawl_counts);
    tcase_add_test(tests, progress_says_nothing_when_there_is_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(run_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
