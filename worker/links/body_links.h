/* body_links.h: the work of a crawler on a body that arrives: its links are found while it does, where it is a page of HTML. They are
 * counted, or, with fetch_config.pages, put together as a block (common/page.h): each with its fingerprint, with what the page says of
 * itself, in its markup and in the answer's header lines, and the hash of the body. A redirect that nobody follows is a page with one
 * link. */
#ifndef SHOAL_BODY_LINKS_H
#define SHOAL_BODY_LINKS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/worker.h"

struct body_links;

/* One for each transfer; config is borrowed. NULL when memory is short. */
struct body_links *body_links_open(const struct fetch_config *config);
void body_links_close(struct body_links *work); /* accepts NULL */

/* A new answer is to come, to a request with these flags (enum job_flag). */
void body_links_begin(struct body_links *work, uint32_t flags);

/* A header line of the answer, its line end included; no trailer. False: memory is short. */
bool body_links_header(struct body_links *work, const char *line, size_t bytes);

/* The next bytes of the body that the handle receives. What says that it is no page: sniff.h. */
void body_links_take(struct body_links *work, CURL *easy, const char *bytes, size_t count);

/* The answer is complete, or will never be: how many links were found. */
uint32_t body_links_end(struct body_links *work, CURL *easy);

/* After body_links_end(), until the next body_links_begin(): the bytes of the page's block, 0: there is no page; and the block itself,
 * to a place with so much room, aligned to eight bytes. */
size_t body_links_page_bytes(const struct body_links *work);
void body_links_store_page(struct body_links *work, void *to);

#endif
