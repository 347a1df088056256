/* What a worker brings of a page, and what one request may want otherwise than others, whichever engine runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/fingerprint.h"
#include "common/page.h"
#include "tests/support/faults.h"
#include "tests/support/support.h"

#define SEED 0x5eedull

static struct rig rig;

static void tear_down(void)
{
    rig_down(&rig);
}

static void begin(int engine, uint32_t keep)
{
    rig_begin(&rig, engine);
    rig.options.keep = keep;
    rig.options.links.seed = SEED;
}

static void up(int engine, uint32_t keep)
{
    begin(engine, keep);
    rig_open(&rig);
}

static struct future *submit(const char *path, uint32_t flags, uint64_t body_bytes_max)
{
    char url[4200];
    struct future *future;
    origin_url(&rig.origin, url, sizeof url, "%s", path);
    const struct request request = {.url = url, .flags = flags, .body_bytes_max = body_bytes_max};
    ck_assert_int_eq((int)executor_submit(rig.executor, &request, -1, &future), STATUS_OK);
    return future;
}

static struct page page_of(const struct fetch_result *result)
{
    struct page page;
    ck_assert_ptr_nonnull(result->page);
    ck_assert_uint_eq((uintptr_t)result->page % 8, 0);
    ck_assert(page_read(&page, result->page, result->page_bytes));
    return page;
}

static void expect_link(struct page *page, enum link_kind kind, const char *path)
{
    char url[4200];
    struct page_link link;
    if (path[0] == '/')
        origin_url(&rig.origin, url, sizeof url, "%s", path);
    else
        snprintf(url, sizeof url, "%s", path);
    ck_assert_msg(page_next_link(page, &link), "no link %s", path);
    ck_assert_str_eq(link.url.at, url);
    ck_assert_str_eq(link_kind_name(link.kind), link_kind_name(kind));
    ck_assert_uint_eq(link.fingerprint, fingerprint_of(url, strlen(url), SEED));
}

static void expect_end(struct page *page)
{
    struct page_link link;
    ck_assert(!page_next_link(page, &link));
    ck_assert_uint_eq(page->left, 0);
}

/* ---- pages ---- */

START_TEST(a_page_brings_its_links_and_what_it_says_of_itself)
{
    up(_i, EXECUTOR_PAGES | EXECUTOR_KEEP_BODY | EXECUTOR_KEEP_HEADERS);
    for (int i = 0; i < 3; i++) { /* handles are used again */
        struct future *future = submit("/page/7", 0, 0);
        const struct fetch_result *result = expect_ok(future);
        struct page page = page_of(result);
        XXH128_hash_t hash = XXH3_128bits_withSeed(result->body, (size_t)result->body_bytes, SEED);
        ck_assert(page.hash_low == hash.low64 && page.hash_high == hash.high64);
        ck_assert_str_eq(page.title.at, "Page 7");
        ck_assert_str_eq(page.lang.at, "en");
        ck_assert_str_eq(page.charset.at, "utf-8");
        ck_assert_uint_eq(page.flags, PAGE_IS_HTML);
        ck_assert_uint_eq(result->links, 3);
        expect_link(&page, LINK_PAGE, "/page/8");
        expect_link(&page, LINK_PAGE, "/page/9");
        expect_link(&page, LINK_PAGE, "/page/10");
        expect_end(&page);
        future_release(future);
    }
}
END_TEST

