/* URLs that a site can make without end: coordinator/crawl/rules/traps.c, url_shape.c, url_dates.c. */
#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "common/url_plain.h"
#include "coordinator/crawl/rules/counters.h"
#include "coordinator/crawl/rules/traps.h"
#include "coordinator/crawl/rules/url_dates.h"
#include "coordinator/crawl/rules/url_shape.h"

#define IN_2026 1767225600 /* 1 January */
#define SITE 7

static struct traps_config config;
static struct traps *traps;

static void open_traps(void)
{
    traps_close(traps);
    traps = traps_open(&config);
    ck_assert_ptr_nonnull(traps);
}

static void set_up(void)
{
    traps = NULL;
    traps_config_init(&config);
    config.now_s = IN_2026;
    open_traps();
}

static void tear_down(void)
{
    traps_close(traps);
}

static struct url_parts parts_of(const char *url)
{
    struct url_parts parts;
    ck_assert_msg(url_parse_plain(url, strlen(url), &parts), "%s", url);
    return parts;
}

static enum crawl_reason judge_at(uint32_t site, const char *url)
{
    struct url_parts parts = parts_of(url);
    return traps_judge(traps, site, &parts);
}

__attribute__((format(printf, 1, 2))) static enum crawl_reason judge(const char *format, ...)
{
    char path[512], url[600];
    va_list values;
    va_start(values, format);
    vsnprintf(path, sizeof path, format, values);
    va_end(values);
    snprintf(url, sizeof url, "http://a.example%s", path);
    return judge_at(SITE, url);
}

static void expect(const char *path, enum crawl_reason expected)
{
    enum crawl_reason reason = judge("%s", path);
    ck_assert_msg(reason == expected, "%s: %s and not %s", path, reason_name(reason), reason_name(expected));
}

static void expect_told(const char *path, enum crawl_reason reason, const char *expected)
{
    char url[256], text[256];
    snprintf(url, sizeof url, "http://a.example%s", path);
    struct url_parts parts = parts_of(url);
    size_t bytes = traps_explain(traps, &parts, reason, text, sizeof text);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(bytes, strlen(expected));
}

/* ---- length and depth ---- */

START_TEST(the_longest_url_passes_and_one_byte_more_does_not)
{
    config.url_bytes_max = 40;
    open_traps();
    struct url_parts parts = parts_of("http://a.example/bbbbbbbbbbbbbbbbbbbbbbb");
    ck_assert_uint_eq(parts.fetch.bytes, 40);
    ck_assert_int_eq((int)traps_judge(traps, SITE, &parts), (int)REASON_NONE);
    parts = parts_of("http://a.example/bbbbbbbbbbbbbbbbbbbbbbbb");
    ck_assert_int_eq((int)traps_judge(traps, SITE, &parts), (int)REASON_URL_LENGTH);
}
END_TEST

START_TEST(a_url_of_the_greatest_length_is_judged)
{
    char url[URL_BYTES_MAX + 1] = "http://a.example/";
    for (size_t bytes = strlen(url); bytes < URL_BYTES_MAX; bytes++)
        url[bytes] = "a1-/b%41?&x=2024-05-"[bytes % 8];
    url[URL_BYTES_MAX] = '\0';
    config.path_depth_max = config.repeats_max = 0;
    open_traps();
    struct url_parts parts = {
        .fetch = {url, URL_BYTES_MAX}, .host = {url + 7, 9}, .path = {url + 16, URL_BYTES_MAX - 16}};
    ck_assert_int_eq((int)traps_judge(traps, SITE, &parts), (int)REASON_NONE);
    parts.path.bytes = 100;
    parts.query = (struct url_text){url + 117, URL_BYTES_MAX - 117};
    ck_assert_int_eq((int)traps_judge(traps, SITE, &parts), (int)REASON_NONE);
    char text[512];
    for (int reason = 0; reason <= REASON_COUNT; reason++)
        ck_assert_uint_gt(traps_explain(traps, &parts, (enum crawl_reason)reason, text, sizeof text), 0);
    config.url_bytes_max = UINT32_MAX;
    open_traps();
    parts.fetch.bytes = URL_BYTES_MAX + 1;
    ck_assert_int_eq((int)traps_judge(traps, SITE, &parts), (int)REASON_URL_LENGTH);
}
END_TEST

