/* page_lines.h: the header lines of an answer that say something about its page, kept as they came until the page is complete: where it
 * redirects to, Link, Refresh and X-Robots-Tag. */
#ifndef SHOAL_PAGE_LINES_H
#define SHOAL_PAGE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/limits.h"
#include "common/url.h"

#define PAGE_LINES_BYTES_MAX \
    16384u /* all values of one answer but Location; a line that no longer fits is passed over */

enum page_line { PAGE_LINE_LINK, PAGE_LINE_REFRESH, PAGE_LINE_ROBOTS };

/* Begins as all zero. */
struct page_lines {
    char *bytes; /* for each line: enum page_line as a byte, the value, NUL */
    size_t used, capacity;
    bool may_go_on; /* the line before was kept, and may be folded */
    size_t location_bytes;
    char location[URL_BYTES_MAX + 1];
};

/* A new answer. */
void page_lines_begin(struct page_lines *lines);

/* One header line, its line end included; what is none of ours is passed over. A folded line goes on with the one before (RFC 9112,
 * 5.2). False: memory is short, and the line is lost. */
bool page_lines_take(struct page_lines *lines, const char *line, size_t bytes);

/* The next line's value, without blanks around it, ended by NUL; *at begins as 0. False at the end. */
bool page_lines_next(const struct page_lines *lines, size_t *at, enum page_line *kind, struct url_text *value);

void page_lines_free(struct page_lines *lines);

#endif
