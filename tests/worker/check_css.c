/* The URLs in a style sheet: worker/links/css.c, css_text.c. */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/links/css.h"

/* Every value as a line: kind, quoting, text. That the position is right is checked here: what stands there begins and ends as the
 * quoting says. */
struct found {
    char *text;
    size_t bytes;
    FILE *out;
    const char *sheet;
    size_t sheet_bytes;
};

static struct found found;
static struct css *css;

static void take(void *context, const struct css_value *value)
{
    static const char KINDS[] = "ui";
    static const char QUOTINGS[] = "\"'?(";
    const struct found *in = context;
    ck_assert_uint_eq(strlen(value->text.at), value->text.bytes);
    ck_assert_uint_ge(value->at, 1);
    ck_assert_uint_le(value->at + value->raw_bytes, in->sheet_bytes);
    char before = in->sheet[value->at - 1];
    if (value->quoting == QUOTING_CSS)
        ck_assert(before == '(' || before == ' ' || before == '\n' || before == '\t');
    else
        ck_assert_int_eq(before, QUOTINGS[value->quoting]);
    const char *raw = in->sheet + value->at;
    if (!memchr(raw, '\\', value->raw_bytes) && !memchr(raw, '\0', value->raw_bytes)) {
        ck_assert_uint_eq(value->raw_bytes, value->text.bytes);
        ck_assert_mem_eq(raw, value->text.at, value->text.bytes);
    }
    fprintf(in->out, "%c%c%s\n", KINDS[value->kind], QUOTINGS[value->quoting], value->text.at);
}

static void open_css(void)
{
    css = css_open(take, &found);
    ck_assert_ptr_nonnull(css);
    found = (struct found){0};
    found.out = open_memstream(&found.text, &found.bytes);
}

static void close_css(void)
{
    css_close(css);
    fclose(found.out);
    free(found.text);
}

/* Reads the sheet, cut at `cut`, the rest in pieces of so many bytes. */
static void read_sheet(const char *sheet, size_t bytes, size_t cut, size_t piece)
{
    found.sheet = sheet;
    found.sheet_bytes = bytes;
    fseeko(found.out, 0, SEEK_SET);
    css_begin(css);
    css_feed(css, sheet, cut);
    for (size_t at = cut; at < bytes; at += piece)
        css_feed(css, sheet + at, piece < bytes - at ? piece : bytes - at);
    css_end(css);
    fputc('\0', found.out);
    fflush(found.out);
}

static void expect_bytes(const char *sheet, size_t bytes, const char *expected)
{
    read_sheet(sheet, bytes, 0, 1);
    ck_assert_msg(strcmp(found.text, expected) == 0, "%s\nhas\n%s\nand not\n%s", sheet, found.text, expected);
    for (size_t cut = 0; cut <= bytes; cut++) {
        read_sheet(sheet, bytes, cut, bytes);
        ck_assert_msg(strcmp(found.text, expected) == 0, "%s\ncut at %zu has\n%s\nand not\n%s", sheet, cut, found.text,
                      expected);
    }
}

static void expect(const char *sheet, const char *expected)
{
    expect_bytes(sheet, strlen(sheet), expected);
}

START_TEST(url_is_found_quoted_or_not)
{
    expect("a{background:url(x.png)}", "u(x.png\n");
    expect("a{background:url(\"x.png\")}", "u\"x.png\n");
    expect("a{background:url('x.png') no-repeat,url(y)}", "u'x.png\nu(y\n");
    expect("a{b:url(  x\n\t)}", "u(x\n");
    expect("a{b:url( \n'x y' )}", "u'x y\n");
    expect("a{b:URL(x);c:uRl('y')}", "u(x\nu'y\n");
    expect("@font-face{src:url(f.woff2)format('woff2'),url(\"f.woff\") format(\"woff\")}", "u(f.woff2\nu\"f.woff\n");
    expect("a{b:url(data:image/png;base64,AA==)}", "u(data:image/png;base64,AA==\n");
    expect("a{b:url(x\"y)}c{d:url(z)}", "u(z\n");
}
END_TEST

START_TEST(import_is_found_as_string_and_as_url)
{
    expect("@import \"a.css\";@import 'b.css' screen;", "i\"a.css\ni'b.css\n");
    expect("@import url(a.css);@import url( \"b.css\" ) print;", "i(a.css\ni\"b.css\n");
    expect("@IMPORT\n/* which */ /**/ 'a';", "i'a\n");
    expect("@import'a';", "i'a\n");
    expect("@imports 'a'; @import-x 'b'; @import b 'c'; @import ; 'd'", "");
    expect("a{content:'@import \"x\"'} b{content:'y'}", "");
    expect("@import 'a' supports(background:url(b));", "i'a\nu(b\n");
    expect("@ import 'a'; @@import 'b';", "i'b\n");
}
END_TEST