START_TEST(twenty_segments_pass_and_one_more_does_not)
{
    expect("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", REASON_NONE);
    expect("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/", REASON_NONE);
    expect("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u", REASON_PATH_DEPTH);
    config.path_depth_max = 0;
    open_traps();
    expect("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u", REASON_NONE);
}
END_TEST

/* ---- row 66: paths that grow ---- */

START_TEST(row_66_a_segment_may_occur_three_times)
{
    expect("/a/x/a/y/a", REASON_NONE);
    expect("/a/x/a/y/a/z/a", REASON_REPEATED_SEGMENT);
    expect("/a/a/a", REASON_NONE);
    expect("/a/a/a/a", REASON_REPEATED_SEGMENT);
    expect("/x////", REASON_NONE); /* three empty ones, and the end */
    expect("/x/////", REASON_REPEATED_SEGMENT);
    expect("/A/a/A/a", REASON_NONE);
}
END_TEST

START_TEST(row_66_a_run_may_stand_twice)
{
    expect("/a/b/a/b", REASON_NONE);
    expect("/a/b/a/b/x", REASON_NONE);
    expect("/a/b/a/b/a", REASON_NONE);
    expect("/a/b/a/b/a/b", REASON_REPEATED_SEGMENT);
    expect("/x/a/b/a/b/a/b/y", REASON_REPEATED_SEGMENT);
    expect("/a/b/c/a/b/c/a/b/c.html", REASON_NONE);
    expect("/a/b/c/a/b/c/a/b/c/x.html", REASON_REPEATED_SEGMENT);
    expect("/a/b/a/c/a/b", REASON_NONE);
}
END_TEST

START_TEST(row_66_relative_links_that_grow_end)
{
    char path[512] = "/shop";
    int taken = 0;
    while (judge("%s", path) == REASON_NONE) {
        ck_assert_int_lt(++taken, 20);
        memcpy(path + strlen(path), "/cart/view", sizeof "/cart/view");
    }
    ck_assert_int_eq(taken, 3);
}
END_TEST

START_TEST(paths_that_repeat_for_good_reasons_pass)
{
    static const char *const PATHS[] = {
        "/1/1/1",
        "/1/1/1/1/1/1",
        "/2024/01/01/",
        "/2011/11/11/11/11",
        "/en/en-us/en-us",
        "/tiles/0/0/0/0.png",
        "/docs/docs/docs",
        "/2020/1/2020/1/2020/1",
        "/",
        "/a/",
    };
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++)
        expect(PATHS[i], REASON_NONE);
}
END_TEST

START_TEST(repeats_are_found_for_every_limit)
{
    config.repeats_max = 1;
    open_traps();
    expect("/a/b/c", REASON_NONE);
    expect("/a/b/a", REASON_REPEATED_SEGMENT);
    expect("/1/1/1", REASON_NONE);
    config.repeats_max = 2;
    open_traps();
    expect("/a/x/a", REASON_NONE);
    expect("/a/x/a/y/a", REASON_REPEATED_SEGMENT);
    expect("/a/b/a/b", REASON_REPEATED_SEGMENT);
    expect("/a/1/a/1", REASON_REPEATED_SEGMENT);
    config.repeats_max = 0;
    open_traps();
    expect("/a/a/a/a/a/a/a/a", REASON_NONE);
}
END_TEST

/* Against a reading by hand: every run at every place. */
static bool repeats_by_hand(const char *letters, size_t count, size_t most)
{
    size_t times = most > 2 ? most : 2;
    for (size_t i = 0; i < count; i++) {
        size_t same = 0;
        for (size_t j = 0; j < count; j++)
            same += letters[i] == letters[j];
        if (letters[i] != '1' && same > most)
            return true;
        for (size_t run = 2; i + run * times <= count; run++) {
            bool is_run = memchr(letters + i, 'a', run) || memchr(letters + i, 'b', run);
            for (size_t j = i; is_run && j + run < i + run * times; j++)
                is_run = letters[j] == letters[j + run];
            if (is_run)
                return true;
        }
    }
    return false;
}

