/* What common/url.c takes, refuses and takes apart; and that its short cut for
 * plain URLs says what libcurl says. */
#include <check.h>
#include <curl/curl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/url.h"
#include "common/url_plain.h"

static struct url_parser *parser;
static struct url_parts parts;

static void set_up(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    parser = url_parser_open();
    ck_assert_ptr_nonnull(parser);
}

static void tear_down(void)
{
    url_parser_close(parser);
}

static bool text_is(struct url_text text, const char *expected)
{
    return text.bytes == strlen(expected) && memcmp(text.at, expected, text.bytes) == 0;
}

#define ck_assert_text(text, expected) \
    ck_assert_msg(text_is(text, expected), "\"%.*s\" is not \"%s\"", (int)(text).bytes, (text).at, expected)

static enum fetch_error parse(const char *text)
{
    return url_parse(parser, text, strlen(text), &parts);
}

static const char *key_of(const char *text)
{
    static char key[URL_HOST_KEY_BYTES];
    ck_assert_msg(parse(text) == FETCH_OK, "%s: %s", text, url_why(parser));
    ck_assert_uint_eq(url_host_key(&parts, key), strlen(key));
    return key;
}

/* ---- what is taken ---- */

static const struct taken {
    const char *text, *fetch, *host, *path, *query;
    int port;
} TAKEN[] = {
    {"http://example.org/a/b?c=d", "http://example.org/a/b?c=d", "example.org", "/a/b", "c=d", 80},
    {"https://example.org", "https://example.org", "example.org", "/", NULL, 443},
    {"https://example.org:8443/", "https://example.org:8443/", "example.org", "/", NULL, 8443},
    {"HTTP://EXAMPLE.org:80/A", "http://EXAMPLE.org:80/A", "example.org", "/A", NULL, 80},
    {"http:/example.org/x", "http://example.org/x", "example.org", "/x", NULL, 80},
    {"http:///example.org/x", "http://example.org/x", "example.org", "/x", NULL, 80},
    {"example.org/x", "http://example.org/x", "example.org", "/x", NULL, 80},
    {"ftp.example.org", "http://ftp.example.org/", "ftp.example.org", "/", NULL, 80},
    {"localhost:", "http://localhost/", "localhost", "/", NULL, 80},
    {"localhost:8080/x", "http://localhost:8080/x", "localhost", "/x", NULL, 8080},
    {"http://example.org?q", "http://example.org/?q", "example.org", "/", "q", 80},
    {"http://example.org/?", "http://example.org/", "example.org", "/", NULL, 80},
    {"http://example.org/a/../../b/./c", "http://example.org/b/c", "example.org", "/b/c", NULL, 80},
    {"http://example.org/\xc3\xbc?\xff", "http://example.org/%c3%bc?%ff", "example.org", "/%c3%bc", "%ff", 80},
    {"http://b\xc3\xbc"
     "cher.example/",
     "http://xn--bcher-kva.example/", "xn--bcher-kva.example", "/", NULL, 80},
    {"http://127.1/", "http://127.0.0.1/", "127.0.0.1", "/", NULL, 80},
    {"http://0x7f.1/", "http://127.0.0.1/", "127.0.0.1", "/", NULL, 80},
    {"http://2130706433/", "http://127.0.0.1/", "127.0.0.1", "/", NULL, 80},
    {"http://017700000001/", "http://127.0.0.1/", "127.0.0.1", "/", NULL, 80},
    {"http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1/", "http://127.0.0.1/", "127.0.0.1", "/", NULL, 80},
    {"http://[::ffff:7f00:1]/", "http://[::ffff:7f00:1]/", "[::ffff:7f00:1]", "/", NULL, 80},
    {"http://[::FFFF:7F00:1]:8/", "http://[::FFFF:7F00:1]:8/", "[::ffff:7f00:1]", "/", NULL, 8},
    {"http://a#@b", "http://a/#@b", "a", "/", NULL, 80},
    {"http://example.org./", "http://example.org./", "example.org.", "/", NULL, 80},
    {"http://u:p@example.org/", "http://u:p@example.org/", "example.org", "/", NULL, 80},
    {"http://@example.org/", "http://@example.org/", "example.org", "/", NULL, 80},
    {"http://example.org/%00%0d%0a", "http://example.org/%00%0d%0a", "example.org", "/%00%0d%0a", NULL, 80},
    {"http://example.org/@x:y", "http://example.org/@x:y", "example.org", "/@x:y", NULL, 80},
};

