/* Parameters that are taken out of URLs: common/url_query.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "common/url_plain.h"
#include "common/url_query.h"

static struct url_query *rules;

static void open_rules(bool ignore_query, const char *const *strip, size_t count)
{
    url_query_close(rules);
    rules = url_query_open(ignore_query, strip, count);
    ck_assert_ptr_nonnull(rules);
}

static void open_set(const char *set)
{
    size_t count;
    const char *const *names = url_query_set(set, &count);
    ck_assert_ptr_nonnull(names);
    open_rules(false, names, count);
}

static void set_up(void)
{
    static const char *const NAMES[] = {"utm_*", "Sid", "gclid"};
    rules = NULL;
    open_rules(false, NAMES, 3);
}

static void tear_down(void)
{
    url_query_close(rules);
}

/* In place, and into a buffer of the very size; and that a second time changes nothing. */
static void expect(const char *url, const char *expected)
{
    size_t bytes = strlen(url);
    char *out = malloc(bytes + 1);
    char *same = malloc(bytes + 1);
    ck_assert(out && same);
    memcpy(same, url, bytes + 1);
    size_t left = url_query_apply(rules, url, bytes, out);
    ck_assert_msg(strcmp(out, expected) == 0, "%s becomes %s and not %s", url, out, expected);
    ck_assert_uint_eq(left, strlen(expected));
    ck_assert_uint_eq(url_query_apply(rules, same, bytes, same), left);
    ck_assert_str_eq(same, expected);
    ck_assert_uint_eq(url_query_apply(rules, same, left, same), left);
    ck_assert_str_eq(same, expected);
    ck_assert((left == bytes) == (strcmp(url, expected) == 0));
    free(out);
    free(same);
}

static void expect_same(const char *url)
{
    expect(url, url);
}

START_TEST(a_url_without_a_query_stays)
{
    expect_same("http://a.example/");
    expect_same("http://a.example/utm_source=1/sid=2");
    expect_same("http://a.example");
    expect_same("");
}
END_TEST

START_TEST(listed_parameters_are_taken_out_wherever_they_stand)
{
    expect("http://a.example/p?gclid=1", "http://a.example/p");
    expect("http://a.example/p?gclid=1&b=2", "http://a.example/p?b=2");
    expect("http://a.example/p?b=2&gclid=1", "http://a.example/p?b=2");
    expect("http://a.example/p?a=1&gclid=1&b=2", "http://a.example/p?a=1&b=2");
    expect("http://a.example/p?gclid=1&sid=2&utm_source=x", "http://a.example/p");
    expect("http://a.example/p?gclid", "http://a.example/p");
    expect("http://a.example/p?gclid=a=b&c=d=e", "http://a.example/p?c=d=e");
}
END_TEST

START_TEST(names_are_compared_whole_and_without_case)
{
    expect("http://a.example/?SID=1&sId=2", "http://a.example/");
    expect_same("http://a.example/?asid=1&sidd=2&si=3");
    expect_same("http://a.example/?a=sid&b=gclid");
}
END_TEST

START_TEST(a_star_stands_for_any_rest)
{
    expect("http://a.example/?utm_source=1&UTM_x=2&utm_=3", "http://a.example/");
    expect_same("http://a.example/?utm=1&xutm_source=2");
    static const char *const ALL[] = {"*"};
    open_rules(false, ALL, 1);
    expect("http://a.example/p;x=1?a=1&b&&c=3", "http://a.example/p");
}
END_TEST

START_TEST(all_other_bytes_stay)
{
    expect_same("http://a.example/?");
    expect_same("http://a.example/?&&a==&%26gclid=1&");
    expect("http://a.example/?&&sid=1&&a=%20+", "http://a.example/?&&&a=%20+");
    expect("http://a.example/?sid=1&", "http://a.example/");
    expect("http://a.example/?b?c=1&sid=2?x", "http://a.example/?b?c=1");
    expect_same("http://a.example/?x=/;sid=1");
}
END_TEST

START_TEST(parameters_of_paths_go_too)
{
    expect("http://a.example/p;sid=1F", "http://a.example/p");
    expect("http://a.example/p;sid=1F?a=1", "http://a.example/p?a=1");
    expect("http://a.example/p;SID=1F?sid=1", "http://a.example/p");
    expect("http://a.example/p;a=1;sid=2;b/q;utm_x=1/r", "http://a.example/p;a=1;b/q/r");
    expect("http://a.example:81/;sid=1", "http://a.example:81/");
    expect_same("http://a.example/p;sid;x=sid=1");
    expect_same("http://a.example/;;;=/;");
}
END_TEST

START_TEST(no_dot_segment_is_left_behind)
{
    expect_same("http://a.example/a/..;sid=1/b");
    expect_same("http://a.example/a/.;sid=1;utm_x=2");
    expect("http://a.example/a/..;sid=1;c/b", "http://a.example/a/..;c/b");
    expect("http://a.example/a/...;sid=1/b", "http://a.example/a/.../b");
}
END_TEST

