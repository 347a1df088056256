/* sitemap.h: the URLs that a site lists of itself (sitemaps.org, protocol 0.90), found while the list arrives.
 *
 * DESIGN. The first bytes say what the list is: gzip data with one of the other two inside, XML, or a text with one URL a line. A
 * Content-Type is not asked, as sites get it wrong. Whatever comes is cut into blocks of one size before it is parsed, so that the
 * pieces in which it arrives change nothing, and time is linear.
 *
 *     bytes -> 4 KiB -> decoder.h -> block of 16 KiB -> XML: expat -> loc elements -> the taker
 *                                                    -> text: lines
 *
 * Of the XML, urlset/url/loc and sitemapindex/sitemap/loc are taken, whatever prefix their names have, and nothing else. A DOCTYPE
 * ends the list as broken, so no entity can be declared, and none grows. expat allocates through us: a list that makes it hold more
 * than SITEMAP_XML_BYTES_MAX (one endless tag or comment, thousands of names) is broken. */
#ifndef SHOAL_SITEMAP_H
#define SHOAL_SITEMAP_H

#include <stddef.h>
#include <stdint.h>

#include "common/limits.h"
#include "common/page.h"
#include "common/status.h"
#include "common/url.h"

#define SITEMAP_BYTES_MAX 52428800u /* decoded: 50 MiB, as the protocol says */
#define SITEMAP_URLS_MAX LINKS_STORED_MAX
#define SITEMAP_DEPTH_MAX 32u              /* of elements; the protocol needs 3, its extensions a few more */
#define SITEMAP_XML_BYTES_MAX (512u << 10) /* expat's memory for one list */

/* Whatever the verdict, what was found until then was told and holds. */
enum sitemap_verdict {
    SITEMAP_OK,
    SITEMAP_BROKEN,        /* it is no sitemap, or ends early */
    SITEMAP_TOO_LARGE,     /* more bytes or URLs than a sitemap may have, or a compression bomb */
    SITEMAP_OUT_OF_MEMORY, /* it was not read to its end */
};

struct sitemap_result {
    enum sitemap_verdict verdict;
    const char *why;   /* one line; "" for SITEMAP_OK. Valid until the next sitemap_begin() */
    uint32_t found;    /* at most SITEMAP_URLS_MAX */
    uint32_t dropped;  /* 1: there was one more, and nobody looked further */
    uint32_t unusable; /* longer than URL_BYTES_MAX, empty, or a line that begins with no http:// or https:// */
};

/* kind: LINK_LISTED or LINK_SITEMAP. loc: 1 to URL_BYTES_MAX bytes without blanks around them, references resolved, in UTF-8 where it
 * comes from XML, else as it stands there; not checked otherwise. Valid until the call returns. */
typedef void sitemap_taker(void *context, enum link_kind kind, struct url_text loc);

struct sitemap;

/* take and context are borrowed. NULL when memory is short. */
struct sitemap *sitemap_open(sitemap_taker *take, void *context);
void sitemap_close(struct sitemap *sitemap); /* accepts NULL */

/* A new list. limits: how much gzip data may grow (body_ratio_max, body_ratio_from_bytes); copied. */
void sitemap_begin(struct sitemap *sitemap, const struct fetch_limits *limits);

/* The next bytes of the list, any number. Once the verdict is known they are passed over. Never blocks. */
void sitemap_feed(struct sitemap *sitemap, const void *bytes, size_t count);

/* The list is complete. sitemap_begin() is due before the next feed. */
struct sitemap_result sitemap_end(struct sitemap *sitemap);

#endif
