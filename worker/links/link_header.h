/* link_header.h: small languages in header lines: Link (RFC 8288) and X-Robots-Tag. That of Refresh is the one of meta refresh:
 * link_refresh_url() in link_values.h. Pure functions over one line's value, without its folds. A header that comes in several lines
 * is read line by line. */
#ifndef SHOAL_LINK_HEADER_H
#define SHOAL_LINK_HEADER_H

#include <stdbool.h>

#include "worker/html/html_token.h"
#include "worker/links/link_values.h"

struct header_link {
    struct html_span target; /* a reference, as it stands between '<' and '>'; may be empty: the page itself */
    enum link_kind kind;     /* of its rel, as for a link element */
    unsigned rel;            /* enum link_rel, or-ed */
};

/* Takes the next link from the value of a Link header and moves *value behind it; false: no more. Passed over: links without a rel
 * or with one that names nothing to fetch, and those with an anchor, which are another page's (RFC 8288, 3.2 lets us). What is no
 * link ends at the next comma outside quotes. The first rel counts (3.3); of one
 * with quoted pairs LINK_HEADER_REL_BYTES. */
bool link_header_next(struct html_span *value, struct header_link *link);
#define LINK_HEADER_REL_BYTES 256u

/* enum page_robots, or-ed: what one X-Robots-Tag line says to us. Directives behind "name:" are for that robot alone, up to the next
 * name or the line's end; they count if it is `agent`, in small or capital letters, or "*". Those in front of any name are for all.
 * unavailable_after and max-... have a colon too, and name nobody. */
unsigned link_header_robots(struct html_span value, const char *agent);

#endif
