/* What is a page of HTML, worker/links/sniff.c; and what links and header lines are made of: page_lines.c. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/links/page_lines.h"
#include "worker/links/sniff.h"

/* In pieces of so many bytes; SNIFF_OTHER as soon as it is known. */
static enum sniff_verdict sniff(const char *type, const char *bytes, size_t count, size_t piece)
{
    struct sniff state;
    sniff_begin(&state, type);
    for (size_t at = 0; at < count; at += piece)
        sniff_take(&state, bytes + at, count - at < piece ? count - at : piece);
    return sniff_end(&state);
}

static void expect(enum sniff_verdict verdict, const char *type, const char *bytes, size_t count)
{
    for (size_t piece = 1; piece <= count + 1; piece += piece < 20 ? 1 : 97)
        ck_assert_msg(sniff(type, bytes, count, piece) == verdict, "%s: %.20s in pieces of %zu", type ? type : "none",
                      bytes, piece);
}

#define TEXT(literal) (literal), sizeof(literal) - 1

START_TEST(what_is_called_html_is_a_page_unless_it_is_binary)
{
    static const char *const TYPES[] = {"text/html", "TEXT/HTML; charset=x", "application/xhtml+xml", "text/html\t;"};
    for (size_t i = 0; i < 4; i++) {
        expect(SNIFF_PAGE, TYPES[i], TEXT("<p>a\tb\nc\fd\re\033(B"));
        expect(SNIFF_PAGE, TYPES[i], TEXT("no tag at all"));
        expect(SNIFF_PAGE, TYPES[i], TEXT(""));
        expect(SNIFF_OTHER, TYPES[i], TEXT("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\b\6\0\0\0"));
        expect(SNIFF_PAGE, TYPES[i], TEXT("<p>a page with a zero\0 in it"));
    }
    expect(SNIFF_OTHER, "text/plain", TEXT("<p>"));
    expect(SNIFF_OTHER, "text/htmlx", TEXT("<p>"));
    expect(SNIFF_OTHER, "image/png", TEXT("<p>"));
}
END_TEST

START_TEST(what_has_no_type_begins_with_a_tag)
{
    static const char *const TYPES[] = {NULL, "", "unknown/unknown", "application/unknown", "*/*", "*/*; q=1"};
    for (size_t i = 0; i < 6; i++) {
        expect(SNIFF_PAGE, TYPES[i], TEXT("<!doctype html><p>"));
        expect(SNIFF_PAGE, TYPES[i], TEXT(" \t\r\n\f<P>"));
        expect(SNIFF_OTHER, TYPES[i], TEXT("a <p>"));
        expect(SNIFF_OTHER, TYPES[i], TEXT("<"));
        expect(SNIFF_OTHER, TYPES[i], TEXT("< p>"));
        expect(SNIFF_OTHER, TYPES[i], TEXT("   "));
        expect(SNIFF_OTHER, TYPES[i], TEXT(""));
        expect(SNIFF_OTHER, TYPES[i], TEXT("<p>\x01"));
        expect(SNIFF_OTHER, TYPES[i], TEXT("\xff\xfe<\0p\0"));
    }
}
END_TEST

START_TEST(each_byte_is_data_or_text_as_the_standard_has_it)
{
    for (int byte = 0; byte < 256; byte++) {
        bool is_data = byte <= 0x08 || byte == 0x0b || (byte >= 0x0e && byte <= 0x1a) || (byte >= 0x1c && byte <= 0x1f);
        for (size_t at = 0; at < 20; at++) { /* in every place of a word */
            char page[24];
            memset(page, 'x', sizeof page);
            page[at] = (char)byte;
            ck_assert_int_eq((int)sniff("text/html", page, sizeof page, sizeof page), SNIFF_PAGE);
            page[at + 2] = (char)byte; /* more than one in sixteen */
            ck_assert_int_eq((int)sniff("text/html", page, sizeof page, sizeof page),
                             is_data ? SNIFF_OTHER : SNIFF_PAGE);
        }
    }
}
END_TEST

START_TEST(utf_16_is_no_data)
{
    expect(SNIFF_PAGE, "text/html", TEXT("\xff\xfe<\0p\0>\0"));
    expect(SNIFF_PAGE, "text/html", TEXT("\xfe\xff\0<\0p\0>"));
    expect(SNIFF_PAGE, "text/html; charset=UTF-16LE", TEXT("<\0p\0>\0"));
    expect(SNIFF_OTHER, "text/html", TEXT("<\0p\0>\0"));
    expect(SNIFF_OTHER, "text/html", TEXT("\xff\xff\0"));
}
END_TEST