START_TEST(the_whole_query_goes_when_it_is_ignored)
{
    open_rules(true, NULL, 0);
    expect("http://a.example/p?a=1&b?c", "http://a.example/p");
    expect("http://a.example/p?", "http://a.example/p");
    expect_same("http://a.example/p;sid=1");
    static const char *const NAMES[] = {"sid"};
    open_rules(true, NAMES, 1);
    expect("http://a.example/p;sid=1?a=1", "http://a.example/p");
}
END_TEST

START_TEST(without_rules_nothing_changes)
{
    open_rules(false, NULL, 0);
    expect_same("http://a.example/p;sid=1?gclid=2");
    static const char *const EMPTY[] = {""};
    open_rules(false, EMPTY, 1);
    expect_same("http://a.example/?=1&a=2");
}
END_TEST

START_TEST(row_67_known_session_ids_are_stripped)
{
    open_set("session");
    expect("http://a.example/index.php?PHPSESSID=9682993c8daa2c54&page=2", "http://a.example/index.php?page=2");
    expect("http://a.example/shop.do;jsessionid=999A9EF028317A82?item=7", "http://a.example/shop.do?item=7");
    expect("http://a.example/a.asp?ASPSESSIONIDAQBSDSRT=EOHBLBDDPFC&b=1", "http://a.example/a.asp?b=1");
    expect("http://a.example/a.cfm?CFID=1169580&CFTOKEN=48630702", "http://a.example/a.cfm");
    expect_same("http://a.example/story?sid=7");
}
END_TEST

START_TEST(tracking_parameters_are_a_set)
{
    open_set("tracking");
    expect("http://a.example/?utm_source=n&utm_medium=e&id=4&gclid=x&fbclid=y&msclkid=z&mc_cid=1&mc_eid=2",
           "http://a.example/?id=4");
    expect_same("http://a.example/?ref=1&source=2&tag=3&q=utm_source");
}
END_TEST

START_TEST(there_are_no_other_sets)
{
    size_t count = 7;
    ck_assert_ptr_null(url_query_set("sessions", &count));
    ck_assert_uint_eq(count, 0);
    ck_assert_ptr_null(url_query_set("", &count));
}
END_TEST

START_TEST(every_name_of_a_set_is_found)
{
    static const char *const SETS[] = {"tracking", "session"};
    for (size_t set = 0; set < 2; set++) {
        size_t count;
        const char *const *names = url_query_set(SETS[set], &count);
        open_set(SETS[set]);
        for (size_t i = 0; i < count; i++) {
            char url[128];
            snprintf(url, sizeof url, "http://a.example/?a=1&%s=2", names[i]);
            expect(url, "http://a.example/?a=1");
        }
    }
}
END_TEST

/* What is made is a fixed point, and what was plain stays plain. */
START_TEST(anything_is_done_in_one_go)
{
    static const char BYTES[] = "aS/;=&?.idutm_%2E..;sid=";
    uint64_t random = 88172645463325252u;
    for (int round = 0; round < 20000; round++) {
        char url[80] = "http://a.example/";
        char once[80], twice[80];
        size_t bytes = strlen(url);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t more = random % 40;
        for (size_t i = 0; i < more; i++)
            url[bytes++] = BYTES[(random >> (i % 48)) % (sizeof BYTES - 1) % (i + 5)];
        url[bytes] = '\0';
        size_t left = url_query_apply(rules, url, bytes, once);
        ck_assert_uint_eq(strlen(once), left);
        ck_assert_uint_eq(url_query_apply(rules, once, left, twice), left);
        ck_assert_str_eq(once, twice);
        struct url_parts parts;
        if (url_parse_plain(url, bytes, &parts))
            ck_assert_msg(url_parse_plain(once, left, &parts), "%s becomes %s", url, once);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("url_query");
    TCase *cases = tcase_create("url_query");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_url_without_a_query_stays);
    tcase_add_test(cases, listed_parameters_are_taken_out_wherever_they_stand);
    tcase_add_test(cases, names_are_compared_whole_and_without_case);
    tcase_add_test(cases, a_star_stands_for_any_rest);
    tcase_add_test(cases, all_other_bytes_stay);
    tcase_add_test(cases, parameters_of_paths_go_too);
    tcase_add_test(cases, no_dot_segment_is_left_behind);
    tcase_add_test(cases, the_whole_query_goes_when_it_is_ignored);
    tcase_add_test(cases, without_rules_nothing_changes);
    tcase_add_test(cases, row_67_known_session_ids_are_stripped);
    tcase_add_test(cases, tracking_parameters_are_a_set);
    tcase_add_test(cases, there_are_no_other_sets);
    tcase_add_test(cases, every_name_of_a_set_is_found);
    tcase_add_test(cases, anything_is_done_in_one_go);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
