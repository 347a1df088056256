/* crawl_errands.h: requests, and the errands that sites owe before their pages. */
#ifndef SHOAL_CRAWL_ERRANDS_H
#define SHOAL_CRAWL_ERRANDS_H

#include "coordinator/crawl/crawl_state.h"

struct crawl_request *request_new(struct crawler *crawler, enum errand errand, struct site *site, const char *url,
                                  size_t url_bytes);
void request_free(struct crawler *crawler, struct crawl_request *request);
/* Puts an errand behind those that its site owes already, sitemaps behind all others. */
void request_owe(struct crawl_request *request);
/* Puts it in front of them. */
void request_owe_first(struct crawl_request *request);
/* The first errand that the site owes, which it does no more; NULL: none. */
struct crawl_request *request_take_errand(struct crawler *crawler, struct site *site);

#endif
