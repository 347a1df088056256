/* Pages that are made to hurt who reads them: rows 54 to 58 of the table of hostile input. Row 54 takes the vectors of
 * html5lib (in ../shared/vectors/html5lib, or $HTML5LIB_TESTS; skipped where there are none). */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/support.h"
#include "worker/links/links.h"

#define PAGE_URL "http://example.org/d/page.html?q"
#define PIECE_BYTES (16u << 10)

static struct links *links;
static char *found; /* a line for each link: its URL */
static size_t found_bytes;
static FILE *out;

static void take(void *context, const struct link *link)
{
    (void)context;
    fprintf(out, "%s\n", link->url.at);
}

static const struct links_sink SINK = {.link = take};

static void open_links(void)
{
    links = links_open(&SINK, NULL);
    out = open_memstream(&found, &found_bytes);
    ck_assert(links && out);
}

static void close_links(void)
{
    links_close(links);
    fclose(out);
    free(found);
}

static void begin(const char *type)
{
    fflush(out);
    fseeko(out, 0, SEEK_SET);
    ck_assert_int_eq(links_begin(links, PAGE_URL, strlen(PAGE_URL), type), STATUS_OK);
}

static void feed(const char *bytes)
{
    ck_assert_int_eq(links_feed(links, bytes, strlen(bytes)), STATUS_OK);
}

/* The same so many times, in pieces as a body arrives. */
static void feed_many(const char *what, size_t times)
{
    char piece[PIECE_BYTES];
    size_t bytes = strlen(what);
    size_t used = 0;
    for (size_t i = 0; i < times; i++) {
        if (used + bytes > sizeof piece) {
            ck_assert_int_eq(links_feed(links, piece, used), STATUS_OK);
            used = 0;
        }
        memcpy(piece + used, what, bytes);
        used += bytes;
    }
    ck_assert_int_eq(links_feed(links, piece, used), STATUS_OK);
}

static void expect_end(const char *expected)
{
    links_end(links);
    fputc('\0', out);
    fflush(out);
    ck_assert_str_eq(found, expected);
}

static void expect(const char *page, const char *expected)
{
    begin("text/html");
    feed(page);
    expect_end(expected);
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What is in use of the heap, in bytes. The sanitizers' own says nothing. */
static size_t heap_bytes(void)
{
#ifdef SHOAL_SANITIZED
    return 0;
#else
    return mallinfo2().uordblks + mallinfo2().hblkhd;
#endif
}

/* ---- 54: UTF-16, wrong or late charset ---- */

static void expect_charset(const char *page, size_t bytes, const char *type, const char *expected)
{
    begin(type);
    ck_assert_int_eq(links_feed(links, page, bytes), STATUS_OK);
    links_end(links);
    ck_assert_msg(strcmp(links_facts(links)->charset, expected) == 0, "%.*s is %s and not %s", (int)bytes, page,
                  links_facts(links)->charset, expected);
}

START_TEST(row_54_a_mark_counts_before_the_header_and_the_header_before_a_meta)
{
    static const char MARK[] = "\357\273\277<meta charset=koi8-r>";
    expect_charset(MARK, sizeof MARK - 1, "text/html; charset=big5", "utf-8");
    expect_charset(MARK + 3, sizeof MARK - 4, "text/html; charset=big5", "big5");
    expect_charset(MARK + 3, sizeof MARK - 4, "text/html", "koi8-r");
    expect_charset("\376\377\0<", 4, "text/html; charset=utf-8", "utf-16be");
    expect_charset("<meta charset=utf-16le>", 23, "", "utf-8");
    ck_assert(links_facts(links)->has_positions);
}
END_TEST

START_TEST(row_54_a_meta_counts_within_the_first_1024_bytes)
{
    static const char META[] = "<meta charset=koi8-r>";
    char page[2048];
    for (int over = 0; over < 2; over++) {
        size_t blanks = CHARSET_META_BYTES - (sizeof META - 1) + (size_t)over;
        memset(page, ' ', blanks);
        memcpy(page + blanks, META, sizeof META);
        expect_charset(page, blanks + sizeof META - 1, "", over ? "" : "koi8-r");
    }
}
END_TEST

/* What the vectors call the charsets that pages name so. */
static const char *standard_name(const char *charset)
{
    static const struct {
        const char *label, *name;
    } NAMES[] = {
        {"", "windows-1252"}, {"iso-8859-1", "windows-1252"}, {"iso8859-2", "iso-8859-2"},
        {"utf8", "utf-8"},    {"unicode-1-1-utf-8", "utf-8"}, {"x-euc-jp", "euc-jp"},
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (strcmp(charset, NAMES[i].label) == 0)
            return NAMES[i].name;
    }
    return charset;
}

/* One vector: data, and the name of its charset. Whether what is said here is another. */
static bool differs(const char *page, size_t bytes, const char *name)
{
    begin("text/html");
    ck_assert_int_eq(links_feed(links, page, bytes), STATUS_OK);
    links_end(links);
    return strcasecmp(standard_name(links_facts(links)->charset), name) != 0;
}

/* The exceptions: what a script or a style holds, or would write, which is no markup; and a meta behind the first 1024 bytes, which is not believed: the page would have
 * to be read once more. */
static bool is_excepted(const char *page, size_t bytes)
{
    return memmem(page, bytes, "<script", 7) || memmem(page, bytes, "<style", 6) ||
           (bytes > CHARSET_META_BYTES && !memmem(page, CHARSET_META_BYTES, "<meta", 5));
}

/* Goes through "#data\n" DATA "\n#encoding\n" NAME "\n". Returns how many vectors there are. */
static size_t expect_vectors(const char *text, size_t bytes, size_t *excepted)
{
    static const char DATA[] = "#data\n";
    static const char NAME[] = "\n#encoding\n";
    const char *end = text + bytes;
    size_t count = 0;
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), DATA, sizeof DATA - 1)); count++) {
        const char *page = at + sizeof DATA - 1;
        const char *stop = memmem(page, (size_t)(end - page), NAME, sizeof NAME - 1);
        ck_assert_ptr_nonnull(stop);
        char name[64];
        ck_assert_int_eq(sscanf(stop + sizeof NAME - 1, "%63s", name), 1);
        size_t page_bytes = (size_t)(stop - page);
        bool is_other = differs(page, page_bytes, name);
        ck_assert_msg(!is_other || is_excepted(page, page_bytes), "%.*s\nis %s and not %s", (int)page_bytes, page,
                      links_facts(links)->charset, name);
        *excepted += is_other;
        at = stop;
    }
    return count;
}

