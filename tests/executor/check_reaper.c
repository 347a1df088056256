/* What a death means, step by step: coordinator/executor/reaper.c, with puppets that die as the test says. That real
 * processes die so is for tests/check_crash*.c. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/roster.h"
#include "common/slot.h"
#include "tests/support/puppets.h"
#include "tests/support/support.h"

#define URL "http://127.0.0.1/"
#define SIGRTMAX_STATUS 64         /* a signal without a name, as a wait status */
#define EXITED(code) ((code) << 8) /* as waitpid() says it */

static struct executor *executor;

static void set_up(void)
{
    executor = puppets_open();
}

static void tear_down(void)
{
    puppets_close(executor);
}

static const struct fetch_result *result_of(struct future *future)
{
    const struct fetch_result *result;
    ck_assert_msg(future_done(future), "%s is not done", future_url(future));
    future_result(future, 0, &result);
    return result;
}

static void kill_with_culprit(uint32_t worker, uint32_t slot, int wait_status)
{
    roster_set_current(&executor->shared, worker, slot);
    puppets_end(executor, worker, wait_status);
    puppets_turn(executor);
}

/* Dies, and begins its next life at once, however short its lives are. */
static void live_again(uint32_t worker, int wait_status)
{
    puppets_end(executor, worker, wait_status);
    puppets_turn(executor);
    puppets_turn(executor);
}

/* ---- whose fault it is ---- */

START_TEST(the_second_crash_over_its_data_fails_a_url)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    kill_with_culprit(0, puppets_claim(executor, 0).slot, SIGSEGV);
    ck_assert(!future_done(future));
    ck_assert_uint_eq(future->strikes, 1);
    kill_with_culprit(QUARANTINE, puppets_claim(executor, QUARANTINE).slot, SIGSEGV);
    const struct fetch_result *result = result_of(future);
    ck_assert_int_eq((int)result->error, FETCH_WORKER_CRASHED);
    ck_assert_uint_eq(result->crash_signal, SIGSEGV);
    ck_assert_str_eq(result->detail, "its worker was killed by signal 11 (SEGV)");
    ck_assert_uint_eq(result->attempts, 2);
    future_release(future);
}
END_TEST

START_TEST(a_signal_without_a_name_and_an_exit_are_told_as_they_are)
{
    static const struct {
        int wait_status;
        const char *detail;
    } DEATHS[] = {{SIGRTMAX_STATUS, "its worker was killed by signal 64 (?)"},
                  {EXITED(3), "its worker ended unexpectedly"}};
    for (size_t i = 0; i < 2; i++) {
        struct future *future = puppets_submit(executor, URL);
        puppets_turn(executor);
        kill_with_culprit(0, puppets_claim(executor, 0).slot, DEATHS[i].wait_status);
        kill_with_culprit(QUARANTINE, puppets_claim(executor, QUARANTINE).slot, DEATHS[i].wait_status);
        ck_assert_str_eq(result_of(future)->detail, DEATHS[i].detail);
        future_release(future);
    }
}
END_TEST

START_TEST(a_crash_with_no_culprit_makes_suspects_of_all_that_was_held)
{
    struct future *futures[3];
    for (int i = 0; i < 3; i++)
        futures[i] = puppets_submit(executor, URL);
    puppets_turn(executor);
    puppets_claim(executor, 0);
    puppets_claim(executor, 0);
    struct claim claim = puppets_claim(executor, 1);
    kill_with_culprit(0, 12345678, SIGSEGV); /* no slot has the number: none is known */
    ck_assert_uint_eq(futures[0]->strikes + futures[1]->strikes, 2);
    ck_assert_uint_eq(futures[2]->strikes, 0);
    ck_assert(puppets_publish(executor, 1, &claim, 1));
    for (int i = 0; i < 2; i++) { /* one at a time, and each clears itself */
        claim = puppets_claim(executor, QUARANTINE);
        ck_assert_uint_eq(ring_length(&executor->shared, RING_QUARANTINE), 0);
        ck_assert(puppets_publish(executor, QUARANTINE, &claim, 1));
        puppets_turn(executor);
    }
    for (int i = 0; i < 3; i++) {
        expect_ok(futures[i]);
        future_release(futures[i]);
    }
}
END_TEST

