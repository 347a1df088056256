/* Mirrors coordinator/compare/sweep.c. */
#include "coordinator/compare/sweep.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct series *settings;
static size_t count;

static void tear_down(void)
{
    for (size_t i = 0; i < count; i++)
        series_free(&settings[i]);
    free(settings);
    settings = NULL;
    count = 0;
}

static void make(uint32_t workers_max, uint32_t in_flight_max)
{
    tear_down();
    ck_assert_int_eq(sweep_make(&settings, &count, workers_max, in_flight_max), STATUS_OK);
}

/* ---- the settings ---- */

/* WxC of one engine, as the sweep lists them. */
static void expect_settings(const char *const *sizes, size_t size_count)
{
    static const enum executor_engine ENGINES[] = {EXECUTOR_PROCESSES, EXECUTOR_THREADS};
    ck_assert_uint_eq(count, COUNT(ENGINES) * size_count);
    for (size_t i = 0; i < count; i++) {
        const struct series *setting = &settings[i];
        enum executor_engine engine = ENGINES[i / size_count];
        char name[DESIGN_NAME_BYTES];
        snprintf(name, sizeof name, "%s:%s", design_engine_name(engine), sizes[i % size_count]);
        ck_assert_str_eq(setting->design.name, name);
        ck_assert_int_eq(setting->design.engine, engine);
        ck_assert_uint_eq(setting->count, 0);
    }
}

START_TEST(a_sweep_doubles_workers_and_transfers)
{
    static const char *const SIZES[] = {"1x1", "1x2", "2x2", "1x4", "2x4", "4x4", "1x8", "2x8", "4x8"};
    make(4, 8);
    expect_settings(SIZES, COUNT(SIZES));
}
END_TEST

START_TEST(limits_that_are_no_powers_of_two_are_tried_too)
{
    static const char *const SIZES[] = {"1x1", "1x2", "2x2", "1x4", "2x4", "3x4", "1x5", "2x5", "3x5"};
    make(3, 5);
    expect_settings(SIZES, COUNT(SIZES));
}
END_TEST

START_TEST(there_are_never_more_workers_than_transfers)
{
    static const char *const SIZES[] = {"1x1", "1x2", "2x2", "1x3", "2x3"};
    make(8, 3);
    expect_settings(SIZES, COUNT(SIZES));
}
END_TEST

START_TEST(the_smallest_sweep_is_one_setting_an_engine)
{
    static const char *const SIZES[] = {"1x1"};
    make(1, 1);
    expect_settings(SIZES, COUNT(SIZES));
    make(1024, 1);
    expect_settings(SIZES, COUNT(SIZES));
}
END_TEST

START_TEST(the_largest_sweep_has_each_setting_once)
{
    make(WORKERS_MAX, CONCURRENCY_MAX);
    ck_assert_uint_eq(count, 2 * (66 + 11 * 6)); /* in flight 1 to 1024: 1 + 2 + ... + 11; six more of 11 each */
    for (size_t i = 0; i < count; i++) {
        const struct design *design = &settings[i].design;
        ck_assert(design->workers >= 1 && design->workers <= WORKERS_MAX);
        ck_assert(design->in_flight >= design->workers && design->in_flight <= CONCURRENCY_MAX);
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(design->name, settings[k].design.name);
    }
}
END_TEST

/* ---- the order ---- */

START_TEST(each_setting_has_one_turn_and_many_in_flight_come_first)
{
    make(4, 16);
    unsigned char seen[64] = {0};
    ck_assert_uint_le(count, sizeof seen);
    for (size_t turn = 0; turn < count; turn++) {
        size_t index = sweep_turn(turn, count);
        ck_assert_uint_lt(index, count);
        ck_assert_uint_eq(seen[index]++, 0);
        if (turn == 0) {
            ck_assert_uint_eq(settings[index].design.in_flight, 16);
            continue;
        }
        const struct design *design = &settings[index].design, *before = &settings[sweep_turn(turn - 1, count)].design;
        if (design->engine == before->engine)
            ck_assert_uint_le(design->in_flight, before->in_flight);
    }
}
END_TEST

/* ---- the cut ---- */

static void add_trial(size_t index, enum trial_end end, int64_t wall_ms, uint64_t fetched, uint64_t failed)
{
    struct trial trial = {.end = end, .wall_ns = wall_ms * NS_PER_MS};
    trial.by_error[FETCH_OK] = fetched;
    trial.by_error[FETCH_CONNECT] = failed;
    ck_assert_int_eq(series_add(&settings[index], &trial), STATUS_OK);
}