START_TEST(comments_and_strings_hide_urls)
{
    expect("/* url(a) */ b{c:url(d)} /* url(e)", "u(d\n");
    expect("/**/url(a)/*/url(b)*/url(c)/***/url(d)", "u(a\nu(c\nu(d\n");
    expect("a{content:'url(b)';content:\"url('c')\"}", "");
    expect("a{content:'\\'url(b)';c:url(d)}", "u(d\n");
    expect("//*url(a)*/url(b)", "u(b\n");
    expect("a/url(b)", "u(b\n");
    expect("a{b:url(/*c*/d)}", "u(/*c*/d\n");
}
END_TEST

START_TEST(only_the_function_url_is_one)
{
    expect("curl(a) -url(b) --url(c) url-prefix(d) urls(e) _url(f) url (g) #url(h) @url(i) 5url(j) 1e3url(k) .5url(l)",
           "");
    expect("1.url(a)", "u(a\n");
    expect(",url(a)+url(b)>url(c)-->url(d)", "u(a\nu(b\nu(c\nu(d\n");
    expect("\xc3\xa9url(a) url\xc3\xa9(b)", "");
    expect("@namespace svg url(http://www.w3.org/2000/svg); @namespace \"x\"; a{b:url(c)}", "u(c\n");
    expect("@namespace @- @-5 @-\\\nurl(a); @namespace @-x url(b)", "u(b\n");
    expect("@document url(http://a/),url('b'){c{d:url(e)}}", "u(e\n");
    expect("url() url('') url( \"\" ) @import '';", "");
}
END_TEST

START_TEST(escapes_are_decoded)
{
    expect("url(a\\)b)", "u(a)b\n");
    expect("url('a\\'b')", "u'a'b\n");
    expect("url(\\61 b\\000063 d\\65\tf)", "u(abcdef\n");
    expect("url(\\61\r\nb)url('\\61\r\nb')", "u(ab\nu'ab\n");
    expect("url(\\e9 \\20ac\\1f600 )", "u(\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n");
    expect("url(\\0 \\d800 \\110000 )", "u(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n");
    expect("url(\\1234567)", "u(\xef\xbf\xbd"
                             "7\n");
    expect("\\75rl(a) u\\72 l(b) \\55\\52\\4c(c)", "u(a\nu(b\nu(c\n");
    expect("@\\69mport 'a'; @im\\70 ort 'b';", "i'a\ni'b\n");
    expect("'\\' url(a) \\'url(b)", "");
    expect("#\\75rl(a) -\\75rl(b)", "");
    expect("url(a\\\nb)url(c)", "u(c\n");
}
END_TEST

START_TEST(a_line_may_go_on_in_a_string)
{
    expect("url('a\\\nb') url(\"a\\\r\nb\") url('a\\\fb')", "u'ab\nu\"ab\nu'ab\n");
    expect("@import\\\n'a';", "");
}
END_TEST

START_TEST(bad_tokens_end_where_the_standard_says)
{
    expect("url('a\nb) url(c)", "u(c\n");
    expect("url('a\nb') url(c)", ""); /* the last quote begins a string */
    expect("a{content:'x\n;b:url(c)}", "u(c\n");
    expect("url(a b) url(c)", "u(c\n");
    expect("url(a(b) url(c)", "u(c\n");
    expect("url(a'b\\)url(c) url(d)", "u(d\n");
    expect("url(a \\) b) url(c)", "u(c\n");
    expect("url(a\x01) url(\x7f) url(c)", "u(c\n");
    expect("@import 'a\n'b';", "");
}
END_TEST

START_TEST(the_end_closes_what_is_open)
{
    expect("url(a", "u(a\n");
    expect("url(a  ", "u(a\n");
    expect("url('a", "u'a\n");
    expect("url('a\\", "u'a\n");
    expect("url(a\\", "u(a\xef\xbf\xbd\n");
    expect("url(a\\62", "u(ab\n");
    expect("url(a\\62\r", "u(ab\n");
    expect("@import 'a", "i'a\n");
    expect("url(", "");
    expect("url", "");
    expect("@import", "");
    expect("'url(a", "");
    expect("", "");
}
END_TEST

