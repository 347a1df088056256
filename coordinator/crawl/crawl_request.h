/* crawl_request.h: requests on their way: chosen, handed to the executor, ended. */
#ifndef SHOAL_CRAWL_REQUEST_H
#define SHOAL_CRAWL_REQUEST_H

#include "coordinator/crawl/crawl_state.h"

/* One that is in flight, without the executor; one that backs off; NULL: none. */
struct crawl_request *request_abandon(struct crawler *crawler);
struct crawl_request *request_take_backing_off(struct crawler *crawler);
/* The request, which is in no list, has ended so; frees it. */
void request_end(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result);
/* Hands the request to the executor; its turn was taken. False: it has no room, and the turn was given back. */
bool request_start(struct crawler *crawler, struct crawl_request *request, int64_t now_ns);
/* The turn that the site was given at now_ns is not used. */
void request_give_turn_back(struct crawler *crawler, struct site *site, int64_t now_ns);
/* The next request of a site whose turn it is; NULL: there is none. */
struct crawl_request *request_next(struct crawler *crawler, struct site *site);
/* Puts those that backed off long enough back in front of their sites' queues. */
void request_end_waits(struct crawler *crawler, int64_t now_ns);

#endif
