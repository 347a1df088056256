/* Mirrors coordinator/text/escape.c. */
#include "coordinator/text/escape.h"

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct writer output;

static void open_output(void)
{
    ck_assert_int_eq(writer_open_memory(&output), STATUS_OK);
}

static void close_output(void)
{
    writer_close(&output);
}

static const char *text_of(const char *bytes, size_t count)
{
    size_t length;
    writer_reset(&output);
    escape_text(&output, bytes, count);
    return writer_text(&output, &length);
}

static const char *json_of(const char *bytes, size_t count)
{
    size_t length;
    writer_reset(&output);
    escape_json(&output, bytes, count);
    return writer_text(&output, &length);
}

#define TEXT(literal) text_of((literal), sizeof(literal) - 1)
#define JSON(literal) json_of((literal), sizeof(literal) - 1)

START_TEST(escape_text_leaves_plain_text_as_it_is)
{
    ck_assert_str_eq(TEXT(""), "");
    ck_assert_str_eq(TEXT("https://example.org/a?b=\"c\"\\d%n~"), "https://example.org/a?b=\"c\"\\d%n~");
    ck_assert_str_eq(TEXT("caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\x9f"),
                     "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x90\x9f");
}
END_TEST

START_TEST(escape_text_shows_what_would_drive_the_terminal)
{
    ck_assert_str_eq(TEXT("a\x1b[31mred"), "a\\x1b[31mred");
    ck_assert_str_eq(TEXT("\x1b]52;c;cm0gLXJm\x07"), "\\x1b]52;c;cm0gLXJm\\x07");
    ck_assert_str_eq(TEXT("\x1b]8;;http://evil/\x1b\\link"), "\\x1b]8;;http://evil/\\x1b\\link");
    ck_assert_str_eq(TEXT("a\0b"), "a\\x00b");
    ck_assert_str_eq(TEXT("one\r\ntwo\tthree\x7f"), "one\\x0d\\x0atwo\\x09three\\x7f");
    ck_assert_str_eq(TEXT("\xc2\x9b"
                          "31m"),
                     "\\u{9b}31m");
    ck_assert_str_eq(TEXT("\x9b"
                          "31m"),
                     "\\x9b31m");
}
END_TEST

START_TEST(escape_text_shows_what_reorders_or_hides)
{
    ck_assert_str_eq(TEXT("moc.live\xe2\x80\xae"), "moc.live\\u{202e}");
    ck_assert_str_eq(TEXT("\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"),
                     "\\u{2066}\\u{2069}\\u{200e}\\u{200f}\\u{61c}");
    ck_assert_str_eq(TEXT("\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf"), "\\u{2028}\\u{2029}\\u{feff}");
    ck_assert_str_eq(TEXT("\xf3\xa0\x80\x81"), "\\u{e0001}");
}
END_TEST

