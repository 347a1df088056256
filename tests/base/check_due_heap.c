/* Mirrors coordinator/base/due_heap.c. */
#include "coordinator/base/due_heap.h"

#include <check.h>
#include <stdlib.h>

#include "common/clock.h"

#define THINGS 500

static struct due_heap heap;
static struct due things[THINGS];

static void set_up(void)
{
    heap = (struct due_heap){NULL, 0, 0};
    for (size_t i = 0; i < THINGS; i++)
        things[i] = (struct due){.index = DUE_NOWHERE};
    ck_assert(due_heap_reserve(&heap, THINGS));
}

static void tear_down(void)
{
    due_heap_free(&heap);
}

/* Times in no order, many of them more than once. */
static int64_t time_of(size_t thing)
{
    return (int64_t)(thing * 7919 % (THINGS / 2));
}

static void push_all(void)
{
    for (size_t i = 0; i < THINGS; i++)
        due_heap_push(&heap, &things[i], time_of(i));
}

/* Empties the heap; returns how many came out, none before an earlier one. */
static size_t take_all_in_order(void)
{
    size_t count = 0;
    int64_t before_ns = INT64_MIN;
    for (struct due *due; (due = due_heap_first(&heap)) != NULL; count++) {
        ck_assert_int_eq(due_heap_next_ns(&heap), due->at_ns);
        ck_assert_int_ge(due->at_ns, before_ns);
        before_ns = due->at_ns;
        due_heap_remove(&heap, due);
        ck_assert_uint_eq(due->index, DUE_NOWHERE);
    }
    return count;
}

START_TEST(an_empty_heap_is_never_due)
{
    ck_assert_ptr_null(due_heap_first(&heap));
    ck_assert_int_eq(due_heap_next_ns(&heap), DEADLINE_NEVER);
}
END_TEST

START_TEST(the_earliest_comes_first)
{
    push_all();
    ck_assert_uint_eq(take_all_in_order(), THINGS);
    ck_assert_int_eq(due_heap_next_ns(&heap), DEADLINE_NEVER);
}
END_TEST

START_TEST(the_first_stays_until_it_is_removed)
{
    due_heap_push(&heap, &things[0], 2);
    due_heap_push(&heap, &things[1], 1);
    ck_assert_ptr_eq(due_heap_first(&heap), &things[1]);
    ck_assert_ptr_eq(due_heap_first(&heap), &things[1]);
    due_heap_remove(&heap, &things[1]);
    ck_assert_ptr_eq(due_heap_first(&heap), &things[0]);
}
END_TEST

START_TEST(what_is_removed_from_the_middle_does_not_come)
{
    push_all();
    size_t removed = 0;
    for (size_t i = 0; i < THINGS; i += 3, removed++)
        due_heap_remove(&heap, &things[i]);
    for (size_t i = 0; i < THINGS; i++)
        ck_assert_int_eq(things[i].index == DUE_NOWHERE, i % 3 == 0);
    ck_assert_uint_eq(take_all_in_order(), THINGS - removed);
}
END_TEST

START_TEST(one_removed_from_any_place_leaves_the_others_in_order)
{
    size_t thing = (size_t)_i;
    for (size_t i = 0; i < 32; i++)
        due_heap_push(&heap, &things[i], time_of(i * 13));
    due_heap_remove(&heap, &things[thing]);
    ck_assert_uint_eq(take_all_in_order(), 31);
}
END_TEST

START_TEST(removing_what_is_in_no_heap_changes_nothing)
{
    due_heap_push(&heap, &things[0], 1);
    due_heap_remove(&heap, &things[1]);
    ck_assert_ptr_eq(due_heap_first(&heap), &things[0]);
    due_heap_remove(&heap, &things[0]);
    due_heap_remove(&heap, &things[0]);
    ck_assert_ptr_null(due_heap_first(&heap));
}
END_TEST

START_TEST(what_was_removed_may_be_pushed_again)
{
    push_all();
    for (size_t i = 0; i < THINGS; i++) {
        due_heap_remove(&heap, &things[i]);
        due_heap_push(&heap, &things[i], time_of(i + 1));
    }
    ck_assert_uint_eq(take_all_in_order(), THINGS);
}
END_TEST

START_TEST(more_room_keeps_what_is_inside)
{
    push_all();
    ck_assert(due_heap_reserve(&heap, 10 * THINGS));
    struct due late = {.index = DUE_NOWHERE};
    due_heap_push(&heap, &late, INT64_MAX - 1);
    ck_assert_uint_eq(take_all_in_order(), THINGS + 1);
}
END_TEST

#ifndef SHOAL_SANITIZED /* they stop at a size that no allocator has */
START_TEST(room_that_cannot_be_leaves_the_heap_as_it_was)
{
    push_all();
    ck_assert(!due_heap_reserve(&heap, SIZE_MAX / 32));
    ck_assert_uint_eq(take_all_in_order(), THINGS);
}
END_TEST
#endif

static Suite *due_heap_suite(void)
{
    Suite *suite = suite_create("due_heap");
    TCase *tests = tcase_create("heap");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_empty_heap_is_never_due);
    tcase_add_test(tests, the_earliest_comes_first);
    tcase_add_test(tests, the_first_stays_until_it_is_removed);
    tcase_add_test(tests, what_is_removed_from_the_middle_does_not_come);
    tcase_add_loop_test(tests, one_removed_from_any_place_leaves_the_others_in_order, 0, 32);
    tcase_add_test(tests, removing_what_is_in_no_heap_changes_nothing);
    tcase_add_test(tests, what_was_removed_may_be_pushed_again);
    tcase_add_test(tests, more_room_keeps_what_is_inside);
#ifndef SHOAL_SANITIZED
    tcase_add_test(tests, room_that_cannot_be_leaves_the_heap_as_it_was);
#endif
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(due_heap_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