START_TEST(links_come_in_order_from_pages_of_any_size)
{
    static const unsigned COUNTS[] = {0, 1, 2, 31, 700, LINKS_PER_PAGE_MAX, LINKS_PER_PAGE_MAX + 1, 31};
    up(_i, EXECUTOR_PAGES);
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        char path[32];
        unsigned stored = COUNTS[i] < LINKS_PER_PAGE_MAX ? COUNTS[i] : LINKS_PER_PAGE_MAX;
        snprintf(path, sizeof path, "/links/%u", COUNTS[i]);
        struct future *future = submit(path, 0, 0);
        const struct fetch_result *result = expect_ok(future);
        ck_assert_ptr_null(result->body);
        struct page page = page_of(result);
        ck_assert_uint_eq(page.link_count, stored);
        ck_assert_uint_eq(page.dropped, COUNTS[i] - stored);
        for (unsigned link = 0; link < stored; link++) {
            snprintf(path, sizeof path, "/page/%u", link);
            expect_link(&page, LINK_PAGE, path);
        }
        expect_end(&page);
        future_release(future);
    }
}
END_TEST

START_TEST(a_page_that_comes_byte_by_byte_is_the_same)
{
    up(_i, EXECUTOR_PAGES);
    static const char BODY[] = "<title>T</title><a href=/x>x</a><img src=y.png><a href='mailto:a@b'>m</a>";
    struct future *future = submit("/say?pace=1&type=text/html&body=%3Ctitle%3ET%3C/title%3E%3Ca%20href=/x%3Ex%3C/a%3E"
                                   "%3Cimg%20src=y.png%3E%3Ca%20href='mailto:a@b'%3Em%3C/a%3E",
                                   0, 0);
    const struct fetch_result *result = expect_ok(future);
    struct page page = page_of(result);
    XXH128_hash_t hash = XXH3_128bits_withSeed(BODY, sizeof BODY - 1, SEED);
    ck_assert_uint_eq(page.hash_low, hash.low64);
    ck_assert_str_eq(page.title.at, "T");
    ck_assert_uint_eq(page.unusable, 1);
    expect_link(&page, LINK_PAGE, "/x");
    expect_link(&page, LINK_ASSET, "/y.png");
    expect_end(&page);
    future_release(future);
}
END_TEST

START_TEST(what_is_no_page_brings_none)
{
    static const char *const PATHS[] = {
        "/bytes/1000",
        "/bytes/0",
        "/say?type=text/html", /* empty */
        "/say?type=image/png&body=%3Ca%20href=/x%3E",
        "/say?type=text/html&body=%3Ca%20href=/x%3E%00",
        "/say?type=text/html&body=%89PNG%0D%0A%1A%0A",
        "/say?type=unknown/unknown&body=hello%3Ca%20href=/x%3E",
        "/say?body=hello",
        "/say?type=text/html&status=302&body=%00",
    };
    up(_i, EXECUTOR_PAGES);
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        struct future *future = submit(PATHS[i], 0, 0);
        const struct fetch_result *result = expect_ok(future);
        ck_assert_msg(result->page == NULL && result->page_bytes == 0 && result->links == 0, "%s", PATHS[i]);
        future_release(future);
    }
}
END_TEST

START_TEST(a_page_without_a_type_is_one_if_it_begins_like_one)
{
    static const char *const PATHS[] = {
        "/say?body=%20%0A%3Ca%20href=/x%3E",
        "/say?pace=1&body=%20%0A%3Ca%20href=/x%3E",
        "/say?type=*/*&body=%20%0A%3Ca%20href=/x%3E",
        "/say?type=application/unknown&body=%20%0A%3Ca%20href=/x%3E",
    };
    up(_i, EXECUTOR_PAGES);
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        struct future *future = submit(PATHS[i], 0, 0);
        struct page page = page_of(expect_ok(future));
        XXH128_hash_t hash = XXH3_128bits_withSeed(" \n<a href=/x>", 13, SEED);
        ck_assert_uint_eq(page.hash_low, hash.low64); /* the blanks count */
        expect_link(&page, LINK_PAGE, "/x");
        expect_end(&page);
        future_release(future);
    }
}
END_TEST

START_TEST(an_error_page_is_a_page)
{
    up(_i, EXECUTOR_PAGES);
    struct future *future = submit("/say?status=404&type=text/html&body=%3Ca%20href=/x%3E", 0, 0);
    struct page page = page_of(expect_error(future, FETCH_HTTP_STATUS));
    expect_link(&page, LINK_PAGE, "/x");
    future_release(future);
}
END_TEST

