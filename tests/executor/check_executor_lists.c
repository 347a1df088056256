/* What a worker brings of bodies that are no HTML but have links, sitemaps and style sheets, and of the header lines of
 * any page: worker/links/body_links.c, whichever engine runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/fingerprint.h"
#include "common/page.h"
#include "tests/support/support.h"

#define SEED 0x5eedull
#define PATH_BYTES 3600u

static struct rig rig;
static struct future *future;
static struct page page;

static void tear_down(void)
{
    future_release(future);
    future = NULL;
    rig_down(&rig);
}

static void up(int engine, bool has_positions)
{
    rig_begin(&rig, engine);
    rig.options.keep = EXECUTOR_PAGES | EXECUTOR_KEEP_BODY;
    rig.options.links.seed = SEED;
    rig.options.links.positions = has_positions;
    rig_open(&rig);
}

/* "&name=value", escaped. */
static void put(FILE *out, const char *name, const char *value)
{
    fprintf(out, "&%s=", name);
    for (; *value; value++)
        fprintf(out, "%%%02x", (unsigned)(unsigned char)*value);
}

/* Asks for an answer with this type, these header lines and this body; NULL: none. */
static const struct fetch_result *ask(const char *type, const char *headers, const char *body, uint32_t flags)
{
    char path[PATH_BYTES];
    char url[PATH_BYTES + 64];
    FILE *out = fmemopen(path, sizeof path, "w");
    ck_assert_ptr_nonnull(out);
    fputs("/say?status=200", out);
    if (type)
        put(out, "type", type);
    if (headers)
        put(out, "header", headers);
    if (body)
        put(out, "body", body);
    fclose(out);
    origin_url(&rig.origin, url, sizeof url, "%s", path);
    const struct request request = {.url = url, .flags = flags};
    future_release(future);
    future = NULL;
    ck_assert_int_eq((int)executor_submit(rig.executor, &request, -1, &future), STATUS_OK);
    return expect_ok(future);
}

static void expect_page(const struct fetch_result *result, uint32_t flags)
{
    ck_assert_ptr_nonnull(result->page);
    ck_assert(page_read(&page, result->page, result->page_bytes));
    ck_assert_uint_eq(page.flags, flags);
    XXH128_hash_t hash = XXH3_128bits_withSeed(result->body, (size_t)result->body_bytes, SEED);
    ck_assert(page.hash_low == hash.low64 && page.hash_high == hash.high64);
}

static struct page_link expect_link(enum link_kind kind, const char *path)
{
    char url[128];
    struct page_link link;
    if (path[0] == '/')
        origin_url(&rig.origin, url, sizeof url, "%s", path);
    else
        snprintf(url, sizeof url, "%s", path);
    ck_assert_msg(page_next_link(&page, &link), "no link %s", path);
    ck_assert_str_eq(link.url.at, url);
    ck_assert_str_eq(link_kind_name(link.kind), link_kind_name(kind));
    ck_assert_uint_eq(link.fingerprint, fingerprint_of(url, strlen(url), SEED));
    return link;
}

static void expect_end(void)
{
    struct page_link link;
    ck_assert(!page_next_link(&page, &link));
    ck_assert_uint_eq(page.left, 0);
}

/* ---- sitemaps ---- */

START_TEST(a_sitemap_is_read_if_the_request_says_so)
{
    static const char LIST[] =
        "<urlset><url><loc>HTTP://a/x/../y</loc></url><url><loc>/z</loc></url><url><loc>ftp://a/</loc></url></urlset>";
    up(_i, false);
    expect_page(ask("text/html", NULL, LIST, REQUEST_SITEMAP), PAGE_IS_SITEMAP);
    ck_assert_uint_eq(page.unusable, 1);
    ck_assert_uint_eq(page.link_count, 2);
    ck_assert_uint_eq(expect_link(LINK_LISTED, "http://a/y").at, UINT64_MAX);
    expect_link(LINK_LISTED, "/z");
    expect_end();
    ck_assert_ptr_null(ask("application/xml", NULL, LIST, 0)->page);
    expect_page(ask(NULL, NULL, "<sitemapindex><sitemap><loc>/1.xml</loc></sitemap></sitemapindex>", REQUEST_SITEMAP),
                PAGE_IS_SITEMAP);
    expect_link(LINK_SITEMAP, "/1.xml");
    expect_end();
    expect_page(ask("text/plain", NULL, "http://a/\nhttp://b/\n", REQUEST_SITEMAP), PAGE_IS_SITEMAP);
    expect_link(LINK_LISTED, "http://a/");
    expect_link(LINK_LISTED, "http://b/");
    expect_end();
}
END_TEST

START_TEST(a_broken_sitemap_says_so_and_brings_what_it_has)
{
    up(_i, false);
    expect_page(ask(NULL, NULL, "<urlset><url><loc>/a</loc></url><url><loc>/b", REQUEST_SITEMAP),
                PAGE_IS_SITEMAP | PAGE_IS_BROKEN);
    expect_link(LINK_LISTED, "/a");
    expect_end();
    expect_page(ask("text/html", NULL, "<!DOCTYPE html><a href=/x>Not found</a>", REQUEST_SITEMAP),
                PAGE_IS_SITEMAP | PAGE_IS_BROKEN);
    expect_end();
}
END_TEST

