/* crawler_work.h: a crawl as what run.c runs. */
#ifndef SHOAL_CRAWLER_WORK_H
#define SHOAL_CRAWLER_WORK_H

#include "coordinator/crawl/crawler.h"
#include "coordinator/run/work.h"

/* As crawler_open(); the crawler is closed with the work. *crawler stays the work's. */
enum status crawler_work_open(struct work **work, struct crawler **crawler, const struct crawler_config *config,
                              char *why, size_t why_bytes);

#endif