START_TEST(urls_are_taken_apart_as_libcurl_does)
{
    const struct taken *taken = &TAKEN[_i];
    ck_assert_msg(parse(taken->text) == FETCH_OK, "%s: %s", taken->text, url_why(parser));
    ck_assert_text(parts.fetch, taken->fetch);
    ck_assert_int_eq(parts.fetch.at[parts.fetch.bytes], '\0');
    ck_assert_text(parts.host, taken->host);
    ck_assert_text(parts.path, taken->path);
    if (taken->query == NULL) {
        ck_assert_ptr_null(parts.query.at);
    } else {
        ck_assert_text(parts.query, taken->query);
    }
    ck_assert_uint_eq(parts.port, (unsigned)taken->port);
}
END_TEST

START_TEST(a_host_of_one_letter_has_a_key_too)
{
    ck_assert_str_eq(key_of("http://a/"), "http://a:80");
}
END_TEST

/* ---- without memory ---- */

/* libcurl's allocations, of which one fails. */
static int allocations_left;

static bool is_refused(void)
{
    return allocations_left-- == 0;
}

static void *allocate(size_t bytes)
{
    return is_refused() ? NULL : malloc(bytes);
}

static void *resize(void *at, size_t bytes)
{
    return is_refused() ? NULL : realloc(at, bytes);
}

static char *copy_text(const char *text)
{
    return is_refused() ? NULL : strdup(text);
}

static void *allocate_zeroed(size_t count, size_t bytes)
{
    return is_refused() ? NULL : calloc(count, bytes);
}

static const char *const BULKY[] = {
    "http://u:p@EXAMPLE.org:8080/a/../b?c=d",
    "example.org/\xc3\xbc?",
    "http://b\xc3\xbc"
    "cher.example/x?y",
};

START_TEST(an_allocation_that_fails_is_an_answer_wherever_it_does)
{
    int failed = 0;
    tear_down();
    curl_global_cleanup();
    allocations_left = INT32_MAX;
    ck_assert_int_eq((int)curl_global_init_mem(CURL_GLOBAL_NOTHING, allocate, free, resize, copy_text, allocate_zeroed),
                     CURLE_OK);
    allocations_left = 0;
    ck_assert_ptr_null(url_parser_open());
    for (int first = 0;; first++) {
        allocations_left = INT32_MAX;
        parser = url_parser_open();
        ck_assert_ptr_nonnull(parser);
        allocations_left = first;
        enum fetch_error error = parse(BULKY[_i]);
        bool is_over = allocations_left >= 0; /* none was refused */
        allocations_left = INT32_MAX;
        if (error != FETCH_OK) {
            failed++;
            /* libcurl has other names for it in some places: then it is the URL that is to blame. */
            ck_assert(!is_over && (error == FETCH_OUT_OF_MEMORY || error == FETCH_INVALID_URL));
            ck_assert_str_ne(url_why(parser), "");
        }
        ck_assert_int_eq((int)parse(BULKY[_i]), FETCH_OK); /* it can be used again */
        if (is_over)
            break;
        url_parser_close(parser);
    }
    ck_assert_int_gt(failed, 5);
}
END_TEST

/* ---- what is refused ---- */

static const struct refused {
    const char *text, *why; /* why: a piece of the reason */
} REFUSED[] = {
    {"", "empty"},
    {"http://", "host"},
    {"http:///", ""},
    {"http://?", "host"},
    {"http://u@/", "host"},
    {"http:////example.org/", "slashes"},
    {"https:example.org", "slashes"},
    {"ftp://example.org/", "scheme"},
    {"file:///etc/passwd", "scheme"},
    {"gopher://example.org/", "scheme"},
    {"javascript:alert(1)", "scheme"},
    {"data:text/html,x", "scheme"},
    {"mailto:someone@example.org", "scheme"},
    {"user:secret@example.org", "scheme"},
    {"httpx://example.org/", "scheme"},
    {"http+unix://x/", "scheme"},
    {"h2://x/", "scheme"},
    {"a-b://x/", "scheme"},
    {"a.b://x/", "scheme"},
    {"http://h:655350/", "port"},
    {"http://u\xff@example.org/", "host name"},
    {"http://example.org:0/", "port"},
    {"http://example.org:65536/", "port"},
    {"http://example.org:80x/", "port"},
    {"http://example.org:-1/", "port"},
    {"http://u:p@v:q@h/", "port"},
    {"http://u@v@h/", "host name"},
    {"http://[::1/", "IPv6"},
    {"http://[fe80::x]/", "IPv6"},
    {"http://a%00b/", "host name"},
    {"http://a%0d%0ab/", "host name"},
    {"http://a%01b/", "host name"},
    {"http://a%7fb/", "host name"},
    {"http://a%20b/", "host name"},
    {"http://a%b/", "host name"},
    {"http://127.0.0.%252531/", "host name"}, /* decoded three times it is an address */
    {"53%5%3%30", "host name"},
    {"http:/125%3%30", "host name"}, /* 125%30, then 1250, then 0.0.4.226 */
    {"http://a;b/", "host name"},
    {"http://a\\b/", "host name"},
    {"http://\xff\xfe/", "host name"},
    {"http://example.org/a b", "blank"},
    {"http://example.org/a\tb", "blank"},
    {"http://example.org/a\rb", "blank"},
    {"http://example.org/a\nX: y", "blank"},
    {"http://exam\nple.org/", "blank"},
    {"/x", "host"},
    {"http://example.org/\x7f", "blank"},
    {"http://example.org/\x1b[31m", "blank"},
    {" http://example.org/", "blank"},
};

