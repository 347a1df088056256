/* outlinks.c: the links of a page, one after the other, as sinks show them. */
#include "coordinator/output/outlinks.h"

#include <string.h>

static size_t copy(char *to, size_t room, struct url_text text)
{
    size_t bytes = text.bytes < room ? text.bytes : room;
    if (bytes > 0)
        memcpy(to, text.at, bytes);
    return bytes;
}

bool outlinks_begin(struct outlinks *outlinks, const struct crawl_note *note)
{
    if (note->page == NULL)
        return false;
    outlinks->page = *note->page;
    page_rewind(&outlinks->page, note->page_block);
    return true;
}

bool outlinks_next(struct outlinks *outlinks, struct outlink *link)
{
    struct page_link found;
    do {
        if (!page_next_link(&outlinks->page, &found))
            return false;
    } while (found.kind == LINK_BASE);
    link->kind = found.kind;
    link->nofollow = (found.rel & LINK_NOFOLLOW) != 0;
    link->url_bytes = copy(link->url, sizeof link->url, found.url);
    link->text_bytes = copy(link->text, sizeof link->text, found.text);
    return true;
}