START_TEST(links_are_told_as_the_options_want)
{
    static const char *const NAMES[] = {"utm_*", "sid"};
    static const char PATH[] =
        "/say?type=text/html&body=%3Ca%20href=/x?utm_a=1%26b=2%26sid=3%3E%20some%20%0A%20text%3C/a%3E"
        "%3Clink%20rel=canonical%20href=/c?sid=1%3E";
    begin(_i, EXECUTOR_PAGES);
    rig.options.links.strip = NAMES;
    rig.options.links.strip_count = 2;
    rig.options.links.texts = true;
    rig_open(&rig);
    struct future *future = submit(PATH, 0, 0);
    struct page page = page_of(expect_ok(future));
    struct page again = page;
    struct page_link link;
    char url[128];
    ck_assert(page_next_link(&again, &link));
    ck_assert_str_eq(link.text.at, "some text");
    expect_link(&page, LINK_PAGE, "/x?b=2");
    expect_link(&page, LINK_CANONICAL, "/c");
    origin_url(&rig.origin, url, sizeof url, "/c");
    ck_assert_str_eq(page.canonical.at, url);
    future_release(future);
    executor_close(rig.executor);
    rig.options.links.ignore_query = true;
    rig.options.links.texts = false;
    rig_open(&rig);
    future = submit(PATH, 0, 0);
    page = again = page_of(expect_ok(future));
    ck_assert(page_next_link(&again, &link));
    ck_assert_str_eq(link.text.at, "");
    expect_link(&page, LINK_PAGE, "/x");
    future_release(future);
}
END_TEST

START_TEST(more_pages_may_be_held_than_there_are_slots)
{
    enum { COUNT = 600 };
    static struct future *futures[COUNT];
    up(_i, EXECUTOR_PAGES | EXECUTOR_KEEP_BODY | EXECUTOR_KEEP_HEADERS);
    for (int i = 0; i < COUNT; i++)
        futures[i] = rig_submit(&rig, "/page/%d", i);
    for (int i = 0; i < COUNT; i++)
        expect_ok(futures[i]);
    for (int i = 0; i < COUNT; i++) { /* what was read before is still there */
        char path[32];
        const struct fetch_result *result = expect_ok(futures[i]);
        struct page page = page_of(result);
        snprintf(path, sizeof path, "/page/%d", i + 1);
        expect_link(&page, LINK_PAGE, path);
        ck_assert_int_eq(memcmp(result->body, "<!DOCTYPE", 9), 0);
        ck_assert_int_eq(memcmp(result->headers, "HTTP/1.1", 8), 0);
        future_release(futures[i]);
    }
}
END_TEST

START_TEST(without_pages_links_are_counted_and_no_page_is_told)
{
    up(_i, EXECUTOR_LINKS);
    struct future *future = submit("/page/1", REQUEST_NO_REDIRECT, 0);
    const struct fetch_result *result = expect_ok(future);
    ck_assert_uint_eq(result->links, 3);
    ck_assert_ptr_null(result->page);
    future_release(future);
    future = submit("/redirect/1", REQUEST_NO_REDIRECT, 0);
    result = expect_ok(future);
    ck_assert_uint_eq(result->http_status, 302);
    ck_assert_ptr_null(result->page);
    future_release(future);
}
END_TEST