START_TEST(row_54_vectors_of_html5lib_have_their_charset)
{
    static const char *const FILES[] = {"tests1", "tests2", "test-yahoo-jp"};
    const char *given = getenv("HTML5LIB_TESTS");
    size_t count = 0;
    size_t excepted = 0;
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/encoding/%s.dat", given ? given : "../shared/vectors/html5lib", FILES[i]);
        FILE *file = fopen(path, "rb");
        if (!file) {
            printf("no %s: skipped\n", path);
            continue;
        }
        static char text[1 << 17];
        size_t bytes = fread(text, 1, sizeof text, file);
        fclose(file);
        ck_assert_uint_lt(bytes, sizeof text);
        count += expect_vectors(text, bytes, &excepted);
    }
    printf("%zu vectors, %zu excepted\n", count, excepted);
}
END_TEST

/* ---- 55: a million nested tags ---- */

START_TEST(row_55_a_million_nested_tags_take_no_memory_and_hide_no_link)
{
    static const char *const TAGS[] = {"<div>",      "<table><tr><td>",   "<svg>",
                                       "<math><mi>", "<b a='x' b=\"y\">", "<svg><title>"};
    for (size_t i = 0; i < sizeof TAGS / sizeof TAGS[0]; i++) {
        begin("text/html");
        feed_many(TAGS[i], 1000);
        size_t before = heap_bytes();
        feed_many(TAGS[i], 1000000);
        ck_assert_uint_le(heap_bytes(), before + 4096);
        feed("<a href=x>");
        expect_end("http://example.org/d/x\n");
    }
}
END_TEST

/* ---- 56: 100 MB in one line, in one attribute ---- */

static const struct {
    const char *before, *byte, *behind;
    uint32_t dropped;
} LONG[] = {
    {"<p title=\"", "x", "\">", 0},
    {"<a href=\"", "x", "\">", 1},
    {"<a href='", "&", "'>", 1},
    {"<a href=", "x", ">", 1},
    {"<a ", "x", ">", 1},
    {"<", "x", ">", 1},
    {"<a ", "x=y ", ">", 1},
    {"", "x", "", 0},
    {"<!--", "-", "-->", 0},
    {"<script>", "<", "</script>", 0},
    {"<title>", "&", "</title>", 0},
    {"<style>", "</", "</style>", 0},
    {"<script><!--", "-<", "--></script>", 0},
    {"<!doctype ", "\"", ">", 0},
    {"", "&", "", 0},
    {"<a href=y>", "x ", "</a>", 0},
};

START_TEST(row_56_a_hundred_megabytes_without_an_end_take_a_token_of_memory)
{
    size_t before = heap_bytes();
    size_t times = (_i < 3 ? 100u << 20 : 8u << 20) / strlen(LONG[_i].byte);
    begin("text/html");
    feed(LONG[_i].before);
    feed_many(LONG[_i].byte, times);
    ck_assert_uint_le(heap_bytes(), before + (4u << 20) + (64u << 10));
    feed(LONG[_i].behind);
    feed("<a href=z>");
    links_end(links);
    fflush(out);
    ck_assert_ptr_nonnull(strstr(found, "http://example.org/d/z\n"));
    ck_assert_uint_eq(links_counts(links).tokens_dropped, LONG[_i].dropped);
}
END_TEST

