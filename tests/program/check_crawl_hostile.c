/* The program from outside: `shoal crawl` over sites that mean it no good, rows 53 to 67 of the list of hostile input and
 * the requirements behind it: every crawl ends, finds what is real, and says of the rest why not. robots.txt: check_crawl_robots.c. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "tests/support/crawling.h"

static struct crawling crawling;

static void set_up(void)
{
    crawling_begin(&crawling);
}

static void tear_down(void)
{
    crawling_end(&crawling);
}

static bool is_path(const struct web_request *request, const char *path)
{
    return strcmp(request->path, path) == 0;
}

/* ---- what a page is ---- */

static void serve_types(const struct web_request *request, struct web_answer *answer)
{
    static const char PNG[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR<a href=/from-binary>";
    static const struct {
        const char *path, *type;
    } TYPES[] = {
        {"/image", "image/png"},
        {"/untyped", ""},
        {"/untyped-binary", ""},
        {"/text", "text/plain"},
        {"/xhtml", "application/xhtml+xml"},
        {"/odd-case", "TEXT/HTML;charset=\"utf-8"},
        {"/junk", "junk"},
    };
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        if (is_path(request, TYPES[i].path))
            answer->type = TYPES[i].type;
    }
    if (is_path(request, "/")) {
        web_print("<a href=/binary>");
        for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
            web_print("<a href=%s>", TYPES[i].path);
    } else if (strstr(request->path, "binary") != NULL) {
        answer->body = PNG;
        answer->body_bytes = sizeof PNG - 1;
    } else {
        answer->status = is_path(request, "/robots.txt") ? 404 : 200;
        web_print("<!doctype html><p>%s<a href=/from-%s>x</a>", request->path, request->path + 1);
    }
}

