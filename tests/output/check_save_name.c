/* Mirrors coordinator/output/save_name.c. */
#include "coordinator/output/save_name.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/url_plain.h"

static const char *name_of(const char *url)
{
    static char shown[4096];
    static struct save_name name;
    struct url_parser *parser = url_parser_open();
    struct url_parts parts;
    ck_assert_ptr_nonnull(parser);
    ck_assert_msg(url_parse(parser, url, strlen(url), &parts) == FETCH_OK, "%s: %s", url, url_why(parser));
    save_name_make(&name, &parts, 0);
    url_parser_close(parser);
    shown[0] = '\0';
    for (size_t i = 0; i < name.component_count; i++) {
        const char *component = save_name_component(&name, i);
        ck_assert_uint_le(strlen(component), SAVE_COMPONENT_BYTES_MAX);
        ck_assert_str_ne(component, "");
        ck_assert_str_ne(component, ".");
        ck_assert_str_ne(component, "..");
        for (const char *at = component; *at != '\0'; at++)
            ck_assert_msg(*at > 0x20 && *at < 0x7f && strchr("/?:*\"<>|\\", *at) == NULL, "%s", component);
        if (i > 0)
            strcat(shown, "/");
        strcat(shown, component);
    }
    ck_assert_uint_le(strlen(shown), SAVE_NAME_BYTES_MAX);
    return shown;
}

/* Whether name is stem, and "~" and eight digits behind it. */
static bool is_hashed(const char *name, const char *stem)
{
    size_t bytes = strlen(stem);
    return strncmp(name, stem, bytes) == 0 && name[bytes] == '~' && strspn(name + bytes + 1, "0123456789abcdef") == 8 &&
           name[bytes + 9] == '\0';
}