START_TEST(what_the_header_says_of_the_page_counts)
{
    up(_i, EXECUTOR_PAGES);
    struct future *future = submit(
        "/say?type=text/html&header=Link:%20%3C/c%3E;rel=canonical,%20%3Cn%3E;rel=next%0D%0AX-Robots-Tag:%20noindex%0D%0A"
        "Refresh:%201;url=r%0D%0AX-Robots-Tag:%20other:%20nofollow&body=%3Cbase%20href=/b/%3E%3Ca%20href=x%3E",
        0, 0);
    struct page page = page_of(expect_ok(future));
    char url[128];
    expect_link(&page, LINK_PAGE, "/b/x");
    expect_link(&page, LINK_CANONICAL, "/c");
    expect_link(&page, LINK_NEXT, "/n");
    expect_link(&page, LINK_REFRESH, "/r");
    expect_end(&page);
    ck_assert_uint_eq(page.robots, PAGE_NOINDEX);
    origin_url(&rig.origin, url, sizeof url, "/c");
    ck_assert_str_eq(page.canonical.at, url);
    future_release(future);
    future = submit("/page/1", 0, 0); /* nothing of it stays */
    page = page_of(expect_ok(future));
    ck_assert_uint_eq(page.robots, 0);
    ck_assert_uint_eq(page.link_count, 3);
    future_release(future);
}
END_TEST

START_TEST(a_sitemap_is_read_as_one_whatever_its_type)
{
    static const char PATH[] =
        "/say?type=text/plain&body=%3Curlset%3E%3Curl%3E%3Cloc%3Ehttp://e.example/1%3C/loc%3E%3C/url%3E"
        "%3Curl%3E%3Cloc%3Emailto:x%3C/loc%3E%3C/url%3E%3C/urlset%3E";
    up(_i, EXECUTOR_PAGES);
    for (int i = 0; i < 2; i++) {
        struct future *future = submit(PATH, REQUEST_SITEMAP, 0);
        struct page page = page_of(expect_ok(future));
        ck_assert_uint_eq(page.flags, PAGE_IS_SITEMAP);
        ck_assert_uint_eq(page.unusable, 1);
        expect_link(&page, LINK_LISTED, "http://e.example/1");
        expect_end(&page);
        future_release(future);
        future = submit("/page/1", REQUEST_SITEMAP, 0);
        page = page_of(expect_ok(future));
        ck_assert_uint_eq(page.flags, PAGE_IS_SITEMAP | PAGE_IS_BROKEN);
        future_release(future);
        future = submit("/page/1", 0, 0);
        page = page_of(expect_ok(future));
        ck_assert_uint_eq(page.flags, PAGE_IS_HTML);
        future_release(future);
    }
}
END_TEST

/* ---- redirects ---- */

START_TEST(a_redirect_that_is_not_followed_is_a_link)
{
    static const struct {
        const char *path, *target;
    } CASES[] = {
        {"/redirect/3", "/redirect/2"},
        {"/redirect-to?url=http://Example.ORG:80/a/../b%23fragment", "http://example.org/b"},
        {"/redirect-to?code=301&url=?x=1", "/redirect-to?x=1"},
        {"/say?status=307&type=text/html&header=Location:%20/there&body=%3Ca%20href=/not-this%3E", "/there"},
        {"/say?status=308&header=location:there", "/there"},
    };
    up(_i, EXECUTOR_PAGES);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct future *future = submit(CASES[i].path, REQUEST_NO_REDIRECT, 0);
        const struct fetch_result *result = expect_ok(future);
        ck_assert_uint_eq(result->http_status / 100, 3);
        ck_assert_uint_eq(result->redirects, 0);
        struct page page = page_of(result);
        ck_assert_uint_eq(page.flags, 0);
        expect_link(&page, LINK_REDIRECT, CASES[i].target);
        expect_end(&page);
        future_release(future);
        future = submit("/redirect/1", 0, 0); /* the handle follows again */
        result = expect_ok(future);
        ck_assert_uint_eq(result->redirects, 1);
        ck_assert_ptr_null(result->page);
        future_release(future);
    }
}
END_TEST

START_TEST(a_redirect_to_what_is_no_url_has_no_link)
{
    up(_i, EXECUTOR_PAGES);
    struct future *future = submit("/redirect-to?url=mailto:a@b", REQUEST_NO_REDIRECT, 0);
    const struct fetch_result *result = expect_ok(future);
    struct page page = page_of(result);
    ck_assert_uint_eq(result->http_status, 302);
    ck_assert_uint_eq(page.unusable, 1);
    expect_end(&page);
    future_release(future);
}
END_TEST

