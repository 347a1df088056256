/* DESIGN. url_parse() first tries url_parse_plain(), which answers for the URLs that libcurl passes
 * on unchanged, and leaves everything doubtful (userinfo, '%', dot segments, numbers that may be
 * addresses, upper case, ...) to libcurl's parser. What libcurl is known to let through and we
 * refuse is caught before it or after it: control bytes, port 0, bytes that a percent-encoded host
 * hid. */
#include "common/url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "common/url_plain.h"

#if LIBCURL_VERSION_NUM < 0x075800
#error "libcurl 7.88.0 is needed: CURLU_PUNYCODE, and one treatment of percent-encoded hosts"
#endif

#define DEFAULT_SCHEME "http://"
#define SETTLE_ROUNDS_MAX 2

enum { OWNED_FETCH, OWNED_HOST, OWNED_PATH, OWNED_QUERY, OWNED_COUNT };

struct url_parser {
    CURLU *handle;
    const char *why;
    bool may_be_idn;          /* the text holds '%' or a byte from 0x80 on */
    char *owned[OWNED_COUNT]; /* libcurl's strings, which the parts point to */
    char with_scheme[sizeof DEFAULT_SCHEME + URL_BYTES_MAX];
};

struct url_parser *url_parser_open(void)
{
    struct url_parser *parser = calloc(1, sizeof *parser);
    /* not covered: needs a heap without 4 KiB */
    if (parser == NULL) {
        return NULL;
    }
    parser->why = "";
    parser->handle = curl_url();
    if (parser->handle == NULL) {
        free(parser);
        return NULL;
    }
    return parser;
}

static void forget_owned(struct url_parser *parser)
{
    for (int i = 0; i < OWNED_COUNT; i++) {
        curl_free(parser->owned[i]);
        parser->owned[i] = NULL;
    }
}

void url_parser_close(struct url_parser *parser)
{
    if (parser != NULL) {
        forget_owned(parser);
        curl_url_cleanup(parser->handle);
        free(parser);
    }
}

const char *url_why(const struct url_parser *parser)
{
    return parser->why;
}

static enum fetch_error refuse(struct url_parser *parser, const char *why)
{
    parser->why = why;
    return FETCH_INVALID_URL;
}

static enum fetch_error refuse_as_libcurl(struct url_parser *parser, CURLUcode code)
{
    switch (code) {
    case CURLUE_OUT_OF_MEMORY:
        if (parser->may_be_idn) {
            /* Older versions of libcurl say the same for a name that is no IDN. */
            return refuse(parser, "the host name is no valid international name");
        }
        parser->why = "no memory to parse the URL";
        return FETCH_OUT_OF_MEMORY;
    case CURLUE_BAD_SLASHES:
        return refuse(parser, "one to three slashes must follow the scheme");
    case CURLUE_NO_HOST:
        return refuse(parser, "there is no host");
    case CURLUE_BAD_HOSTNAME:
    case CURLUE_MALFORMED_INPUT: /* of an encoded control byte, since libcurl 8 */
        return refuse(parser, "the host name holds a byte that no host name has");
    case CURLUE_BAD_PORT_NUMBER:
        return refuse(parser, "the port is not a number from 1 to 65535");
    case CURLUE_BAD_IPV6:
        return refuse(parser, "the IPv6 address is malformed");
    default:
        return refuse(parser, curl_url_strerror(code));
    }
}

/* Length of "scheme:" at the start of text; 0 without one, as in "host:8080" and "host:". */
static size_t scheme_bytes(const char *text, size_t bytes)
{
    size_t colon = 0;
    while (colon < bytes &&
           (url_is_letter(text[colon]) || (colon > 0 && (url_is_digit(text[colon]) || text[colon] == '+' ||
                                                         text[colon] == '-' || text[colon] == '.')))) {
        colon++;
    }
    if (colon == 0 || colon == bytes || text[colon] != ':') {
        return 0;
    }
    bool port_or_end = colon + 1 == bytes || url_is_digit(text[colon + 1]);
    return port_or_end ? 0 : colon + 1;
}

static bool equals_lower(const char *text, size_t bytes, const char *lower)
{
    for (size_t i = 0; i < bytes; i++) {
        if (lower[i] == '\0' || (text[i] | 0x20) != lower[i]) {
            return false;
        }
    }
    return lower[bytes] == '\0';
}

static bool has_blank_or_control(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte <= 0x20 || byte == 0x7f) {
            return true;
        }
    }
    return false;
}

