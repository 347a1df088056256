/* Who is woken, and when: tokens in the semaphores and doorbells, with puppets that sleep as the test says. A
 * wake-up that is lost costs a heartbeat and no more, so only who looks at the token itself sees that it is not there. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/roster.h"
#include "tests/support/puppets.h"
#include "tests/support/support.h"

#define URL "http://127.0.0.1/"
#define SMALL_BODY_BYTES 100u
#define LARGE_BODY_BYTES 60000u /* more pages than stay with a slot */

static struct executor *executor;

static void set_up(void)
{
    executor = puppets_open();
}

static void tear_down(void)
{
    puppets_close(executor);
}

static int tokens(enum ring_kind kind)
{
    int count = -1;
    ck_assert_int_eq(sem_getvalue(&executor->shared.header->rings[kind].work, &count), 0);
    return count;
}

/* Whether the worker's doorbell rang since the last look. */
static bool has_rung(uint32_t worker)
{
    struct pollfd bell = {.fd = executor->workers[worker].doorbell_fd, .events = POLLIN};
    uint64_t count;
    if (poll(&bell, 1, 0) != 1)
        return false;
    ck_assert_int_eq(read(bell.fd, &count, sizeof count), sizeof count);
    return true;
}

/* Bit w: worker w's bell rang. */
static unsigned bells(void)
{
    unsigned rung = 0;
    for (uint32_t worker = 0; worker <= QUARANTINE; worker++)
        rung |= has_rung(worker) ? 1u << worker : 0;
    return rung;
}

static void set_paused(uint32_t worker, uint32_t count)
{
    atomic_store(&executor->shared.roster[worker].paused, count);
}

/* The caller does not want the result. */
static void submit(void)
{
    future_release(puppets_submit(executor, URL));
}

/* Both puppets live, worker 0 has claimed the task, and no bell has rung. */
static struct claim begin(struct future **future)
{
    *future = puppets_submit(executor, URL);
    submit();
    puppets_turn(executor);
    ck_assert(executor->workers[0].is_alive && executor->workers[1].is_alive);
    struct claim claim = puppets_claim(executor, 0);
    ck_assert_uint_eq(claim.slot, (*future)->slot);
    ck_assert_uint_eq(bells(), 0);
    ck_assert_int_eq(tokens(RING_WORK), 0);
    return claim;
}

/* ---- work ---- */

START_TEST(nobody_is_woken_when_nobody_sleeps)
{
    for (int i = 0; i < 4; i++)
        submit();
    puppets_turn(executor);
    ck_assert_int_eq(tokens(RING_WORK), 0);
    ck_assert_int_eq(tokens(RING_QUARANTINE), 0);
    ck_assert_uint_eq(bells(), 0);
}
END_TEST

START_TEST(an_idle_worker_gets_a_token_and_no_second_one)
{
    submit();
    roster_mark_idle(&executor->shared, 0);
    submit();
    ck_assert_int_eq(tokens(RING_WORK), 1);
    submit();
    ck_assert_int_eq(tokens(RING_WORK), 1);
    roster_mark_idle(&executor->shared, 1);
    submit();
    ck_assert_int_eq(tokens(RING_WORK), 2);
    submit();
    ck_assert_int_eq(tokens(RING_WORK), 2);
    ck_assert_uint_eq(bells(), 0);
}
END_TEST

START_TEST(a_token_that_was_taken_is_followed_by_one_for_the_next_sleep)
{
    roster_mark_idle(&executor->shared, 0);
    for (int i = 0; i < 3; i++) {
        submit();
        ck_assert_int_eq(tokens(RING_WORK), 1);
        ck_assert_int_eq(sem_trywait(&executor->shared.header->rings[RING_WORK].work), 0);
    }
}
END_TEST

START_TEST(who_is_idle_in_quarantine_gets_no_token_for_the_others_work)
{
    roster_mark_idle(&executor->shared, QUARANTINE);
    submit();
    ck_assert_int_eq(tokens(RING_WORK), 0);
    ck_assert_int_eq(tokens(RING_QUARANTINE), 0);
}
END_TEST