START_TEST(repeats_are_those_of_a_reading_by_hand)
{
    for (unsigned number = 0; number < 19683; number++) { /* nine segments of three kinds */
        char letters[9], path[2 * sizeof letters + 1] = "";
        unsigned left = number;
        for (size_t i = 0; i < sizeof letters; i++, left /= 3) {
            letters[i] = "ab1"[left % 3];
            path[2 * i] = '/';
            path[2 * i + 1] = letters[i];
        }
        for (uint32_t most = 1; most <= 4; most++) {
            struct url_segments segments;
            struct url_repeat repeat;
            url_segments_find((struct url_text){path, 2 * sizeof letters}, &segments);
            bool repeats = url_segments_repeat(&segments, most, &repeat);
            if (repeats != repeats_by_hand(letters, sizeof letters, most))
                ck_abort_msg("%s for %u", path, most);
        }
    }
}
END_TEST

/* ---- row 65: calendars ---- */

START_TEST(row_65_the_year_7749_is_a_calendar)
{
    static const char *const FAR[] = {
        "/calendar/7749/3",
        "/events/7749-03",
        "/cal?year=7749&month=3",
        "/x?date=77490317",
        "/x?tribe-bar-date=7749-03",
        "/a/7749/03/17/",
        "/a/7749-03-17",
        "/a?x=7749-03-17",
        "/cal?y=7749&m=12&d=31",
        "/cal?cal_year=7749&cal_month=0",
        "/x?startDate=7749-3-1",
        "/x?month=774903",
        "/archive/1600/12/",
        "/a/1899-12-31",
        "/calendar/12026/01",
        "/a/2032/01/01",
        "/cal?month=5&year=1850",
        "/a/2099_05_06.html",
        "/x?day=7749-03-17T12:00",
    };
    for (size_t i = 0; i < sizeof FAR / sizeof FAR[0]; i++)
        expect(FAR[i], REASON_CALENDAR);
}
END_TEST

START_TEST(numbers_that_are_no_dates_pass)
{
    static const char *const PATHS[] = {
        "/thread/7749/3",
        "/item/77490317",
        "/p/1234-05",
        "/sku-9999-12-7",
        "/v/3000.1.2",
        "/x?id=7749-03",
        "/item/77491317",
        "/calendar/7749/13",
        "/calendar/x7749/3",
        "/calendar/7749/3rd",
        "/x?update=7749-03",
        "/x?category=7749-03",
        "/a/7749/3/17",
        "/x?year=7749",
        "/x?year=7749&month=13",
        "/a77490317",
        "/a/1899",
        "/map?y=7749&x=3",
        "/calendar/774903171/3",
        "/x?y=774&m=3",
    };
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++)
        expect(PATHS[i], REASON_NONE);
}
END_TEST

START_TEST(dates_from_1900_to_five_years_ahead_pass)
{
    expect("/a/1900/01/01", REASON_NONE);
    expect("/a/2031/12/31", REASON_NONE);
    expect("/a/2032/01/01", REASON_CALENDAR);
    expect("/events?date=19000101", REASON_NONE);
    expect("/events?date=18991231", REASON_CALENDAR);
}
END_TEST

START_TEST(dates_are_read_as_they_are_written)
{
    static const struct {
        const char *url;
        struct url_date date;
    } ROWS[] = {
        {"http://a.example/2024/05/17/x", {2024, 5, 17}},      {"http://a.example/2024/5", {2024, 5, 0}},
        {"http://a.example/x-2024-05-17.html", {2024, 5, 17}}, {"http://a.example/2024_05", {2024, 5, 0}},
        {"http://a.example/20240517", {2024, 5, 17}},          {"http://a.example/20240517T1200", {2024, 5, 17}},
        {"http://a.example/?year=2024&month=5", {2024, 5, 0}}, {"http://a.example/?d=7&m=5&y=2024", {2024, 5, 7}},
        {"http://a.example/?month=202405", {2024, 5, 0}},      {"http://a.example/2024/05/99", {2024, 5, 0}},
        {"http://a.example/2024.05.17", {2024, 5, 17}},        {"http://a.example/?a=1&on=2024-05-17", {2024, 5, 17}},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct url_parts parts = parts_of(ROWS[i].url);
        struct url_dates dates;
        ck_assert_msg(url_dates_find(&parts, 2031, &dates) && dates.count == 1 && !dates.has_far, "%s", ROWS[i].url);
        ck_assert_int_eq(dates.at[0].year, ROWS[i].date.year);
        ck_assert_uint_eq(dates.at[0].month, ROWS[i].date.month);
        ck_assert_uint_eq(dates.at[0].day, ROWS[i].date.day);
    }
}
END_TEST