START_TEST(urls_that_must_not_be_fetched_are_refused_with_a_reason)
{
    const struct refused *refused = &REFUSED[_i];
    ck_assert_msg(parse(refused->text) == FETCH_INVALID_URL, "%s was taken as %s", refused->text, parts.fetch.at);
    ck_assert_msg(strstr(url_why(parser), refused->why) != NULL && url_why(parser)[0] != '\0', "%s: %s", refused->text,
                  url_why(parser));
}
END_TEST

START_TEST(a_nul_byte_makes_a_url_invalid)
{
    static const char text[] = "http://example.org/\0x";
    ck_assert_int_eq(url_parse(parser, text, sizeof text - 1, &parts), FETCH_INVALID_URL);
    ck_assert_int_eq(url_parse(parser, "http://a\0.b/", 12, &parts), FETCH_INVALID_URL);
}
END_TEST

START_TEST(a_refused_url_leaves_nothing_behind_for_the_next_relative_one)
{
    ck_assert_int_eq(parse("http://u:p@first.example/x"), FETCH_OK);
    ck_assert_int_eq(parse("/y"), FETCH_INVALID_URL);
    ck_assert_int_eq(parse("//y"), FETCH_INVALID_URL);
    ck_assert_int_eq(parse("?y"), FETCH_INVALID_URL);
    ck_assert_int_eq(parse("#y"), FETCH_INVALID_URL);
}
END_TEST

/* ---- limits ---- */

static char *long_url(const char *start, char fill, size_t bytes)
{
    char *text = malloc(bytes + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, fill, bytes);
    memcpy(text, start, strlen(start));
    text[bytes] = '\0';
    return text;
}

START_TEST(a_url_of_4096_bytes_is_taken_and_one_more_is_not)
{
    char *plain = long_url("http://example.org/", 'a', URL_BYTES_MAX + 1);
    ck_assert_int_eq(url_parse(parser, plain, URL_BYTES_MAX + 1, &parts), FETCH_INVALID_URL);
    ck_assert_ptr_nonnull(strstr(url_why(parser), "4096"));
    plain[URL_BYTES_MAX] = '\0';
    ck_assert_int_eq(url_parse(parser, plain, URL_BYTES_MAX, &parts), FETCH_OK);
    free(plain);
    char *other = long_url("http://EXAMPLE.org/", '%', URL_BYTES_MAX);
    ck_assert_int_eq(parse(other), FETCH_OK);
    free(other);
}
END_TEST

START_TEST(a_url_that_is_too_long_only_when_encoded_is_refused)
{
    char *text = long_url("http://example.org/", '\xc3', 2000);
    ck_assert_int_eq(parse(text), FETCH_INVALID_URL);
    ck_assert_ptr_nonnull(strstr(url_why(parser), "encoded"));
    text[1000] = '\0';
    ck_assert_int_eq(parse(text), FETCH_OK);
    free(text);
}
END_TEST

START_TEST(a_url_of_a_megabyte_is_refused)
{
    char *text = long_url("http://example.org/", 'a', 1 << 20);
    ck_assert_int_eq(parse(text), FETCH_INVALID_URL);
    free(text);
}
END_TEST

