/* References in pages: common/url_resolve.c: RFC 3986's own examples, what pages hold, and a long row of made-up
 * references whose answers must be libcurl's. */
#include <curl/curl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "common/url_resolve.h"
#include "tests/support/support.h"

static struct url_resolver *resolver;

static void open_resolver(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    resolver = url_resolver_open();
    ck_assert_ptr_nonnull(resolver);
}

static void close_resolver(void)
{
    url_resolver_close(resolver);
}

static void set_base(const char *base)
{
    ck_assert_int_eq((int)url_resolver_set_base(resolver, base, strlen(base)), (int)FETCH_OK);
}

static void expect(const char *reference, const char *expected)
{
    struct url_text url;
    enum url_resolution resolution = url_resolve(resolver, reference, strlen(reference), &url);
    ck_assert_msg(resolution == URL_RESOLVED, "\"%s\" is no URL", reference);
    ck_assert_msg(strcmp(url.at, expected) == 0, "\"%s\" is %s and not %s", reference, url.at, expected);
    ck_assert_uint_eq(url.bytes, strlen(expected));
    ck_assert_int_eq((int)url_resolve_parsed(resolver, reference, strlen(reference), &url), (int)URL_RESOLVED);
    ck_assert_msg(strcmp(url.at, expected) == 0, "parsed, \"%s\" is %s and not %s", reference, url.at, expected);
}

static void expect_no_url(const char *reference, enum url_resolution expected)
{
    struct url_text url;
    enum url_resolution resolution = url_resolve(resolver, reference, strlen(reference), &url);
    ck_assert_msg(resolution == expected, "\"%s\": %d", reference, (int)resolution);
    ck_assert_int_eq((int)url_resolve_parsed(resolver, reference, strlen(reference), &url), (int)expected);
    ck_assert(!url_resolve_plain(resolver, reference, strlen(reference), &url));
}

/* RFC 3986, 5.4: without what is not http, and without fragments. */
START_TEST(examples_of_rfc_3986_are_as_it_says)
{
    static const char *const PAIRS[][2] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {"g?y#s", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"../?y", "http://a/b/?y"},
        {"./?y", "http://a/b/c/?y"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/../x", "http://a/b/c/g"},
    };
    set_base("http://a/b/c/d;p?q");
    for (size_t i = 0; i < sizeof PAIRS / sizeof PAIRS[0]; i++)
        expect(PAIRS[i][0], PAIRS[i][1]);
    expect_no_url("g:h", URL_OTHER_SCHEME);
}
END_TEST

START_TEST(what_pages_hold_has_one_spelling)
{
    set_base("HTTPS://user:word@Example.ORG:443/a%7eb/c.html?x=1#top");
    expect("", "https://example.org/a~b/c.html?x=1");
    expect(" \n next.html\t ", "https://example.org/a~b/next.html");
    expect("ne\nxt.ht\tml", "https://example.org/a~b/next.html");
    expect("two words.html?and more", "https://example.org/a~b/two%20words.html?and%20more");
    expect("%41%2d%c3%a9%2F", "https://example.org/a~b/A-%C3%A9%2F");
    expect("\303\251?\303\251", "https://example.org/a~b/%C3%A9?%C3%A9");
    expect("%2e%2E/x", "https://example.org/x");
    expect("?", "https://example.org/a~b/c.html");
    expect("//OTHER.example:80/x", "https://other.example:80/x");
    expect("//other.example:443", "https://other.example/");
    expect("http://other.example:80", "http://other.example/");
    expect("http://other.example", "http://other.example/");
    expect("http://other.example?x", "http://other.example/?x");
    expect("http://other.example#x", "http://other.example/");
    expect("HtTp://other.example:8080/", "http://other.example:8080/");
    expect("http://a@other.example/", "http://other.example/");
    expect("http://b\303\274cher.example/", "http://xn--bcher-kva.example/");
    expect("http://0x7f.1/", "http://127.0.0.1/");
    expect("http://[::1]:80/", "http://[::1]/");
    expect("1:2", "https://example.org/a~b/1:2");
    expect("./a:b", "https://example.org/a~b/a:b");
    expect("a/b:c", "https://example.org/a~b/a/b:c");
    expect("\"<>\"", "https://example.org/a~b/%22%3C%3E%22");
    expect("50%", "https://example.org/a~b/50%");
    expect("a//b", "https://example.org/a~b/a//b");
    expect(".well-known/x", "https://example.org/a~b/.well-known/x");
}
END_TEST

