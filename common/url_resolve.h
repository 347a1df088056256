/* url_resolve.h: what a reference in a page means: RFC 3986, 5.2, with what pages need besides (blanks around it, line breaks in it),
 * and one spelling for what is the same (6.2.2, 6.2.3).
 *
 * DESIGN. Plain references, by far the most, are put behind a part of the base and only looked at; all others go through
 * url_parse(), so that one parser, libcurl's, decides what a URL is. Where the first way answers, the second would say the same:
 * tests/common/check_url_resolve.c. */
#ifndef SHOAL_URL_RESOLVE_H
#define SHOAL_URL_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/fetch_error.h"
#include "common/url.h"

enum url_resolution {
    URL_RESOLVED,
    URL_OTHER_SCHEME, /* mailto:, javascript:, data:, ...: nothing that is fetched */
    URL_UNUSABLE,     /* no URL, or longer than URL_BYTES_MAX */
};

struct url_resolver;

/* NULL when memory is short. */
struct url_resolver *url_resolver_open(void);
void url_resolver_close(struct url_resolver *resolver); /* accepts NULL */

/* Sets what references are relative to, an absolute URL; text[bytes] must be NUL. FETCH_OK, or what url_parse() says: then the base
 * is as before. */
enum fetch_error url_resolver_set_base(struct url_resolver *resolver, const char *text, size_t bytes);

/* Resolves reference[0 .. bytes). URL_RESOLVED: *url is absolute, http or https, ended by NUL, and in its one spelling: scheme and
 * host in small letters, the host as punycode, no default port, no user or password, no dot segments, a path, no empty query, no
 * fragment, escapes in capitals and none for a byte that needs none, bytes that need one escaped. It is valid until the next call.
 * Before the first base every reference is unusable. Never blocks. */
enum url_resolution url_resolve(struct url_resolver *resolver, const char *reference, size_t bytes,
                                struct url_text *url);

/* The two ways of it, for tests: the first answers false for all that is not plain. */
bool url_resolve_plain(struct url_resolver *resolver, const char *reference, size_t bytes, struct url_text *url);
enum url_resolution url_resolve_parsed(struct url_resolver *resolver, const char *reference, size_t bytes,
                                       struct url_text *url);

#endif