static int64_t cut_ms(void)
{
    return sweep_cut_ns(settings, count) / NS_PER_MS;
}

START_TEST(nothing_is_cut_before_a_run_has_finished)
{
    make(2, 2);
    ck_assert_int_eq(cut_ms(), 0);
    add_trial(0, TRIAL_DIED, 10, 1, 0);
    add_trial(1, TRIAL_CANNOT_RUN, 1, 0, 0);
    add_trial(2, TRIAL_CUT, 10, 1, 0);
    ck_assert_int_eq(cut_ms(), 0);
}
END_TEST

START_TEST(a_run_has_four_times_the_fastest_and_a_second)
{
    make(2, 2);
    add_trial(3, TRIAL_FINISHED, 2000, 10, 0);
    ck_assert_int_eq(cut_ms(), 4 * 2000 + 1000);
    add_trial(0, TRIAL_FINISHED, 5000, 10, 0); /* slower: changes nothing */
    ck_assert_int_eq(cut_ms(), 4 * 2000 + 1000);
    add_trial(0, TRIAL_FINISHED, 500, 10, 0); /* any round of any setting */
    ck_assert_int_eq(cut_ms(), 4 * 500 + 1000);
    add_trial(5, TRIAL_CUT, 100, 1, 0);
    ck_assert_int_eq(cut_ms(), 4 * 500 + 1000);
}
END_TEST

/* To fail at once is not to be fast. */
START_TEST(a_run_whose_urls_failed_does_not_have_the_good_ones_cut)
{
    make(2, 2);
    add_trial(0, TRIAL_FINISHED, 10, 0, 100);
    ck_assert_int_eq(cut_ms(), 0);
    add_trial(1, TRIAL_FINISHED, 3000, 100, 0);
    ck_assert_int_eq(cut_ms(), 4 * 3000 + 1000);
    add_trial(2, TRIAL_FINISHED, 500, 10, 90); /* ten times slower than that, were they all fetched */
    ck_assert_int_eq(cut_ms(), 4 * 3000 + 1000);
}
END_TEST

START_TEST(failures_that_all_settings_have_do_not_lift_the_cut)
{
    make(2, 2);
    add_trial(0, TRIAL_FINISHED, 1000, 50, 50);
    int64_t one_ms = cut_ms();
    ck_assert_int_ge(one_ms, 4 * 1000 + 1000);
    add_trial(1, TRIAL_FINISHED, 500, 50, 50);
    ck_assert_int_ge(cut_ms(), 4 * 500 + 1000);
    ck_assert_int_lt(cut_ms(), one_ms);
}
END_TEST

START_TEST(what_was_cut_once_is_not_run_again)
{
    make(2, 2);
    ck_assert(!sweep_is_settled(&settings[0]));
    add_trial(0, TRIAL_FINISHED, 100, 1, 0);
    add_trial(0, TRIAL_DIED, 100, 1, 0);
    ck_assert(!sweep_is_settled(&settings[0]));
    add_trial(0, TRIAL_CUT, 100, 1, 0);
    ck_assert(sweep_is_settled(&settings[0]));
    ck_assert(!sweep_is_settled(&settings[1]));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare_sweep");
    TCase *cases = tcase_create("sweep");
    tcase_add_checked_fixture(cases, NULL, tear_down);
    tcase_add_test(cases, a_sweep_doubles_workers_and_transfers);
    tcase_add_test(cases, limits_that_are_no_powers_of_two_are_tried_too);
    tcase_add_test(cases, there_are_never_more_workers_than_transfers);
    tcase_add_test(cases, the_smallest_sweep_is_one_setting_an_engine);
    tcase_add_test(cases, the_largest_sweep_has_each_setting_once);
    tcase_add_test(cases, each_setting_has_one_turn_and_many_in_flight_come_first);
    tcase_add_test(cases, nothing_is_cut_before_a_run_has_finished);
    tcase_add_test(cases, a_run_has_four_times_the_fastest_and_a_second);
    tcase_add_test(cases, a_run_whose_urls_failed_does_not_have_the_good_ones_cut);
    tcase_add_test(cases, failures_that_all_settings_have_do_not_lift_the_cut);
    tcase_add_test(cases, what_was_cut_once_is_not_run_again);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
