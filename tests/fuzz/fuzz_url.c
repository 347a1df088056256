/* The URL of a line: what common/url.c takes holds together, and where common/url_plain.c answers, libcurl
 * answers the same. */
#include <curl/curl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "common/url.h"
#include "common/url_plain.h"
#include "tests/fuzz/fuzz.h"

static bool is_text(struct url_text text, const char *expected)
{
    return text.bytes == strlen(expected) && memcmp(text.at, expected, text.bytes) == 0;
}

static void expect_part(CURLU *handle, CURLUPart part, unsigned flags, struct url_text text)
{
    char *value = NULL;
    CURLUcode code = curl_url_get(handle, part, &value, flags);
    if (part == CURLUPART_QUERY && code == CURLUE_NO_QUERY)
        fuzz_expect(text.at == NULL);
    else
        fuzz_expect(code == CURLUE_OK && is_text(text, value));
    curl_free(value);
}

/* libcurl must take the URL, leave it as it is, and name the same parts. */
static void compare_with_libcurl(const char *text, size_t bytes, const struct url_parts *parts)
{
    CURLU *handle = curl_url();
    char *value = NULL;
    fuzz_expect(handle != NULL);
    fuzz_expect(curl_url_set(handle, CURLUPART_URL, text, CURLU_URLENCODE) == CURLUE_OK);
    fuzz_expect(curl_url_get(handle, CURLUPART_URL, &value, CURLU_PUNYCODE) == CURLUE_OK);
    size_t same = strlen(value);
    /* Where there is no path libcurl puts the slash. */
    fuzz_expect(same == bytes || (same == bytes + 1 && value[bytes] == '/' && is_text(parts->path, "/")));
    fuzz_expect(memcmp(value, text, bytes) == 0 && parts->fetch.at == text && parts->fetch.bytes == bytes);
    curl_free(value);
    value = NULL;
    expect_part(handle, CURLUPART_SCHEME, 0, parts->scheme);
    expect_part(handle, CURLUPART_HOST, CURLU_PUNYCODE, parts->host);
    expect_part(handle, CURLUPART_PATH, 0, parts->path);
    expect_part(handle, CURLUPART_QUERY, 0, parts->query);
    fuzz_expect(curl_url_get(handle, CURLUPART_PORT, &value, CURLU_DEFAULT_PORT) == CURLUE_OK);
    fuzz_expect(parts->port == strtoul(value, NULL, 10) && parts->port > 0);
    curl_free(value);
    value = NULL;
    fuzz_expect(curl_url_get(handle, CURLUPART_USER, &value, 0) == CURLUE_NO_USER && !parts->has_userinfo);
    curl_url_cleanup(handle);
}

static void expect_sound(const struct url_parts *parts)
{
    char key[URL_HOST_KEY_BYTES];
    fuzz_expect(parts->fetch.bytes <= URL_BYTES_MAX && parts->fetch.at[parts->fetch.bytes] == '\0');
    for (size_t i = 0; i < parts->fetch.bytes; i++)
        fuzz_expect(parts->fetch.at[i] > 0x20 && parts->fetch.at[i] < 0x7f);
    fuzz_expect(is_text(parts->scheme, "http") || is_text(parts->scheme, "https"));
    fuzz_expect(parts->host.bytes > 0 && parts->host.bytes <= URL_HOST_BYTES_MAX);
    for (size_t i = 0; i < parts->host.bytes; i++) {
        char byte = parts->host.at[i];
        fuzz_expect(byte > 0x20 && byte < 0x7f && (byte < 'A' || byte > 'Z') && !strchr("/?#@", byte));
    }
    fuzz_expect(parts->path.bytes > 0 && parts->path.at[0] == '/');
    fuzz_expect(parts->query.at == NULL || parts->query.bytes > 0);
    fuzz_expect(parts->port > 0);
    size_t bytes = url_host_key(parts, key);
    fuzz_expect(bytes == strlen(key) && bytes < sizeof key);
}

/* A URL as libcurl gives it back is taken, and stands for the same place. */
static void expect_stable(const struct url_parts *parts)
{
    struct url_parser *again = url_parser_open();
    struct url_parts same;
    char key[URL_HOST_KEY_BYTES];
    char same_key[URL_HOST_KEY_BYTES];
    fuzz_expect(again != NULL);
    fuzz_expect(url_parse(again, parts->fetch.at, parts->fetch.bytes, &same) == FETCH_OK);
    url_host_key(parts, key);
    url_host_key(&same, same_key);
    fuzz_expect(strcmp(key, same_key) == 0);
    fuzz_expect(same.path.bytes == parts->path.bytes && memcmp(same.path.at, parts->path.at, same.path.bytes) == 0);
    fuzz_expect(same.has_userinfo == parts->has_userinfo);
    url_parser_close(again);
}

/* What is shown of a URL is no URL with a password in it. */
static void expect_no_userinfo(const char *text, size_t bytes)
{
    struct url_parser *again = url_parser_open();
    struct url_parts parts;
    char *shown = malloc(bytes + 1);
    fuzz_expect(again != NULL && shown != NULL);
    size_t left = url_without_userinfo(text, bytes, shown);
    fuzz_expect(left <= bytes && shown[left] == '\0');
    fuzz_expect(url_parse(again, shown, left, &parts) != FETCH_OK || !parts.has_userinfo);
    url_parser_close(again);
    free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct url_parser *parser;
    struct url_parts parts;
    if (!parser) {
        setlocale(LC_CTYPE, "C.UTF-8");
        parser = url_parser_open();
        fuzz_expect(parser != NULL);
    }
    char *text = fuzz_text(data, size);
    if (url_parse_plain(text, size, &parts))
        compare_with_libcurl(text, size, &parts);
    if (url_parse(parser, text, size, &parts) == FETCH_OK) {
        expect_sound(&parts);
        expect_stable(&parts);
        expect_no_userinfo(parts.fetch.at, parts.fetch.bytes);
    } else {
        fuzz_expect(url_why(parser)[0] != '\0');
    }
    expect_no_userinfo(text, size);
    free(text);
    return 0;
}
