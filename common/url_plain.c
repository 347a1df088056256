/* url_plain.c: the URLs that libcurl passes on unchanged, by far the most, taken apart without it and without any allocation. */
#include "common/url_plain.h"

#include <string.h>

#define PORT_HTTP 80
#define PORT_HTTPS 443

enum { IN_HOST = 1, IN_PATH = 2, IN_QUERY = 4, IN_TAIL = IN_PATH | IN_QUERY, IN_ALL = IN_HOST | IN_TAIL };

/* RFC 3986 pchar without '%', and '/' ('?' too in a query); hosts in lower case. Dots and '%' need
 * a closer look in paths and hosts. NUL is in none, so it ends every scan. */
static const unsigned char byte_class[256] = {
    ['a' ... 'z'] = IN_ALL,  ['0' ... '9'] = IN_ALL, ['-'] = IN_ALL,   ['_'] = IN_ALL,
    ['A' ... 'Z'] = IN_TAIL, ['~'] = IN_TAIL,        ['!'] = IN_TAIL,  ['$'] = IN_TAIL,
    ['&' ... ','] = IN_TAIL, [';'] = IN_TAIL,        ['='] = IN_TAIL,  [':'] = IN_TAIL,
    ['@'] = IN_TAIL,         ['/'] = IN_TAIL,        ['?'] = IN_QUERY, ['.'] = IN_QUERY,
};

static bool is_in(char byte, int class)
{
    return (byte_class[(unsigned char)byte] & class) != 0;
}

/* The first byte from at on that is not in the class. */
static const char *skip(const char *at, int class)
{
    while (is_in(*at, class)) {
        at++;
    }
    return at;
}

/* Four numbers up to 255 without leading zeros: the one spelling of an address that libcurl leaves
 * as it is. */
static bool is_dotted_quad(const char *at, const char *end)
{
    for (int numbers = 1;; numbers++) {
        const char *start = at;
        unsigned value = 0;
        while (at < end && url_is_digit(*at) && at - start < 3) {
            value = value * 10 + (unsigned)(*at++ - '0');
        }
        if (at == start || value > 255 || (*start == '0' && at - start > 1)) {
            return false;
        }
        if (numbers == 4) {
            return at == end;
        }
        if (at == end || *at++ != '.') {
            return false;
        }
    }
}

/* The end of the host that begins at text; NULL if libcurl should judge it. */
static const char *plain_host_end(const char *text)
{
    const char *label = text;
    const char *at = skip(text, IN_HOST);
    while (*at == '.' && at > label) {
        label = at + 1;
        at = skip(label, IN_HOST);
    }
    if (at == label || at - text >= (ptrdiff_t)URL_HOST_BYTES_MAX) {
        return NULL; /* nothing, an empty label, a dot at the end, or too long */
    }
    /* A name whose last label begins with a letter is no spelling of an address. */
    if (!url_is_letter(*label) && !is_dotted_quad(text, at)) {
        return NULL;
    }
    return at;
}

/* Reads 1 .. 65535 without leading zeros and moves *at behind it. */
static bool plain_port(const char **at, uint16_t *port)
{
    const char *start = *at;
    unsigned value = 0;
    while (url_is_digit(**at) && *at - start < 5) {
        value = value * 10 + (unsigned)(*(*at)++ - '0');
    }
    if (*at == start || *start == '0' || value > UINT16_MAX) {
        return false;
    }
    *port = (uint16_t)value;
    return true;
}

/* "%C3": digits that no version of libcurl changes, and no dot in disguise. */
static bool is_plain_escape(const char *at)
{
    static const char DIGITS[] = "0123456789ABCDEF";
    return at[0] == '%' && at[1] != '\0' && strchr(DIGITS, at[1]) != NULL && at[2] != '\0' &&
           strchr(DIGITS, at[2]) != NULL && !(at[1] == '2' && at[2] == 'E');
}

const char *url_plain_path_end(const char *at)
{
    for (;;) {
        at = skip(at, IN_PATH);
        if (*at == '.' && at[-1] != '/') {
            at++; /* not the beginning of a dot segment */
        } else if (is_plain_escape(at)) {
            at += 3;
        } else {
            return at;
        }
    }
}

const char *url_plain_query_end(const char *at)
{
    for (;;) {
        at = skip(at, IN_QUERY);
        if (!is_plain_escape(at)) {
            return at;
        }
        at += 3;
    }
}

bool url_parse_plain(const char *text, size_t bytes, struct url_parts *parts)
{
    const char *end = text + bytes;
    if (bytes > URL_BYTES_MAX || bytes < 8 || memcmp(text, "http", 4) != 0) {
        return false;
    }
    bool tls = text[4] == 's';
    size_t scheme_bytes = tls ? 5 : 4;
    if (memcmp(text + scheme_bytes, "://", 3) != 0) {
        return false;
    }
    const char *host = text + scheme_bytes + 3;
    const char *at = plain_host_end(host);
    if (at == NULL) {
        return false;
    }
    parts->fetch = (struct url_text){text, bytes};
    parts->scheme = (struct url_text){text, scheme_bytes};
    parts->host = (struct url_text){host, (size_t)(at - host)};
    parts->query = (struct url_text){NULL, 0};
    parts->port = tls ? PORT_HTTPS : PORT_HTTP;
    parts->has_userinfo = false;
    if (*at == ':') {
        at++;
        if (!plain_port(&at, &parts->port)) {
            return false;
        }
    }
    if (at == end) {
        parts->path = (struct url_text){"/", 1};
        return true;
    }
    if (*at != '/') {
        return false;
    }
    const char *path = at;
    at = url_plain_path_end(path);
    parts->path = (struct url_text){path, (size_t)(at - path)};
    if (*at == '?') {
        const char *query = at + 1;
        at = url_plain_query_end(query);
        if (at == query) {
            return false; /* libcurl drops the '?' of an empty query */
        }
        parts->query = (struct url_text){query, (size_t)(at - query)};
    }
    return at == end;
}