START_TEST(row_65_a_calendar_of_every_day_ends)
{
    uint32_t taken = 0, refused = 0;
    for (int year = 2026; year > 2000; year--) {
        for (int month = 12; month >= 1; month--) {
            for (int day = 28; day >= 1; day--) {
                enum crawl_reason reason = judge("/cal/%d/%02d/%02d", year, month, day);
                ck_assert(reason == REASON_NONE || reason == REASON_CALENDAR);
                taken += reason == REASON_NONE;
                refused += reason == REASON_CALENDAR;
            }
        }
    }
    ck_assert_uint_eq(taken, config.dates_max);
    ck_assert_uint_eq(refused, 26 * 12 * 28 - config.dates_max);
    expect("/news/2024/05/17", REASON_NONE); /* another form */
    ck_assert_int_eq((int)judge_at(SITE + 1, "http://b.example/cal/2001/05/17"), (int)REASON_NONE);
    expect_told("/cal/2001/05/17", REASON_CALENDAR, "URLs like /cal/#/#/# had 4000 dates before (--max-dates 4000)");
}
END_TEST

START_TEST(a_date_counts_once)
{
    config.dates_max = 2;
    open_traps();
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq((int)judge("/day/2024-05-17/%d", i), (int)REASON_NONE);
        ck_assert_int_eq((int)judge("/day/2024-05-18/%d", i), (int)REASON_NONE);
    }
    ck_assert_int_eq((int)judge("/day/2024-05-19/1"), (int)REASON_CALENDAR);
    ck_assert_int_eq((int)judge("/day/2024-05-17/99"), (int)REASON_NONE);
    config.dates_max = 0;
    open_traps();
    expect("/calendar/7749/3", REASON_NONE);
}
END_TEST

/* ---- row 67: many URLs of one form ---- */

START_TEST(the_bench_site_passes_whole)
{
    int taken = 0;
    for (int i = 0; i < 20000; i++)
        taken += judge("/site/%d.html", i) == REASON_NONE;
    ck_assert_int_eq(taken, 20000);
}
END_TEST

START_TEST(row_67_facets_end_at_their_budget)
{
    uint32_t taken = 0;
    for (int i = 0; i < 12000; i++) {
        char path[64];
        snprintf(path, sizeof path, "/shop?color=c%d&size=%d", i, i);
        if (i % 3)
            snprintf(path, sizeof path, "/shop?size=%d%scolor=c%d", i, i % 3 == 1 ? "&" : "&size=1&", i);
        enum crawl_reason reason = judge("%s", path);
        ck_assert(reason == REASON_NONE || reason == REASON_TEMPLATE);
        taken += reason == REASON_NONE;
    }
    ck_assert_uint_eq(taken, 5000);
    expect("/shop?color=1", REASON_NONE);
    expect("/shop?color=1&size=2&page=3", REASON_NONE);
    expect("/other?color=1&size=2", REASON_NONE);
    expect("/shop", REASON_NONE);
    expect_told("/shop?size=1&color=2", REASON_TEMPLATE,
                "5000 URLs like /shop?size&color came before (--max-per-query 5000)");
}
END_TEST

