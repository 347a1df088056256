/* url_resolve.c: what a reference in a page means. */
#include "common/url_resolve.h"

#include <stdlib.h>
#include <string.h>

#include "common/url_plain.h"

struct url_resolver {
    struct url_parser *parser;
    size_t scheme_bytes;    /* of the base: "https" */
    size_t origin_bytes;    /* up to its path */
    size_t directory_bytes; /* up to behind the last '/' of its path */
    size_t path_bytes;      /* up to its query; 0: there is no base */
    size_t base_bytes;
    char base[URL_BYTES_MAX + 1];
    char url[URL_BYTES_MAX + 2];   /* the answer */
    char clean[URL_BYTES_MAX + 1]; /* a reference that is not plain, put in order */
};

struct url_resolver *url_resolver_open(void)
{
    struct url_resolver *resolver = malloc(sizeof *resolver);
    if (!resolver)
        return NULL;
    resolver->path_bytes = 0;
    resolver->parser = url_parser_open();
    if (!resolver->parser) {
        free(resolver);
        return NULL;
    }
    return resolver;
}

void url_resolver_close(struct url_resolver *resolver)
{
    if (resolver)
        url_parser_close(resolver->parser);
    free(resolver);
}

/* ---- escapes ---- */

static int hex_value(char byte)
{
    if (url_is_digit(byte))
        return byte - '0';
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* What the escape at `at` stands for; -1: it is none. */
static int escaped_byte(const char *at, const char *end)
{
    if (end - at < 3 || *at != '%' || hex_value(at[1]) < 0 || hex_value(at[2]) < 0)
        return -1;
    return hex_value(at[1]) * 16 + hex_value(at[2]);
}

/* RFC 3986, 2.3: escaped or not, these mean the same. */
static bool is_unreserved(int byte)
{
    return byte > 0 && byte < 0x80 && (url_is_letter((char)byte) || url_is_digit((char)byte) || strchr("-._~", byte));
}

static char *put_escape(unsigned char byte, char *to)
{
    static const char DIGITS[] = "0123456789ABCDEF";
    *to++ = '%';
    *to++ = DIGITS[byte >> 4];
    *to++ = DIGITS[byte & 15];
    return to;
}

/* Bytes that stand in no URL; those from 0x80 on are libcurl's, who must know whether they are a host's. */
static bool needs_escape(char byte)
{
    return (unsigned char)byte <= 0x20 || byte == 0x7f || byte == '"' || byte == '<' || byte == '>';
}

/* Writes the reference to resolver->clean, ended by NUL: no line breaks, escapes in their one spelling, '\\' as the '/' that it is to
 * browsers ahead of a query (URL standard, 4.4). Returns its length, SIZE_MAX where it is too long. */
static size_t clean_reference(struct url_resolver *resolver, const char *reference, size_t bytes)
{
    char *to = resolver->clean;
    const char *end = reference + bytes;
    bool in_query = false;
    for (const char *at = reference; at < end; at++) {
        if (resolver->clean + sizeof resolver->clean - to < 4)
            return SIZE_MAX;
        int byte = escaped_byte(at, end);
        if (byte >= 0) {
            if (is_unreserved(byte))
                *to++ = (char)byte;
            else
                to = put_escape((unsigned char)byte, to);
            at += 2;
        } else if (*at == '\t' || *at == '\n' || *at == '\r') {
            continue;
        } else if (*at == '\\' && !in_query) {
            *to++ = '/';
        } else if (needs_escape(*at)) {
            to = put_escape((unsigned char)*at, to);
        } else {
            in_query = in_query || *at == '?';
            *to++ = *at;
        }
    }
    *to = '\0';
    return (size_t)(to - resolver->clean);
}

/* libcurl writes its own escapes in small letters. */
static void raise_escapes(char *at, const char *end)
{
    for (; at < end; at++) {
        if (escaped_byte(at, end) < 0)
            continue;
        for (int i = 1; i < 3; i++)
            at[i] = (char)(url_is_letter(at[i]) ? at[i] & ~0x20 : at[i]);
    }
}

/* ---- absolute URLs ---- */

static char *put(char *to, const char *text, size_t bytes)
{
    memcpy(to, text, bytes);
    return to + bytes;
}

/* The one spelling of a parsed URL. Returns its length; 0: too long. */
static size_t compose(const struct url_parts *parts, char out[URL_BYTES_MAX + 2], size_t *origin_bytes,
                      size_t *path_bytes)
{
    char digits[8];
    size_t digit_count = 0;
    bool is_default = parts->port == (parts->scheme.bytes == 5 ? 443 : 80);
    for (unsigned port = is_default ? 0 : parts->port; port; port /= 10)
        digits[digit_count++] = (char)('0' + port % 10);
    size_t whole = parts->scheme.bytes + 3 + parts->host.bytes + (digit_count ? digit_count + 1 : 0) +
                   parts->path.bytes + (parts->query.bytes ? parts->query.bytes + 1 : 0);
    if (whole > URL_BYTES_MAX)
        return 0;
    char *to = put(out, parts->scheme.at, parts->scheme.bytes);
    to = put(to, "://", 3);
    to = put(to, parts->host.at, parts->host.bytes);
    if (digit_count)
        *to++ = ':';
    while (digit_count)
        *to++ = digits[--digit_count];
    *origin_bytes = (size_t)(to - out);
    to = put(to, parts->path.at, parts->path.bytes);
    *path_bytes = (size_t)(to - out);
    if (parts->query.bytes) {
        *to++ = '?';
        to = put(to, parts->query.at, parts->query.bytes);
    }
    *to = '\0';
    raise_escapes(out + *origin_bytes, to);
    return (size_t)(to - out);
}

enum fetch_error url_resolver_set_base(struct url_resolver *resolver, const char *text, size_t bytes)
{
    struct url_parts parts;
    size_t clean_bytes = clean_reference(resolver, text, bytes);
    if (clean_bytes == SIZE_MAX)
        return FETCH_INVALID_URL;
    char *fragment = memchr(resolver->clean, '#', clean_bytes);
    if (fragment) {
        *fragment = '\0';
        clean_bytes = (size_t)(fragment - resolver->clean);
    }
    enum fetch_error error = url_parse(resolver->parser, resolver->clean, clean_bytes, &parts);
    if (error != FETCH_OK)
        return error;
    size_t origin_bytes;
    size_t path_bytes;
    size_t base_bytes = compose(&parts, resolver->url, &origin_bytes, &path_bytes);
    if (!base_bytes)
        return FETCH_INVALID_URL;
    memcpy(resolver->base, resolver->url, base_bytes + 1);
    resolver->base_bytes = base_bytes;
    resolver->scheme_bytes = parts.scheme.bytes;
    resolver->origin_bytes = origin_bytes;
    resolver->path_bytes = path_bytes;
    resolver->directory_bytes = path_bytes;
    while (resolver->base[resolver->directory_bytes - 1] != '/')
        resolver->directory_bytes--;
    return FETCH_OK;
}

/* ---- kinds of references ---- */

/* Without the blanks around it and the fragment behind it. */
static size_t trim(const char **reference, size_t bytes)
{
    const char *at = *reference;
    const char *end = at + bytes;
    while (at < end && (unsigned char)*at <= ' ')
        at++;
    const char *fragment = at < end ? memchr(at, '#', (size_t)(end - at)) : NULL;
    if (fragment)
        end = fragment;
    else
        while (end > at && (unsigned char)end[-1] <= ' ')
            end--;
    *reference = at;
    return (size_t)(end - at);
}

/* Bytes of "scheme" before a ':'; 0: the reference has none. */
static size_t scheme_of(const char *reference, size_t bytes)
{
    static const bool IN_SCHEME[256] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['+'] = true, ['-'] = true, ['.'] = true,
    };
    size_t at = 0;
    while (at < bytes && IN_SCHEME[(unsigned char)reference[at]])
        at++;
    return at < bytes && reference[at] == ':' && url_is_letter(reference[0]) ? at : 0;
}

