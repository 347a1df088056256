/* Mirrors coordinator/compare/design.c. */
#include "coordinator/compare/design.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct design designs[DESIGNS_MAX];
static size_t count;
static char why[256];

static bool parse(const char *list, uint32_t workers, uint32_t in_flight)
{
    const struct design_sizes sizes = {.workers = workers, .in_flight = in_flight};
    count = SIZE_MAX;
    why[0] = '\0';
    return designs_parse(list, &sizes, designs, &count, why, sizeof why);
}

static void expect_design(size_t index, const char *name, enum executor_engine engine, uint32_t workers,
                          uint32_t in_flight)
{
    ck_assert_uint_lt(index, count);
    ck_assert_str_eq(designs[index].name, name);
    ck_assert_int_eq(designs[index].engine, engine);
    ck_assert_uint_eq(designs[index].workers, workers);
    ck_assert_uint_eq(designs[index].in_flight, in_flight);
}

/* ---- those that are compared by default ---- */

START_TEST(seven_designs_are_compared_by_default)
{
    const struct design_sizes sizes = {.workers = 4, .in_flight = 64};
    count = designs_default(designs, &sizes);
    ck_assert_uint_eq(count, 7);
    expect_design(0, "serial", EXECUTOR_SERIAL, 1, 1);
    expect_design(1, "threads-5", EXECUTOR_THREADS, 5, 5);
    expect_design(2, "threads", EXECUTOR_THREADS, 4, 4);
    expect_design(3, "processes", EXECUTOR_PROCESSES, 4, 4);
    expect_design(4, "event-loop", EXECUTOR_THREADS, 1, 64);
    expect_design(5, "threads-event-loop", EXECUTOR_THREADS, 4, 64);
    expect_design(6, "processes-event-loop", EXECUTOR_PROCESSES, 4, 64);
    ck_assert_str_eq(designs[6].title, "processes × event loop");
}
END_TEST

START_TEST(what_comes_to_the_same_thing_is_compared_once)
{
    const struct design_sizes five = {.workers = 5, .in_flight = 64}, one = {.workers = 1, .in_flight = 1};
    count = designs_default(designs, &five);
    ck_assert_uint_eq(count, 6);
    expect_design(1, "threads-5", EXECUTOR_THREADS, 5, 5);
    expect_design(2, "processes", EXECUTOR_PROCESSES, 5, 5);
    count = designs_default(designs, &one);
    ck_assert_uint_eq(count, 4); /* one thread, one process, and one at a time are three things */
    expect_design(0, "serial", EXECUTOR_SERIAL, 1, 1);
    expect_design(1, "threads-5", EXECUTOR_THREADS, 5, 5);
    expect_design(2, "threads", EXECUTOR_THREADS, 1, 1);
    expect_design(3, "processes", EXECUTOR_PROCESSES, 1, 1);
}
END_TEST

START_TEST(no_worker_is_without_a_transfer)
{
    const struct design_sizes sizes = {.workers = 9, .in_flight = 4};
    count = designs_default(designs, &sizes);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_ge(designs[i].in_flight, designs[i].workers);
    ck_assert(parse("processes-event-loop", 9, 4));
    expect_design(0, "processes-event-loop", EXECUTOR_PROCESSES, 9, 9);
}
END_TEST

/* ---- names ---- */

START_TEST(every_name_that_is_told_is_taken)
{
    char list[256];
    size_t used = 0;
    for (const char *at = designs_names(); *at != '\0'; at++) {
        if (*at != ' ')
            list[used++] = *at;
    }
    list[used] = '\0';
    ck_assert_msg(parse(list, 4, 64), "%s", why);
    struct design defaults[DESIGNS_MAX];
    const struct design_sizes sizes = {.workers = 4, .in_flight = 64};
    ck_assert_uint_eq(count, designs_default(defaults, &sizes));
    for (size_t i = 0; i < count; i++) {
        expect_design(i, defaults[i].name, defaults[i].engine, defaults[i].workers, defaults[i].in_flight);
        ck_assert_str_eq(designs[i].title, defaults[i].title);
    }
}
END_TEST

START_TEST(names_stay_in_the_order_of_the_list)
{
    ck_assert(parse("processes,serial,event-loop", 3, 16));
    ck_assert_uint_eq(count, 3);
    expect_design(0, "processes", EXECUTOR_PROCESSES, 3, 3);
    expect_design(1, "serial", EXECUTOR_SERIAL, 1, 1);
    expect_design(2, "event-loop", EXECUTOR_THREADS, 1, 16);
}
END_TEST