START_TEST(what_is_not_fetched_is_told_from_what_is_no_url)
{
    static const char *const OTHERS[] = {
        "mailto:a@b",  "javascript:void(0)", "java\nscript:x",  "data:,x",     "ftp://a/", "tel:1",
        "httpss://a/", "http+x://a/",        "localhost:8080/", "about:blank", "HTTPX:x"};
    static const char *const UNUSABLE[] = {"http://",     "https:",          "http:///",    "//",       "http://a b/",
                                           "http://a:0/", "http://a:99999/", "http://[::/", "//a%00b/", "http://%20/"};
    set_base("http://example.org/");
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++)
        expect_no_url(OTHERS[i], URL_OTHER_SCHEME);
    for (size_t i = 0; i < sizeof UNUSABLE / sizeof UNUSABLE[0]; i++)
        expect_no_url(UNUSABLE[i], URL_UNUSABLE);
}
END_TEST

START_TEST(nothing_resolves_before_there_is_a_base)
{
    expect_no_url("x", URL_UNUSABLE);
    expect_no_url("http://example.org/", URL_UNUSABLE);
    ck_assert_int_eq((int)url_resolver_set_base(resolver, "ftp://a/", 8), (int)FETCH_INVALID_URL);
    set_base("http://example.org/a");
    ck_assert_int_eq((int)url_resolver_set_base(resolver, "ftp://a/", 8), (int)FETCH_INVALID_URL);
    expect("x", "http://example.org/x");
}
END_TEST

START_TEST(length_has_a_limit)
{
    static char reference[URL_BYTES_MAX + 100];
    static char expected[URL_BYTES_MAX + 100];
    struct url_text url;
    set_base("http://example.org/d/e");
    size_t prefix = strlen("http://example.org/d/");
    memset(reference, 'x', sizeof reference);
    memcpy(expected, "http://example.org/d/", prefix);
    memset(expected + prefix, 'x', URL_BYTES_MAX - prefix);
    ck_assert_int_eq((int)url_resolve(resolver, reference, URL_BYTES_MAX - prefix, &url), (int)URL_RESOLVED);
    ck_assert_uint_eq(url.bytes, URL_BYTES_MAX);
    ck_assert_str_eq(url.at, expected);
    for (size_t bytes = URL_BYTES_MAX - prefix + 1; bytes <= sizeof reference; bytes += 33)
        ck_assert_int_eq((int)url_resolve(resolver, reference, bytes, &url), (int)URL_UNUSABLE);
    memset(reference, ' ', sizeof reference);
    reference[0] = 'a';
    reference[2000] = 'b'; /* three times as long when it is escaped */
    ck_assert_int_eq((int)url_resolve(resolver, reference, 2001, &url), (int)URL_UNUSABLE);
}
END_TEST

/* ---- libcurl's answer ---- */

/* What libcurl makes of the reference beside the base: false if it is no URL. For libcurl a scheme may begin with a digit or a sign,
 * for RFC 3986 with a letter alone: "./" in front says that none is meant. */
static bool libcurl_says(CURLU *handle, const char *base, const char *reference, char **url)
{
    char marked[300];
    size_t segment = strcspn(reference, "/?");
    if (memchr(reference, ':', segment) && strchr("0123456789+-.", *reference)) {
        snprintf(marked, sizeof marked, "./%s", reference);
        reference = marked;
    }
    bool is_url = curl_url_set(handle, CURLUPART_URL, base, 0) == CURLUE_OK &&
                  curl_url_set(handle, CURLUPART_URL, reference, 0) == CURLUE_OK &&
                  curl_url_set(handle, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
                  curl_url_get(handle, CURLUPART_URL, url, CURLU_NO_DEFAULT_PORT) == CURLUE_OK;
    return is_url;
}

static uint64_t seed;

static unsigned draw(unsigned below)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(seed >> 33) % below;
}

static void make_reference(char *text, size_t room)
{
    static const char *const PARTS[] = {
        "a",
        "b.html",
        "index",
        ".",
        "..",
        "/",
        "/",
        "/",
        "//",
        "./",
        "../",
        "?",
        "?q=1",
        "&r=2",
        "&amp;",
        ":",
        ";p=1",
        "~u",
        "%20",
        "%C3%A9",
        "%41",
        "%2E",
        "%2e",
        "%e9",
        "x-y_z",
        "@",
        "!$'()*,",
        "http:",
        "http://",
        "https://",
        "host.example",
        "10.0.0.1",
        ":80",
        ":8080",
        ":443",
        "-",
        "1",
        "Z",
        "+",
        "=",
        "a.b",
        "..c",
        "d..",
        "#f",
    };
    size_t bytes = 0;
    size_t count = draw(7) + (draw(4) > 0);
    if (draw(3) == 0) {
        static const char *const STARTS[] = {
            "http://h.example/", "https://h.example:8443/x", "/", "http://h.example", "../", "?"};
        bytes = (size_t)snprintf(text, room, "%s", STARTS[draw(6)]);
    }
    for (size_t i = 0; i < count; i++)
        bytes += (size_t)snprintf(text + bytes, room - bytes, "%s", PARTS[draw(sizeof PARTS / sizeof PARTS[0])]);
    text[bytes] = '\0';
}