/* The CPU time of so many bytes, the best of three. */
static double seconds_of(int which, size_t bytes)
{
    double best = 1e9;
    for (int i = 0; i < 3; i++) {
        double began = cpu_seconds();
        begin("text/html");
        feed(LONG[which].before);
        feed_many(LONG[which].byte, bytes / strlen(LONG[which].byte));
        links_end(links);
        double took = cpu_seconds() - began;
        best = took < best ? took : best;
    }
    return best;
}

/* Twice the square would be 64 times as long for eight times as much. */
START_TEST(row_56_time_is_linear_in_the_bytes)
{
    double small = seconds_of(_i, 128u << 10);
    double large = seconds_of(_i, 1u << 20);
    ck_assert_msg(large < 24 * small + 0.002, "%s%s: %g s and then %g s", LONG[_i].before, LONG[_i].byte, small, large);
}
END_TEST

/* ---- 57: a million links ---- */

START_TEST(row_57_of_a_million_links_those_within_the_limit_are_given_and_the_rest_is_counted)
{
    begin("text/html");
    feed_many("<a href=x>y</a>", 1000000);
    links_end(links);
    ck_assert_uint_eq(links_counts(links).found, LINKS_PER_PAGE_MAX);
    ck_assert_uint_eq(links_counts(links).dropped, 1000000 - LINKS_PER_PAGE_MAX);
    fflush(out);
    ck_assert_uint_eq((size_t)ftello(out), LINKS_PER_PAGE_MAX * strlen("http://example.org/d/x\n"));
}
END_TEST

/* ---- 58: base, references, line breaks, schemes ---- */

START_TEST(row_58_references_are_resolved_as_the_url_standard_says)
{
    static const struct {
        const char *page, *links;
    } CASES[] = {
        {"<base href='/b/c?d#e'><a href=x><base href=/z/><a href=?y>",
         "http://example.org/b/x\nhttp://example.org/b/c?y\n"},
        {"<base href=http://[><a href=x>", "http://example.org/d/x\n"},
        {"<base href=javascript:x><a href=x>", "http://example.org/d/x\n"},
        {"<base href='data:text/html,'><a href=x>", "http://example.org/d/x\n"},
        {"<a href='?a&amp;b&copy=1&lt;'>", "http://example.org/d/page.html?a&b&copy=1%3C\n"},
        {"<a href='&#x68;ttp&colon;&sol;/h/'>", "http://h/\n"},
        {"<a href=' \t\n\f\rx\n'><a href='ht\ttp\n:/\r/h/a\nb'>", "http://example.org/d/x\nhttp://h/ab\n"},
        {"<a href='java\nscript:x'><a href=' JavaScript:x'><a href='data:,x'><a href=mailto:x><a href='&#106avascript:x'>",
         ""},
        {"<a href=''><a href='#x'>", "http://example.org/d/page.html?q\nhttp://example.org/d/page.html?q\n"},
        {"<a href='//h:80/../a/./b/../c'><a href=HTTPS://H:443>", "http://h/a/c\nhttps://h/\n"},
        {"<img srcset='a, b 2x,c 3w , ,d 1x,data:,x 2x'>",
         "http://example.org/d/a\nhttp://example.org/d/b\nhttp://example.org/d/c\nhttp://example.org/d/d\n"},
        {"<a href='http://a b/'><a href='http://h:99999/'><a href='http:'>", ""},
        {"<a href='\\\\h\\x'>", "http://h/x\n"},
        {"<a href='x\\y'>", "http://example.org/d/x/y\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        expect(CASES[i].page, CASES[i].links);
    static const char NUL[] = "<a href='x\0y'>";
    begin("text/html");
    ck_assert_int_eq(links_feed(links, NUL, sizeof NUL - 1), STATUS_OK);
    expect_end("http://example.org/d/x%EF%BF%BDy\n");
}
END_TEST

static Suite *hostile_pages_suite(void)
{
    Suite *suite = suite_create("hostile_pages");
    TCase *cases = tcase_create("pages");
    int many = (int)(sizeof LONG / sizeof LONG[0]);
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, open_links, close_links);
    tcase_add_test(cases, row_54_a_mark_counts_before_the_header_and_the_header_before_a_meta);
    tcase_add_test(cases, row_54_a_meta_counts_within_the_first_1024_bytes);
    tcase_add_test(cases, row_54_vectors_of_html5lib_have_their_charset);
    tcase_add_test(cases, row_55_a_million_nested_tags_take_no_memory_and_hide_no_link);
    tcase_add_loop_test(cases, row_56_a_hundred_megabytes_without_an_end_take_a_token_of_memory, 0, many);
    tcase_add_loop_test(cases, row_56_time_is_linear_in_the_bytes, 0, many);
    tcase_add_test(cases, row_57_of_a_million_links_those_within_the_limit_are_given_and_the_rest_is_counted);
    tcase_add_test(cases, row_58_references_are_resolved_as_the_url_standard_says);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(hostile_pages_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
