/* crawl_report.h: what a crawl reports of its pages. */
#ifndef SHOAL_CRAWL_REPORT_H
#define SHOAL_CRAWL_REPORT_H

#include "coordinator/crawl/crawl_state.h"

void crawl_tell_page(struct crawler *crawler, const struct crawl_request *request, const struct fetch_result *result,
                     const struct crawl_note *note);
/* A URL that is not asked for. error: FETCH_OK unless that is a failure. */
void crawl_tell_skipped(struct crawler *crawler, const struct frontier_url *url, enum crawl_reason reason,
                        const char *rule, enum fetch_error error);

/* A URL that cannot be asked for: its host has no address, or one that is refused. */
void crawl_tell_unreachable(struct crawler *crawler, const struct frontier_url *url, enum fetch_error error,
                            const char *detail);

#endif