START_TEST(a_kill_from_outside_is_charged_to_nobody)
{
    static const int SIGNALS[] = {SIGKILL, SIGTERM};
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    puppets_claim(executor, 0);
    kill_with_culprit(0, SLOT_NONE, SIGNALS[_i]);
    ck_assert_uint_eq(future->strikes, 0);
    struct claim claim = puppets_claim(executor, 0); /* in the ordinary ring again */
    ck_assert(puppets_publish(executor, 0, &claim, 1));
    expect_ok(future);
    future_release(future);
}
END_TEST

START_TEST(a_url_that_was_in_the_hands_of_a_hundred_dead_fails)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    for (uint32_t i = 1; i <= 100; i++) {
        ck_assert_uint_eq(future->attempts, i);
        ck_assert_uint_eq(puppets_claim(executor, 0).slot, future->slot);
        executor->barren_deaths = 0; /* the others do well, or nobody could live */
        live_again(0, SIGKILL);
    }
    const struct fetch_result *result = result_of(future);
    ck_assert_int_eq((int)result->error, FETCH_WORKER_CRASHED);
    ck_assert_uint_eq(result->attempts, 100);
    future_release(future);
}
END_TEST

START_TEST(what_was_to_be_cancelled_is_when_its_worker_dies)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    puppets_claim(executor, 0);
    ck_assert(future_cancel(future));
    ck_assert(!future_done(future));
    puppets_end(executor, 0, SIGSEGV);
    puppets_turn(executor);
    ck_assert(future_cancelled(future));
    future_release(future);
}
END_TEST

START_TEST(what_was_done_and_not_announced_is_delivered)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    struct claim claim = puppets_claim(executor, 0);
    struct result_shm *result = &executor->shared.slots[claim.slot].result;
    memset(result, 0, sizeof *result);
    ck_assert(slot_publish(&executor->shared, claim.slot, claim.word));
    puppets_end(executor, 0, SIGSEGV);
    puppets_turn(executor);
    expect_ok(future);
    ck_assert_uint_eq(executor->workers[0].barren_deaths, 0);
    future_release(future);
}
END_TEST

/* ---- the pool ---- */

START_TEST(a_planned_end_is_no_death)
{
    static const int ENDS[] = {EXITED(WORKER_TASKS_DONE), EXITED(WORKER_STOPPED)};
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    puppets_claim(executor, 0);
    puppets_end(executor, 0, ENDS[_i]);
    puppets_turn(executor);
    ck_assert_uint_eq(executor->deaths, 0);
    ck_assert_uint_eq(future->strikes, 0);
    ck_assert(executor->workers[0].is_alive); /* the next life */
    ck_assert_uint_eq(executor->workers[0].incarnation, 1);
    future_release(future);
}
END_TEST

START_TEST(a_worker_that_libcurl_refuses_breaks_the_pool)
{
    struct future *held = puppets_submit(executor, URL);
    struct future *waits = puppets_submit(executor, URL);
    puppets_turn(executor);
    puppets_claim(executor, 0);
    puppets_end(executor, 0, EXITED(WORKER_CONFIG));
    puppets_turn(executor);
    ck_assert_ptr_nonnull(strstr(executor_why_broken(executor), "could not start"));
    ck_assert_int_eq((int)result_of(held)->error, FETCH_WORKER_CRASHED);
    ck_assert_int_eq((int)result_of(waits)->error, FETCH_WORKER_CRASHED);
    ck_assert_int_eq(puppets_signal_sent(1), executor->workers[1].is_alive ? SIGKILL : 0);
    future_release(held);
    future_release(waits);
}
END_TEST