START_TEST(an_answer_that_does_not_redirect_is_a_page_whatever_its_location)
{
    up(_i, EXECUTOR_PAGES);
    struct future *future =
        submit("/say?type=text/html&header=Location:%20/there&body=%3Ca%20href=/x%3E", REQUEST_NO_REDIRECT, 0);
    struct page page = page_of(expect_ok(future));
    expect_link(&page, LINK_PAGE, "/x");
    expect_end(&page);
    future_release(future);
    future = submit("/say?status=300&type=text/html&body=%3Ca%20href=/x%3E", REQUEST_NO_REDIRECT, 0);
    page = page_of(expect_ok(future));
    expect_link(&page, LINK_PAGE, "/x");
    future_release(future);
}
END_TEST

START_TEST(contradicting_redirects_fail_as_ever)
{
    up(_i, EXECUTOR_PAGES);
    struct future *future = submit("/say?status=302&header=Location:%20/a%0D%0ALocation:%20/b", REQUEST_NO_REDIRECT, 0);
    expect_error(future, FETCH_PROTOCOL);
    future_release(future);
}
END_TEST

/* ---- names ---- */

static uint64_t connections(void)
{
    struct origin_counts counts;
    origin_counts_read(&rig.origin, &counts);
    return counts.connections;
}

static struct future *submit_url(const char *url, uint32_t flags)
{
    struct future *future;
    const struct request request = {.url = url, .flags = flags};
    ck_assert_int_eq((int)executor_submit(rig.executor, &request, -1, &future), STATUS_OK);
    return future;
}

START_TEST(a_name_is_looked_up_and_nobody_is_asked)
{
    char entry[128];
    char url[128];
    const char *const entries[] = {entry};
    begin(_i, EXECUTOR_PAGES);
    snprintf(entry, sizeof entry, "some.example:%d:127.0.0.1,127.0.0.2", rig.origin.port);
    snprintf(url, sizeof url, "http://some.example:%d/page/1", rig.origin.port);
    rig.options.resolve = entries;
    rig.options.resolve_count = 1;
    rig_open(&rig);
    for (int i = 0; i < 3; i++) { /* an idle connection is no answer either */
        uint64_t before = connections();
        struct future *future = submit_url(url, REQUEST_RESOLVE);
        const struct fetch_result *result = expect_ok(future);
        ck_assert_str_eq(result->remote_ip, "127.0.0.1");
        ck_assert_uint_eq(result->http_status, 0);
        ck_assert_uint_eq(result->body_bytes, 0);
        ck_assert_ptr_null(result->page);
        ck_assert_str_eq(result->detail, "");
        ck_assert_uint_eq(connections(), before);
        future_release(future);
        future = submit_url(url, 0);
        result = expect_ok(future);
        ck_assert_uint_eq(result->http_status, 200);
        ck_assert_ptr_nonnull(result->page);
        future_release(future);
    }
}
END_TEST

/* Of any scheme, with any number of addresses. */
START_TEST(the_first_address_of_a_thousand_is_the_answer)
{
    enum { COUNT = 1000, BYTES = COUNT * 16 + 64 };
    char *entry = malloc(BYTES);
    const char *const entries[] = {entry};
    size_t used = (size_t)snprintf(entry, BYTES, "many.example:443:");
    for (int i = 0; i < COUNT; i++)
        used += (size_t)snprintf(entry + used, BYTES - used, "%s10.1.%d.%d", i ? "," : "", i / 250, 1 + i % 250);
    begin(_i, EXECUTOR_PAGES);
    rig.options.resolve = entries;
    rig.options.resolve_count = 1;
    rig_open(&rig);
    struct future *future = submit_url("https://many.example/", REQUEST_RESOLVE);
    ck_assert_str_eq(expect_ok(future)->remote_ip, "10.1.0.1");
    future_release(future);
    executor_close(rig.executor);
    rig.options.block_private = true;
    rig_open(&rig);
    future = submit_url("https://many.example/", REQUEST_RESOLVE);
    expect_error(future, FETCH_BLOCKED_PRIVATE);
    future_release(future);
    future = submit_url("https://many.example/", REQUEST_RESOLVE | REQUEST_ALLOW_PRIVATE);
    ck_assert_str_eq(expect_ok(future)->remote_ip, "10.1.0.1");
    future_release(future);
    free(entry);
}
END_TEST