static bool is_http(const char *reference, size_t scheme_bytes)
{
    static const char HTTPS[] = "https";
    if (scheme_bytes != 4 && scheme_bytes != 5)
        return false;
    for (size_t i = 0; i < scheme_bytes; i++) {
        if ((reference[i] | 0x20) != HTTPS[i])
            return false;
    }
    return true;
}

/* How much of the base stands before a reference without a scheme. */
static size_t prefix_of(const struct url_resolver *resolver, const char *reference, size_t bytes)
{
    if (bytes > 1 && reference[0] == '/' && reference[1] == '/')
        return resolver->scheme_bytes + 1;
    if (reference[0] == '/')
        return resolver->origin_bytes;
    return reference[0] == '?' ? resolver->path_bytes : resolver->directory_bytes;
}

static void give(struct url_resolver *resolver, size_t bytes, struct url_text *url)
{
    resolver->url[bytes] = '\0';
    *url = (struct url_text){resolver->url, bytes};
}

static void give_base(struct url_resolver *resolver, struct url_text *url)
{
    memcpy(resolver->url, resolver->base, resolver->base_bytes);
    give(resolver, resolver->base_bytes, url);
}

/* ---- the plain way ---- */

/* Escapes that url_parse() leaves alone but that are not in their one spelling. */
static bool has_needless_escape(const char *at, const char *end)
{
    while ((at = memchr(at, '%', (size_t)(end - at)))) {
        if (is_unreserved(escaped_byte(at, end)))
            return true;
        at++;
    }
    return false;
}

/* Whether the path that begins at `path` with '/', and the query behind it, are plain up to `end`, which is NUL. */
static bool is_plain_tail(const char *path, const char *end)
{
    const char *at = *path == '?' ? path : url_plain_path_end(path);
    if (*at == '?') {
        const char *query = at + 1;
        at = url_plain_query_end(query);
        if (at == query)
            return false; /* an empty query goes away */
    }
    return at == end && !has_needless_escape(path, end);
}

