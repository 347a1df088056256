/* crawl_site.h: what a site owes before its pages: its address, its robots.txt, its sitemap. */
#ifndef SHOAL_CRAWL_SITE_H
#define SHOAL_CRAWL_SITE_H

#include "coordinator/crawl/crawl_state.h"

/* The site of the URL; a new one owes its errands. NULL when memory is short. */
struct site *crawl_site_of(struct crawler *crawler, const struct url_parts *parts);
/* A site of which pages are wanted may have a sitemap that nobody names: --sitemaps always. */
void crawl_guess_sitemap(struct crawler *crawler, struct site *site);
/* Its rules are a day old (RFC 9309, 2.4). */
void crawl_ask_robots_again(struct crawler *crawler, struct site *site);
void crawl_name_host(struct crawler *crawler, const struct url_parts *parts);

#endif
