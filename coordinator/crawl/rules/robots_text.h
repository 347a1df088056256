/* robots_text.h: a robots.txt as lines, and lines as records (RFC 9309, 2.2). A line ends with CR, LF or both. */
#ifndef SHOAL_ROBOTS_TEXT_H
#define SHOAL_ROBOTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/url.h"

enum robots_key {
    ROBOTS_USER_AGENT,
    ROBOTS_ALLOW,
    ROBOTS_DISALLOW,
    ROBOTS_CRAWL_DELAY,
    ROBOTS_SITEMAP,
    ROBOTS_OTHER, /* a record that means nothing to us */
    ROBOTS_BAD    /* something else than a record */
};

/* Texts point into the file. */
struct robots_record {
    enum robots_key key;
    uint32_t line;          /* 1, 2, ... */
    struct url_text value;  /* without blanks around it, and without comment */
    struct url_text record; /* from key to value */
};

/* Where a reading has got to. */
struct robots_text {
    const char *at, *end;
    uint32_t line; /* of the record read last; after all: of the last line */
    bool is_cut;   /* what follows the last line end is not to be read */
};

/* The next line that holds something but a comment; false: none. */
bool robots_text_next(struct robots_text *text, struct robots_record *record);

/* The bytes behind a byte order mark of UTF-8: how many it has, 0 or 3. */
size_t robots_text_mark(const char *text, size_t bytes);

/* Whether the text begins with a byte order mark of UTF-16. */
bool robots_text_is_utf16(const char *text, size_t bytes);

/* Such a text as UTF-8, without the mark; half a pair becomes U+FFFD, half a unit at the end is left out. free() it. NULL: memory is
 * short. */
char *robots_text_from_utf16(const char *text, size_t bytes, size_t *utf8_bytes);

#endif
