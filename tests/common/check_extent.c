/* A slot's stretch of the body segment: common/extent.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/extent.h"
#include "common/ring.h"
#include "common/slot.h"
#include "tests/support/support.h"

#define KIB 1024u
#define STRIDE (1u << 20)

static const struct owner ME = {.worker = 1, .incarnation = 7};
static struct shared shared;

static void set_up(void)
{
    shared_for(&shared, 3, 8);
}

static void tear_down(void)
{
    shared_close(&shared);
}

/* What the kernel really keeps for the bodies. */
static uint64_t pages_bytes(void)
{
    struct stat stat;
    ck_assert_int_eq(fstat(shared.body_fd, &stat), 0);
    return (uint64_t)stat.st_blocks * 512;
}

static uint64_t reserved(uint32_t slot)
{
    return atomic_load(&shared.slots[slot].reserved_bytes);
}

START_TEST(an_extent_has_no_pages_at_first)
{
    ck_assert_uint_eq(pages_bytes(), 0);
    ck_assert_uint_eq(extent_reserved_bytes(&shared), 0);
}
END_TEST

START_TEST(reserve_gets_pages_before_they_are_written)
{
    ck_assert_int_eq(extent_reserve(&shared, 2, 64 * KIB), STATUS_OK);
    ck_assert_uint_eq(pages_bytes(), 64 * KIB);
    ck_assert_uint_eq(reserved(2), 64 * KIB);
    memset(extent_at(&shared, 2), 'x', 64 * KIB);
    ck_assert_uint_eq(pages_bytes(), 64 * KIB);
}
END_TEST

START_TEST(reserve_takes_whole_pages)
{
    ck_assert_int_eq(extent_reserve(&shared, 2, 1), STATUS_OK);
    ck_assert_uint_eq(pages_bytes(), 4 * KIB);
    ck_assert_int_eq(extent_reserve(&shared, 2, 4 * KIB + 1), STATUS_OK);
    ck_assert_uint_eq(pages_bytes(), 8 * KIB);
    ck_assert_uint_eq(reserved(2), 8 * KIB);
}
END_TEST

START_TEST(reserve_again_for_less_changes_nothing)
{
    ck_assert_int_eq(extent_reserve(&shared, 2, 128 * KIB), STATUS_OK);
    ck_assert_int_eq(extent_reserve(&shared, 2, 1), STATUS_OK);
    ck_assert_int_eq(extent_reserve(&shared, 2, 0), STATUS_OK);
    ck_assert_uint_eq(pages_bytes(), 128 * KIB);
    ck_assert_uint_eq(reserved(2), 128 * KIB);
}
END_TEST

START_TEST(reserve_takes_the_whole_stride_and_not_a_byte_more)
{
    ck_assert_int_eq(extent_reserve(&shared, 2, STRIDE + 1), STATUS_INVALID_ARGUMENT);
    ck_assert_int_eq(extent_reserve(&shared, 2, UINT64_MAX), STATUS_INVALID_ARGUMENT);
    ck_assert_uint_eq(reserved(2), 0);
    ck_assert_int_eq(extent_reserve(&shared, 2, STRIDE), STATUS_OK);
    ck_assert_uint_eq(pages_bytes(), STRIDE);
}
END_TEST

START_TEST(trim_gives_pages_back_and_keeps_the_first)
{
    ck_assert_int_eq(extent_reserve(&shared, 2, 512 * KIB), STATUS_OK);
    memset(extent_at(&shared, 2), 'x', 512 * KIB);
    extent_trim(&shared, 2, 64 * KIB);
    ck_assert_uint_eq(pages_bytes(), 64 * KIB);
    ck_assert_uint_eq(reserved(2), 64 * KIB);
    ck_assert_int_eq(extent_at(&shared, 2)[64 * KIB - 1], 'x');
    ck_assert_int_eq(extent_at(&shared, 2)[64 * KIB], 0);
}
END_TEST

START_TEST(trim_below_what_is_there_changes_nothing)
{
    ck_assert_int_eq(extent_reserve(&shared, 2, 16 * KIB), STATUS_OK);
    extent_trim(&shared, 2, 64 * KIB);
    ck_assert_uint_eq(pages_bytes(), 16 * KIB);
    ck_assert_uint_eq(reserved(2), 16 * KIB);
}
END_TEST