START_TEST(a_setting_says_its_numbers_itself)
{
    ck_assert(parse("processes:4x128,threads:1x1,serial:1x1,threads:1024x65536", 2, 64));
    ck_assert_uint_eq(count, 4);
    expect_design(0, "processes:4x128", EXECUTOR_PROCESSES, 4, 128);
    expect_design(1, "threads:1x1", EXECUTOR_THREADS, 1, 1);
    expect_design(2, "serial:1x1", EXECUTOR_SERIAL, 1, 1);
    expect_design(3, "threads:1024x65536", EXECUTOR_THREADS, WORKERS_MAX, CONCURRENCY_MAX);
    struct design made = design_setting(EXECUTOR_PROCESSES, 4, 128);
    ck_assert_str_eq(made.name, designs[0].name);
    ck_assert_str_eq(made.title, designs[0].title);
}
END_TEST

START_TEST(the_same_design_twice_counts_once_under_its_first_name)
{
    ck_assert(parse("threads,threads:2x2,threads,threads:2x4", 2, 64));
    ck_assert_uint_eq(count, 2);
    expect_design(0, "threads", EXECUTOR_THREADS, 2, 2);
    expect_design(1, "threads:2x4", EXECUTOR_THREADS, 2, 4);
    ck_assert(parse("threads:2x2,threads", 2, 64));
    ck_assert_uint_eq(count, 1);
    expect_design(0, "threads:2x2", EXECUTOR_THREADS, 2, 2);
}
END_TEST

/* ---- what is refused ---- */

static const char *const WRONG[] = {
    "",
    ",",
    "serial,",
    ",serial",
    "serial,,threads",
    "serial, threads",
    "Serial",
    "serials",
    "threads-4",
    "thread",
    "all",
    "processes:",
    "processes:4",
    "processes:4x",
    "processes:x4",
    "processes:4X8",
    "processes:0x8",
    "processes:8x4",
    "processes:2x65537",
    "processes:1025x2000",
    "processes:-1x8",
    "processes:+1x8",
    "processes: 1x8",
    "processes:1x8x2",
    "processes:1x18446744073709551617",
    "serial:1x2",
    "serial:2x2",
    "fibers:1x2",
    ":1x2",
    "processes-event-loop:1x2",
    "processes:00000000000000000000000000000000000000001x2",
};

START_TEST(what_is_no_design_is_refused_and_what_is_allowed_is_said)
{
    ck_assert_msg(!parse(WRONG[_i], 2, 64), "\"%s\" was taken", WRONG[_i]);
    ck_assert_msg(strstr(why, designs_names()) != NULL && strstr(why, "processes:4x128") != NULL, "%s", why);
}
END_TEST

/* "processes:1x1,processes:1x2,..."; the caller frees it. */
static char *list_settings(unsigned amount, const char *last)
{
    char *list = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&list, &bytes);
    ck_assert_ptr_nonnull(file);
    for (unsigned i = 1; i <= amount; i++)
        fprintf(file, "%sprocesses:1x%u", i > 1 ? "," : "", i);
    fprintf(file, "%s%s", last[0] != '\0' ? "," : "", last);
    fclose(file);
    return list;
}

START_TEST(more_designs_than_there_is_room_for_are_refused)
{
    char *most = list_settings(DESIGNS_MAX, ""), *more = list_settings(DESIGNS_MAX, "serial");
    ck_assert(parse(most, 2, 64));
    ck_assert_uint_eq(count, DESIGNS_MAX);
    expect_design(DESIGNS_MAX - 1, "processes:1x64", EXECUTOR_PROCESSES, 1, DESIGNS_MAX);
    ck_assert(!parse(more, 2, 64));
    ck_assert_str_eq(why, "must be at most 64 designs");
    free(most), free(more);
}
END_TEST

START_TEST(a_repetition_takes_no_room)
{
    char *list = list_settings(DESIGNS_MAX, "processes:1x1");
    ck_assert_msg(parse(list, 2, 64), "%s", why);
    ck_assert_uint_eq(count, DESIGNS_MAX);
    free(list);
}
END_TEST

START_TEST(engines_are_called_as_fetch_calls_them)
{
    ck_assert_str_eq(design_engine_name(EXECUTOR_PROCESSES), "processes");
    ck_assert_str_eq(design_engine_name(EXECUTOR_THREADS), "threads");
    ck_assert_str_eq(design_engine_name(EXECUTOR_SERIAL), "serial");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare_design");
    TCase *cases = tcase_create("design");
    tcase_add_test(cases, seven_designs_are_compared_by_default);
    tcase_add_test(cases, what_comes_to_the_same_thing_is_compared_once);
    tcase_add_test(cases, no_worker_is_without_a_transfer);
    tcase_add_test(cases, every_name_that_is_told_is_taken);
    tcase_add_test(cases, names_stay_in_the_order_of_the_list);
    tcase_add_test(cases, a_setting_says_its_numbers_itself);
    tcase_add_test(cases, the_same_design_twice_counts_once_under_its_first_name);
    tcase_add_loop_test(cases, what_is_no_design_is_refused_and_what_is_allowed_is_said, 0, COUNT(WRONG));
    tcase_add_test(cases, more_designs_than_there_is_room_for_are_refused);
    tcase_add_test(cases, a_repetition_takes_no_room);
    tcase_add_test(cases, engines_are_called_as_fetch_calls_them);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