START_TEST(a_name_that_is_not_there_is_a_failed_look_up)
{
    begin(_i, EXECUTOR_PAGES);
    rig.options.limits.connect_timeout_ms = 2000; /* nobody may be there to ask */
    rig_open(&rig);
    struct future *future = submit_url("http://nobody.invalid/", REQUEST_RESOLVE);
    const struct fetch_result *result;
    ck_assert_int_eq((int)future_result(future, NET_MS, &result), STATUS_FAILED);
    ck_assert(result->error == FETCH_RESOLVE || result->error == FETCH_TIMEOUT_CONNECT);
    ck_assert_str_eq(result->remote_ip, "");
    future_release(future);
}
END_TEST

START_TEST(addresses_are_looked_up_as_names_are)
{
    up(_i, EXECUTOR_PAGES);
    struct future *future = submit_url("http://192.0.2.7/", REQUEST_RESOLVE);
    ck_assert_str_eq(expect_ok(future)->remote_ip, "192.0.2.7");
    future_release(future);
    future = submit_url("https://[2001:db8::7]/", REQUEST_RESOLVE);
    ck_assert_str_eq(expect_ok(future)->remote_ip, "2001:db8::7");
    future_release(future);
}
END_TEST

START_TEST(a_private_address_is_allowed_to_one_request)
{
    begin(_i, EXECUTOR_PAGES);
    rig.options.block_private = true;
    rig_open(&rig);
    for (int i = 0; i < 2; i++) {
        struct future *future = submit("/page/1", REQUEST_ALLOW_PRIVATE, 0);
        ck_assert_ptr_nonnull(expect_ok(future)->page);
        future_release(future);
        future = submit("/page/1", 0, 0); /* though a connection lies idle */
        expect_error(future, FETCH_BLOCKED_PRIVATE);
        future_release(future);
        future = submit("/page/1", REQUEST_RESOLVE, 0);
        expect_error(future, FETCH_BLOCKED_PRIVATE);
        future_release(future);
    }
}
END_TEST

/* ---- bodies ---- */

START_TEST(one_body_is_kept_where_none_are)
{
    up(_i, EXECUTOR_PAGES);
    for (int i = 0; i < 2; i++) {
        struct future *future = submit("/bytes/100000", REQUEST_KEEP_BODY, 0);
        expect_text_body(expect_ok(future), 100000);
        future_release(future);
        future = submit("/bytes/100000", 0, 0);
        ck_assert_ptr_null(expect_ok(future)->body);
        future_release(future);
        future = submit("/gzip/100000", REQUEST_KEEP_BODY, 0);
        expect_text_body(expect_ok(future), 100000);
        future_release(future);
        future = submit("/page/1", REQUEST_KEEP_BODY, 0);
        const struct fetch_result *result = expect_ok(future);
        ck_assert_int_eq(memcmp(result->body, "<!DOCTYPE", 9), 0);
        struct page page = page_of(result);
        expect_link(&page, LINK_PAGE, "/page/2");
        future_release(future);
    }
}
END_TEST