START_TEST(a_pool_that_may_break_does_at_the_first_death)
{
    static const struct {
        int wait_status;
        const char *why;
    } DEATHS[] = {{SIGSEGV, "worker 0 died of SIGSEGV"}, {EXITED(3), "worker 0 died"}};
    executor->options.on_worker_death = EXECUTOR_BREAK;
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    puppets_end(executor, 0, DEATHS[_i].wait_status);
    puppets_turn(executor);
    ck_assert_str_eq(executor_why_broken(executor), DEATHS[_i].why);
    ck_assert_int_eq((int)result_of(future)->error, FETCH_WORKER_CRASHED);
    future_release(future);
}
END_TEST

START_TEST(ten_deaths_with_nothing_completed_break_the_pool)
{
    static const struct {
        int wait_status;
        const char *why;
    } DEATHS[] = {
        {SIGKILL, "workers cannot live: 10 died in a row and nothing was completed in between (the last of SIGKILL)"},
        {EXITED(3), "workers cannot live: 10 died in a row and nothing was completed in between (the last exited)"},
        {EXITED(WORKER_SHORT), "workers cannot live: 10 died in a row and nothing was completed in between (the last "
                               "could not start for want of memory or descriptors)"},
    };
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    for (int i = 0; i < 10; i++) {
        ck_assert_str_eq(executor_why_broken(executor), "");
        live_again(0, DEATHS[_i].wait_status);
    }
    ck_assert_str_eq(executor_why_broken(executor), DEATHS[_i].why);
    ck_assert_int_eq((int)result_of(future)->error, FETCH_WORKER_CRASHED);
    future_release(future);
}
END_TEST

/* The tenth had published, and died before it could say so. */
START_TEST(a_death_that_leaves_a_result_is_not_the_tenth_with_nothing_completed)
{
    struct future *future = puppets_submit(executor, URL);
    struct future *waits = puppets_submit(executor, URL);
    puppets_turn(executor);
    for (int i = 0; i < 9; i++)
        live_again(0, SIGKILL);
    struct claim claim = puppets_claim(executor, 0);
    memset(&executor->shared.slots[claim.slot].result, 0, sizeof(struct result_shm));
    ck_assert(slot_publish(&executor->shared, claim.slot, claim.word));
    live_again(0, SIGKILL);
    ck_assert_str_eq(executor_why_broken(executor), "");
    expect_ok(future);
    for (int i = 1; i < 10; i++) { /* it was the first of the next ten */
        ck_assert(!future_done(waits));
        live_again(0, SIGKILL);
    }
    ck_assert_str_ne(executor_why_broken(executor), "");
    ck_assert_int_eq((int)result_of(waits)->error, FETCH_WORKER_CRASHED);
    future_release(future);
    future_release(waits);
}
END_TEST

/* What the dead still held says how it died, what waited says why nothing goes on. */
START_TEST(what_the_last_dead_held_fails_with_its_signal)
{
    executor->options.on_worker_death = EXECUTOR_BREAK;
    struct future *held = puppets_submit(executor, URL);
    struct future *waits = puppets_submit(executor, URL);
    puppets_turn(executor);
    puppets_claim(executor, 0);
    puppets_end(executor, 0, SIGSEGV);
    puppets_turn(executor);
    ck_assert_str_eq(result_of(held)->detail, "its worker was killed by signal 11 (SEGV)");
    ck_assert_str_eq(result_of(waits)->detail, "worker 0 died of SIGSEGV");
    future_release(held);
    future_release(waits);
}
END_TEST

/* Dies without a finished slot, and looks how long the next life has to wait. */
static int64_t wait_after_a_young_death(void)
{
    int64_t before_ns = clock_now_ns();
    executor->barren_deaths = 0; /* the others do well */
    puppets_end(executor, 0, SIGKILL);
    executor_run(executor, 0);
    return executor->workers[0].may_start_ns ? executor->workers[0].may_start_ns - before_ns : 0;
}

