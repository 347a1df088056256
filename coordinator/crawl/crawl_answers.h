/* crawl_answers.h: what the answers to errands mean: a name's address, robots.txt, sitemaps. */
#ifndef SHOAL_CRAWL_ANSWERS_H
#define SHOAL_CRAWL_ANSWERS_H

#include "coordinator/crawl/crawl_state.h"

void crawl_looked_up(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result);
void crawl_robots_came(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result);
void crawl_sitemap_came(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result);

#endif
