/* crawl_page.h: what a page's answer means: an outcome, and links to follow or not. */
#ifndef SHOAL_CRAWL_PAGE_H
#define SHOAL_CRAWL_PAGE_H

#include "coordinator/crawl/crawl_state.h"

/* The last try of a page has ended. */
void crawl_page_came(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result);

#endif