START_TEST(what_no_executor_can_do_is_refused)
{
    struct future *future;
    up(_i, EXECUTOR_KEEP_NOTHING);
    struct request request = {.url = "http://127.0.0.1/", .flags = REQUEST_KEEP_BODY};
    ck_assert_int_eq((int)executor_submit(rig.executor, &request, 0, &future), STATUS_INVALID_ARGUMENT);
    request.flags = REQUEST_PAGE_ONLY << 1;
    ck_assert_int_eq((int)executor_submit(rig.executor, &request, 0, &future), STATUS_INVALID_ARGUMENT);
    ck_assert_ptr_null(future);
}
END_TEST

START_TEST(a_body_is_cut_at_the_byte)
{
    static const char *const PATHS[] = {"/bytes/50000", "/gzip/50000", "/br/50000"};
    static const uint64_t BOUNDS[] = {1, 49999, 50000, 50001, 1000};
    up(_i, EXECUTOR_PAGES);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 5; j++) {
            bool is_cut = BOUNDS[j] < 50000;
            struct future *future = submit(PATHS[i], REQUEST_CUT | REQUEST_KEEP_BODY, BOUNDS[j]);
            const struct fetch_result *result = expect_ok(future);
            ck_assert_msg(result->is_cut == is_cut, "%s, %u", PATHS[i], (unsigned)BOUNDS[j]);
            expect_text_body(result, is_cut ? BOUNDS[j] : 50000);
            future_release(future);
            future = submit(PATHS[i], 0, BOUNDS[j]);
            if (is_cut)
                expect_error(future, FETCH_TOO_LARGE);
            else
                ck_assert(!expect_ok(future)->is_cut);
            future_release(future);
        }
    }
}
END_TEST

START_TEST(a_body_without_end_is_cut_too)
{
    static const char *const PATHS[] = {"/endless", "/endless-chunks", "/bomb/gzip/100000000"};
    begin(_i, EXECUTOR_PAGES);
    rig.options.limits.body_bytes_max = 700000;
    rig_open(&rig);
    for (size_t i = 0; i < 3; i++) {
        struct future *future = submit(PATHS[i], REQUEST_CUT, i ? 100000 : 0); /* the options' bound, if it has none */
        const struct fetch_result *result = expect_ok(future);
        ck_assert(result->is_cut);
        ck_assert_uint_eq(result->body_bytes, i ? 100000 : 700000);
        future_release(future);
    }
}
END_TEST

START_TEST(a_page_that_is_cut_has_the_links_until_there)
{
    up(_i, EXECUTOR_PAGES);
    struct future *future = submit("/links/1000", REQUEST_CUT, 1000);
    const struct fetch_result *result = expect_ok(future);
    struct page page = page_of(result);
    ck_assert(result->is_cut);
    ck_assert_uint_gt(page.link_count, 10);
    ck_assert_uint_lt(page.link_count, 40);
    expect_link(&page, LINK_PAGE, "/page/0");
    future_release(future);
}
END_TEST

START_TEST(who_wants_pages_alone_gives_up_at_the_header)
{
    up(_i, EXECUTOR_PAGES);
    for (int i = 0; i < 2; i++) {
        struct future *future = submit("/bytes/100000", REQUEST_PAGE_ONLY, 0);
        const struct fetch_result *result;
        ck_assert_int_eq((int)future_result(future, NET_MS, &result), STATUS_CANCELLED);
        ck_assert_uint_eq(result->http_status, 200);
        ck_assert_str_eq(result->content_type, "text/plain");
        ck_assert_uint_eq(result->body_bytes, 0);
        future_release(future);
        future = submit("/page/1", REQUEST_PAGE_ONLY, 0);
        ck_assert_ptr_nonnull(expect_ok(future)->page);
        future_release(future);
        future = submit("/redirect-to?url=/page/1", REQUEST_PAGE_ONLY, 0); /* its own body is text/plain */
        ck_assert_ptr_nonnull(expect_ok(future)->page);
        future_release(future);
        future = submit("/redirect/1", REQUEST_PAGE_ONLY | REQUEST_NO_REDIRECT, 0);
        ck_assert_ptr_nonnull(expect_ok(future)->page);
        future_release(future);
        future = submit("/status/404", REQUEST_PAGE_ONLY, 0);
        expect_error(future, FETCH_HTTP_STATUS);
        future_release(future);
        future = submit("/say?body=%3Ca%20href=/x%3E", REQUEST_PAGE_ONLY, 0); /* no type: it may be one */
        ck_assert_ptr_nonnull(expect_ok(future)->page);
        future_release(future);
    }
}
END_TEST