START_TEST(plain_urls_have_plain_names)
{
    static const struct {
        const char *url, *name;
    } CASES[] = {
        {"https://en.wikipedia.org/wiki/PHP", "en.wikipedia.org/wiki/PHP"},
        {"https://en.wikipedia.org/wiki/Portal:Arts", "en.wikipedia.org/wiki/Portal%3AArts"},
        {"https://en.wikipedia.org/wiki/Python_(programming_language)",
         "en.wikipedia.org/wiki/Python_(programming_language)"},
        {"http://127.0.0.1:8080/", "127.0.0.1+8080/index.html"},
        {"http://Example.org", "example.org+80/index.html"},
        {"https://example.org:8443/a/b/", "example.org+https+8443/a/b/index.html"},
        {"https://[::1]/x", "[%3A%3A1]/x"},
        {"https://h.de/a?x=1&y=/2", "h.de/a%3Fx=1&y=%2F2"},
        {"https://h.de/?x", "h.de/index.html%3Fx"},
        {"https://h.de/caf%C3%A9%20bar", "h.de/caf%C3%A9%20bar"},
        {"https://h.de/.well-known/x.y.html", "h.de/.well-known/x.y.html"},
        {"https://h.de/a#fragment", "h.de/a"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        ck_assert_str_eq(name_of(CASES[i].url), CASES[i].name);
}
END_TEST

START_TEST(names_never_leave_the_directory)
{
    ck_assert_str_eq(name_of("https://h.de/../../etc/passwd"), "h.de/etc/passwd");
    ck_assert(is_hashed(name_of("https://h.de/..%2f..%2fetc%2fpasswd"), "h.de/..%2f..%2fetc%2fpasswd"));
    ck_assert_int_eq(strncmp(name_of("https://h.de//etc/passwd"), "h.de/~", 6), 0);
    ck_assert_str_eq(name_of("https://h.de/%00"), "h.de/%00");
    name_of("https://h.de/%2e%2e/%2e/etc/passwd"); /* resolved or spelled out, as libcurl has it */
    ck_assert(is_hashed(name_of("https://h.de/%5c..%5cx"), "h.de/%5c..%5cx"));
}
END_TEST

START_TEST(names_that_windows_reserves_are_changed)
{
    ck_assert(is_hashed(name_of("https://h.de/CON"), "h.de/_CON"));
    ck_assert(is_hashed(name_of("https://h.de/nul.txt"), "h.de/_nul.txt"));
    ck_assert(is_hashed(name_of("https://h.de/Com1.tar.gz"), "h.de/_Com1.tar.gz"));
    ck_assert(is_hashed(name_of("https://h.de/dot."), "h.de/dot."));
    ck_assert_str_eq(name_of("https://h.de/console"), "h.de/console");
    ck_assert_str_eq(name_of("https://h.de/com"), "h.de/com");
    ck_assert(strncmp(name_of("https://con/x"), "_con~", 5) == 0);
}
END_TEST

START_TEST(different_urls_never_share_a_name)
{
    static const char *const URLS[] = {"http://h.de/",
                                       "https://h.de/",
                                       "https://h.de:8443/",
                                       "http://h.de:443/",
                                       "https://h.de/index.html",
                                       "https://h.de/a:b",
                                       "https://h.de/a%3Ab",
                                       "https://h.de/a%3ab",
                                       "https://h.de/a?b",
                                       "https://h.de/a%3Fb",
                                       "https://h.de/a/b",
                                       "https://h.de/a%2Fb",
                                       "https://h.de/a//b",
                                       "https://h.de/a///b",
                                       "https://h.de//a/b",
                                       "https://h.de/a/b/",
                                       "https://h.de/a?b/c",
                                       "https://h.de/a?b%2Fc",
                                       "https://h.de/CON",
                                       "https://h.de/_CON",
                                       "https://h.de/con",
                                       "https://h.de/dot.",
                                       "https://h.de/dot",
                                       "https://h.de/dot..",
                                       "https://h.de/index.html?x",
                                       "https://h.de/?x",
                                       "https://h.de/A",
                                       "https://h.de/a",
                                       "https://h.de/a%3Fb?c",
                                       "https://h.de/a?b?c",
                                       "https://h.de./a",
                                       "https://h.de/%41"};
    enum { COUNT = sizeof URLS / sizeof URLS[0] };
    char *names[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        names[i] = strdup(name_of(URLS[i]));
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(strcmp(names[i], names[j]) != 0, "%s and %s: %s", URLS[i], URLS[j], names[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        /* Nor does one that spells the name of another. */
        char url[8192];
        struct url_parts parts;
        snprintf(url, sizeof url, "https://%s", names[i]);
        if (url_parse_plain(url, strlen(url), &parts) && strchr(names[i], '~') != NULL)
            ck_assert_str_ne(name_of(url), names[i]);
        free(names[i]);
    }
}
END_TEST

START_TEST(long_names_are_cut_and_stay_different)
{
    char url[4000], other[4096], first[4096];
    memset(url, 'a', sizeof url);
    memcpy(url, "https://h.de/", 13);
    url[13 + 255] = '\0';
    ck_assert_uint_eq(strlen(name_of(url)), 5 + 255);
    ck_assert_ptr_null(strchr(name_of(url), '~'));
    url[13 + 255] = 'a';
    url[13 + 300] = '\0';
    strcpy(first, name_of(url));
    ck_assert_uint_eq(strlen(first), 5 + 255);
    snprintf(other, sizeof other, "%sb", url);
    ck_assert_str_ne(name_of(other), first);
    for (size_t i = 13; i + 1 < sizeof url; i++)
        url[i] = i % 2 == 0 ? '/' : 'a'; /* two thousand directories */
    url[sizeof url - 1] = '\0';
    strcpy(first, name_of(url));
    url[3001] = 'b';
    ck_assert_str_ne(name_of(url), first);
    for (size_t i = 13; i + 1 < sizeof url; i++)
        url[i] = i % 256 == 0 ? '/' : ':'; /* each byte becomes three */
    name_of(url);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("save_name");
    TCase *tests = tcase_create("save_name");
    tcase_add_test(tests, plain_urls_have_plain_names);
    tcase_add_test(tests, names_never_leave_the_directory);
    tcase_add_test(tests, names_that_windows_reserves_are_changed);
    tcase_add_test(tests, different_urls_never_share_a_name);
    tcase_add_test(tests, long_names_are_cut_and_stay_different);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