START_TEST(row_53_links_are_read_where_type_and_first_bytes_are_those_of_a_page)
{
    web_start(&crawling.web, serve_types, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/"), 0);
    static const char *const READ[] = {"/from-untyped", "/from-xhtml", "/from-odd-case"};
    static const char *const UNREAD[] = {"/from-image", "/from-binary", "/from-text", "/from-junk"};
    for (size_t i = 0; i < sizeof READ / sizeof READ[0]; i++)
        crawling_expect_fetched(&crawling, READ[i]);
    for (size_t i = 0; i < sizeof UNREAD / sizeof UNREAD[0]; i++)
        crawling_expect_unknown(&crawling, UNREAD[i]);
    crawling_expect_fetched(&crawling, "/binary");
    crawling_expect_fetched(&crawling, "/image");
}
END_TEST

static void serve_charsets(const struct web_request *request, struct web_answer *answer)
{
    static char text[4096];
    static const char PAGE[] = "<title>T</title><a href='/in-utf16'>x</a>";
    if (is_path(request, "/robots.txt")) {
        answer->status = 404;
    } else if (is_path(request, "/")) {
        web_print(
            "<a href=/mark><a href=/header><a href=/meta><a href=/late><a href=/latin><a href=/unknown><a href=/both>");
    } else if (is_path(request, "/mark") || is_path(request, "/header")) {
        bool has_mark = is_path(request, "/mark");
        size_t at = 0;
        answer->type = has_mark ? "text/html; charset=utf-8" : "text/html; charset=UTF-16LE"; /* the mark wins */
        if (has_mark)
            text[at++] = '\xff', text[at++] = '\xfe';
        for (size_t i = 0; i < sizeof PAGE - 1; i++, at += 2)
            text[at] = PAGE[i], text[at + 1] = '\0';
        text[at - 2 * strlen("16'>x</a>")] = has_mark ? 'm' : 'h';
        answer->body = text;
        answer->body_bytes = at;
    } else if (is_path(request, "/late")) {
        web_print("<!-- %1100s --><meta charset=windows-1251><title>\xc3\xa9</title>", "");
    } else if (is_path(request, "/latin")) {
        answer->type = "text/html; charset=iso-8859-1";
        web_print("<meta charset=utf-8><title>caf\xe9</title><a href='/caf\xe9?\xe9'>x</a>"); /* the header wins */
    } else if (is_path(request, "/unknown")) {
        answer->type = "text/html; charset=no-such-thing";
        web_print("<title>\xff\xfe\xfd</title><a href=/from-unknown>x</a>");
    } else {
        web_print("%s", request->path);
    }
}

START_TEST(row_54_bom_goes_before_header_and_header_before_meta)
{
    web_start(&crawling.web, serve_charsets, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/"), 0);
    crawling_expect_fetched(&crawling, "/in-utfm6");
    crawling_expect_fetched(&crawling, "/in-utfh6");
    crawling_expect(&crawling, "/latin", "\"title\":\"caf\xc3\xa9\"");
    crawling_expect_fetched(&crawling, "/caf%C3%A9?%E9");
    crawling_expect_fetched(&crawling, "/from-unknown");
    crawling_expect_clean(&crawling);
}
END_TEST

/* A page that is made once, in the server. */
static char *long_page(size_t bytes, size_t *used)
{
    *used = 0;
    return malloc(bytes);
}

static size_t fill(char *page, size_t at, const char *piece, size_t times)
{
    size_t bytes = strlen(piece);
    for (size_t i = 0; i < times; i++, at += bytes)
        memcpy(page + at, piece, bytes);
    return at;
}

#define MILLION 1000000u

static void serve_long(const struct web_request *request, struct web_answer *answer)
{
    size_t at;
    char *page = NULL;
    if (is_path(request, "/nested")) {
        page = long_page(16u << 20, &at);
        at = fill(page, at, "<b>", MILLION);
        at = fill(page, at, "<div><svg><table>", 100000);
        at = fill(page, at, "<a href=/behind-nested>x</a>", 1);
    } else if (is_path(request, "/line")) {
        page = long_page(16u << 20, &at);
        at = fill(page, at, "<title>t</title><img alt='", 1);
        at = fill(page, at, "<a href=/within>", 300000);
        at = fill(page, at, "'><a ", 1);
        at = fill(page, at, "x y=z ", 300000);
        at = fill(page, at, "href=/many>", 1);
        at = fill(page, at, "one line ", 700000);
        at = fill(page, at, "<a href=/behind-line>x</a>", 1);
    } else if (is_path(request, "/links")) {
        page = long_page(16u << 20, &at);
        for (unsigned i = 0; i < MILLION; i++)
            at += (size_t)snprintf(page + at, 24, "<a href=%06u>", i);
    } else if (is_path(request, "/robots.txt")) {
        answer->status = 404;
    } else {
        web_print("%s", request->path);
    }
    if (page != NULL) {
        answer->body = page;
        answer->body_bytes = at;
    }
}

START_TEST(row_55_a_million_nested_tags_are_read_to_their_end)
{
    web_start(&crawling.web, serve_long, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/nested"), 0);
    crawling_expect_fetched(&crawling, "/nested");
    crawling_expect_fetched(&crawling, "/behind-nested");
}
END_TEST

START_TEST(row_56_one_long_line_with_one_long_attribute_is_read_to_its_end)
{
    web_start(&crawling.web, serve_long, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/line"), 0);
    crawling_expect_fetched(&crawling, "/line");
    crawling_expect_fetched(&crawling, "/behind-line");
    crawling_expect_unknown(&crawling, "/within");
}
END_TEST

START_TEST(row_57_of_a_million_links_5000_are_kept_and_the_rest_is_told)
{
    web_start(&crawling.web, serve_long, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/links", "--max-depth", "0"), 0);
    crawling_expect(&crawling, "/links", "\"links\":1000000");
    crawling_expect(&crawling, "/links", "\"rule\":\"995000 links beyond the first 5000 were dropped\"");
    crawling_expect_said(&crawling, "5000 skipped: depth 5000\n");
    crawling_expect_skipped(&crawling, "/004999", "depth", "depth");
    crawling_expect_unknown(&crawling, "/005000");
}
END_TEST

static void serve_odd_links(const struct web_request *request, struct web_answer *answer)
{
    if (is_path(request, "/robots.txt"))
        answer->status = 404;
    else if (is_path(request, "/"))
        web_print(
            "<base href=/dir/><base href=/wrong/>"
            "<a href='a&amp;b?x=1&amp;y=2&copy=3'><a href='ta\tb/li\r\nne'><a href=' \f/blank '><a href='javascript:alert(1)'>"
            "<a href='JaVa\tScRiPt:x'><a href='data:text/html,<a href=/x>'><a href='mailto:a@b'><a href='ftp://127.0.0.1/'>"
            "<a href='file:///etc/passwd'><a href='#only'><a href='\\back\\slash'><a href='../../../up'>"
            "<a href='%%2e%%2e/dots'><a href='http://127.0.0.1:99999/'><a href='http://[::1'>"
            "<img srcset='/s1.png 1x, /s2.png 2x,/s3.png'><a href='&#x2f;num&#101;ric'>");
    else
        web_print("%s", request->path);
}

START_TEST(row_58_base_references_blanks_and_srcset_are_resolved_and_other_schemes_dropped)
{
    web_start(&crawling.web, serve_odd_links, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/", "--assets", "--scope", "any"), 0);
    static const char *const FETCHED[] = {"/dir/a&b?x=1&y=2&copy=3",
                                          "/dir/tab/line",
                                          "/blank",
                                          "/back/slash",

                                          "/up",
                                          "/dots",
                                          "/s1.png",
                                          "/s2.png",
                                          "/s3.png",
                                          "/numeric"};
    for (size_t i = 0; i < sizeof FETCHED / sizeof FETCHED[0]; i++)
        crawling_expect_fetched(&crawling, FETCHED[i]);
    static const char *const DROPPED[] = {"javascript", "data:", "mailto", "ftp:", "file:", "wrong", "99999"};
    for (size_t i = 0; i < sizeof DROPPED / sizeof DROPPED[0]; i++)
        ck_assert_msg(crawling_count(&crawling, DROPPED[i]) == 0, "%s in %s", DROPPED[i], crawling.cli.out.text);
}
END_TEST

/* ---- sitemaps ---- */

static size_t gzip(const char *text, size_t bytes, size_t times, char *to, size_t room)
{
    z_stream stream = {.next_out = (Bytef *)to, .avail_out = (uInt)room};
    deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    for (size_t i = 0; i < times; i++) {
        stream.next_in = (Bytef *)(uintptr_t)text;
        stream.avail_in = (uInt)bytes;
        deflate(&stream, i + 1 == times ? Z_FINISH : Z_NO_FLUSH);
    }
    deflateEnd(&stream);
    return stream.total_out;
}

#define URLSET "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
#define LOC "<url><loc>http://127.0.0.1:%d/%s</loc></url>"

static void serve_sitemaps(const struct web_request *request, struct web_answer *answer)
{
    static const char *const NAMED[] = {"loop.xml",   "good.xml.gz", "bomb.xml.gz", "foreign.xml", "dtd.xml",
                                        "broken.xml", "list.txt",    "html.xml",    "gone.xml"};
    static char packed[1u << 20];
    static char text[65536];
    int port = request->port;
    answer->type = "application/xml";
    if (is_path(request, "/robots.txt")) {
        for (size_t i = 0; i < sizeof NAMED / sizeof NAMED[0]; i++)
            web_print("Sitemap: http://127.0.0.1:%d/%s\n", port, NAMED[i]);
        web_print("Sitemap: http://127.0.1.1:%d/map.xml\n", port);
    } else if (is_path(request, "/loop.xml")) {
        web_print(
            "<sitemapindex><sitemap><loc>/loop.xml</loc></sitemap><sitemap><loc>http://127.0.0.1:%d/loop.xml</loc></sitemap>"
            "<sitemap><loc>http://127.0.0.1:%d/index2.xml</loc></sitemap></sitemapindex>",
            port, port);
    } else if (is_path(request, "/index2.xml")) {
        web_print("<sitemapindex><sitemap><loc>http://127.0.0.1:%d/deep.xml</loc></sitemap></sitemapindex>", port);
    } else if (is_path(request, "/good.xml.gz")) {
        int bytes = snprintf(text, sizeof text, URLSET LOC "</urlset>", port, "from-gz");
        answer->body_bytes = gzip(text, (size_t)bytes, 1, packed, sizeof packed);
        answer->body = packed;
    } else if (is_path(request, "/bomb.xml.gz")) {
        int bytes = snprintf(text, sizeof text, URLSET LOC "%60000s", port, "from-bomb", "");
        answer->body_bytes = gzip(text, (size_t)bytes, 2000, packed, sizeof packed); /* 120 MB */
        answer->body = packed;
    } else if (is_path(request, "/foreign.xml")) {
        web_print(URLSET LOC "<url><loc>http://127.0.1.1:%d/foreign</loc></url></urlset>", port, "own", port);
    } else if (is_path(request, "/dtd.xml")) {
        web_print(
            "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c SYSTEM 'file:///etc/passwd'>]>" URLSET
            "<url><loc>http://127.0.0.1:%d/&b;&c;</loc></url></urlset>",
            port);
    } else if (is_path(request, "/broken.xml")) {
        web_print(URLSET LOC LOC "<url><loc>http://127.0.0.1:%d/half", port, "whole1", port, "whole2", port);
    } else if (is_path(request, "/list.txt")) {
        answer->type = "text/plain";
        web_print("\xef\xbb\xbfhttp://127.0.0.1:%d/line1\r\nno url\r\n\r\nhttp://127.0.0.1:%d/line2", port, port);
    } else if (is_path(request, "/html.xml") || is_path(request, "/map.xml")) {
        web_print("<html><body><a href=/from-html>x</a><p></body></html>");
    } else if (is_path(request, "/gone.xml")) {
        answer->status = 404;
    } else {
        answer->type = "text/html";
        web_print("%s", request->path);
    }
}

START_TEST(row_64_sitemaps_that_loop_burst_or_break_give_what_is_whole_in_them)
{
    web_start(&crawling.web, serve_sitemaps, 2);
    ck_assert_int_eq(CRAWL(&crawling, "/"), 0);
    static const char *const LISTED[] = {"/from-gz", "/from-bomb", "/own", "/whole1", "/whole2", "/line1", "/line2"};
    for (size_t i = 0; i < sizeof LISTED / sizeof LISTED[0]; i++) {
        crawling_expect_fetched(&crawling, LISTED[i]);
        crawling_expect(&crawling, LISTED[i], "\"reason\":\"sitemap\"");
    }
    ck_assert_uint_eq(web_asked(&crawling.web, NULL, "/loop.xml"), 1);
    ck_assert_uint_eq(web_asked(&crawling.web, NULL, "/index2.xml"), 1);
    ck_assert_uint_eq(web_asked(&crawling.web, NULL, "/deep.xml"), 0);
    crawling_expect_said(&crawling, "/index2.xml: an index within an index is not followed");
    crawling_expect_said(&crawling, "/bomb.xml.gz: it is none, or ends early");
    crawling_expect_said(&crawling, "/dtd.xml: it is none, or ends early: 0 URLs");
    crawling_expect_said(&crawling, "/broken.xml: it is none, or ends early: 2 URLs of it taken");
    crawling_expect_said(&crawling, "/html.xml: it is none, or ends early: 0 URLs");
    crawling_expect_said(&crawling, "/gone.xml: http-status");
    crawling_expect_said(&crawling, "127.0.1.1");
    ck_assert_uint_eq(crawling_count(&crawling, "passwd"), 0);
    ck_assert_uint_eq(crawling_count(&crawling, "/half"), 0);
    crawling_expect_unknown(&crawling, "/from-html");
    char foreign[64];
    snprintf(foreign, sizeof foreign, "http://127.0.1.1:%d/foreign", crawling.web.port);
    crawling_expect_skipped(&crawling, foreign, "scope", "127.0.1.1");
    ck_assert_uint_eq(web_treatment_of_address(&crawling.web, 1).requests, 0);
}
END_TEST

static void serve_large_sitemap(const struct web_request *request, struct web_answer *answer)
{
    size_t at;
    if (is_path(request, "/robots.txt")) {
        web_print("Sitemap: http://127.0.0.1:%d/map.xml\n", request->port);
    } else if (is_path(request, "/map.xml")) {
        char *page = long_page(8u << 20, &at);
        at = fill(page, at, URLSET, 1);
        for (unsigned i = 0; i < 50001; i++)
            at += (size_t)snprintf(page + at, 100, "<url><loc>http://127.0.0.1:%d/%05u</loc></url>", request->port, i);
        answer->body = page;
        answer->body_bytes = at;
        answer->type = "application/xml";
    } else {
        web_print("%s", request->path);
    }
}

START_TEST(row_64_of_a_sitemap_50000_urls_are_taken)
{
    web_start(&crawling.web, serve_large_sitemap, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/", "--max-depth", "0"), 0);
    crawling_expect_said(&crawling, "50000 skipped: depth 50000\n");
    crawling_expect_skipped(&crawling, "/49999", "depth", "depth");
    crawling_expect_unknown(&crawling, "/50000");
    crawling_expect_said(&crawling, "/map.xml: ");
    crawling_expect_said(&crawling, "beyond what a sitemap may list");
}
END_TEST

/* ---- traps ---- */

static int year_now(void)
{
    time_t now = time(NULL);
    struct tm parts;
    return gmtime_r(&now, &parts)->tm_year + 1900;
}

static bool is_below(const struct web_request *request, const char *beginning)
{
    return strncmp(request->path, beginning, strlen(beginning)) == 0;
}

/* Traps that never end: their next page is made of the one before. False: the path is none of these. */
static bool print_growth(const struct web_request *request)
{
    const char *path = request->path;
    size_t bytes = strlen(path);
    int year;
    int month;
    int number;
    if (sscanf(path, "/calendar/%d/%d", &year, &month) == 2) {
        web_print("<a href=/calendar/%d/%02d>next</a> %s", year + month / 12, month % 12 + 1, path);
    } else if (sscanf(path, "/day?date=%d-%d-%d", &year, &month, &number) == 3) {
        web_print("<a href='/day?date=%d-%02d-%02d'>next</a> %s", year, (month + number / 28 - 1) % 12 + 1,
                  number % 28 + 1, path);
    } else if (is_below(request, "/a/")) {
        web_print("<a href='%s'>on</a> %s", strcmp(path + bytes - 3, "/a/") == 0 ? "b/" : "a/", path);
    } else if (is_below(request, "/grow/")) {
        web_print("<a href='g%zu/'>on</a> %s", bytes, path);
    } else if (is_below(request, "/long/")) {
        web_print("<a href='%sxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'>on</a>",
                  path);
    } else {
        return false;
    }
    return true;
}

/* Traps with ever more pages of one form. */
static bool print_width(const struct web_request *request)
{
    static unsigned session;
    int number;
    if (is_below(request, "/shop")) {
        for (int i = 0; i < 10; i++)
            web_print("<a href='/shop?PHPSESSID=%08x'>x</a>", ++session * 2654435761u);
    } else if (is_below(request, "/front?")) {
        for (int i = 0; i < 10; i++)
            web_print("<a href='/front?token=%08x'>x</a>", ++session * 2654435761u);
    } else if (is_below(request, "/list?")) {
        for (unsigned i = 0; i < 10; i++)
            web_print("<a href='/list?color=%u&size=%u&sort=%u'>x</a>", ++session, i, (i + 3) % 4);
    } else if (sscanf(request->path, "/item/%d", &number) == 1) {
        web_print("<a href=/item/%d>x</a><a href=/item/%d>y</a> %d", 2 * number + 1, 2 * number + 2, number);
    } else {
        return false;
    }
    return true;
}

/* One page of each trap; false: the path is none of a trap. */
static bool print_trap(const struct web_request *request, struct web_answer *answer)
{
    static char headers[64];
    int number;
    if (print_growth(request) || print_width(request))
        return true;
    if (sscanf(request->path, "/turn/%d", &number) == 1) {
        answer->status = 302;
        snprintf(headers, sizeof headers, "Location: /turn/%d\r\n", number + 1);
        answer->headers = headers;
    } else if (is_below(request, "/ring/")) {
        answer->status = 301;
        answer->headers = is_path(request, "/ring/a") ? "Location: /ring/b\r\n" : "Location: /ring/a\r\n";
    } else if (is_path(request, "/self")) {
        web_print("<meta http-equiv=refresh content='0; url=/self'>");
    } else if (is_below(request, "/same/")) {
        web_print("<a href=same/x>the same everywhere</a>");
    } else {
        return false;
    }
    return true;
}

static void print_trap_doors(void)
{
    int year = year_now();
    web_print(
        "<a href=/calendar/%d/01><a href='/day?date=%d-01-01'><a href=/a/><a href=/grow/><a href=/long/>"
        "<a href='/shop?PHPSESSID=0'><a href='/front?token=0'><a href='/list?color=0'><a href=/item/0><a href=/turn/0>"
        "<a href=/ring/a><a href=/self><a href=/same/>",
        year, year);
}

static void serve_traps(const struct web_request *request, struct web_answer *answer)
{
    if (is_path(request, "/robots.txt"))
        answer->status = 404;
    else if (!print_trap(request, answer))
        web_print("%s", request->path);
}

/* Asked for so often: URLs whose path begins so. */
static unsigned asked_below(const char *beginning)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < crawling.web.log->count; i++)
        count += strncmp(crawling.web.log->entries[i].path, beginning, strlen(beginning)) == 0;
    return count;
}

START_TEST(row_65_a_calendar_ends_after_some_years)
{
    char seed[80];
    web_start(&crawling.web, serve_traps, 1);
    snprintf(seed, sizeof seed, "/calendar/%d/01", year_now());
    ck_assert_int_eq(CRAWL(&crawling, seed, "--max-depth", "100000"), 0);
    ck_assert_uint_eq(crawling_count(&crawling, "\"reason\":\"calendar\""), 1);
    ck_assert_uint_eq(asked_below("/calendar/"), 12 * 6);
    snprintf(seed, sizeof seed, "/calendar/%d/01", year_now() + 6);
    crawling_expect_skipped(&crawling, seed, "calendar", "is not between 1900 and ");
    snprintf(seed, sizeof seed, "/calendar/%d/01", year_now());
    ck_assert_int_eq(CRAWL(&crawling, seed), 0); /* 20 links from the seed are far enough */
    ck_assert_uint_eq(crawling_count(&crawling, "\"reason\":\"depth\""), 1);
    ck_assert_uint_eq(crawling_count(&crawling, "\"skipped\":false"), 21);
}
END_TEST

START_TEST(row_65_a_calendar_of_days_ends_at_its_budget)
{
    char seed[80];
    web_start(&crawling.web, serve_traps, 1);
    snprintf(seed, sizeof seed, "/day?date=%d-01-01", year_now());
    ck_assert_int_eq(CRAWL(&crawling, seed, "--max-depth", "1000", "--max-dates", "30"), 0);
    ck_assert_uint_eq(crawling_count(&crawling, "\"reason\":\"calendar\""), 1);
    ck_assert_uint_eq(crawling_count(&crawling, "(--max-dates 30)\",\"canonical"), 1);
    ck_assert_uint_le(asked_below("/day"), 31);
}
END_TEST

START_TEST(row_66_paths_that_repeat_or_grow_end)
{
    web_start(&crawling.web, serve_traps, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/a/", "--max-depth", "1000"), 0);
    crawling_expect_fetched(&crawling, "/a/b/a/b/");
    crawling_expect_skipped(&crawling, "/a/b/a/b/a/b/", "repeated-segment", "(--max-repeats 3)");
    ck_assert_int_eq(CRAWL(&crawling, "/grow/", "--max-depth", "1000"), 0);
    ck_assert_uint_eq(crawling_count(&crawling, "\"reason\":\"path-depth\""), 1);
    ck_assert_uint_eq(crawling_count(&crawling, "21 segments in the path (--max-path-depth 20)\",\"canonical"), 1);
    ck_assert_uint_eq(asked_below("/grow/"), 20);
    ck_assert_int_eq(CRAWL(&crawling, "/long/", "--max-depth", "1000", "--max-url-length", "1000"), 0);
    ck_assert_uint_eq(crawling_count(&crawling, "(--max-url-length 1000)\",\"canonical"), 1);
    ck_assert_uint_eq(crawling_count(&crawling, "\"reason\":\"url-length\""), 1);
}
END_TEST

START_TEST(row_67_session_ids_are_stripped_and_unknown_ones_end_at_their_budget)
{
    web_start(&crawling.web, serve_traps, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/shop?PHPSESSID=0", "--strip-param", "session"), 0);
    ck_assert_uint_eq(crawling_count(&crawling, "\"url\":"), 1);
    crawling_expect_fetched(&crawling, "/shop");
    ck_assert_int_eq(CRAWL(&crawling, "/front?token=0", "--max-per-query", "50"), 0);
    ck_assert_uint_eq(asked_below("/front"), 51); /* the seed is nobody's budget */
    ck_assert_uint_gt(crawling_count(&crawling, "\"reason\":\"template\""), 0);
    ck_assert_uint_gt(crawling_count(&crawling, "(--max-per-query 50)"), 0);
}
END_TEST

START_TEST(row_67_facets_and_numbered_pages_end_at_their_budgets)
{
    web_start(&crawling.web, serve_traps, 1);
    ck_assert_int_eq(CRAWL(&crawling, "/list?color=0", "--max-per-query", "40"), 0);
    ck_assert_uint_le(asked_below("/list"), 81);
    ck_assert_uint_gt(crawling_count(&crawling, "\"reason\":\"template\""), 0);
    ck_assert_int_eq(CRAWL(&crawling, "/item/0", "--max-per-template", "60"), 0);
    ck_assert_uint_le(asked_below("/item/"), 61);
    ck_assert_uint_gt(crawling_count(&crawling, "(--max-per-template 60)"), 0);
}
END_TEST

#define REAL_PAGES 60

static void serve_all_traps(const struct web_request *request, struct web_answer *answer)
{
    int number;
    if (is_path(request, "/robots.txt")) {
        answer->type = "text/plain";
        web_print("User-agent: *\nDisallow: /forbidden\n");
    } else if (sscanf(request->path, "/real/page-%d.html", &number) == 1 && number < REAL_PAGES) {
        web_print("<title>Real %d</title>", number);
        print_trap_doors();
        web_print("<a href=/forbidden/%d><a rel=nofollow href=/no/%d><a href=http://127.0.1.1:%d/%d>", number, number,
                  request->port, number);
        for (int child = 2 * number + 1; child <= 2 * number + 2 && child < REAL_PAGES; child++)
            web_print("<a href='/real/page-%d.html'>", child);
    } else if (!print_trap(request, answer)) {
        answer->status = 404;
    }
}

START_TEST(a_site_of_all_traps_ends_and_its_real_pages_are_found)
{
    static const char *const OPTIONS[] = {"--max-depth",        "100",     "--max-per-query",  "50",
                                          "--max-per-template", "100",     "--max-url-length", "1000",
                                          "--strip-param",      "session", "--max-redirs",     "10"};
    static const char *const REASONS[] = {"calendar",  "repeated-segment", "path-depth", "url-length", "template",
                                          "redirects", "robots",           "nofollow",   "scope"};
    web_start(&crawling.web, serve_all_traps, 2);
    const char *arguments[24] = {"--format", "jsonl"};
    memcpy(arguments + 2, OPTIONS, sizeof OPTIONS);
    ck_assert_int_eq(crawling_run(&crawling, "/real/page-0.html", arguments), 0);
    for (int i = 0; i < REAL_PAGES; i++) {
        char path[32];
        snprintf(path, sizeof path, "/real/page-%d.html", i);
        crawling_expect_fetched(&crawling, path);
    }
    unsigned asked = web_asked(&crawling.web, NULL, NULL);
    ck_assert_msg(asked < 700, "%u requests", asked);
    for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0]; i++) {
        char part[64];
        snprintf(part, sizeof part, "\"reason\":\"%s\"", REASONS[i]);
        ck_assert_msg(crawling_count(&crawling, part) > 0, "no %s", part);
    }
    ck_assert_uint_gt(crawling_count(&crawling, "\"duplicate_of\":\""), 0); /* /same/same/x */
    ck_assert_uint_eq(web_treatment_of_address(&crawling.web, 1).requests, 0);
    /* The summary counts them. */
    ck_assert_int_eq(crawling_run(&crawling, "/real/page-0.html", arguments + 2), 0);
    for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0]; i++) {
        char part[64];
        snprintf(part, sizeof part, "%s ", REASONS[i]);
        crawling_expect_said(&crawling, part);
    }
    crawling_expect_said(&crawling, " skipped: ");
}
END_TEST

START_TEST(requirement_16_every_line_has_its_decision_and_reason)
{
    web_start(&crawling.web, serve_all_traps, 1);
    CRAWL(&crawling, "/real/page-0.html", "--max-per-query", "20", "--max-per-template", "20", "--max-pages", "150");
    size_t lines = count_lines(crawling.cli.out.text);
    ck_assert_uint_eq(crawling_count(&crawling, "\"reason\":\""), lines);
    ck_assert_uint_eq(crawling_count(&crawling, "\"skipped\":true") + crawling_count(&crawling, "\"skipped\":false"),
                      lines);
    ck_assert_uint_eq(crawling_count(&crawling, "\"skipped\":false"), 150);
    for (size_t i = 0; i < lines; i++) { /* and what was skipped has it in words */
        const char *line = line_at(crawling.cli.out.text, i);
        ck_assert_msg(strstr(line, "\"skipped\":false") != NULL || strstr(line, "\"rule\":\"") != NULL, "%s", line);
    }
}
END_TEST

static TCase *new_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static Suite *crawl_hostile_suite(void)
{
    Suite *suite = suite_create("crawl_hostile");
    TCase *pages = new_case(suite, "pages");
    tcase_add_test(pages, row_53_links_are_read_where_type_and_first_bytes_are_those_of_a_page);
    tcase_add_test(pages, row_54_bom_goes_before_header_and_header_before_meta);
    tcase_add_test(pages, row_55_a_million_nested_tags_are_read_to_their_end);
    tcase_add_test(pages, row_56_one_long_line_with_one_long_attribute_is_read_to_its_end);
    tcase_add_test(pages, row_57_of_a_million_links_5000_are_kept_and_the_rest_is_told);
    tcase_add_test(pages, row_58_base_references_blanks_and_srcset_are_resolved_and_other_schemes_dropped);
    tcase_add_test(pages, row_64_sitemaps_that_loop_burst_or_break_give_what_is_whole_in_them);
    tcase_add_test(pages, row_64_of_a_sitemap_50000_urls_are_taken);
    TCase *traps = new_case(suite, "traps");
    tcase_add_test(traps, row_65_a_calendar_ends_after_some_years);
    tcase_add_test(traps, row_65_a_calendar_of_days_ends_at_its_budget);
    tcase_add_test(traps, row_66_paths_that_repeat_or_grow_end);
    tcase_add_test(traps, row_67_session_ids_are_stripped_and_unknown_ones_end_at_their_budget);
    tcase_add_test(traps, row_67_facets_and_numbered_pages_end_at_their_budgets);
    tcase_add_test(traps, a_site_of_all_traps_ends_and_its_real_pages_are_found);
    tcase_add_test(traps, requirement_16_every_line_has_its_decision_and_reason);
    return suite;
}

int main(void)
{
    return cli_suite_main(crawl_hostile_suite());
}