/* ---- style sheets ---- */

START_TEST(a_style_sheet_brings_assets_with_their_positions)
{
    static const char SHEET[] = "@import 'a.css';b{c:url(/d.png)url(\"data:,x\")}e{f:url( \"g\\2e png\" )}";
    up(_i, true);
    const struct fetch_result *result = ask("text/css; charset=utf-8", NULL, SHEET, 0);
    expect_page(result, PAGE_IS_CSS | PAGE_HAS_POSITIONS);
    ck_assert_uint_eq(page.unusable, 1);
    /* Quotes of a style are no quotes of an attribute, within which it may stand. */
    static const struct {
        const char *path, *raw;
    } EXPECTED[] = {{"/a.css", "a.css"}, {"/d.png", "/d.png"}, {"/g.png", "g\\2e png"}};
    for (size_t i = 0; i < sizeof EXPECTED / sizeof EXPECTED[0]; i++) {
        struct page_link link = expect_link(LINK_ASSET, EXPECTED[i].path);
        ck_assert_int_eq((int)link.quoting, QUOTING_CSS);
        ck_assert_uint_eq(link.raw_bytes, strlen(EXPECTED[i].raw));
        ck_assert_mem_eq((const char *)result->body + link.at, EXPECTED[i].raw, link.raw_bytes);
    }
    expect_end();
}
END_TEST

START_TEST(positions_are_told_if_they_are_wanted)
{
    up(_i, false);
    expect_page(ask("Text/CSS", NULL, "a{b:url(c)}", 0), PAGE_IS_CSS);
    ck_assert_uint_eq(expect_link(LINK_ASSET, "/c").at, UINT64_MAX);
    expect_end();
    ck_assert_ptr_null(ask("text/cssx", NULL, "a{b:url(c)}", 0)->page);
}
END_TEST

/* ---- header lines ---- */

START_TEST(links_of_the_header_are_links_of_the_page)
{
    up(_i, false);
    expect_page(
        ask("text/html",
            "Link: </c>; rel=canonical, </n>; rel=\"next nofollow\"\r\nLink: <mailto:a@b>; rel=author\r\nRefresh: 5; url=/r",
            "<base href=http://b/><a href=x>", 0),
        PAGE_IS_HTML);
    char url[64];
    origin_url(&rig.origin, url, sizeof url, "/c");
    ck_assert_str_eq(page.canonical.at, url);
    ck_assert_uint_eq(page.unusable, 1);
    expect_link(LINK_PAGE, "http://b/x");
    expect_link(LINK_CANONICAL, "/c");
    ck_assert_uint_eq(expect_link(LINK_NEXT, "/n").rel, LINK_NOFOLLOW);
    expect_link(LINK_REFRESH, "/r");
    expect_end();
}
END_TEST

START_TEST(a_canonical_of_the_markup_goes_before_that_of_the_header)
{
    up(_i, false);
    expect_page(ask("text/html", "Link: </h>; rel=canonical", "<link rel=canonical href=/m>", 0), PAGE_IS_HTML);
    char url[64];
    origin_url(&rig.origin, url, sizeof url, "/m");
    ck_assert_str_eq(page.canonical.at, url);
    expect_link(LINK_CANONICAL, "/m");
    expect_link(LINK_CANONICAL, "/h");
    expect_end();
}
END_TEST

START_TEST(robots_of_header_and_markup_add_up)
{
    up(_i, false);
    expect_page(ask("text/html", "X-Robots-Tag: otherbot: none\r\nX-Robots-Tag: noindex",
                    "<meta name=robots content=nofollow>", 0),
                PAGE_IS_HTML);
    ck_assert_uint_eq(page.robots, PAGE_NOINDEX | PAGE_NOFOLLOW);
    expect_page(ask("text/html", "X-Robots-Tag: otherbot: none", "<p>", 0), PAGE_IS_HTML);
    ck_assert_uint_eq(page.robots, 0);
    expect_page(ask("text/html", "X-Robots-Tag: shoal: none", "<p>", 0), PAGE_IS_HTML);
    ck_assert_uint_eq(page.robots, PAGE_NOINDEX | PAGE_NOFOLLOW);
}
END_TEST

static Suite *lists_suite(void)
{
    Suite *suite = suite_create("lists");
    TCase *tests = tcase_create("lists");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    add_for_each_engine(tests, a_sitemap_is_read_if_the_request_says_so);
    add_for_each_engine(tests, a_broken_sitemap_says_so_and_brings_what_it_has);
    add_for_each_engine(tests, a_style_sheet_brings_assets_with_their_positions);
    add_for_each_engine(tests, positions_are_told_if_they_are_wanted);
    add_for_each_engine(tests, links_of_the_header_are_links_of_the_page);
    add_for_each_engine(tests, a_canonical_of_the_markup_goes_before_that_of_the_header);
    add_for_each_engine(tests, robots_of_header_and_markup_add_up);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(lists_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