static bool may_be_idn(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '%' || (unsigned char)text[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

static bool is_printable_ascii(const char *text)
{
    for (; *text != '\0'; text++) {
        /* not covered: DEL, which libcurl 7.88 refuses when it parses what it gave */
        if (*text <= 0x20 || *text >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* Replaces parser->owned[which] by a part of the URL. */
static CURLUcode own_part(struct url_parser *parser, int which, CURLUPart part)
{
    curl_free(parser->owned[which]);
    parser->owned[which] = NULL;
    return curl_url_get(parser->handle, part, &parser->owned[which], CURLU_PUNYCODE);
}

static CURLUcode set_url(struct url_parser *parser, const char *text)
{
    /* Without this a handle that holds a URL takes what it cannot parse as relative to that one. */
    CURLUcode code = curl_url_set(parser->handle, CURLUPART_URL, NULL, 0);
    /* not covered: libcurl 7.88 forgets a URL without fail */
    return code != CURLUE_OK ? code : curl_url_set(parser->handle, CURLUPART_URL, text, CURLU_URLENCODE);
}

/* Gives the handle the URL in its last form: the one that libcurl, when it parses it once more, leaves as it is. An IDN host
 * may turn into a spelling of an address (fullwidth digits), and a '%' of a host into another, which must not come to light
 * only when the worker parses it. */
static CURLUcode settle_url(struct url_parser *parser, const char *text)
{
    CURLUcode code = set_url(parser, text);
    if (code == CURLUE_OK) {
        code = own_part(parser, OWNED_FETCH, CURLUPART_URL);
    }
    bool is_settled = !parser->may_be_idn;
    for (int i = 0; i < SETTLE_ROUNDS_MAX && code == CURLUE_OK && !is_settled; i++) {
        char *before = parser->owned[OWNED_FETCH];
        parser->owned[OWNED_FETCH] = NULL;
        code = set_url(parser, before);
        if (code == CURLUE_OK) {
            code = own_part(parser, OWNED_FETCH, CURLUPART_URL);
        }
        is_settled = code == CURLUE_OK && strcmp(parser->owned[OWNED_FETCH], before) == 0;
        curl_free(before);
    }
    return code == CURLUE_OK && !is_settled ? CURLUE_BAD_HOSTNAME : code;
}

static bool has_part(const struct url_parser *parser, CURLUPart part)
{
    char *value = NULL;
    bool has = curl_url_get(parser->handle, part, &value, 0) == CURLUE_OK;
    curl_free(value);
    return has;
}

static CURLUcode read_port(const struct url_parser *parser, uint16_t *port)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(parser->handle, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT);
    if (code == CURLUE_OK) {
        *port = (uint16_t)strtoul(text, NULL, 10);
    }
    curl_free(text);
    return code == CURLUE_OK && *port == 0 ? CURLUE_BAD_PORT_NUMBER : code;
}

static struct url_text owned_text(const struct url_parser *parser, int which)
{
    return (struct url_text){parser->owned[which], strlen(parser->owned[which])};
}

static enum fetch_error read_parts(struct url_parser *parser, struct url_parts *parts)
{
    CURLUcode code = own_part(parser, OWNED_HOST, CURLUPART_HOST);
    if (code == CURLUE_OK) {
        code = own_part(parser, OWNED_PATH, CURLUPART_PATH);
    }
    if (code == CURLUE_OK) {
        code = read_port(parser, &parts->port);
    }
    if (code != CURLUE_OK) {
        return refuse_as_libcurl(parser, code);
    }
    code = own_part(parser, OWNED_QUERY, CURLUPART_QUERY);
    if (code != CURLUE_OK && code != CURLUE_NO_QUERY) {
        return refuse_as_libcurl(parser, code);
    }
    /* A '%' that is left would be decoded by the next to parse it: another host than the one that was checked.
     * not covered: such a host, which libcurl 7.88 refuses when it parses what it gave */
    if (!is_printable_ascii(parser->owned[OWNED_HOST]) || !is_printable_ascii(parser->owned[OWNED_FETCH]) ||
        strchr(parser->owned[OWNED_HOST], '%') != NULL) {
        return refuse_as_libcurl(parser, CURLUE_BAD_HOSTNAME);
    }
    parts->fetch = owned_text(parser, OWNED_FETCH);
    parts->host = owned_text(parser, OWNED_HOST);
    parts->path = owned_text(parser, OWNED_PATH);
    parts->query = (struct url_text){NULL, 0};
    if (parser->owned[OWNED_QUERY] != NULL && parser->owned[OWNED_QUERY][0] != '\0') {
        parts->query = owned_text(parser, OWNED_QUERY);
    }
    parts->scheme = (struct url_text){parts->fetch.at, (size_t)(strchr(parts->fetch.at, ':') - parts->fetch.at)};
    parts->has_userinfo = has_part(parser, CURLUPART_USER) || has_part(parser, CURLUPART_PASSWORD);
    if (parts->host.bytes > URL_HOST_BYTES_MAX) {
        return refuse(parser, "the host name is longer than 254 bytes");
    }
    if (parts->fetch.bytes > URL_BYTES_MAX) {
        return refuse(parser, "the URL is longer than 4096 bytes when it is percent-encoded");
    }
    for (char *byte = parser->owned[OWNED_HOST]; *byte != '\0'; byte++) {
        *byte = (char)(url_is_letter(*byte) ? *byte | 0x20 : *byte);
    }
    return FETCH_OK;
}

_Static_assert(URL_BYTES_MAX == 4096u && URL_HOST_BYTES_MAX == 254u, "the messages name these numbers");

enum fetch_error url_parse(struct url_parser *parser, const char *text, size_t bytes, struct url_parts *parts)
{
    parser->why = "";
    if (url_parse_plain(text, bytes, parts)) {
        return FETCH_OK;
    }
    if (bytes == 0) {
        return refuse(parser, "it is empty");
    }
    if (bytes > URL_BYTES_MAX) {
        return refuse(parser, "the URL is longer than 4096 bytes");
    }
    if (has_blank_or_control(text, bytes)) {
        return refuse(parser, "it holds a blank or a control character");
    }
    size_t colon = strcspn(text, ":");
    bool is_ours = colon < bytes && (equals_lower(text, colon, "http") || equals_lower(text, colon, "https"));
    if (!is_ours && scheme_bytes(text, bytes) > 0) {
        return refuse(parser, "the scheme is not http or https");
    }
    if (!is_ours && text[0] == '/') {
        return refuse(parser, "there is no host");
    }
    parser->may_be_idn = may_be_idn(text, bytes);
    if (!is_ours) {
        memcpy(parser->with_scheme, DEFAULT_SCHEME, sizeof DEFAULT_SCHEME - 1);
        memcpy(parser->with_scheme + sizeof DEFAULT_SCHEME - 1, text, bytes + 1);
        text = parser->with_scheme;
    }
    forget_owned(parser);
    CURLUcode code = settle_url(parser, text);
    return code == CURLUE_OK ? read_parts(parser, parts) : refuse_as_libcurl(parser, code);
}

/* ---- names ---- */

size_t url_host_key(const struct url_parts *parts, char key[URL_HOST_KEY_BYTES])
{
    char *at = key;
    size_t host_bytes = parts->host.bytes;
    if (host_bytes > 1 && parts->host.at[host_bytes - 1] == '.') {
        host_bytes--;
    }
    at = mempcpy(at, parts->scheme.at, parts->scheme.bytes);
    at = mempcpy(at, "://", 3);
    at = mempcpy(at, parts->host.at, host_bytes);
    *at++ = ':';
    char digits[5];
    int count = 0;
    unsigned port = parts->port;
    do {
        digits[count++] = (char)('0' + port % 10);
        port /= 10;
    } while (port > 0);
    while (count > 0) {
        *at++ = digits[--count];
    }
    *at = '\0';
    return (size_t)(at - key);
}

static size_t strip_userinfo(const char *text, size_t bytes, char *out)
{
    size_t start = scheme_bytes(text, bytes);
    if (start < bytes && text[start] != '/') {
        start = 0; /* "name:password@host": better to hide what only looks like it */
    }
    while (start < bytes && text[start] == '/') {
        start++;
    }
    size_t behind = start;
    for (size_t i = start; i < bytes && text[i] != '/' && text[i] != '?' && text[i] != '#'; i++) {
        if (text[i] == '@') {
            behind = i + 1;
        }
    }
    memmove(out, text, start);
    memmove(out + start, text + behind, bytes - behind);
    size_t left = bytes - (behind - start);
    out[left] = '\0';
    return left;
}

size_t url_without_userinfo(const char *text, size_t bytes, char *out)
{
    for (;;) {
        size_t left = strip_userinfo(text, bytes, out);
        if (left == bytes)
            return left;
        /* "a@http://name:password@host/" is http://host/ behind the first, and would be shown as if that were meant. */
        text = out;
        bytes = left;
    }
}