static const char *const BASES[] = {
    "http://a.example/",        "https://a.example/b",         "http://a.example/b/c/d.html",
    "http://a.example:8080/b/", "https://a.example/b/c?q=1/2", "http://127.0.0.1:9999/x/y/z/",
    "http://a.example/b//c/d",  "http://a.example/?q",
};
#define BASE_COUNT ((int)(sizeof BASES / sizeof BASES[0]))

/* "../?q": libcurl 7.88 loses the slash in front of the query, which RFC 3986, 5.2.3, keeps. */
static bool is_query_of_directory(const char *reference)
{
    size_t dots = strspn(reference, "./");
    return dots && reference[dots] == '?';
}

/* libcurl of this age takes "#f" for a path-relative reference and refuses an empty one: RFC 3986, 5.2.2, says that both are the
 * base. */
static bool is_only_fragment(const char *reference)
{
    return reference[0] == '\0' || reference[0] == '#';
}

START_TEST(plain_answers_are_those_of_libcurl)
{
    CURLU *handle = curl_url();
    size_t plain_count = 0;
    seed = (uint64_t)_i;
    set_base(BASES[_i]);
    for (int round = 0; round < 50000; round++) {
        char reference[256];
        struct url_text url;
        make_reference(reference, sizeof reference);
        if (!url_resolve_plain(resolver, reference, strlen(reference), &url))
            continue;
        if (is_query_of_directory(reference))
            continue;
        plain_count++;
        char *says = NULL;
        if (is_only_fragment(reference)) {
            ck_assert_str_eq(url.at, BASES[_i]);
            continue;
        }
        bool is_url = libcurl_says(handle, BASES[_i], reference, &says);
        ck_assert_msg(is_url, "%s and %s: libcurl refuses %s", BASES[_i], reference, url.at);
        ck_assert_msg(strcmp(says, url.at) == 0, "%s and %s: %s, libcurl says %s", BASES[_i], reference, url.at, says);
        curl_free(says);
    }
    ck_assert_uint_gt(plain_count, 5000);
    curl_url_cleanup(handle);
}
END_TEST

START_TEST(both_ways_say_the_same)
{
    seed = 99 + (uint64_t)_i;
    set_base(BASES[_i]);
    for (int round = 0; round < 50000; round++) {
        char reference[256];
        char plain[URL_BYTES_MAX + 1];
        struct url_text url;
        make_reference(reference, sizeof reference);
        size_t bytes = strlen(reference);
        if (!url_resolve_plain(resolver, reference, bytes, &url))
            continue;
        memcpy(plain, url.at, url.bytes + 1);
        ck_assert_int_eq((int)url_resolve_parsed(resolver, reference, bytes, &url), (int)URL_RESOLVED);
        ck_assert_msg(strcmp(url.at, plain) == 0, "%s and %s: %s, parsed %s", BASES[_i], reference, plain, url.at);
    }
}
END_TEST

START_TEST(an_answer_resolves_to_itself)
{
    seed = 7 + (uint64_t)_i;
    set_base(BASES[_i]);
    for (int round = 0; round < 20000; round++) {
        char reference[256];
        char once[URL_BYTES_MAX + 1];
        struct url_text url;
        make_reference(reference, sizeof reference);
        if (url_resolve(resolver, reference, strlen(reference), &url) != URL_RESOLVED)
            continue;
        memcpy(once, url.at, url.bytes + 1);
        ck_assert_msg(url_resolve(resolver, once, strlen(once), &url) == URL_RESOLVED, "%s", once);
        ck_assert_msg(strcmp(url.at, once) == 0, "%s and %s: %s, then %s", BASES[_i], reference, once, url.at);
    }
}
END_TEST

static Suite *url_resolve_suite(void)
{
    Suite *suite = suite_create("url_resolve");
    TCase *cases = tcase_create("references");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, open_resolver, close_resolver);
    tcase_add_test(cases, examples_of_rfc_3986_are_as_it_says);
    tcase_add_test(cases, what_pages_hold_has_one_spelling);
    tcase_add_test(cases, what_is_not_fetched_is_told_from_what_is_no_url);
    tcase_add_test(cases, nothing_resolves_before_there_is_a_base);
    tcase_add_test(cases, length_has_a_limit);
    tcase_add_loop_test(cases, plain_answers_are_those_of_libcurl, 0, BASE_COUNT);
    tcase_add_loop_test(cases, both_ways_say_the_same, 0, BASE_COUNT);
    tcase_add_loop_test(cases, an_answer_resolves_to_itself, 0, BASE_COUNT);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(url_resolve_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