/* ---- deaths ---- */

#if defined SHOAL_FAULTS
START_TEST(a_page_comes_again_when_its_worker_dies_before_it_is_told)
{
    if (!engine_is_tested(EXECUTOR_PROCESSES))
        return;
    begin(EXECUTOR_PROCESSES, EXECUTOR_PAGES);
    rig.options.workers = 1;
    rig_open(&rig);
    fault_set("finish.page", 1, FAULT_ACTIONS[_i]);
    struct future *future = submit("/links/100", 0, 0);
    unsetenv("FAULT");
    const struct fetch_result *result = expect_ok(future);
    struct page page = page_of(result);
    ck_assert_uint_eq(page.link_count, 100);
    expect_link(&page, LINK_PAGE, "/page/0");
    ck_assert_uint_eq(result->attempts, 2);
    future_release(future);
}
END_TEST
#endif

static Suite *pages_suite(void)
{
    Suite *suite = suite_create("pages");
    TCase *tests = tcase_create("pages");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, a_page_brings_its_links_and_what_it_says_of_itself);
    add_for_each_engine(tests, links_come_in_order_from_pages_of_any_size);
    add_for_each_engine(tests, a_page_that_comes_byte_by_byte_is_the_same);
    add_for_each_engine(tests, what_is_no_page_brings_none);
    add_for_each_engine(tests, a_page_without_a_type_is_one_if_it_begins_like_one);
    add_for_each_engine(tests, an_error_page_is_a_page);
    add_for_each_engine(tests, links_are_told_as_the_options_want);
    add_for_each_engine(tests, what_the_header_says_of_the_page_counts);
    add_for_each_engine(tests, a_sitemap_is_read_as_one_whatever_its_type);
    add_for_each_engine(tests, more_pages_may_be_held_than_there_are_slots);
    add_for_each_engine(tests, without_pages_links_are_counted_and_no_page_is_told);
    add_for_each_engine(tests, a_redirect_that_is_not_followed_is_a_link);
    add_for_each_engine(tests, a_redirect_to_what_is_no_url_has_no_link);
    add_for_each_engine(tests, an_answer_that_does_not_redirect_is_a_page_whatever_its_location);
    add_for_each_engine(tests, contradicting_redirects_fail_as_ever);
    add_for_each_engine(tests, a_name_is_looked_up_and_nobody_is_asked);
    add_for_each_engine(tests, the_first_address_of_a_thousand_is_the_answer);
    add_for_each_engine(tests, a_name_that_is_not_there_is_a_failed_look_up);
    add_for_each_engine(tests, addresses_are_looked_up_as_names_are);
    add_for_each_engine(tests, a_private_address_is_allowed_to_one_request);
    add_for_each_engine(tests, one_body_is_kept_where_none_are);
    add_for_each_engine(tests, what_no_executor_can_do_is_refused);
    add_for_each_engine(tests, a_body_is_cut_at_the_byte);
    add_for_each_engine(tests, a_body_without_end_is_cut_too);
    add_for_each_engine(tests, a_page_that_is_cut_has_the_links_until_there);
    add_for_each_engine(tests, who_wants_pages_alone_gives_up_at_the_header);
#if defined SHOAL_FAULTS
    tcase_add_loop_test(tests, a_page_comes_again_when_its_worker_dies_before_it_is_told, 0, FAULT_STOP);
#endif
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(pages_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
