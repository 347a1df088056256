/* url_plain.h: the URLs that libcurl passes on unchanged, by far the most, taken apart without it and without any
 * allocation. tests/common/check_url.c proves that the answers are the same. */
#ifndef SHOAL_URL_PLAIN_H
#define SHOAL_URL_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/url.h"

/* False for all that libcurl might rewrite or refuse, and nothing is said about those; true gives what url_parse() would.
 * text[bytes] must be NUL. No allocation, no parser; any thread. */
bool url_parse_plain(const char *text, size_t bytes, struct url_parts *parts);

/* The end of the plain path that begins at `at`, with '/', and of the plain query behind a '?': both in a text that NUL ends. Where it
 * is not plain, that is a byte that cannot follow. */
const char *url_plain_path_end(const char *at);
const char *url_plain_query_end(const char *at);

/* Of ASCII, whatever the locale. */
static inline bool url_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool url_is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

#endif
