/* link_value.h: what is written in a saved page in place of a link's value.
 *
 * DESIGN. A path to a saved file is relative and percent-encoded down to letters, digits and `-._~+=@/%`, so it may stand in every kind
 * of quotes, in none, in a srcset and in a style as it is. A URL is escaped for where it stands: character references in an attribute,
 * backslashes in a style. A fragment is kept byte for byte, since it stood there before. Only what stood in no quotes and becomes
 * empty gets some. */
#ifndef SHOAL_LINK_VALUE_H
#define SHOAL_LINK_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/page.h"
#include "common/url.h"

/* A text that grows. Begins as all zero. */
struct page_text {
    char *bytes;
    size_t used, capacity;
    bool is_short; /* of memory: it is not whole */
};

void page_text_put(struct page_text *text, const void *bytes, size_t count);
void page_text_free(struct page_text *text);

/* Where a value stands. */
struct link_place {
    const char *page; /* path of the file, from the directory that all are in, its components as they are on disk */
    const char *raw;  /* the value as it stands there */
    size_t raw_bytes;
    enum link_quoting quoting;
};

/* From the page to the file at path, with the fragment that the value had. */
void link_value_path(struct page_text *text, const struct link_place *place, const char *path);

/* The absolute URL, with the fragment that the value had; or the value as it stands, where that is an absolute URL. */
void link_value_url(struct page_text *text, const struct link_place *place, const struct url_text *url);

/* Nothing: for a base element. */
void link_value_empty(struct page_text *text, const struct link_place *place);

#endif
