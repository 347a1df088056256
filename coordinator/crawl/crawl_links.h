/* crawl_links.h: what was found goes in, once. */
#ifndef SHOAL_CRAWL_LINKS_H
#define SHOAL_CRAWL_LINKS_H

#include "coordinator/crawl/crawl_state.h"

/* Where links were found. */
struct link_source {
    const char *url; /* of the page; its number in the texts is made when it is needed */
    size_t url_bytes;
    uint64_t number;
    uint32_t depth;
    uint8_t redirects; /* that led to it */
    uint8_t flags;     /* enum frontier_flag of it */
    unsigned page_robots;
    const struct site *must_be_of; /* a sitemap lists its own host's pages alone; NULL: any host */
};

/* Takes out of the URL, in place, what --ignore-query and --strip-param name; its new length. */
size_t crawl_clean_url(const struct crawler *crawler, char *url, size_t url_bytes);

void crawl_seed(struct crawler *crawler, const struct input_line *line);
/* One link. False: the page does not hold together, or the crawl broke: no more of it. */
bool crawl_admit(struct crawler *crawler, struct link_source *source, const struct page_link *link);
/* All links of a page that may be followed. */
void crawl_follow(struct crawler *crawler, struct link_source *source, struct page *page, const void *block);
/* Tells some of what was deferred and never fetched; false: all is told. */
bool crawl_tell_deferred(struct crawler *crawler, uint32_t count);

#endif