START_TEST(row_67_session_ids_that_nobody_knows_end_at_their_budget)
{
    config.per_query_template = config.per_path_template = 100;
    open_traps();
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq((int)judge("/a?visit=%08x", i * 2654435761u), (int)REASON_NONE);
        ck_assert_int_eq((int)judge("/s/%08x1/b", i * 2654435761u), (int)REASON_NONE);
        ck_assert_int_eq((int)judge("/u/%08x-1234-abcd-beef-%08xface/b", i * 2654435761u, ~i), (int)REASON_NONE);
        ck_assert_int_eq((int)judge("/n?f%u=1", i), (int)REASON_NONE);
    }
    expect("/a?visit=x", REASON_TEMPLATE);
    expect("/s/123456789/b", REASON_TEMPLATE);
    expect("/u/deadbeef-dead-beef-dead-deadbeefdead/b", REASON_TEMPLATE);
    expect("/n?f1000=1", REASON_TEMPLATE);
}
END_TEST

START_TEST(numbered_pages_end_at_their_budget)
{
    config.per_path_template = 10;
    open_traps();
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq((int)judge("/item/%d", i), (int)REASON_NONE);
    expect("/item/10", REASON_TEMPLATE);
    expect("/item/x", REASON_NONE);
    expect("/other/10", REASON_NONE);
    expect("/item/10/reviews", REASON_NONE);
    ck_assert_int_eq((int)judge_at(SITE + 1, "http://b.example/item/10"), (int)REASON_NONE);
    expect_told("/item/10", REASON_TEMPLATE, "10 URLs like /item/# came before (--max-per-template 10)");
    config.per_path_template = 0;
    open_traps();
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq((int)judge("/item/%d", i), (int)REASON_NONE);
}
END_TEST

START_TEST(queries_of_numbered_pages_are_counted_together_too)
{
    config.per_path_template = 10;
    config.per_query_template = 2;
    open_traps();
    expect("/item/1?a=1", REASON_NONE);
    expect("/item/1?a=2", REASON_NONE);
    expect("/item/1?a=3", REASON_TEMPLATE);
    for (int i = 2; i < 10; i++)
        ck_assert_int_eq((int)judge("/item/%d?a=1", i), (int)REASON_NONE);
    expect("/item/10?a=1", REASON_TEMPLATE);
    expect("/item/10?b=1", REASON_NONE);
    expect_told(
        "/item/10?a=1", REASON_TEMPLATE,
        "URLs like /item/#?a: 10 came before, or 2 of path /item/10 (--max-per-template 10, --max-per-query 2)");
}
END_TEST

START_TEST(what_is_refused_costs_no_budget)
{
    config.per_path_template = 2; /* /item/#?a */
    config.per_query_template = 1;
    open_traps();
    expect("/item/1?a=1", REASON_NONE);
    for (int i = 0; i < 10; i++)
        expect("/item/1?a=2", REASON_TEMPLATE); /* by its path */
    expect("/item/2?a=1", REASON_NONE);
    expect("/item/3?a=1", REASON_TEMPLATE);
}
END_TEST

static void expect_template(const char *path, const char *expected, bool expects_numbers)
{
    char out[256];
    bool has_numbers;
    size_t bytes = url_template_path((struct url_text){path, strlen(path)}, out, &has_numbers);
    ck_assert_msg(bytes == strlen(expected) && memcmp(out, expected, bytes) == 0, "%s becomes %.*s", path, (int)bytes,
                  out);
    ck_assert(has_numbers == expects_numbers);
}

START_TEST(templates_are_paths_without_their_numbers)
{
    expect_template("/", "/", false);
    expect_template("/a/b.html", "/a/b.html", false);
    expect_template("/item/12", "/item/#", true);
    expect_template("/item12x3/v1.2", "/item#x#/v#.#", true);
    expect_template("/0a1b2c3d/x", "/#/x", true);
    expect_template("/0a1b2c3/x", "/#a#b#c#/x", true);
    expect_template("/deadbeef/fabaceae", "/deadbeef/fabaceae", false);
    expect_template("/0a1b2c3dg", "/#a#b#c#dg", true);
    expect_template("/%C3%A9/%E4%B8%AD1", "/%C3%A9/%E4%B8%AD#", true);
    expect_template("/123e4567-e89b-12d3-a456-426614174000.x", "/#.x", true);
    expect_template("/deadbeef-dead-beef-dead-deadbeefdead", "/#", true);
    expect_template("/deadbeef-dead-beef-dead-deadbeefdea", "/deadbeef-dead-beef-dead-deadbeefdea", false);
    expect_template("/deadbeef-dead-beef-dead-deadbeefdeads", "/deadbeef-dead-beef-dead-deadbeefdeads", false);
    expect_template("/100%", "/#%", true);
}
END_TEST