START_TEST(short_lives_make_the_next_one_wait_longer_each_time)
{
    static const int64_t WAITS_MS[] = {0, 20, 40, 80, 160, 320, 640, 1280, 2000, 2000, 2000, 2000, 2000, 2000};
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    for (size_t i = 0; i < sizeof WAITS_MS / sizeof WAITS_MS[0]; i++) {
        int64_t wait_ms = wait_after_a_young_death() / NS_PER_MS;
        ck_assert_msg(wait_ms >= WAITS_MS[i], "life %zu: %lld ms", i, (long long)wait_ms);
        ck_assert(wait_ms == 0 || !executor->workers[0].is_alive);
        ck_assert(wait_ms == 0 || executor->reap_at_ns == executor->workers[0].may_start_ns);
        puppets_turn(executor); /* the wait is over */
        ck_assert(executor->workers[0].is_alive);
    }
    /* A life that finished something begins again at nothing. */
    atomic_store(&executor->shared.roster[0].finished, 1);
    ck_assert_int_eq(wait_after_a_young_death(), 0);
    future_release(future);
}
END_TEST

/* ---- lives that do not begin ---- */

START_TEST(a_start_that_fails_for_want_of_something_is_tried_again)
{
    static const enum status WANTS[] = {STATUS_SYSTEM, STATUS_OUT_OF_MEMORY};
    puppets_refuse_to_start(WANTS[_i], EAGAIN);
    struct future *future = puppets_submit(executor, URL);
    ck_assert_uint_eq(executor->alive, 0);
    ck_assert(executor->workers[0].may_start_ns > 0);
    ck_assert(executor->reap_at_ns == executor->workers[0].may_start_ns);
    puppets_refuse_to_start(STATUS_OK, 0);
    puppets_turn(executor);
    ck_assert_uint_eq(executor->alive, 1);
    struct claim claim = puppets_claim(executor, 0);
    ck_assert(puppets_publish(executor, 0, &claim, 1));
    expect_ok(future);
    future_release(future);
}
END_TEST

START_TEST(a_start_that_fails_ten_times_breaks_the_pool_when_nobody_lives)
{
    static const struct {
        enum status status;
        const char *why;
    } WANTS[] = {{STATUS_SYSTEM, "cannot start a worker: Resource temporarily unavailable"},
                 {STATUS_OUT_OF_MEMORY, "cannot start a worker: out of memory"}};
    puppets_refuse_to_start(WANTS[_i].status, EAGAIN);
    struct future *future = puppets_submit(executor, URL);
    for (int i = 1; i < 10; i++) {
        ck_assert_str_eq(executor_why_broken(executor), "");
        puppets_turn(executor);
    }
    ck_assert_str_eq(executor_why_broken(executor), WANTS[_i].why);
    ck_assert_int_eq((int)result_of(future)->error, FETCH_WORKER_CRASHED);
    future_release(future);
}
END_TEST

START_TEST(a_start_that_fails_breaks_nothing_while_another_lives)
{
    struct future *one = puppets_submit(executor, URL);
    puppets_turn(executor);
    puppets_refuse_to_start(STATUS_SYSTEM, EAGAIN);
    struct future *other = puppets_submit(executor, URL);
    for (int i = 0; i < 20; i++)
        puppets_turn(executor);
    ck_assert_str_eq(executor_why_broken(executor), "");
    ck_assert_uint_eq(executor->alive, 1);
    future_release(one);
    future_release(other);
}
END_TEST

START_TEST(a_start_that_libcurl_refuses_breaks_the_pool_at_once)
{
    puppets_refuse_to_start(STATUS_INVALID_ARGUMENT, 0);
    struct future *future = puppets_submit(executor, URL);
    ck_assert_str_eq(executor_why_broken(executor), "cannot start a worker: invalid argument");
    ck_assert_int_eq((int)result_of(future)->error, FETCH_WORKER_CRASHED);
    future_release(future);
}
END_TEST