START_TEST(a_worker_with_room_is_rung_once_for_its_mark)
{
    uint32_t worker = (uint32_t)_i;
    submit();
    submit();
    ck_assert_uint_eq(bells(), 0);
    roster_mark_room(&executor->shared, worker);
    submit();
    ck_assert_uint_eq(bells(), 1u << worker);
    submit();
    ck_assert_uint_eq(bells(), 0);
    ck_assert_int_eq(tokens(RING_WORK), 0);
}
END_TEST

START_TEST(a_worker_that_took_its_mark_back_is_not_rung)
{
    roster_mark_room(&executor->shared, 0);
    roster_mark_idle(&executor->shared, 1);
    roster_unmark_room(&executor->shared, 0);
    roster_unmark_idle(&executor->shared, 1);
    submit();
    ck_assert_uint_eq(bells(), 0);
    ck_assert_int_eq(tokens(RING_WORK), 0);
}
END_TEST

START_TEST(who_holds_nothing_is_woken_before_who_has_room)
{
    roster_mark_room(&executor->shared, 0);
    roster_mark_idle(&executor->shared, 1);
    submit();
    ck_assert_int_eq(tokens(RING_WORK), 1);
    ck_assert_uint_eq(bells(), 0);
    submit();
    ck_assert_int_eq(tokens(RING_WORK), 1);
    ck_assert_uint_eq(bells(), 1);
}
END_TEST

START_TEST(one_task_rings_one_bell_and_two_ring_two)
{
    roster_mark_room(&executor->shared, 0);
    roster_mark_room(&executor->shared, 1);
    submit();
    unsigned first = bells();
    ck_assert_msg(first == 1 || first == 2, "%u", first);
    submit();
    ck_assert_uint_eq(bells(), 3 - first);

    roster_mark_room(&executor->shared, 0);
    roster_mark_room(&executor->shared, 1);
    executor->feeds = true; /* both come in one go */
    submit();
    submit();
    ck_assert_uint_eq(bells(), 0);
    executor->feeds = false;
    puppets_turn(executor);
    ck_assert_uint_eq(bells(), 3);
}
END_TEST

/* ---- deaths ---- */

START_TEST(a_death_leaves_a_token_for_the_one_it_may_have_taken_along)
{
    static const int DEATHS[] = {SIGKILL, WORKER_TASKS_DONE << 8}; /* as waitpid() says it */
    submit();
    submit();
    puppets_turn(executor);
    for (uint32_t worker = 0; worker < PUPPETS; worker++) {
        int before = tokens(RING_WORK);
        puppets_end(executor, worker, DEATHS[_i]);
        puppets_turn(executor);
        ck_assert_int_eq(tokens(RING_WORK), before + 1);
    }
    ck_assert_int_eq(tokens(RING_QUARANTINE), 0);
}
END_TEST

START_TEST(a_suspect_posts_a_token_in_quarantine_and_so_does_a_death_there)
{
    struct future *future;
    struct claim claim = begin(&future);
    roster_set_current(&executor->shared, 0, claim.slot);
    puppets_end(executor, 0, SIGSEGV);
    puppets_turn(executor);
    ck_assert_int_eq(tokens(RING_QUARANTINE), 1);
    ck_assert_int_eq(tokens(RING_WORK), 1);
    puppets_claim(executor, QUARANTINE);
    puppets_end(executor, QUARANTINE, SIGSEGV);
    puppets_turn(executor);
    ck_assert(future_done(future)); /* nothing more is placed there */
    ck_assert_int_eq(tokens(RING_QUARANTINE), 2);
    ck_assert_int_eq(tokens(RING_WORK), 1);
    future_release(future);
}
END_TEST

/* The dead was marked idle, or as having room, so the wake-up for the next task was its; and nobody takes its place. */
START_TEST(a_death_rings_for_the_wake_up_that_it_may_have_taken_along)
{
    void (*const mark[])(const struct shared *shared, uint32_t worker) = {roster_mark_idle, roster_mark_room};
    submit();
    submit();
    puppets_turn(executor);
    puppets_claim(executor, 1);
    puppets_claim(executor, 1);
    mark[_i](&executor->shared, 0);
    submit();
    ck_assert_int_eq(tokens(RING_WORK), _i == 0);
    ck_assert_uint_eq(bells(), _i == 1);
    roster_mark_room(&executor->shared, 1);
    puppets_refuse_to_start(STATUS_SYSTEM, EAGAIN);
    puppets_end(executor, 0, SIGKILL);
    puppets_turn(executor);
    ck_assert_uint_eq(bells(), 2);
    puppets_claim(executor, 1);
    puppets_refuse_to_start(STATUS_OK, 0);
}
END_TEST

