/* outlinks.h: the links of a page, one after the other, as sinks show them. Each is copied out of the memory that workers share
 * before anything is decided by it: what is escaped is what is shown. */
#ifndef SHOAL_OUTLINKS_H
#define SHOAL_OUTLINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/limits.h"
#include "common/page.h"
#include "coordinator/output/sink.h"

struct outlink {
    enum link_kind kind;
    bool nofollow;
    size_t url_bytes, text_bytes;
    char url[URL_BYTES_MAX];
    char text[LINK_TEXT_BYTES_MAX];
};

struct outlinks {
    struct page page;
};

/* False: the note has no page to read links of. */
bool outlinks_begin(struct outlinks *outlinks, const struct crawl_note *note);

/* The next link, but for a base element, which leads nowhere. False at the end. Never blocks. */
bool outlinks_next(struct outlinks *outlinks, struct outlink *link);

#endif
