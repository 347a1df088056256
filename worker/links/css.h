/* css.h: the URLs in a style sheet, found while it arrives: url(...) in both its forms, and the string of @import.
 *
 * DESIGN. The tokens of CSS Syntax Level 3, section 4, as far as they decide what is a URL: comments, strings, identifiers with their
 * escapes, url and bad-url tokens. One state outlives every piece and each byte is looked at once, so time is linear and the pieces
 * change nothing. What is put together of a value is decoded at once, so memory is its own size.
 *
 * Not told: URLs of @namespace and @document, which name and match but are not fetched; strings of other functions (image-set(),
 * format()). The sheet is read as bytes in which ASCII is ASCII: all encodings of the web but UTF-16. */
#ifndef SHOAL_CSS_H
#define SHOAL_CSS_H

#include <stddef.h>
#include <stdint.h>

#include "common/page.h"
#include "common/url.h"

enum css_kind { CSS_URL, CSS_IMPORT };

struct css_value {
    enum css_kind kind;        /* CSS_IMPORT: of @import, by a string or by url() */
    enum link_quoting quoting; /* what it stands in: DOUBLE or SINGLE quotes, or CSS: the brackets alone */
    uint64_t at;               /* of its first byte, from the beginning of the sheet */
    uint64_t raw_bytes;        /* as it stands there: between the quotes, or the brackets and the blanks inside them */
    struct url_text text;      /* decoded; 1 to URL_BYTES_MAX bytes. Any scheme, not trimmed inside quotes */
};

/* The text is valid until the call returns. */
typedef void css_taker(void *context, const struct css_value *value);

struct css;

/* take and context are borrowed. NULL when memory is short. */
struct css *css_open(css_taker *take, void *context);
void css_close(struct css *css); /* accepts NULL */

/* A new sheet. */
void css_begin(struct css *css);

/* The next bytes of the sheet, any number. Never blocks. */
void css_feed(struct css *css, const char *bytes, size_t count);

/* The sheet is complete: a value that is still open ends here, as the standard says. Where a sheet was cut off, do not call it. */
void css_end(struct css *css);

/* Values that were longer than URL_BYTES_MAX, most of them data:. */
uint32_t css_too_long(const struct css *css);

#endif
