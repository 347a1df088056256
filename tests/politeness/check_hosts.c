/* The ledger of coordinator/politeness/hosts.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/url_plain.h"
#include "coordinator/politeness/hosts.h"

static struct hosts *hosts;

static void set_up(void)
{
    hosts = hosts_open();
    ck_assert_ptr_nonnull(hosts);
}

static void tear_down(void)
{
    hosts_close(hosts);
}

static struct host *acquire(const char *url)
{
    struct url_parts parts;
    ck_assert_msg(url_parse_plain(url, strlen(url), &parts), "%s", url);
    struct host *host = hosts_acquire(hosts, &parts);
    ck_assert_ptr_nonnull(host);
    return host;
}

static struct host *acquire_numbered(int number)
{
    char url[64];
    sprintf(url, "http://host%d.example/", number);
    return acquire(url);
}

START_TEST(one_host_has_one_record)
{
    struct host *host = acquire("http://example.org/a");
    ck_assert_ptr_eq(acquire("http://example.org:80/b?c"), host);
    ck_assert_ptr_ne(acquire("https://example.org/"), host);
    ck_assert_ptr_ne(acquire("http://example.org:8080/"), host);
    ck_assert_ptr_ne(acquire("http://www.example.org/"), host);
    ck_assert_ptr_eq(acquire("http://example.org/"), host);
    ck_assert_uint_eq(hosts_count(hosts), 4);
    ck_assert_uint_eq(host->references, 3);
}
END_TEST

START_TEST(a_dot_at_the_end_makes_no_other_host)
{
    struct url_parts parts = {.scheme = {"http", 4}, .host = {"example.org.", 12}, .port = 80};
    struct host *host = hosts_acquire(hosts, &parts);
    ck_assert_ptr_eq(acquire("http://example.org/"), host);
    char key[URL_HOST_KEY_BYTES];
    ck_assert_uint_eq(host_key(host, key), strlen("http://example.org:80"));
    ck_assert_str_eq(key, "http://example.org:80");
}
END_TEST

START_TEST(a_record_is_gone_with_its_last_reference)
{
    struct host *host = acquire("http://example.org/");
    acquire("http://example.org/");
    hosts_release(hosts, host);
    ck_assert_uint_eq(hosts_count(hosts), 1);
    hosts_release(hosts, host);
    ck_assert_uint_eq(hosts_count(hosts), 0);
    host = acquire("http://example.org/");
    ck_assert_uint_eq(host->in_flight, 0);
    ck_assert_uint_eq(hosts_count(hosts), 1);
}
END_TEST

START_TEST(a_million_hosts_leave_nothing_behind)
{
    for (int i = 0; i < 1000000; i++) {
        hosts_release(hosts, acquire_numbered(i));
    }
    ck_assert_uint_eq(hosts_count(hosts), 0);
}
END_TEST

START_TEST(records_are_found_whatever_came_and_went)
{
    enum { COUNT = 5000 };
    static struct host *records[COUNT];
    uint64_t state = 1;
    size_t live = 0;
    for (int step = 0; step < 400000; step++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        int number = (int)((state >> 33) % COUNT);
        if (records[number] == NULL) {
            records[number] = acquire_numbered(number);
            ck_assert_uint_eq(records[number]->references, 1);
            live++;
        } else if ((state >> 20) % 2 == 0) {
            ck_assert_ptr_eq(acquire_numbered(number), records[number]);
            hosts_release(hosts, records[number]);
        } else {
            hosts_release(hosts, records[number]);
            records[number] = NULL;
            live--;
        }
        ck_assert_uint_eq(hosts_count(hosts), live);
    }
}
END_TEST

START_TEST(retry_after_is_obeyed_within_a_second_and_a_day)
{
    static const int64_t ASKED_AND_HELD[][2] = {
        {0, 1}, {1, 1}, {120, 120}, {86400, 86400}, {31536000, 86400}, {INT64_MAX, 86400}, {-5, 1}};
    for (size_t i = 0; i < sizeof ASKED_AND_HELD / sizeof ASKED_AND_HELD[0]; i++) {
        struct host *host = acquire_numbered((int)i);
        hosts_hold(hosts, host, ASKED_AND_HELD[i][0], 7);
        ck_assert(host_is_held(host));
        ck_assert_int_eq(host->hold.at_ns, 7 + ASKED_AND_HELD[i][1] * NS_PER_S);
    }
}
END_TEST

START_TEST(a_hold_becomes_longer_but_never_shorter)
{
    struct host *host = acquire("http://example.org/");
    hosts_hold(hosts, host, 10, 0);
    hosts_hold(hosts, host, 5, 0);
    ck_assert_int_eq(hosts_next_ns(hosts), 10 * NS_PER_S);
    hosts_hold(hosts, host, 20, 0);
    ck_assert_int_eq(hosts_next_ns(hosts), 20 * NS_PER_S);
    ck_assert_uint_eq(hosts_held_count(hosts), 1);
}
END_TEST

START_TEST(holds_end_in_order_of_time)
{
    struct host *late = acquire_numbered(1);
    struct host *early = acquire_numbered(2);
    hosts_hold(hosts, late, 20, 0);
    hosts_hold(hosts, early, 10, 0);
    ck_assert_ptr_null(hosts_end_hold(hosts, 10 * NS_PER_S - 1));
    ck_assert_ptr_eq(hosts_first_held(hosts), early);
    ck_assert_ptr_eq(hosts_end_hold(hosts, 20 * NS_PER_S), early);
    ck_assert(!host_is_held(early));
    ck_assert_ptr_eq(hosts_end_hold(hosts, 20 * NS_PER_S), late);
    ck_assert_ptr_null(hosts_end_hold(hosts, DEADLINE_NEVER - 1));
    ck_assert_int_eq(hosts_next_ns(hosts), DEADLINE_NEVER);
}
END_TEST

START_TEST(a_hold_outlives_the_tasks_and_the_record_goes_when_it_ends)
{
    struct host *host = acquire("http://example.org/");
    hosts_hold(hosts, host, 10, 0);
    hosts_release(hosts, host);
    ck_assert_uint_eq(hosts_count(hosts), 1);
    ck_assert_ptr_eq(acquire("http://example.org/"), host);
    ck_assert(host_is_held(host));
    hosts_release(hosts, host);
    ck_assert_ptr_null(hosts_end_hold(hosts, 10 * NS_PER_S));
    ck_assert_uint_eq(hosts_count(hosts), 0);
}
END_TEST

START_TEST(holds_that_nobody_waits_for_are_bounded)
{
    for (int i = 0; i < (int)HOSTS_IDLE_HELD_MAX + 1000; i++) {
        struct host *host = acquire_numbered(i);
        hosts_hold(hosts, host, 3600, i);
        hosts_release(hosts, host);
    }
    ck_assert_uint_eq(hosts_count(hosts), HOSTS_IDLE_HELD_MAX);
    ck_assert_uint_eq(hosts_held_count(hosts), HOSTS_IDLE_HELD_MAX);
    struct host *oldest = acquire_numbered(0);
    struct host *newest = acquire_numbered((int)HOSTS_IDLE_HELD_MAX + 999);
    ck_assert(!host_is_held(oldest));
    ck_assert(host_is_held(newest));
}
END_TEST

static Suite *hosts_suite(void)
{
    Suite *suite = suite_create("hosts");
    TCase *cases = tcase_create("hosts");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, one_host_has_one_record);
    tcase_add_test(cases, a_dot_at_the_end_makes_no_other_host);
    tcase_add_test(cases, a_record_is_gone_with_its_last_reference);
    tcase_add_test(cases, a_million_hosts_leave_nothing_behind);
    tcase_add_test(cases, records_are_found_whatever_came_and_went);
    tcase_add_test(cases, retry_after_is_obeyed_within_a_second_and_a_day);
    tcase_add_test(cases, a_hold_becomes_longer_but_never_shorter);
    tcase_add_test(cases, holds_end_in_order_of_time);
    tcase_add_test(cases, a_hold_outlives_the_tasks_and_the_record_goes_when_it_ends);
    tcase_add_test(cases, holds_that_nobody_waits_for_are_bounded);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(hosts_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
