/* What is tried again, and when: coordinator/politeness/retries.c. */
#include <check.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/macros.h"
#include "coordinator/fetch/task.h"
#include "coordinator/politeness/retries.h"

#define TASKS 200
#define NOW_NS 1000000

static struct retries retries;
static struct task tasks[TASKS];

static void set_up(void)
{
    ck_assert(retries_open(&retries, TASKS));
    for (int i = 0; i < TASKS; i++)
        tasks[i].due.index = DUE_NOWHERE;
}

static void tear_down(void)
{
    retries_close(&retries);
}

START_TEST(nothing_is_due_at_first)
{
    ck_assert_ptr_null(retries_take(&retries, INT64_MAX));
    ck_assert(retries_next_ns(&retries) == DEADLINE_NEVER);
}
END_TEST

/* When a task of so many tries is due, counted from when it was added. */
static int64_t delay_ns(uint32_t tries)
{
    tasks[0].tries = tries;
    retries_add(&retries, &tasks[0].due, tasks[0].tries, NOW_NS);
    int64_t due_ns = retries_next_ns(&retries);
    retries_remove(&retries, &tasks[0].due);
    return due_ns - NOW_NS;
}

START_TEST(the_delay_doubles_with_every_try_give_or_take_half)
{
    int64_t middle_ns = RETRIES_BACKOFF_MS * NS_PER_MS;
    for (uint32_t tries = 1; tries <= 6; tries++, middle_ns *= 2) {
        for (int i = 0; i < 100; i++) {
            int64_t ns = delay_ns(tries);
            ck_assert_msg(ns >= middle_ns / 2 && ns < middle_ns * 3 / 2, "%lld ns", (long long)ns);
        }
    }
}
END_TEST

START_TEST(the_delay_has_a_bound_however_often_it_was_tried)
{
    static const uint32_t TRIES[] = {8, 9, 100, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        for (int j = 0; j < 100; j++) {
            int64_t ns = delay_ns(TRIES[i]);
            ck_assert(ns > RETRIES_BACKOFF_MAX_MS / 2 * NS_PER_MS && ns <= RETRIES_BACKOFF_MAX_MS * NS_PER_MS);
        }
    }
}
END_TEST

START_TEST(what_failed_together_does_not_come_back_together)
{
    int64_t first_ns = delay_ns(1);
    int differing = 0;
    for (int i = 0; i < 50; i++)
        differing += delay_ns(1) != first_ns;
    ck_assert_int_gt(differing, 40);
}
END_TEST

START_TEST(tasks_come_out_when_they_are_due_and_not_before)
{
    for (int i = 0; i < TASKS; i++) {
        tasks[i].tries = 1 + (uint32_t)i % 5;
        retries_add(&retries, &tasks[i].due, tasks[i].tries, NOW_NS);
    }
    int64_t before_ns = 0;
    for (int i = 0; i < TASKS; i++) {
        int64_t next_ns = retries_next_ns(&retries);
        ck_assert_int_ge(next_ns, before_ns);
        ck_assert_ptr_null(retries_take(&retries, next_ns - 1));
        struct due *due = retries_take(&retries, next_ns);
        ck_assert_ptr_nonnull(due);
        struct task *task = container_of(due, struct task, due);
        ck_assert(task >= tasks && task < tasks + TASKS && task->tries > 0);
        task->tries = 0; /* out, and out once */
        before_ns = next_ns;
    }
    ck_assert_ptr_null(retries_take(&retries, INT64_MAX));
}
END_TEST

START_TEST(a_task_that_was_removed_does_not_come_back)
{
    tasks[0].tries = tasks[1].tries = 1;
    retries_add(&retries, &tasks[0].due, tasks[0].tries, NOW_NS);
    retries_add(&retries, &tasks[1].due, tasks[1].tries, NOW_NS);
    retries_remove(&retries, &tasks[0].due);
    retries_remove(&retries, &tasks[0].due); /* it is not in: nothing happens */
    ck_assert_ptr_eq(retries_take(&retries, INT64_MAX), &tasks[1].due);
    ck_assert_ptr_null(retries_take(&retries, INT64_MAX));
}
END_TEST

static Suite *retries_suite(void)
{
    Suite *suite = suite_create("retries");
    TCase *tests = tcase_create("retries");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, nothing_is_due_at_first);
    tcase_add_test(tests, the_delay_doubles_with_every_try_give_or_take_half);
    tcase_add_test(tests, the_delay_has_a_bound_however_often_it_was_tried);
    tcase_add_test(tests, what_failed_together_does_not_come_back_together);
    tcase_add_test(tests, tasks_come_out_when_they_are_due_and_not_before);
    tcase_add_test(tests, a_task_that_was_removed_does_not_come_back);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(retries_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
