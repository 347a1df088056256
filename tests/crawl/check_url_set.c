/* Mirrors coordinator/crawl/frontier/url_set.c. */
#include "coordinator/crawl/frontier/url_set.h"

#include <check.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tests/support/support.h"

/* For loops: an assertion of Check's writes to the runner each time. */
#define MUST(condition) \
    do { \
        if (!(condition)) \
            ck_abort_msg("%s", #condition); \
    } while (0)

static struct url_set *set;

static void set_up(void)
{
    set = url_set_open();
    ck_assert_ptr_nonnull(set);
}

static void tear_down(void)
{
    url_set_close(set);
    set = NULL;
}

/* Number i as a fingerprint: no two alike, none 0 for i > 0, spread as a hash is. */
static uint64_t hashed(uint64_t i)
{
    i ^= i >> 31;
    i *= 0x7fb5d329728ea185u;
    i ^= i >> 27;
    i *= 0x81dadef4bc2dd44du;
    return i ^ i >> 33;
}

START_TEST(an_empty_set_has_nothing)
{
    ck_assert(!url_set_has(set, 1));
    ck_assert(!url_set_has(set, UINT64_MAX));
    ck_assert_uint_eq(url_set_count(set), 0);
    ck_assert_uint_eq(url_set_bytes_peak(set), url_set_bytes(set));
}
END_TEST

START_TEST(a_member_is_new_once_and_then_known)
{
    ck_assert_int_eq(url_set_add(set, 7), URL_SET_NEW);
    ck_assert_int_eq(url_set_add(set, 7), URL_SET_KNOWN);
    ck_assert(url_set_has(set, 7));
    ck_assert(!url_set_has(set, 8));
    ck_assert_uint_eq(url_set_count(set), 1);
}
END_TEST

#define NUMBERS 60000u

START_TEST(any_sequence_is_answered_as_by_a_plain_table)
{
    bool *is_member = calloc(NUMBERS, sizeof *is_member);
    uint64_t count = 0;
    uint64_t random = (uint64_t)_i + 1;
    for (unsigned step = 0; step < 6 * NUMBERS; step++) {
        random = hashed(random + step);
        uint64_t number = random % (NUMBERS - 1) + 1;
        url_set_prefetch(set, hashed(number));
        if (random >> 63) {
            MUST(url_set_has(set, hashed(number)) == is_member[number]);
            continue;
        }
        MUST(url_set_add(set, hashed(number)) == (is_member[number] ? URL_SET_KNOWN : URL_SET_NEW));
        count += !is_member[number];
        is_member[number] = true;
        MUST(url_set_count(set) == count);
    }
    for (unsigned number = 1; number < NUMBERS; number++)
        MUST(url_set_has(set, hashed(number)) == is_member[number]);
    free(is_member);
}
END_TEST

START_TEST(fingerprints_that_are_hardly_spread_are_told_apart)
{
    for (uint64_t i = 1; i <= 50000; i++) {
        MUST(url_set_add(set, i) == URL_SET_NEW);
        MUST(url_set_add(set, i << 44) == URL_SET_NEW);
        MUST(url_set_add(set, UINT64_MAX - i) == URL_SET_NEW);
    }
    for (uint64_t i = 1; i <= 50000; i++) {
        MUST(url_set_has(set, i) && url_set_has(set, i << 44) && url_set_has(set, UINT64_MAX - i));
        MUST(!url_set_has(set, i + 50000) && !url_set_has(set, (i << 44) + 1));
    }
}
END_TEST

#ifdef SHOAL_SANITIZED
#define MEMBERS 300000u
#else
#define MEMBERS 2000000u
#endif

START_TEST(a_member_takes_16_bytes_at_most_while_the_set_grows)
{
    size_t before = 0;
    for (uint64_t i = 1; i <= MEMBERS; i++) {
        MUST(url_set_add(set, hashed(i)) == URL_SET_NEW);
        MUST(url_set_bytes(set) >= before);
        before = url_set_bytes(set);
        if (i >= 12500 && url_set_bytes_peak(set) > 16 * i)
            ck_abort_msg("%zu bytes for %llu members", url_set_bytes_peak(set), (unsigned long long)i);
    }
    ck_assert_uint_eq(url_set_count(set), MEMBERS);
    ck_assert_uint_gt(url_set_bytes(set), 8 * MEMBERS);
    for (uint64_t i = 1; i <= MEMBERS; i++) {
        if (!url_set_has(set, hashed(i)) || url_set_has(set, hashed(i + MEMBERS)))
            ck_abort_msg("member %llu", (unsigned long long)i);
    }
}
END_TEST

START_TEST(a_process_that_is_forked_does_not_get_the_set)
{
    size_t before = bytes_not_for_children();
    for (uint64_t i = 1; i <= 200000; i++)
        url_set_add(set, hashed(i));
    /* what was mapped before the test began, and the struct itself, are not among them */
    ck_assert_uint_ge(bytes_not_for_children() + 16 * 3 * 4096 + 4096, before + url_set_bytes(set));
}
END_TEST

#ifndef SHOAL_SANITIZED /* they need memory of their own */
START_TEST(a_set_that_cannot_grow_is_as_it_was)
{
    for (uint64_t i = 1; i <= 100000; i++)
        MUST(url_set_add(set, hashed(i)) == URL_SET_NEW);
    struct rlimit before;
    getrlimit(RLIMIT_AS, &before);
    struct rlimit none = {1 << 20, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &none), 0);
    uint64_t refused = 100001;
    while (url_set_add(set, hashed(refused)) == URL_SET_NEW)
        refused++;
    ck_assert_int_eq(url_set_add(set, hashed(refused)), URL_SET_NO_MEMORY);
    ck_assert_ptr_null(url_set_open());
    ck_assert_uint_eq(url_set_count(set), refused - 1);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);

    for (uint64_t i = 1; i < refused; i++)
        MUST(url_set_has(set, hashed(i)));
    ck_assert(!url_set_has(set, hashed(refused)));
    for (uint64_t i = refused; i < refused + 100000; i++)
        MUST(url_set_add(set, hashed(i)) == URL_SET_NEW);
}
END_TEST
#endif

START_TEST(closing_no_set_is_allowed)
{
    url_set_close(NULL);
}
END_TEST

static Suite *url_set_suite(void)
{
    Suite *suite = suite_create("url_set");
    TCase *tests = tcase_create("set");
    tcase_set_timeout(tests, 20);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_empty_set_has_nothing);
    tcase_add_test(tests, a_member_is_new_once_and_then_known);
    tcase_add_loop_test(tests, any_sequence_is_answered_as_by_a_plain_table, 0, 3);
    tcase_add_test(tests, fingerprints_that_are_hardly_spread_are_told_apart);
    tcase_add_test(tests, a_member_takes_16_bytes_at_most_while_the_set_grows);
    tcase_add_test(tests, a_process_that_is_forked_does_not_get_the_set);
#ifndef SHOAL_SANITIZED
    tcase_add_test(tests, a_set_that_cannot_grow_is_as_it_was);
#endif
    tcase_add_test(tests, closing_no_set_is_allowed);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(url_set_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
