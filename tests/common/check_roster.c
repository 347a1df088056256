/* Who sleeps, and what workers say of themselves: common/roster.c. */
#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/roster.h"
#include "tests/support/support.h"

#define WORKERS 130u /* three words of marks */
#define QUARANTINE WORKERS

static struct shared shared;

static void set_up(void)
{
    shared_for(&shared, WORKERS, 16);
}

static void tear_down(void)
{
    shared_close(&shared);
}

START_TEST(nobody_sleeps_at_first)
{
    ck_assert_uint_eq(roster_idle_count(&shared), 0);
    ck_assert_uint_eq(roster_take_room(&shared, 0), SLOT_NONE);
}
END_TEST

START_TEST(idle_marks_are_counted_across_words)
{
    static const uint32_t SLEEPERS[] = {0, 63, 64, 127, 128, 129};
    for (size_t i = 0; i < 6; i++) {
        roster_mark_idle(&shared, SLEEPERS[i]);
        roster_mark_idle(&shared, SLEEPERS[i]); /* twice is once */
        ck_assert_uint_eq(roster_idle_count(&shared), i + 1);
    }
    roster_unmark_idle(&shared, 64);
    roster_unmark_idle(&shared, 64);
    roster_unmark_idle(&shared, 65);
    ck_assert_uint_eq(roster_idle_count(&shared), 5);
}
END_TEST

START_TEST(the_worker_in_quarantine_does_not_count_as_idle)
{
    roster_mark_idle(&shared, QUARANTINE);
    ck_assert_uint_eq(roster_idle_count(&shared), 0);
    roster_mark_idle(&shared, QUARANTINE - 1);
    ck_assert_uint_eq(roster_idle_count(&shared), 1);
}
END_TEST

START_TEST(quarantine_is_left_out_at_the_edge_of_a_word_too)
{
    shared_close(&shared);
    shared_for(&shared, 64, 16);
    roster_mark_idle(&shared, 63);
    roster_mark_idle(&shared, 64); /* quarantine: first bit of the second word */
    ck_assert_uint_eq(roster_idle_count(&shared), 1);
}
END_TEST

START_TEST(marks_of_room_and_of_idleness_are_apart)
{
    roster_mark_room(&shared, 5);
    ck_assert_uint_eq(roster_idle_count(&shared), 0);
    roster_mark_idle(&shared, 6);
    ck_assert_uint_eq(roster_take_room(&shared, 0), 5);
    ck_assert_uint_eq(roster_take_room(&shared, 0), SLOT_NONE);
}
END_TEST

START_TEST(taking_room_clears_the_mark)
{
    roster_mark_room(&shared, 77);
    ck_assert_uint_eq(roster_take_room(&shared, 3), 77);
    ck_assert_uint_eq(roster_take_room(&shared, 3), SLOT_NONE);
    roster_mark_room(&shared, 77);
    roster_unmark_room(&shared, 77);
    ck_assert_uint_eq(roster_take_room(&shared, 3), SLOT_NONE);
}
END_TEST

START_TEST(room_is_taken_in_turn_behind_the_last)
{
    static const uint32_t WITH_ROOM[] = {1, 62, 63, 64, 70, 129};
    uint32_t last = 0;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 6; i++)
            roster_mark_room(&shared, WITH_ROOM[i]);
        for (size_t i = 0; i < 6; i++) {
            last = roster_take_room(&shared, last);
            ck_assert_uint_eq(last, WITH_ROOM[i]);
        }
        ck_assert_uint_eq(roster_take_room(&shared, last), SLOT_NONE);
    }
}
END_TEST

START_TEST(the_one_rung_last_is_taken_again_when_it_is_alone)
{
    for (uint32_t worker = 0; worker <= QUARANTINE; worker++) {
        roster_mark_room(&shared, worker);
        ck_assert_uint_eq(roster_take_room(&shared, worker), worker);
    }
}
END_TEST