START_TEST(a_host_of_more_than_254_bytes_is_refused)
{
    char *text = long_url("http://", 'a', 7 + URL_HOST_BYTES_MAX + 1);
    ck_assert_int_eq(parse(text), FETCH_INVALID_URL);
    text[7 + URL_HOST_BYTES_MAX] = '\0';
    ck_assert_int_eq(parse(text), FETCH_OK);
    ck_assert_uint_eq(strlen(key_of(text)), 7 + URL_HOST_BYTES_MAX + 3);
    free(text);
}
END_TEST

/* ---- keys and what is shown ---- */

START_TEST(spellings_of_one_host_have_one_key)
{
    ck_assert_str_eq(key_of("http://example.org/"), "http://example.org:80");
    ck_assert_str_eq(key_of("http://Example.ORG"), "http://example.org:80");
    ck_assert_str_eq(key_of("http://example.org.:80/x"), "http://example.org:80");
    ck_assert_str_eq(key_of("http://u:p@example.org/"), "http://example.org:80");
    ck_assert_str_eq(key_of("https://example.org"), "https://example.org:443");
    ck_assert_str_eq(key_of("http://0x7f.1:8080"), "http://127.0.0.1:8080");
    ck_assert_str_eq(key_of("http://[::A]/"), "http://[::a]:80");
    ck_assert_str_eq(key_of("http://B\xc3\x9c"
                            "CHER.example"),
                     "http://xn--bcher-kva.example:80");
}
END_TEST

START_TEST(user_and_password_are_noticed_and_can_be_taken_out)
{
    static const char *const SHOWN[][2] = {
        {"http://u:p@example.org/x", "http://example.org/x"},
        {"http://u@example.org", "http://example.org"},
        {"http:/u:p@example.org/", "http:/example.org/"},
        {"http:///u:p@example.org/", "http:///example.org/"},
        {"u:1@example.org/", "example.org/"},
        {"u:secret@example.org/", "example.org/"},
        {"http://u:p@v:q@h/", "http://h/"},
        {"http://example.org/@x", "http://example.org/@x"},
        {"http://example.org?a@b", "http://example.org?a@b"},
        {"http://a#@b", "http://a#@b"},
        {"example.org/x", "example.org/x"},
        {"", ""},
        {"@", ""},
        /* What is left must not look like a URL with a password again. */
        {"a@https:/e@pp:/x", "https:/pp:/x"},
        {"a@http://name:password@host/", "http://host/"},
    };
    for (size_t i = 0; i < sizeof SHOWN / sizeof SHOWN[0]; i++) {
        char shown[100];
        ck_assert_uint_eq(url_without_userinfo(SHOWN[i][0], strlen(SHOWN[i][0]), shown), strlen(SHOWN[i][1]));
        ck_assert_str_eq(shown, SHOWN[i][1]);
    }
    ck_assert_int_eq(parse("http://u@example.org/"), FETCH_OK);
    ck_assert(parts.has_userinfo);
    ck_assert_int_eq(parse("http://:p@example.org/"), FETCH_OK);
    ck_assert(parts.has_userinfo);
    ck_assert_int_eq(parse("http://EXAMPLE.org/@"), FETCH_OK);
    ck_assert(!parts.has_userinfo);
}
END_TEST

/* ---- the short cut against libcurl ---- */

/* libcurl's answer, asked for in the plainest way. False: it refuses. */
struct answer {
    char *url, *scheme, *host, *port, *path, *query, *user;
};

static bool ask_libcurl(const char *text, struct answer *answer)
{
    memset(answer, 0, sizeof *answer);
    CURLU *handle = curl_url();
    bool taken = curl_url_set(handle, CURLUPART_URL, text, CURLU_URLENCODE) == CURLUE_OK;
    if (taken) {
        curl_url_get(handle, CURLUPART_URL, &answer->url, CURLU_PUNYCODE);
        curl_url_get(handle, CURLUPART_SCHEME, &answer->scheme, 0);
        curl_url_get(handle, CURLUPART_HOST, &answer->host, CURLU_PUNYCODE);
        curl_url_get(handle, CURLUPART_PORT, &answer->port, CURLU_DEFAULT_PORT);
        curl_url_get(handle, CURLUPART_PATH, &answer->path, 0);
        curl_url_get(handle, CURLUPART_QUERY, &answer->query, 0);
        curl_url_get(handle, CURLUPART_USER, &answer->user, 0);
    }
    curl_url_cleanup(handle);
    return taken;
}

