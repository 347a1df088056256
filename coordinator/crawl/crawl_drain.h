/* crawl_drain.h: what waits and will never be asked for: each URL is reported with its reason. */
#ifndef SHOAL_CRAWL_DRAIN_H
#define SHOAL_CRAWL_DRAIN_H

#include "coordinator/crawl/crawl_state.h"

/* Tells up to `left` of what will never be asked for. False: nothing is left to tell. */
bool crawl_drain_some(struct crawler *crawler, uint32_t left);

#endif