START_TEST(the_earliest_start_that_is_due_is_what_is_waited_for)
{
    struct future *one = puppets_submit(executor, URL);
    struct future *other = puppets_submit(executor, URL);
    puppets_turn(executor);
    ck_assert_uint_eq(executor->alive, 2);
    puppets_refuse_to_start(STATUS_SYSTEM, EAGAIN);
    puppets_end(executor, 0, SIGKILL);
    puppets_end(executor, 1, SIGKILL);
    puppets_turn(executor);
    ck_assert(executor->workers[0].may_start_ns <= executor->workers[1].may_start_ns);
    ck_assert(executor->reap_at_ns == executor->workers[0].may_start_ns);
    future_release(one);
    future_release(other);
}
END_TEST

START_TEST(nobody_is_started_while_the_executor_stops)
{
    executor->is_stopping = true;
    reaper_start(executor, 0);
    ck_assert_uint_eq(executor->alive, 0);
    executor->is_stopping = false;
    reaper_start(executor, 0);
    reaper_start(executor, 0); /* lives already */
    ck_assert_uint_eq(executor->alive, 1);
}
END_TEST

START_TEST(who_died_while_nothing_was_pending_starts_with_the_next_task)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    struct claim claim = puppets_claim(executor, 0);
    ck_assert(puppets_publish(executor, 0, &claim, 1));
    expect_ok(future);
    future_release(future);
    puppets_end(executor, 0, SIGKILL);
    puppets_turn(executor);
    ck_assert_uint_eq(executor->alive, 0);
    future = puppets_submit(executor, URL);
    ck_assert_uint_eq(executor->alive, 1);
    future_release(future);
}
END_TEST

/* ---- hung ---- */

static void look(int64_t at_ns)
{
    executor->next_hang_check_ns = 0;
    reaper_check_hung(executor, at_ns);
}

START_TEST(a_heart_that_stands_still_is_told_to_end_and_then_killed)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    int64_t now_ns = clock_now_ns();
    int64_t hang_ns = executor->options.hang_time_ms * NS_PER_MS;
    int64_t step_ns = hang_ns / 4;
    for (int64_t at_ns = now_ns; at_ns <= now_ns + 3 * hang_ns; at_ns += step_ns) {
        roster_beat(&executor->shared, 0);
        look(at_ns);
    }
    ck_assert_int_eq(puppets_signal_sent(0), 0);
    now_ns += 3 * hang_ns;
    for (int i = 1; i <= 4; i++)
        look(now_ns + i * step_ns);
    ck_assert_int_eq(puppets_signal_sent(0), 0); /* exactly the time is not more */
    look(now_ns + 5 * step_ns);
    ck_assert_int_eq(puppets_signal_sent(0), SIGTERM);
    look(now_ns + 6 * step_ns);
    ck_assert_int_eq(puppets_signal_sent(0), SIGKILL);
    puppets_claim(executor, 0);
    puppets_end(executor, 0, SIGKILL);
    puppets_turn(executor);
    ck_assert_uint_eq(future->strikes, 1); /* no kill from outside: it was ours, for being hung */
    future_release(future);
}
END_TEST

START_TEST(a_coordinator_that_was_stopped_itself_begins_to_count_afresh)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    int64_t now_ns = clock_now_ns();
    int64_t hang_ns = executor->options.hang_time_ms * NS_PER_MS;
    look(now_ns);
    look(now_ns + 10 * hang_ns);
    ck_assert_int_eq(puppets_signal_sent(0), 0);
    future_release(future);
}
END_TEST

START_TEST(without_a_hang_time_nobody_is_hung)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    executor->options.hang_time_ms = 0;
    int64_t now_ns = clock_now_ns();
    for (int i = 0; i < 100; i++)
        look(now_ns + i * NS_PER_S);
    ck_assert_int_eq(puppets_signal_sent(0), 0);
    future_release(future);
}
END_TEST