START_TEST(escape_text_shows_every_byte_that_is_no_utf8)
{
    ck_assert_str_eq(TEXT("\xff\xfe"), "\\xff\\xfe");
    ck_assert_str_eq(TEXT("\xc0\xaf"), "\\xc0\\xaf"); /* overlong */
    ck_assert_str_eq(TEXT("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
    ck_assert_str_eq(TEXT("\xf0\x80\x80\xaf"), "\\xf0\\x80\\x80\\xaf");
    ck_assert_str_eq(TEXT("\xed\xa0\x80"), "\\xed\\xa0\\x80");          /* a surrogate */
    ck_assert_str_eq(TEXT("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
    ck_assert_str_eq(TEXT("\xe6\x97"), "\\xe6\\x97");                   /* cut */
    ck_assert_str_eq(TEXT("\xe6\x97z"), "\\xe6\\x97z");
    ck_assert_str_eq(TEXT("\xc3\xc3\xa9"), "\\xc3\xc3\xa9");
}
END_TEST

START_TEST(escape_finds_special_bytes_at_every_place_of_a_word)
{
    for (size_t place = 0; place < 40; place++) {
        char text[41], expected[48];
        memset(text, '~', sizeof text);
        memset(expected, '~', sizeof expected);
        text[40] = '\0';
        text[place] = '\x1f';
        memcpy(expected + place, "\\x1f", 4);
        expected[43] = '\0';
        ck_assert_str_eq(text_of(text, 40), expected);
        memcpy(expected + place, "\\u001f", 6);
        memset(expected + place + 6, '~', 40 - place);
        expected[45] = '\0';
        ck_assert_str_eq(json_of(text, 40), expected);
    }
}
END_TEST

START_TEST(escape_json_escapes_what_rfc_8259_demands)
{
    ck_assert_str_eq(JSON("\"\\\b\f\n\r\t\x01/"), "\\\"\\\\\\b\\f\\n\\r\\t\\u0001/");
    ck_assert_str_eq(JSON("a\0b"), "a\\u0000b");
    ck_assert_str_eq(JSON("\x7f\xc2\x85\xe2\x80\xae\xe2\x80\xa8"), "\\u007f\\u0085\\u202e\\u2028");
    ck_assert_str_eq(JSON("\xf3\xa0\x80\x81"), "\\udb40\\udc01");
    ck_assert_str_eq(JSON("caf\xc3\xa9 \xf0\x9f\x90\x9f"), "caf\xc3\xa9 \xf0\x9f\x90\x9f");
}
END_TEST

START_TEST(escape_json_keeps_every_invalid_byte_visible)
{
    for (unsigned byte = 0x80; byte <= 0xff; byte++) {
        char text[3] = {'a', (char)byte, 'b'}, expected[16];
        snprintf(expected, sizeof expected, "a\\u%04xb", byte);
        ck_assert_str_eq(json_of(text, sizeof text), expected);
    }
}
END_TEST

/* How many bytes follow the lead byte of a character; SIZE_MAX: none begins with it. */
static size_t bytes_behind(unsigned char lead)
{
    if (lead < 0x80)
        return 0;
    if (lead < 0xc2)
        return SIZE_MAX;
    return lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
}

static bool is_control(const unsigned char *at)
{
    return *at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0);
}

/* Whether text is one line of well-formed UTF-8 without control characters, with all quotes
 * escaped. */
static bool is_tame(const char *text, bool json)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (is_control(at) || (json && *at == '"'))
            return false;
        if (json && *at == '\\')
            at++;
        size_t more = bytes_behind(*at);
        if (more == SIZE_MAX)
            return false;
        for (; more > 0; more--) {
            if ((*++at & 0xc0) != 0x80)
                return false;
        }
    }
    return true;
}

START_TEST(escape_tames_any_bytes)
{
    uint64_t state = 88172645463325252u;
    for (int round = 0; round < 20000; round++) {
        char bytes[24];
        for (size_t i = 0; i < sizeof bytes; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes[i] = (char)(state >> 32);
        }
        ck_assert(is_tame(text_of(bytes, sizeof bytes), false));
        ck_assert(is_tame(json_of(bytes, sizeof bytes), true));
    }
}
END_TEST

START_TEST(escape_url_leaves_user_name_and_password_out)
{
    static const struct {
        const char *url, *shown;
    } CASES[] = {{"http://u:p@host/", "http://host/"},     {"https://u:p@h:8080/@me?a=@", "https://h:8080/@me?a=@"},
                 {"http://a@b:c@host/x", "http://host/x"}, {"http:/u:p@host/", "http:/host/"},
                 {"http:///u:p@host", "http:///host"},     {"https://example.org/@user", "https://example.org/@user"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        size_t length;
        writer_reset(&output);
        escape_url_text(&output, CASES[i].url, strlen(CASES[i].url));
        ck_assert_str_eq(writer_text(&output, &length), CASES[i].shown);
        writer_reset(&output);
        escape_url_json(&output, CASES[i].url, strlen(CASES[i].url));
        ck_assert_str_eq(writer_text(&output, &length), CASES[i].shown);
    }
}
END_TEST

START_TEST(escape_url_takes_urls_of_any_length)
{
    size_t bytes = 1u << 20, length;
    char *url = malloc(bytes);
    ck_assert_ptr_nonnull(url);
    memset(url, 'a', bytes);
    memcpy(url, "http://secret@", 14);
    escape_url_text(&output, url, bytes);
    ck_assert_ptr_null(strstr(writer_text(&output, &length), "secret"));
    ck_assert_uint_eq(length, bytes - 7);
    free(url);
}
END_TEST

START_TEST(escape_text_into_cuts_what_does_not_fit)
{
    char text[12];
    ck_assert_str_eq(escape_text_into(text, sizeof text, "short", 5), "short");
    ck_assert_str_eq(escape_text_into(text, sizeof text, "elevenbytes", 11), "elevenbytes");
    ck_assert_str_eq(escape_text_into(text, sizeof text, "twelve bytes", 12), "twelve b...");
    ck_assert_str_eq(escape_text_into(text, sizeof text, "\x1b\x1b\x1b", 3), "\\x1b\\x1b...");
    ck_assert_str_eq(escape_text_into(text, sizeof text, "sevenby\xe6\x97\xa5 long", 15), "sevenby...");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("escape");
    TCase *tests = tcase_create("escape");
    tcase_add_checked_fixture(tests, open_output, close_output);
    tcase_add_test(tests, escape_text_leaves_plain_text_as_it_is);
    tcase_add_test(tests, escape_text_shows_what_would_drive_the_terminal);
    tcase_add_test(tests, escape_text_shows_what_reorders_or_hides);
    tcase_add_test(tests, escape_text_shows_every_byte_that_is_no_utf8);
    tcase_add_test(tests, escape_finds_special_bytes_at_every_place_of_a_word);
    tcase_add_test(tests, escape_json_escapes_what_rfc_8259_demands);
    tcase_add_test(tests, escape_json_keeps_every_invalid_byte_visible);
    tcase_add_test(tests, escape_tames_any_bytes);
    tcase_add_test(tests, escape_url_leaves_user_name_and_password_out);
    tcase_add_test(tests, escape_url_takes_urls_of_any_length);
    tcase_add_test(tests, escape_text_into_cuts_what_does_not_fit);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