START_TEST(names_are_a_set)
{
    static const char *const SAME[] = {"a=1&b=2", "b=&a", "b&a&b&a&a", "a&b=3"};
    static const char *const OTHER[] = {"a", "b", "a&b&c", "A&b", "ab"};
    uint64_t expected = url_template_names((struct url_text){SAME[0], strlen(SAME[0])}, 5);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(url_template_names((struct url_text){SAME[i], strlen(SAME[i])}, 5), expected);
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_ne(url_template_names((struct url_text){OTHER[i], strlen(OTHER[i])}, 5), expected);
    ck_assert_uint_eq(url_template_names((struct url_text){NULL, 0}, 5), 0);
}
END_TEST

/* ---- memory ---- */

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31); /* one to one; not 0 for what is not 0 */
}

START_TEST(counters_count_exactly_until_they_are_full)
{
    struct counters *counters = counters_open(1 << 20);
    uint64_t keys = 30000, right = 0;
    for (uint64_t round = 1; round <= 3; round++) {
        for (uint64_t key = 1; key <= keys; key++)
            right += counters_add(counters, mix(key)) && counters_get(counters, mix(key)) == round;
    }
    ck_assert_uint_eq(right, 3 * keys);
    ck_assert_uint_eq(counters_get(counters, 77), 0);
    ck_assert_uint_eq(counters_bytes(counters), 1 << 20);
    counters_close(counters);
}
END_TEST

START_TEST(counters_grow_and_keep_what_they_have)
{
    struct counters *counters = counters_open(COUNTERS_BYTES_FIRST * 2);
    uint64_t keys = 262144; /* more than the first table takes, all that it has cells */
    uint64_t added = 0, found = 0;
    for (uint64_t key = 1; key <= keys; key++)
        added += counters_add(counters, mix(key));
    for (uint64_t key = 1; key <= keys; key++)
        found += counters_get(counters, mix(key)) == 1;
    ck_assert_uint_eq(added, keys);
    ck_assert_uint_eq(found, keys);
    ck_assert_uint_eq(counters_bytes(counters), COUNTERS_BYTES_FIRST * 2);
    counters_close(counters);
}
END_TEST

START_TEST(full_counters_count_too_low_and_never_too_high)
{
    struct counters *counters = counters_open(4096); /* 256 cells */
    uint32_t lost = 0, kept = 0;
    for (uint64_t i = 0; i < 100; i++)
        counters_add(counters, mix(1)); /* one that is frequent */
    for (uint64_t round = 1; round <= 3; round++) {
        for (uint64_t key = 2; key < 2000; key++) {
            counters_add(counters, mix(key));
            uint32_t count = counters_get(counters, mix(key));
            ck_assert(count >= 1 && count <= round);
            lost += count < round;
        }
    }
    for (uint64_t key = 2; key < 2000; key++)
        kept += counters_get(counters, mix(key)) > 0;
    ck_assert_uint_gt(lost, 0);
    ck_assert(kept > 150 && kept <= 256);
    ck_assert_uint_eq(counters_get(counters, mix(1)), 100);
    ck_assert_uint_eq(counters_bytes(counters), 4096);
    counters_close(counters);
}
END_TEST

/* A key that had to leave and comes back must not look new: what counts different keys by it would count too high. */
START_TEST(who_comes_back_to_full_counters_is_not_taken_for_new)
{
    struct counters *counters = counters_open(4096);
    bool was_new[1000] = {false};
    for (int round = 0; round < 4; round++) {
        for (uint64_t key = 0; key < 1000; key++) {
            bool is_absent = !counters_get(counters, mix(key + 1));
            if (counters_add(counters, mix(key + 1)) && is_absent) {
                ck_assert_msg(!was_new[key], "key %u is new again in round %d", (unsigned)key, round);
                was_new[key] = true;
            }
        }
    }
    counters_close(counters);
}
END_TEST