START_TEST(nul_stands_for_the_replacement_character)
{
    static const char SHEET[] = "a\0url(b) url(c\0d)";
    expect_bytes(SHEET, sizeof SHEET - 1,
                 "u(c\xef\xbf\xbd"
                 "d\n");
}
END_TEST

START_TEST(positions_span_what_may_be_replaced)
{
    static const char SHEET[] = "@import 'a\\62 c';\nb{c:url(  d\\)e  )}";
    static const char *const RAW[] = {"a\\62 c", "d\\)e"};
    /* Cut out of the sheet and read again, each raw value is the same URL. */
    for (size_t i = 0; i < 2; i++) {
        char sheet[64];
        int bytes = snprintf(sheet, sizeof sheet, i ? "url(%s)" : "@import '%s';", RAW[i]);
        expect_bytes(sheet, (size_t)bytes, i ? "u(d)e\n" : "i'abc\n");
        ck_assert_ptr_nonnull(strstr(SHEET, RAW[i]));
    }
    expect(SHEET, "i'abc\nu(d)e\n");
}
END_TEST

static uint64_t positions[4][2];
static size_t position_count;

static void take_position(void *context, const struct css_value *value)
{
    (void)context;
    ck_assert_uint_lt(position_count, 4);
    positions[position_count][0] = value->at;
    positions[position_count++][1] = value->raw_bytes;
}

START_TEST(positions_are_offsets_from_the_beginning)
{
    static const char SHEET[] = "@import 'a\\62 c';\nb{c:url(  d\\)e  )}url('')url(f";
    static const uint64_t EXPECTED[][2] = {{9, 6}, {28, 4}, {47, 1}};
    struct css *other = css_open(take_position, NULL);
    ck_assert_ptr_nonnull(other);
    for (int round = 0; round < 2; round++) {
        position_count = 0;
        css_begin(other);
        for (size_t i = 0; i < sizeof SHEET - 1; i++)
            css_feed(other, SHEET + i, 1);
        css_end(other);
        ck_assert_uint_eq(position_count, 3);
        for (size_t i = 0; i < 3; i++) {
            ck_assert_uint_eq(positions[i][0], EXPECTED[i][0]);
            ck_assert_uint_eq(positions[i][1], EXPECTED[i][1]);
        }
    }
    css_close(other);
}
END_TEST

START_TEST(a_value_longer_than_a_url_is_counted)
{
    size_t bytes = URL_BYTES_MAX + 64;
    char *sheet = malloc(bytes);
    ck_assert_ptr_nonnull(sheet);
    for (size_t extra = 0; extra < 2; extra++) {
        size_t at = (size_t)snprintf(sheet, bytes, "url(");
        memset(sheet + at, 'a', URL_BYTES_MAX + extra);
        at += URL_BYTES_MAX + extra;
        at += (size_t)snprintf(sheet + at, bytes - at, ")url(b)");
        read_sheet(sheet, at, 0, 100);
        ck_assert_uint_eq(css_too_long(css), extra);
        ck_assert_uint_eq(strlen(found.text), extra ? 4 : URL_BYTES_MAX + 3 + 4);
    }
    free(sheet);
}
END_TEST

START_TEST(a_sheet_that_was_cut_off_tells_no_half_value)
{
    found.sheet = "url(a)url(b";
    found.sheet_bytes = 11;
    css_begin(css);
    css_feed(css, found.sheet, 11);
    css_begin(css); /* without css_end() */
    css_end(css);
    fflush(found.out);
    ck_assert_str_eq(found.text, "u(a\n");
}
END_TEST

static Suite *css_suite(void)
{
    Suite *suite = suite_create("css");
    TCase *cases = tcase_create("css");
    tcase_add_checked_fixture(cases, open_css, close_css);
    tcase_add_test(cases, url_is_found_quoted_or_not);
    tcase_add_test(cases, import_is_found_as_string_and_as_url);
    tcase_add_test(cases, comments_and_strings_hide_urls);
    tcase_add_test(cases, only_the_function_url_is_one);
    tcase_add_test(cases, escapes_are_decoded);
    tcase_add_test(cases, a_line_may_go_on_in_a_string);
    tcase_add_test(cases, bad_tokens_end_where_the_standard_says);
    tcase_add_test(cases, the_end_closes_what_is_open);
    tcase_add_test(cases, nul_stands_for_the_replacement_character);
    tcase_add_test(cases, positions_span_what_may_be_replaced);
    tcase_add_test(cases, positions_are_offsets_from_the_beginning);
    tcase_add_test(cases, a_value_longer_than_a_url_is_counted);
    tcase_add_test(cases, a_sheet_that_was_cut_off_tells_no_half_value);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(css_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
