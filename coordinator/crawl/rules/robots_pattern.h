/* robots_pattern.h: one rule's path and one URL's, and whether they match (RFC 9309, 2.2.2 and 2.2.3).
 *
 * Both are brought into one form, in which an octet and its percent-encoding are the same. The RFC asks for this of octets outside of
 * ASCII, reserved and unreserved ones. Two of the reserved ones are more than data: in a URL's path "/" is not "%2F", and the "?"
 * ahead of its query is not "%3F"; further on, in the query, they are (the RFC's own example: "?baz=https://foo.bar" is
 * "?baz=https%3A%2F%2Ffoo.bar"). In the form are:
 *
 *     \1 \2    "%2F" and "%3F" ahead of the query
 *     \5       "*" that is no wildcard: any of a URL, "%2A" of a rule
 *     \6 \7    and \20 ... \37: a control octet, in two parts that are nothing else
 *     *        the wildcard of a rule
 *     else     an octet as it is, not encoded */
#ifndef SHOAL_ROBOTS_PATTERN_H
#define SHOAL_ROBOTS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/url.h"

/* The form of any text of n octets has at most so many. */
#define ROBOTS_FORM_BYTES(n) (2 * (size_t)(n))

struct robots_path {
    const char *at; /* the form: the URL's own text where that is the same, else the caller's buffer */
    size_t bytes;
    size_t query_at; /* of the '?'; bytes where there is none */
};

/* buffer: ROBOTS_FORM_BYTES(text.bytes). The text ends at its fragment. */
struct robots_path robots_path_of(struct url_text text, char *buffer);

struct robots_pattern {
    const char *at;
    uint32_t bytes;
    uint32_t octets;    /* what precedence goes by: percent-encoded as 2.2.2 says, with each `*`, and `$` */
    bool is_anchored;   /* it ended in '$' */
    bool has_wildcards; /* in the rule as it stands */
    bool has_codes;     /* \1 or \2: behind the form lies a second of as many bytes, with "/" and "?" for them */
};

/* The form of a rule's path. buffer: ROBOTS_FORM_BYTES(text.bytes) * 2. Wildcards that change nothing are left out. */
struct robots_pattern robots_pattern_of(struct url_text text, char *buffer);

/* Linear in both: each piece between wildcards is looked for once, from where the one before ended. Adds to *work the bytes that are
 * looked through, if there is more to do than to compare the beginnings. */
bool robots_pattern_matches(const struct robots_pattern *pattern, const struct robots_path *path, size_t *work);

#endif