START_TEST(a_death_rings_nobody_when_nothing_waits)
{
    struct future *future;
    begin(&future);
    puppets_claim(executor, 0);
    roster_mark_room(&executor->shared, 0);
    puppets_refuse_to_start(STATUS_SYSTEM, EAGAIN);
    puppets_end(executor, 1, SIGKILL);
    puppets_turn(executor);
    ck_assert_uint_eq(bells(), 0);
    puppets_refuse_to_start(STATUS_OK, 0);
    future_release(future);
}
END_TEST

START_TEST(marks_of_the_dead_wake_nobody)
{
    submit();
    submit();
    puppets_turn(executor);
    roster_mark_idle(&executor->shared, 0);
    roster_mark_room(&executor->shared, 0);
    set_paused(0, 1);
    puppets_end(executor, 0, SIGKILL);
    puppets_turn(executor);
    ck_assert_int_eq(tokens(RING_WORK), 1); /* its death's */
    submit();
    ck_assert_int_eq(tokens(RING_WORK), 1);
    ck_assert_uint_eq(bells(), 0);
}
END_TEST

/* ---- memory ---- */

START_TEST(whoever_waits_for_memory_is_rung_when_one_that_grew_is_collected)
{
    struct future *future;
    struct claim claim = begin(&future);
    /* Without a body: no page comes back, and nothing is held. */
    atomic_store(&executor->shared.slots[claim.slot].growing, 1);
    for (uint32_t worker = 0; worker <= QUARANTINE; worker++)
        set_paused(worker, (unsigned)_i >> worker & 1u);
    ck_assert(puppets_publish(executor, 0, &claim, 0));
    puppets_turn(executor);
    ck_assert(future_done(future));
    ck_assert_uint_eq(bells(), (unsigned)_i);
    ck_assert_uint_eq(atomic_load(&executor->shared.slots[claim.slot].growing), 0);
    future_release(future);
}
END_TEST

START_TEST(nobody_is_rung_when_one_that_did_not_grow_leaves_nothing)
{
    struct future *future;
    struct claim claim = begin(&future);
    set_paused(0, 1);
    set_paused(1, 1);
    ck_assert(puppets_publish(executor, 0, &claim, 0));
    puppets_turn(executor);
    ck_assert(future_done(future));
    ck_assert_uint_eq(bells(), 0);
    future_release(future);
}
END_TEST

START_TEST(whoever_waits_for_memory_is_rung_when_one_that_grew_is_taken_from_the_dead)
{
    struct future *future;
    struct claim claim = begin(&future);
    atomic_store(&executor->shared.slots[claim.slot].growing, 1);
    set_paused(1, 2);
    puppets_end(executor, 0, SIGKILL);
    puppets_turn(executor);
    ck_assert_uint_eq(bells(), 2);
    future_release(future);
}
END_TEST

START_TEST(whoever_waits_for_memory_is_rung_when_a_body_is_kept)
{
    struct future *future;
    struct claim claim = begin(&future);
    set_paused(1, 1);
    ck_assert(puppets_publish(executor, 0, &claim, SMALL_BODY_BYTES));
    puppets_turn(executor);
    ck_assert_uint_eq(executor->held_count, 1);
    ck_assert_uint_eq(bells(), 2); /* what is DONE held it up */
    future_release(future);
}
END_TEST

START_TEST(whoever_waits_for_memory_is_rung_when_pages_come_back)
{
    struct future *future;
    struct claim claim = begin(&future);
    ck_assert(puppets_publish(executor, 0, &claim, LARGE_BODY_BYTES));
    puppets_turn(executor);
    ck_assert_uint_eq(executor->held_count, 1);
    set_paused((uint32_t)_i, 1);
    ck_assert_uint_eq(bells(), 0);
    uint64_t before = atomic_load(&executor->shared.slots[claim.slot].reserved_bytes);
    future_release(future);
    ck_assert_uint_lt(atomic_load(&executor->shared.slots[claim.slot].reserved_bytes), before);
    ck_assert_uint_eq(bells(), 1u << _i);
}
END_TEST

