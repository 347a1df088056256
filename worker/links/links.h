/* links.h: the links of a page and what it says of itself, found while it arrives. Nothing is stored: who wants a link takes it.
 *
 * Links come from a and area (href), link (href, by its rel), iframe and frame (src), img and source (src, srcset), script, audio,
 * track and embed (src), video (src, poster), object (data), input (src, where it is an image), body (background), image and use of
 * svg (href, xlink:href), form (action, where the method is GET) and meta refresh. Each is resolved and has its one spelling:
 * common/url_resolve.h. What is no http or https URL is counted apart. cite of q, blockquote, del and ins leads nowhere that is
 * fetched; what a style attribute names is not looked for.
 *
 * A page is read once and no tree is built, so there is no depth to limit, and three things differ from a browser's:
 *   - the base element holds for what follows it; browsers, which resolve late, let it hold for what came before as well;
 *   - a charset that is said by a meta behind the first 1024 bytes is not believed;
 *   - annotation-xml of math is no HTML even where it says so: the content of scripts and styles in it is read as markup.
 * References are UTF-8 and so is what they become, or windows-1252, which is turned into it but in queries (link_charset.h). Of other
 * charsets the bytes are escaped as they are. */
#ifndef SHOAL_LINKS_H
#define SHOAL_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/limits.h"
#include "common/page.h"
#include "common/status.h"
#include "common/url.h"
#include "worker/html/html_charset.h"

/* The texts are valid until the call they came with returns. */
struct link {
    enum link_kind kind;
    unsigned rel;         /* enum link_rel, or-ed */
    struct url_text url;  /* ended by NUL */
    struct url_text text; /* of an a, its white space collapsed, cut; empty unless wanted */
    /* Where the value stands in what was fed, so that it can be replaced; UINT64_MAX: it cannot, as where a part of a srcset is
     * written with character references. What replaces it must hold none of the quotes, and no blank where there are none. */
    uint64_t at;
    uint32_t raw_bytes;
    enum link_quoting quoting;
};

/* What the page says of itself; "": nothing. All ended by NUL. */
struct page_facts {
    char title[PAGE_TITLE_BYTES_MAX + 1]; /* white space collapsed, cut; as its URLs in UTF-8, or the page's bytes */
    char lang[PAGE_LANG_BYTES];
    char charset[CHARSET_NAME_BYTES]; /* as said by the byte order mark, Content-Type, or the first meta that says so */
    char canonical[URL_BYTES_MAX + 1];
    char base[URL_BYTES_MAX + 1]; /* of its base element */
    unsigned robots;              /* enum page_robots, or-ed */
    bool has_positions;           /* links may have places: false where the page is in UTF-16 */
};

struct links_counts {
    uint64_t page_bytes;
    uint32_t found;    /* at most LINKS_PER_PAGE_MAX */
    uint32_t dropped;  /* links beyond those; they were not resolved */
    uint32_t unusable; /* other schemes, and what is no URL */
    uint32_t tokens_dropped;
};

/* link may be NULL: the links are only counted. */
struct links_sink {
    void (*link)(void *context, const struct link *link);
    bool wants_text; /* of links: they come when their text is complete then */
    bool wants_base; /* the base element too, as a LINK_BASE that is not counted */
    /* NULL: not wanted. Gets what stands in style elements, in pieces, `at` in what was fed (UINT64_MAX: not known); then once
     * without any, when the element ends. */
    void (*style)(void *context, const char *piece, size_t bytes, uint64_t at, bool is_end);
};

struct links;

/* sink and context are borrowed. NULL when memory is short. */
struct links *links_open(const struct links_sink *sink, void *context);
void links_close(struct links *links); /* accepts NULL */

/* A new page, at this URL, with this Content-Type ("": none). Errors: INVALID_ARGUMENT: the URL is none. */
enum status links_begin(struct links *links, const char *url, size_t url_bytes, const char *content_type);
/* The next bytes of the page. OUT_OF_MEMORY: a tag was lost. Never blocks. */
enum status links_feed(struct links *links, const char *bytes, size_t count);
/* The page is complete. */
void links_end(struct links *links);

/* Valid until the next links_begin(). */
const struct page_facts *links_facts(const struct links *links);
struct links_counts links_counts(const struct links *links);

#endif
