/* The tasks that live: coordinator/fetch/window.c, with futures of an executor whose workers are puppets. */
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "coordinator/fetch/window.h"
#include "tests/support/puppets.h"
#include "tests/support/support.h"

#define URL "http://127.0.0.1/"

static struct window window;
static struct executor *executor;
static struct host *const HERE = (struct host *)&window; /* hosts are compared, never looked at */
static struct host *const THERE = (struct host *)&executor;

static void set_up(void)
{
    executor = puppets_open();
    window = (struct window){.size = 3};
}

static void tear_down(void)
{
    window_close(&window);
    puppets_close(executor);
}

static struct task *add(enum task_state state)
{
    struct task *task = window_add(&window, URL, strlen(URL), NULL, 0);
    ck_assert_ptr_nonnull(task);
    window_enter(&window, task, state);
    return task;
}

static struct task *add_in_flight(struct host *host)
{
    struct task *task = add(TASK_IN_FLIGHT);
    task->host = host;
    task->future = puppets_submit(executor, URL);
    return task;
}

START_TEST(a_window_is_full_when_as_many_live_as_it_is_long)
{
    ck_assert(!window_is_full(&window));
    struct task *task = add(TASK_WAITING);
    add(TASK_IN_FLIGHT);
    ck_assert(!window_is_full(&window));
    add(TASK_BACKING_OFF);
    ck_assert(window_is_full(&window));
    window_leave(&window, task); /* in no list, but it lives */
    ck_assert(window_is_full(&window));
    window_drop(&window, task);
    ck_assert(!window_is_full(&window));
}
END_TEST

START_TEST(each_state_has_its_tasks_in_order_of_arrival)
{
    struct task *first = add(TASK_WAITING);
    struct task *second = add(TASK_WAITING);
    ck_assert_ptr_eq(window_first(&window, TASK_WAITING), first);
    ck_assert_ptr_null(window_first(&window, TASK_IN_FLIGHT));
    window_leave(&window, first);
    window_enter(&window, first, TASK_IN_FLIGHT);
    ck_assert_int_eq((int)first->state, TASK_IN_FLIGHT);
    ck_assert_ptr_eq(window_first(&window, TASK_WAITING), second);
    ck_assert_ptr_eq(window_first(&window, TASK_IN_FLIGHT), first);
    ck_assert_uint_eq(window_count(&window, TASK_WAITING), 1);
    ck_assert_uint_eq(window_count(&window, TASK_IN_FLIGHT), 1);
    ck_assert_uint_eq(window_count(&window, TASK_BACKING_OFF), 0);
}
END_TEST

START_TEST(a_walk_goes_on_when_tasks_leave_meanwhile)
{
    struct task *first = add(TASK_WAITING);
    struct task *second = add(TASK_WAITING);
    struct task *third = add(TASK_WAITING);
    window_walk(&window, TASK_WAITING);
    ck_assert_ptr_eq(window_next(&window), first);
    window_leave(&window, second); /* the one that would be next */
    window_leave(&window, first);
    ck_assert_ptr_eq(window_next(&window), third);
    ck_assert_ptr_null(window_next(&window));
    ck_assert_ptr_null(window_next(&window));
    window_drop(&window, first);
    window_drop(&window, second);
}
END_TEST

START_TEST(a_walk_over_a_state_without_tasks_ends_at_once)
{
    add(TASK_WAITING);
    window_walk(&window, TASK_BACKING_OFF);
    ck_assert_ptr_null(window_next(&window));
}
END_TEST

START_TEST(only_what_no_worker_has_begun_may_be_recalled_and_once)
{
    struct task *runs = add_in_flight(HERE);
    puppets_turn(executor);
    struct claim claim = puppets_claim(executor, 0);
    ck_assert_uint_eq(claim.slot, runs->future->slot);
    struct task *elsewhere = add_in_flight(THERE);
    struct task *waits = add_in_flight(HERE);
    ck_assert_ptr_eq(window_find_recallable(&window, HERE), waits);
    ck_assert_ptr_eq(window_find_recallable(&window, THERE), elsewhere);
    waits->is_recalled = true;
    ck_assert_ptr_null(window_find_recallable(&window, HERE));
    ck_assert_ptr_null(window_find_recallable(&window, NULL));
}
END_TEST

START_TEST(close_gives_up_the_futures_of_all_states)
{
    add_in_flight(HERE);
    add(TASK_WAITING);
    add(TASK_BACKING_OFF);
    window_close(&window);
    ck_assert_uint_eq(window.live, 0);
    ck_assert_uint_eq(executor->pending, 1); /* released, not cancelled */
}
END_TEST

START_TEST(dropping_more_tasks_than_live_is_a_bug)
{
    struct task *task = add(TASK_WAITING);
    window_leave(&window, task);
    window.live = 0;
    window_drop(&window, task);
}
END_TEST

static Suite *window_suite(void)
{
    Suite *suite = suite_create("window");
    TCase *tests = tcase_create("window");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_window_is_full_when_as_many_live_as_it_is_long);
    tcase_add_test(tests, each_state_has_its_tasks_in_order_of_arrival);
    tcase_add_test(tests, a_walk_goes_on_when_tasks_leave_meanwhile);
    tcase_add_test(tests, a_walk_over_a_state_without_tasks_ends_at_once);
    tcase_add_test(tests, only_what_no_worker_has_begun_may_be_recalled_and_once);
    tcase_add_test(tests, close_gives_up_the_futures_of_all_states);
    if (tests_are_forked())
        tcase_add_exit_test(tests, dropping_more_tasks_than_live_is_a_bug, EXIT_INVARIANT);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(window_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