START_TEST(nobody_is_rung_when_a_slot_that_keeps_its_pages_is_given_back)
{
    struct future *future;
    struct claim claim = begin(&future);
    ck_assert(puppets_publish(executor, 0, &claim, SMALL_BODY_BYTES));
    puppets_turn(executor);
    ck_assert_uint_eq(executor->held_count, 1);
    set_paused(1, 1);
    future_release(future);
    ck_assert_uint_eq(bells(), 0);
}
END_TEST

/* ---- the end ---- */

START_TEST(who_runs_what_is_cancelled_is_rung)
{
    struct future *future;
    begin(&future);
    ck_assert(future_cancel(future));
    ck_assert_uint_eq(bells(), 1);
    ck_assert(future_cancel(future)); /* told already */
    ck_assert_uint_eq(bells(), 0);
    future_release(future);
}
END_TEST

START_TEST(all_are_woken_to_end)
{
    struct future *future;
    struct claim claim = begin(&future);
    ck_assert(puppets_publish(executor, 0, &claim, 0));
    claim = puppets_claim(executor, 1);
    ck_assert(puppets_publish(executor, 1, &claim, 0));
    ck_assert_int_eq((int)executor_shutdown(executor, true, false, 0), STATUS_OK);
    ck_assert_uint_eq(bells(), (1u << (PUPPETS + 1)) - 1);
    ck_assert_int_ge(tokens(RING_WORK), (int)PUPPETS);
    ck_assert_int_eq(tokens(RING_QUARANTINE), 1);
    future_release(future);
}
END_TEST

static Suite *bells_suite(void)
{
    Suite *suite = suite_create("bells");
    TCase *tests = tcase_create("bells");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, nobody_is_woken_when_nobody_sleeps);
    tcase_add_test(tests, an_idle_worker_gets_a_token_and_no_second_one);
    tcase_add_test(tests, a_token_that_was_taken_is_followed_by_one_for_the_next_sleep);
    tcase_add_test(tests, who_is_idle_in_quarantine_gets_no_token_for_the_others_work);
    tcase_add_loop_test(tests, a_worker_with_room_is_rung_once_for_its_mark, 0, PUPPETS);
    tcase_add_test(tests, a_worker_that_took_its_mark_back_is_not_rung);
    tcase_add_test(tests, who_holds_nothing_is_woken_before_who_has_room);
    tcase_add_test(tests, one_task_rings_one_bell_and_two_ring_two);
    tcase_add_loop_test(tests, a_death_leaves_a_token_for_the_one_it_may_have_taken_along, 0, 2);
    tcase_add_test(tests, a_suspect_posts_a_token_in_quarantine_and_so_does_a_death_there);
    tcase_add_loop_test(tests, a_death_rings_for_the_wake_up_that_it_may_have_taken_along, 0, 2);
    tcase_add_test(tests, a_death_rings_nobody_when_nothing_waits);
    tcase_add_test(tests, marks_of_the_dead_wake_nobody);
    tcase_add_loop_test(tests, whoever_waits_for_memory_is_rung_when_one_that_grew_is_collected, 0, 1 << (PUPPETS + 1));
    tcase_add_test(tests, nobody_is_rung_when_one_that_did_not_grow_leaves_nothing);
    tcase_add_test(tests, whoever_waits_for_memory_is_rung_when_one_that_grew_is_taken_from_the_dead);
    tcase_add_test(tests, whoever_waits_for_memory_is_rung_when_a_body_is_kept);
    tcase_add_loop_test(tests, whoever_waits_for_memory_is_rung_when_pages_come_back, 0, PUPPETS + 1);
    tcase_add_test(tests, nobody_is_rung_when_a_slot_that_keeps_its_pages_is_given_back);
    tcase_add_test(tests, who_runs_what_is_cancelled_is_rung);
    tcase_add_test(tests, all_are_woken_to_end);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(bells_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
