/* Runs in: worker
 *
 * body_links.h: the work of a crawler on a body that arrives: its links are found and counted, where it is a page of HTML. */
#ifndef SHOAL_BODY_LINKS_H
#define SHOAL_BODY_LINKS_H

#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

struct body_links;

/* One for each transfer. NULL when memory is short. */
struct body_links *body_links_open(void);
void body_links_close(struct body_links *work); /* accepts NULL */

/* A new body is to come. */
void body_links_begin(struct body_links *work);

/* The next bytes of the body that the handle receives. The first ones decide whether it is a page: by its Content-Type, or, where
 * there is none, because it begins with a tag. */
void body_links_take(struct body_links *work, CURL *easy, const char *bytes, size_t count);

/* The body is complete, or will never be: how many links were found. */
uint32_t body_links_end(struct body_links *work);

#endif
