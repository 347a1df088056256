/* Runs in: worker
 *
 * link_query.h: the query of a link without what the run leaves out: parameters that only say where a visitor came from, or all. */
#ifndef SHOAL_LINK_QUERY_H
#define SHOAL_LINK_QUERY_H

#include "common/limits.h"
#include "common/url.h"
#include "worker/worker.h"

/* The URL as the run wants it: ignore_query takes the query away; else each "name" and "name=value" between '&' whose name is in
 * strip goes, byte for byte as it stands there, and the '?' with the last one. A URL to which nothing happens is given back as it
 * is; another lies in `room`, ended by NUL. url has at most URL_BYTES_MAX bytes. */
struct url_text link_without_query(const struct page_config *config, struct url_text url, char room[URL_BYTES_MAX + 1]);

#endif