START_TEST(trim_leaves_the_neighbours_alone)
{
    for (uint32_t slot = 1; slot <= 3; slot++) {
        ck_assert_int_eq(extent_reserve(&shared, slot, STRIDE), STATUS_OK);
        memset(extent_at(&shared, slot), (int)('0' + slot), STRIDE);
    }
    extent_trim(&shared, 2, 0);
    ck_assert_uint_eq(pages_bytes(), 2 * STRIDE);
    ck_assert_int_eq(extent_at(&shared, 1)[STRIDE - 1], '1');
    ck_assert_int_eq(extent_at(&shared, 3)[0], '3');
}
END_TEST

/* A worker that went wild wrote nonsense over the books: no neighbour's page may be punched out. */
START_TEST(trim_stays_within_the_extent_whatever_the_books_say)
{
    ck_assert_int_eq(extent_reserve(&shared, 3, STRIDE), STATUS_OK);
    memset(extent_at(&shared, 3), '3', STRIDE);
    atomic_store(&shared.slots[2].reserved_bytes, (uint64_t)5 * STRIDE);
    extent_trim(&shared, 2, 64 * KIB);
    ck_assert_int_eq(extent_at(&shared, 3)[0], '3');
    ck_assert_uint_eq(reserved(2), 0); /* how many pages lie there nobody knows: as if none */
}
END_TEST

START_TEST(pages_that_cannot_be_on_the_books_are_reserved_anew)
{
    atomic_store(&shared.slots[2].reserved_bytes, UINT64_MAX);
    ck_assert_int_eq(extent_reserve(&shared, 2, STRIDE + 1), STATUS_INVALID_ARGUMENT);
    ck_assert_int_eq(extent_reserve(&shared, 2, 100), STATUS_OK);
    ck_assert_uint_eq(reserved(2), 4 * KIB);
}
END_TEST

START_TEST(trim_keeps_no_more_than_the_stride)
{
    atomic_store(&shared.slots[2].reserved_bytes, UINT64_MAX);
    extent_trim(&shared, 2, 2 * STRIDE);
    ck_assert_uint_le(reserved(2), STRIDE);
}
END_TEST

START_TEST(the_sum_counts_all_extents)
{
    ck_assert_int_eq(extent_reserve(&shared, 0, 16 * KIB), STATUS_OK);
    ck_assert_int_eq(extent_reserve(&shared, 7, 32 * KIB), STATUS_OK);
    ck_assert_uint_eq(extent_reserved_bytes(&shared), 48 * KIB);
}
END_TEST

START_TEST(a_full_file_system_is_an_answer_and_no_signal)
{
    shared_close(&shared);
    if (!enter_private_shm(512)) {
        fprintf(stderr, "skipped: no mount namespace\n");
        return;
    }
    shared_for(&shared, 3, 8);
    ck_assert_int_eq(extent_reserve(&shared, 2, 64 * KIB), STATUS_OK);
    ck_assert_int_eq(extent_reserve(&shared, 2, STRIDE), STATUS_OUT_OF_MEMORY);
    ck_assert_uint_eq(reserved(2), 64 * KIB);
    ck_assert_uint_eq(pages_bytes(), 64 * KIB);
    memset(extent_at(&shared, 2), 'x', 64 * KIB);
    ck_assert_int_eq(extent_reserve(&shared, 2, 128 * KIB), STATUS_OK);
}
END_TEST

/* ---- the bound of the memory: 1 MiB for all ---- */

static uint64_t make_claimed(uint32_t slot)
{
    struct claim claim;
    slot_make_ready(&shared, slot);
    ck_assert(ring_push(&shared, RING_WORK, slot));
    ck_assert(ring_claim(&shared, RING_WORK, ME, &claim));
    ck_assert_uint_eq(claim.slot, slot);
    return claim.word;
}

/* As the coordinator does it. */
static void collect(uint32_t slot)
{
    atomic_store(&shared.slots[slot].growing, 0);
}