static bool resolve_absolute(struct url_resolver *resolver, const char *reference, size_t bytes, struct url_text *url)
{
    struct url_parts parts;
    memcpy(resolver->url, reference, bytes);
    resolver->url[bytes] = '\0';
    if (!url_parse_plain(resolver->url, bytes, &parts))
        return false;
    const char *behind_host = parts.host.at + parts.host.bytes;
    if (*behind_host == ':' && parts.port == (parts.scheme.bytes == 5 ? 443 : 80))
        return false;
    if (parts.path.at < resolver->url || parts.path.at > resolver->url + bytes) /* it has none: "/" was meant */
        resolver->url[bytes++] = '/';
    else if (has_needless_escape(parts.path.at, resolver->url + bytes))
        return false;
    if (bytes > URL_BYTES_MAX)
        return false;
    give(resolver, bytes, url);
    return true;
}

/* Takes "./" and "../" from the front of a path-relative reference and directories from the end of the prefix. */
static size_t climb(const struct url_resolver *resolver, const char **reference, size_t *bytes)
{
    size_t prefix = resolver->directory_bytes;
    for (;;) {
        if (*bytes >= 2 && memcmp(*reference, "./", 2) == 0) {
            *reference += 2;
            *bytes -= 2;
        } else if (*bytes >= 3 && memcmp(*reference, "../", 3) == 0) {
            *reference += 3;
            *bytes -= 3;
            if (prefix > resolver->origin_bytes + 1) {
                do {
                    prefix--;
                } while (resolver->base[prefix - 1] != '/');
            }
        } else {
            return prefix;
        }
    }
}

/* Without the scan for a scheme, the blanks and the fragment. */
static bool resolve_plain_trimmed(struct url_resolver *resolver, const char *reference, size_t bytes,
                                  size_t scheme_bytes, struct url_text *url)
{
    if (bytes > URL_BYTES_MAX || !resolver->path_bytes)
        return false;
    if (bytes == 0) {
        give_base(resolver, url);
        return true;
    }
    if (scheme_bytes)
        return resolve_absolute(resolver, reference, bytes, url);
    size_t prefix = prefix_of(resolver, reference, bytes);
    if (prefix == resolver->scheme_bytes + 1)
        return false;
    if (*reference == '.')
        prefix = climb(resolver, &reference, &bytes);
    if (prefix + bytes > URL_BYTES_MAX || (bytes && *reference == '/' && prefix != resolver->origin_bytes))
        return false;
    memcpy(resolver->url, resolver->base, prefix);
    memcpy(resolver->url + prefix, reference, bytes);
    const char *end = resolver->url + prefix + bytes;
    resolver->url[prefix + bytes] = '\0';
    bool begins_path = bytes && (*reference == '/' || *reference == '?') && prefix != resolver->directory_bytes;
    if (!is_plain_tail(resolver->url + prefix - !begins_path, end))
        return false;
    give(resolver, prefix + bytes, url);
    return true;
}

bool url_resolve_plain(struct url_resolver *resolver, const char *reference, size_t bytes, struct url_text *url)
{
    bytes = trim(&reference, bytes);
    return resolve_plain_trimmed(resolver, reference, bytes, scheme_of(reference, bytes), url);
}

/* ---- the other way ---- */

enum url_resolution url_resolve_parsed(struct url_resolver *resolver, const char *reference, size_t bytes,
                                       struct url_text *url)
{
    bytes = trim(&reference, bytes);
    size_t clean_bytes = clean_reference(resolver, reference, bytes);
    const char *clean = resolver->clean;
    if (clean_bytes == SIZE_MAX || !resolver->path_bytes)
        return URL_UNUSABLE;
    if (clean_bytes == 0) {
        give_base(resolver, url);
        return URL_RESOLVED;
    }
    size_t scheme_bytes = scheme_of(clean, clean_bytes);
    if (scheme_bytes && !is_http(clean, scheme_bytes))
        return URL_OTHER_SCHEME;
    if (!scheme_bytes) {
        size_t prefix = prefix_of(resolver, clean, clean_bytes);
        if (prefix + clean_bytes > URL_BYTES_MAX)
            return URL_UNUSABLE;
        memmove(resolver->clean + prefix, clean, clean_bytes + 1);
        memcpy(resolver->clean, resolver->base, prefix);
        clean_bytes += prefix;
    }
    struct url_parts parts;
    if (url_parse(resolver->parser, clean, clean_bytes, &parts) != FETCH_OK)
        return URL_UNUSABLE;
    size_t origin_bytes;
    size_t path_bytes;
    size_t url_bytes = compose(&parts, resolver->url, &origin_bytes, &path_bytes);
    if (!url_bytes)
        return URL_UNUSABLE;
    give(resolver, url_bytes, url);
    return URL_RESOLVED;
}

enum url_resolution url_resolve(struct url_resolver *resolver, const char *reference, size_t bytes,
                                struct url_text *url)
{
    bytes = trim(&reference, bytes);
    size_t scheme_bytes = scheme_of(reference, bytes);
    if (scheme_bytes && !is_http(reference, scheme_bytes))
        return URL_OTHER_SCHEME;
    if (resolve_plain_trimmed(resolver, reference, bytes, scheme_bytes, url))
        return URL_RESOLVED;
    return url_resolve_parsed(resolver, reference, bytes, url);
}
