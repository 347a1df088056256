/* url.h: which URLs are fetched, and what they are made of. One parser decides everywhere:
 * libcurl's own curl_url_*, so that the host that was checked is the host that is connected to. For
 * plain URLs, by far the most, the same answer is found without it: url_plain.h. */
#ifndef SHOAL_URL_H
#define SHOAL_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fetch_error.h"
#include "common/limits.h"

/* A host name has 253 bytes at most, 254 with the dot at its end; an IPv6 address with brackets far
 * less. */
#define URL_HOST_BYTES_MAX 254u

/* Room for every host key with its NUL: "https://" host ":65535". */
#define URL_HOST_KEY_BYTES (8 + URL_HOST_BYTES_MAX + 6 + 1)

struct url_text {
    const char *at; /* not ended by NUL */
    size_t bytes;
};

/* A URL that may be fetched, taken apart. The texts point into the text that was parsed or into the
 * parser: valid until the next url_parse() with this parser, and as long as the parsed text. */
struct url_parts {
    struct url_text fetch;  /* what to hand to libcurl: absolute, ASCII, ended by NUL; userinfo kept */
    struct url_text scheme; /* "http" or "https" */
    struct url_text host;   /* lower-case ASCII; IDN as punycode, IPv4 as a dotted quad, IPv6 in
                             * brackets; a dot at its end is kept, as libcurl does */
    struct url_text path;   /* begins with '/'; dot segments removed */
    struct url_text query;  /* without '?'; at is NULL where there is none, or an empty one */
    uint16_t port;          /* 80 or 443 where the URL names none */
    bool has_userinfo;      /* fetch holds a name or a password: show url_without_userinfo() instead */
};

struct url_parser;

/* NULL when memory is short. */
struct url_parser *url_parser_open(void);
void url_parser_close(struct url_parser *parser); /* accepts NULL */

/* Checks text[0 .. bytes), where text[bytes] must be NUL, and takes it apart. Rules:
 *   - at most URL_BYTES_MAX bytes, as given and as encoded; no byte up to 0x20, no 0x7f: no NUL, CR, LF or blank;
 *   - scheme http or https, followed by one to three slashes; a text without a scheme ("example.org/x",
 *     "localhost:8080") means http://, as in curl, whatever the host is called;
 *   - a host is required; bytes from 0x80 on are percent-encoded, in the host taken as IDN (this needs LC_CTYPE to be a
 *     UTF-8 locale).
 * FETCH_OK and *parts; FETCH_INVALID_URL or FETCH_OUT_OF_MEMORY, and url_why() says what is wrong. Never blocks. */
enum fetch_error url_parse(struct url_parser *parser, const char *text, size_t bytes, struct url_parts *parts);

/* One line about the last url_parse() that failed; holds no byte of the URL. Valid until the next
 * url_parse(). */
const char *url_why(const struct url_parser *parser);

/* Writes "scheme://host:port", the name under which a host is held to its limits: lower-case,
 * always with a port, without userinfo and without a dot at the end of the name. Ended by NUL;
 * returns the length. */
size_t url_host_key(const struct url_parts *parts, char key[URL_HOST_KEY_BYTES]);

/* Copies text, a URL or what was meant to be one, without its "user:password@" to out, ended by
 * NUL; returns the length. out: bytes + 1, may be text itself. To be used wherever a URL is shown
 * or stored. */
size_t url_without_userinfo(const char *text, size_t bytes, char *out);

#endif