START_TEST(an_extent_may_grow_up_to_the_bound)
{
    make_claimed(5);
    ck_assert_int_eq(extent_reserve(&shared, 1, 512 * KIB), STATUS_OK);
    make_claimed(1);
    ck_assert(extent_may_grow(&shared, 1, 0));
    ck_assert(extent_may_grow(&shared, 5, 512 * KIB));
    ck_assert(!extent_may_grow(&shared, 5, 512 * KIB + 1));
}
END_TEST

START_TEST(beyond_the_bound_the_lowest_that_asked_goes_on_alone)
{
    uint64_t second = make_claimed(2);
    make_claimed(4);
    make_claimed(6);
    ck_assert(extent_may_grow(&shared, 6, 2 * STRIDE)); /* nobody below it has asked */
    ck_assert(extent_may_grow(&shared, 4, 2 * STRIDE));
    ck_assert(!extent_may_grow(&shared, 6, 2 * STRIDE));
    ck_assert(extent_may_grow(&shared, 2, 2 * STRIDE));
    ck_assert(!extent_may_grow(&shared, 4, 2 * STRIDE));
    ck_assert(!extent_may_grow(&shared, 6, 2 * STRIDE));
    ck_assert(slot_publish(&shared, 2, second));
    collect(2);
    ck_assert(extent_may_grow(&shared, 4, 2 * STRIDE));
    ck_assert(!extent_may_grow(&shared, 6, 2 * STRIDE));
}
END_TEST

START_TEST(beyond_the_bound_nobody_goes_on_before_a_body_that_is_done_was_collected)
{
    uint64_t sixth = make_claimed(6);
    make_claimed(4);
    ck_assert(extent_may_grow(&shared, 6, 2 * STRIDE));
    ck_assert(slot_publish(&shared, 6, sixth));
    ck_assert(!extent_may_grow(&shared, 4, 2 * STRIDE));
    ck_assert(extent_may_grow(&shared, 4, 512 * KIB)); /* within the bound */
    collect(6);
    ck_assert(extent_may_grow(&shared, 4, 2 * STRIDE));
}
END_TEST

START_TEST(a_claimed_slot_that_does_not_grow_favours_nobody)
{
    make_claimed(0);
    make_claimed(3);
    ck_assert(extent_may_grow(&shared, 3, 2 * STRIDE));
}
END_TEST

static Suite *extent_suite(void)
{
    Suite *suite = suite_create("extent");
    TCase *pages = tcase_create("pages");
    tcase_add_checked_fixture(pages, set_up, tear_down);
    tcase_add_test(pages, an_extent_has_no_pages_at_first);
    tcase_add_test(pages, reserve_gets_pages_before_they_are_written);
    tcase_add_test(pages, reserve_takes_whole_pages);
    tcase_add_test(pages, reserve_again_for_less_changes_nothing);
    tcase_add_test(pages, reserve_takes_the_whole_stride_and_not_a_byte_more);
    tcase_add_test(pages, trim_gives_pages_back_and_keeps_the_first);
    tcase_add_test(pages, trim_below_what_is_there_changes_nothing);
    tcase_add_test(pages, trim_leaves_the_neighbours_alone);
    tcase_add_test(pages, trim_stays_within_the_extent_whatever_the_books_say);
    tcase_add_test(pages, pages_that_cannot_be_on_the_books_are_reserved_anew);
    tcase_add_test(pages, trim_keeps_no_more_than_the_stride);
    tcase_add_test(pages, the_sum_counts_all_extents);
    tcase_add_test(pages, a_full_file_system_is_an_answer_and_no_signal);
    suite_add_tcase(suite, pages);
    TCase *bound = tcase_create("bound");
    tcase_add_checked_fixture(bound, set_up, tear_down);
    tcase_add_test(bound, an_extent_may_grow_up_to_the_bound);
    tcase_add_test(bound, beyond_the_bound_the_lowest_that_asked_goes_on_alone);
    tcase_add_test(bound, beyond_the_bound_nobody_goes_on_before_a_body_that_is_done_was_collected);
    tcase_add_test(bound, a_claimed_slot_that_does_not_grow_favours_nobody);
    suite_add_tcase(suite, bound);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(extent_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