START_TEST(memory_has_a_bound_that_is_told)
{
    ck_assert_uint_lt(traps_bytes(traps), COUNTERS_BYTES_FIRST + 4096);
    for (int i = 0; i < 170000; i++)
        judge("/%d/%c%c%c%c", i, 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26, 'a' + i / 17576);
    ck_assert_uint_gt(traps_bytes(traps), COUNTERS_BYTES_FIRST);
    ck_assert_uint_lt(traps_bytes(traps), COUNTERS_BYTES_MAX + 4096);
}
END_TEST

/* ---- telling ---- */

START_TEST(every_reason_is_told_in_words)
{
    expect_told("/x", REASON_URL_LENGTH, "18 bytes (--max-url-length 4096)");
    expect_told("/a/b/c/", REASON_PATH_DEPTH, "3 segments in the path (--max-path-depth 20)");
    expect_told("/a/x/a/y/a/z/a", REASON_REPEATED_SEGMENT, "segment \"a\" occurs more than 3 times (--max-repeats 3)");
    expect_told("/x/a/b/a/b/a/b", REASON_REPEATED_SEGMENT, "\"a/b\" stands 3 times in a row (--max-repeats 3)");
    expect_told("/calendar/7749/3", REASON_CALENDAR, "a date in 7749-03 is not between 1900 and 2031");
    expect_told("/x", REASON_SCOPE, "scope");
    for (int reason = REASON_URL_LENGTH; reason <= REASON_TEMPLATE; reason++) {
        char text[256], cut[10];
        struct url_parts parts = parts_of("http://a.example/plain?a=1");
        ck_assert_uint_gt(traps_explain(traps, &parts, (enum crawl_reason)reason, text, sizeof text), 10);
        ck_assert_uint_eq(traps_explain(traps, &parts, (enum crawl_reason)reason, cut, sizeof cut), 9);
        ck_assert_int_eq(strncmp(text, cut, 9), 0);
    }
}
END_TEST

static Suite *traps_suite(void)
{
    Suite *suite = suite_create("traps");
    TCase *cases = tcase_create("traps");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, the_longest_url_passes_and_one_byte_more_does_not);
    tcase_add_test(cases, a_url_of_the_greatest_length_is_judged);
    tcase_add_test(cases, twenty_segments_pass_and_one_more_does_not);
    tcase_add_test(cases, row_66_a_segment_may_occur_three_times);
    tcase_add_test(cases, row_66_a_run_may_stand_twice);
    tcase_add_test(cases, row_66_relative_links_that_grow_end);
    tcase_add_test(cases, paths_that_repeat_for_good_reasons_pass);
    tcase_add_test(cases, repeats_are_found_for_every_limit);
    tcase_add_test(cases, repeats_are_those_of_a_reading_by_hand);
    tcase_add_test(cases, row_65_the_year_7749_is_a_calendar);
    tcase_add_test(cases, numbers_that_are_no_dates_pass);
    tcase_add_test(cases, dates_from_1900_to_five_years_ahead_pass);
    tcase_add_test(cases, dates_are_read_as_they_are_written);
    tcase_add_test(cases, row_65_a_calendar_of_every_day_ends);
    tcase_add_test(cases, a_date_counts_once);
    tcase_add_test(cases, the_bench_site_passes_whole);
    tcase_add_test(cases, row_67_facets_end_at_their_budget);
    tcase_add_test(cases, row_67_session_ids_that_nobody_knows_end_at_their_budget);
    tcase_add_test(cases, numbered_pages_end_at_their_budget);
    tcase_add_test(cases, queries_of_numbered_pages_are_counted_together_too);
    tcase_add_test(cases, what_is_refused_costs_no_budget);
    tcase_add_test(cases, templates_are_paths_without_their_numbers);
    tcase_add_test(cases, names_are_a_set);
    tcase_add_test(cases, counters_count_exactly_until_they_are_full);
    tcase_add_test(cases, counters_grow_and_keep_what_they_have);
    tcase_add_test(cases, full_counters_count_too_low_and_never_too_high);
    tcase_add_test(cases, who_comes_back_to_full_counters_is_not_taken_for_new);
    tcase_add_test(cases, memory_has_a_bound_that_is_told);
    tcase_add_test(cases, every_reason_is_told_in_words);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(traps_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