START_TEST(looks_are_no_closer_than_heartbeats)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    int64_t now_ns = clock_now_ns();
    look(now_ns);
    int64_t next_ns = executor->next_hang_check_ns;
    ck_assert(next_ns == now_ns + pool_heartbeat_ms(executor) * NS_PER_MS);
    reaper_check_hung(executor, next_ns - 1);
    ck_assert(executor->last_hang_check_ns == now_ns);
    reaper_check_hung(executor, next_ns);
    ck_assert(executor->last_hang_check_ns == next_ns);
    future_release(future);
}
END_TEST

START_TEST(heartbeats_come_four_times_in_the_hang_time_within_bounds)
{
    static const int64_t TIMES_MS[][2] = {
        {0, HEARTBEAT_MS}, {1, HEARTBEAT_MS},    {4, HEARTBEAT_MS_MIN}, {40, HEARTBEAT_MS_MIN},   {44, 11},
        {2000, 500},       {4000, HEARTBEAT_MS}, {4004, HEARTBEAT_MS},  {INT64_MAX, HEARTBEAT_MS}};
    for (size_t i = 0; i < sizeof TIMES_MS / sizeof TIMES_MS[0]; i++) {
        executor->options.hang_time_ms = TIMES_MS[i][0];
        ck_assert_int_eq(pool_heartbeat_ms(executor), TIMES_MS[i][1]);
    }
}
END_TEST

static Suite *reaper_suite(void)
{
    Suite *suite = suite_create("reaper");
    TCase *tests = tcase_create("reaper");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_second_crash_over_its_data_fails_a_url);
    tcase_add_test(tests, a_signal_without_a_name_and_an_exit_are_told_as_they_are);
    tcase_add_test(tests, a_crash_with_no_culprit_makes_suspects_of_all_that_was_held);
    tcase_add_loop_test(tests, a_kill_from_outside_is_charged_to_nobody, 0, 2);
    tcase_add_test(tests, a_url_that_was_in_the_hands_of_a_hundred_dead_fails);
    tcase_add_test(tests, what_was_to_be_cancelled_is_when_its_worker_dies);
    tcase_add_test(tests, what_was_done_and_not_announced_is_delivered);
    tcase_add_loop_test(tests, a_planned_end_is_no_death, 0, 2);
    tcase_add_test(tests, a_worker_that_libcurl_refuses_breaks_the_pool);
    tcase_add_loop_test(tests, a_pool_that_may_break_does_at_the_first_death, 0, 2);
    tcase_add_loop_test(tests, ten_deaths_with_nothing_completed_break_the_pool, 0, 3);
    tcase_add_test(tests, a_death_that_leaves_a_result_is_not_the_tenth_with_nothing_completed);
    tcase_add_test(tests, what_the_last_dead_held_fails_with_its_signal);
    tcase_add_test(tests, short_lives_make_the_next_one_wait_longer_each_time);
    tcase_add_loop_test(tests, a_start_that_fails_for_want_of_something_is_tried_again, 0, 2);
    tcase_add_loop_test(tests, a_start_that_fails_ten_times_breaks_the_pool_when_nobody_lives, 0, 2);
    tcase_add_test(tests, a_start_that_fails_breaks_nothing_while_another_lives);
    tcase_add_test(tests, a_start_that_libcurl_refuses_breaks_the_pool_at_once);
    tcase_add_test(tests, the_earliest_start_that_is_due_is_what_is_waited_for);
    tcase_add_test(tests, nobody_is_started_while_the_executor_stops);
    tcase_add_test(tests, who_died_while_nothing_was_pending_starts_with_the_next_task);
    tcase_add_test(tests, a_heart_that_stands_still_is_told_to_end_and_then_killed);
    tcase_add_test(tests, a_coordinator_that_was_stopped_itself_begins_to_count_afresh);
    tcase_add_test(tests, without_a_hang_time_nobody_is_hung);
    tcase_add_test(tests, looks_are_no_closer_than_heartbeats);
    tcase_add_test(tests, heartbeats_come_four_times_in_the_hang_time_within_bounds);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(reaper_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