START_TEST(a_mark_of_no_worker_is_never_given)
{
    atomic_store(&shared.header->asleep.room[WORKERS / 64], 1ull << 63);
    ck_assert_uint_eq(roster_take_room(&shared, 0), SLOT_NONE);
    roster_mark_room(&shared, 2);
    ck_assert_uint_eq(roster_take_room(&shared, 10), 2);
}
END_TEST

START_TEST(set_current_returns_what_it_was)
{
    ck_assert_uint_eq(roster_set_current(&shared, 4, 9), SLOT_NONE);
    ck_assert_uint_eq(roster_set_current(&shared, 4, 11), 9);
    ck_assert_uint_eq(roster_set_current(&shared, 4, SLOT_NONE), 11);
    ck_assert_uint_eq(roster_set_current(&shared, 5, 1), SLOT_NONE);
}
END_TEST

START_TEST(begin_names_the_process_and_beats)
{
    roster_begin(&shared, 4);
    ck_assert_uint_eq(atomic_load(&shared.roster[4].pid), (uint32_t)getpid());
    uint64_t beat = atomic_load(&shared.roster[4].heartbeat);
    ck_assert_uint_gt(beat, 0);
    roster_beat(&shared, 4);
    ck_assert_uint_eq(atomic_load(&shared.roster[4].heartbeat), beat + 1);
}
END_TEST

START_TEST(clear_takes_all_marks_of_the_dead_and_no_others)
{
    roster_begin(&shared, 4);
    roster_set_current(&shared, 4, 9);
    for (uint32_t worker = 3; worker <= 5; worker++) {
        roster_mark_idle(&shared, worker);
        roster_mark_room(&shared, worker);
    }
    atomic_store(&shared.roster[4].held, 3);
    atomic_store(&shared.roster[4].paused, 2);
    atomic_store(&shared.roster[4].finished, 10);
    roster_clear(&shared, 4, 2);
    ck_assert_uint_eq(roster_idle_count(&shared), 2);
    ck_assert_uint_eq(roster_take_room(&shared, 3), 5);
    ck_assert_uint_eq(roster_take_room(&shared, 5), 3);
    ck_assert_uint_eq(roster_take_room(&shared, 3), SLOT_NONE);
    ck_assert_uint_eq(atomic_load(&shared.roster[4].current), SLOT_NONE);
    ck_assert_uint_eq(atomic_load(&shared.roster[4].held), 0);
    ck_assert_uint_eq(atomic_load(&shared.roster[4].paused), 0);
    ck_assert_uint_eq(atomic_load(&shared.roster[4].finished), 0);
    ck_assert_uint_eq(atomic_load(&shared.roster[4].pid), 0);
    ck_assert_uint_eq(atomic_load(&shared.roster[4].incarnation), 2);
}
END_TEST

static Suite *roster_suite(void)
{
    Suite *suite = suite_create("roster");
    TCase *roster = tcase_create("roster");
    tcase_add_checked_fixture(roster, set_up, tear_down);
    tcase_add_test(roster, nobody_sleeps_at_first);
    tcase_add_test(roster, idle_marks_are_counted_across_words);
    tcase_add_test(roster, the_worker_in_quarantine_does_not_count_as_idle);
    tcase_add_test(roster, quarantine_is_left_out_at_the_edge_of_a_word_too);
    tcase_add_test(roster, marks_of_room_and_of_idleness_are_apart);
    tcase_add_test(roster, taking_room_clears_the_mark);
    tcase_add_test(roster, room_is_taken_in_turn_behind_the_last);
    tcase_add_test(roster, the_one_rung_last_is_taken_again_when_it_is_alone);
    tcase_add_test(roster, a_mark_of_no_worker_is_never_given);
    tcase_add_test(roster, set_current_returns_what_it_was);
    tcase_add_test(roster, begin_names_the_process_and_beats);
    tcase_add_test(roster, clear_takes_all_marks_of_the_dead_and_no_others);
    suite_add_tcase(suite, roster);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(roster_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