static void forget(struct answer *answer)
{
    char *const strings[] = {answer->url,  answer->scheme, answer->host, answer->port,
                             answer->path, answer->query,  answer->user};
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        curl_free(strings[i]);
    }
}

/* True if the short cut answered. */
static bool compare_with_libcurl(const char *text)
{
    struct url_parts plain;
    if (!url_parse_plain(text, strlen(text), &plain)) {
        return false;
    }
    struct answer answer;
    ck_assert_msg(ask_libcurl(text, &answer), "libcurl refuses %s", text);
    ck_assert_text(plain.scheme, answer.scheme);
    ck_assert_text(plain.host, answer.host);
    ck_assert_text(plain.path, answer.path);
    char *port_end;
    ck_assert_uint_eq(plain.port, strtoul(answer.port, &port_end, 10));
    ck_assert(*port_end == '\0');
    ck_assert_ptr_null(answer.user);
    ck_assert(!plain.has_userinfo);
    ck_assert_msg((plain.query.at == NULL) == (answer.query == NULL), "%s", text);
    if (answer.query != NULL) {
        ck_assert_text(plain.query, answer.query);
    }
    /* What is fetched is the text as it was given; libcurl may only have added the path. */
    size_t bytes = strlen(text);
    ck_assert_msg(strncmp(answer.url, text, bytes) == 0, "%s is not %s", answer.url, text);
    ck_assert(answer.url[bytes] == '\0' || strcmp(answer.url + bytes, "/") == 0);
    forget(&answer);
    return true;
}

static uint64_t random_state = 88172645463325252u;

static size_t random_below(size_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)((random_state >> 11) % bound);
}

static const char *pick(const char *const *pieces, size_t count)
{
    return pieces[random_below(count)];
}

#define PICK(pieces) pick(pieces, sizeof(pieces) / sizeof(pieces)[0])

static void put_random_host(char *text)
{
    static const char *const LABELS[] = {
        "a",   "example", "org",        "www",       "xn--bcher-kva", "1",     "127", "0x7f",      "0",  "00",
        "255", "256",     "1a",         "a1",        "0xg",           "-",     "_",   "a-b",       "A",  "08",
        "1e3", "x",       "4294967296", "b\xc3\xbc", "%61",           "[::1]", "",    "localhost", "0x", "e"};
    static const char *const HOSTS[] = {"example.org", "www.example.co.uk", "127.0.0.1", "localhost", "a-b.c_d"};
    if (random_below(2) == 0) {
        strcat(text, PICK(HOSTS));
        return;
    }
    size_t labels = 1 + random_below(5);
    for (size_t i = 0; i < labels; i++) {
        strcat(text, PICK(LABELS));
        if (i + 1 < labels || random_below(20) == 0) {
            strcat(text, ".");
        }
    }
}

static void put_random_tail(char *text)
{
    static const char *const SEGMENTS[] = {
        "a",  "b.html",   ".",     "..",         "...",      ".x",  "x.",     "%41", "%2e", "a=b",   "a;b",
        "~u", "a+b",      "",      "@",          "%C3%BC",   "%2E", "%2E%2E", "%c3", "%4",  "x%20y", "%",
        "a",  "b",        "c-d",   ":",          "!$&'()*,", "A",   "\\",     "{",   "|",   "\"",    "<",
        "`",  "\xc3\xbc", "a_b-c", "0123456789", "^",        "[",   "]",      "#",   "#f",  "?"};
    size_t segments = random_below(5);
    for (size_t i = 0; i < segments; i++) {
        strcat(text, "/");
        strcat(text, PICK(SEGMENTS));
    }
    if (random_below(3) == 0) {
        strcat(text, "?");
        size_t pieces = random_below(4);
        for (size_t i = 0; i < pieces; i++) {
            strcat(text, PICK(SEGMENTS));
            strcat(text, random_below(2) == 0 ? "&" : "/");
        }
    }
}

START_TEST(plain_urls_are_read_as_libcurl_reads_them)
{
    static const char *const SCHEMES[] = {"http://", "https://", "http://", "https://",
                                          "http:/",  "HTTP://",  "http:///"};
    static const char *const PORTS[] = {"", "", "", ":80", ":443", ":1", ":65535", ":65536", ":0", ":080", ":", ":8a"};
    static const char *const USERS[] = {"", "", "", "", "", "", "", "u@", "u:p@", "@"};
    size_t answered = 0;
    for (int i = 0; i < 200000; i++) {
        char text[512] = "";
        strcat(text, PICK(SCHEMES));
        strcat(text, PICK(USERS));
        put_random_host(text);
        strcat(text, PICK(PORTS));
        put_random_tail(text);
        answered += compare_with_libcurl(text);
    }
    ck_assert_msg(answered > 5000, "only %zu were plain", answered);
}
END_TEST