START_TEST(only_the_first_1445_bytes_are_looked_at)
{
    char page[SNIFF_BYTES_MAX + 100];
    memset(page, 'x', sizeof page);
    memset(page + SNIFF_BYTES_MAX - 90, '\0', 190);
    expect(SNIFF_PAGE, "text/html", page, sizeof page);
    page[SNIFF_BYTES_MAX - 91] = '\0';
    expect(SNIFF_OTHER, "text/html", page, sizeof page);
    memset(page, ' ', sizeof page);
    memcpy(page + SNIFF_BYTES_MAX - 2, "<p>", 3);
    expect(SNIFF_PAGE, NULL, page, sizeof page);
    memset(page, ' ', sizeof page);
    memcpy(page + SNIFF_BYTES_MAX - 1, "<p>", 3);
    expect(SNIFF_OTHER, NULL, page, sizeof page);
}
END_TEST

/* ---- header lines ---- */

static struct page_lines lines;

static void take(const char *line)
{
    size_t bytes = strlen(line);
    char *copy = malloc(bytes + 1); /* not ended by NUL */
    memcpy(copy, line, bytes);
    ck_assert(page_lines_take(&lines, copy, bytes));
    free(copy);
}

static void expect_line(size_t *at, enum page_line expected_kind, const char *expected)
{
    enum page_line kind;
    struct url_text value;
    ck_assert(page_lines_next(&lines, at, &kind, &value));
    ck_assert_int_eq((int)kind, (int)expected_kind);
    ck_assert_str_eq(value.at, expected);
    ck_assert_uint_eq(value.bytes, strlen(expected));
}

START_TEST(lines_that_concern_the_page_are_kept)
{
    enum page_line kind;
    struct url_text value;
    size_t at = 0;
    page_lines_begin(&lines);
    take("HTTP/1.1 302 Found\r\n");
    take("Link: <http://old/>\r\n");
    take("\r\n");
    take("HTTP/1.1 200 OK\r\n");
    take("link:<http://a/>; rel=next  \r\n");
    take("  ; title=folded\r\n");
    take("Linkage: no\r\n");
    take("  nor this\r\n");
    take("LOCATION:  /there \r\n");
    take("X-Robots-Tag: noindex\n");
    take("Refresh: 0;url=/x");
    take("Refresh:");
    take("\r\n");
    expect_line(&at, PAGE_LINE_LINK, "<http://a/>; rel=next ; title=folded");
    expect_line(&at, PAGE_LINE_ROBOTS, "noindex");
    expect_line(&at, PAGE_LINE_REFRESH, "0;url=/x");
    expect_line(&at, PAGE_LINE_REFRESH, "");
    ck_assert(!page_lines_next(&lines, &at, &kind, &value));
    ck_assert_str_eq(lines.location, "/there");
    page_lines_free(&lines);
}
END_TEST

START_TEST(lines_are_kept_up_to_a_bound)
{
    static char line[PAGE_LINES_BYTES_MAX + 64];
    enum page_line kind;
    struct url_text value;
    for (int more = 0; more < 2; more++) {
        size_t at = 0;
        int bytes = (int)PAGE_LINES_BYTES_MAX - 2 + more;
        snprintf(line, sizeof line, "Link: %0*d\r\n", bytes, 7);
        page_lines_begin(&lines);
        take(line);
        ck_assert_int_eq(page_lines_next(&lines, &at, &kind, &value), !more);
        take("Refresh: 1\r\n"); /* a short one fits where the long one did not */
        at = 0;
        ck_assert(page_lines_next(&lines, &at, &kind, &value));
        ck_assert_int_eq((int)kind, more ? PAGE_LINE_REFRESH : PAGE_LINE_LINK);
        ck_assert(!page_lines_next(&lines, &at, &kind, &value));
    }
    page_lines_free(&lines);
}
END_TEST

static Suite *sniff_suite(void)
{
    Suite *suite = suite_create("sniff");
    TCase *tests = tcase_create("sniff");
    tcase_add_test(tests, what_is_called_html_is_a_page_unless_it_is_binary);
    tcase_add_test(tests, what_has_no_type_begins_with_a_tag);
    tcase_add_test(tests, each_byte_is_data_or_text_as_the_standard_has_it);
    tcase_add_test(tests, utf_16_is_no_data);
    tcase_add_test(tests, only_the_first_1445_bytes_are_looked_at);
    tcase_add_test(tests, lines_that_concern_the_page_are_kept);
    tcase_add_test(tests, lines_are_kept_up_to_a_bound);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(sniff_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
