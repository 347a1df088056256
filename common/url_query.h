/* url_query.h: what is taken out of URLs before they are counted and fetched: the whole query, or parameters that do not change what is
 * shown: who sent the visitor, and which session it is. Otherwise one page has as many URLs as there are campaigns and visits.
 *
 * A parameter is what stands between '&' in a query, its name what stands before '='. Names that are to be stripped are compared as
 * they stand in the URL, without regard to case; a '*' at the end of one stands for any rest. They are taken out of paths, too, where they
 * are a parameter there with a value (RFC 3986, 3.3: "/page;jsessionid=1F"), unless a dot segment would be left. All other bytes stay;
 * a '?' with nothing behind it goes when something was taken. To do it twice is to do it once. */
#ifndef SHOAL_URL_QUERY_H
#define SHOAL_URL_QUERY_H

#include <stdbool.h>
#include <stddef.h>

struct url_query;

/* ignore_query: every query goes, and the list holds for paths. Texts are borrowed until url_query_close(). NULL when memory is
 * short. Not changed by url_query_apply(): one serves many threads. */
struct url_query *url_query_open(bool ignore_query, const char *const *strip, size_t strip_count);
void url_query_close(struct url_query *rules); /* accepts NULL */

/* Writes url[0 .. bytes), absolute and in its one spelling (url_resolve.h), to out without what is to go, and a NUL behind it. out: bytes + 1,
 * may be url itself. Returns the length; it is bytes if and only if nothing was taken. Never blocks. */
size_t url_query_apply(const struct url_query *rules, const char *url, size_t bytes, char *out);

/* The names of a set: "tracking" or "session"; NULL: there is no such set. */
const char *const *url_query_set(const char *set, size_t *count);

#endif