START_TEST(urls_with_any_byte_anywhere_are_read_as_libcurl_reads_them)
{
    static const char *const BASES[] = {"http://example.org/path/x?q=1", "https://a.b:8080/", "http://1.2.3.4/x",
                                        "http://example.org", "https://x.y/a/b/c.html"};
    size_t answered = 0;
    for (size_t base = 0; base < sizeof BASES / sizeof BASES[0]; base++) {
        size_t bytes = strlen(BASES[base]);
        for (size_t place = 0; place < bytes; place++) {
            for (int byte = 1; byte < 256; byte++) {
                char text[64];
                strcpy(text, BASES[base]);
                text[place] = (char)byte;
                answered += compare_with_libcurl(text);
            }
        }
    }
    ck_assert_uint_gt(answered, 1000);
}
END_TEST

START_TEST(the_common_forms_of_urls_are_plain)
{
    static const char *const PLAIN[] = {
        "http://example.org/",
        "https://example.org",
        "https://en.wikipedia.org/wiki/Caf%C3%A9?x=%2F",
        "https://en.wikipedia.org/wiki/PHP",
        "http://127.0.0.1:8080/a",
        "http://localhost:80/x?y=z&a=b/c?d",
        "https://a-b.c_d.example/~u/x.tar.gz",
        "http://xn--bcher-kva.example/",
    };
    static const char *const NOT_PLAIN[] = {
        "http://127.1/", "http://0x7f.1/",      "http://2130706433/", "http://127.0.0.01/", "http://1.2.3.256/",
        "http://u@h/",   "http://Example.org/", "http://a/../b",      "http://a/%c3",       "http://a/%2E",
        "http://a/%",    "http://a./",          "http://a:080/",      "http://a/#x",        "http://a.0x1/",
        "http:/a/",      "http://a/?",          "http://[::1]/",      "ftp://a/",           "a/b",
        "http://a..b/",
    };
    for (size_t i = 0; i < sizeof PLAIN / sizeof PLAIN[0]; i++) {
        ck_assert_msg(compare_with_libcurl(PLAIN[i]), "%s", PLAIN[i]);
    }
    for (size_t i = 0; i < sizeof NOT_PLAIN / sizeof NOT_PLAIN[0]; i++) {
        ck_assert_msg(!url_parse_plain(NOT_PLAIN[i], strlen(NOT_PLAIN[i]), &parts), "%s", NOT_PLAIN[i]);
    }
}
END_TEST

static Suite *url_suite(void)
{
    Suite *suite = suite_create("url");
    TCase *cases = tcase_create("url");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, urls_are_taken_apart_as_libcurl_does, 0, (int)(sizeof TAKEN / sizeof TAKEN[0]));
    tcase_add_test(cases, a_host_of_one_letter_has_a_key_too);
    tcase_add_loop_test(cases, an_allocation_that_fails_is_an_answer_wherever_it_does, 0, 3);
    tcase_add_loop_test(cases, urls_that_must_not_be_fetched_are_refused_with_a_reason, 0,
                        (int)(sizeof REFUSED / sizeof REFUSED[0]));
    tcase_add_test(cases, a_nul_byte_makes_a_url_invalid);
    tcase_add_test(cases, a_refused_url_leaves_nothing_behind_for_the_next_relative_one);
    tcase_add_test(cases, a_url_of_4096_bytes_is_taken_and_one_more_is_not);
    tcase_add_test(cases, a_url_that_is_too_long_only_when_encoded_is_refused);
    tcase_add_test(cases, a_url_of_a_megabyte_is_refused);
    tcase_add_test(cases, a_host_of_more_than_254_bytes_is_refused);
    tcase_add_test(cases, spellings_of_one_host_have_one_key);
    tcase_add_test(cases, user_and_password_are_noticed_and_can_be_taken_out);
    tcase_add_test(cases, plain_urls_are_read_as_libcurl_reads_them);
    tcase_add_test(cases, urls_with_any_byte_anywhere_are_read_as_libcurl_reads_them);
    tcase_add_test(cases, the_common_forms_of_urls_are_plain);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(url_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
