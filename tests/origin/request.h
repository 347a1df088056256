/* One request, as far as a server of canned answers must understand it. */
#ifndef ORIGIN_REQUEST_H
#define ORIGIN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/origin/span.h"

enum { REQUEST_BYTES_MAX = 64 * 1024 };

enum request_outcome {
    REQUEST_PARTIAL,   /* read more */
    REQUEST_WHOLE,     /* answer it */
    REQUEST_REFUSED,   /* a method other than GET and HEAD: 405 */
    REQUEST_MALFORMED, /* 400 */
    REQUEST_TOO_LARGE, /* 431 */
};

/* All spans point into the bytes that were parsed. */
struct request {
    struct span head;  /* request line and header lines as received, the blank line left out */
    struct span path;  /* from its '/' up to the '?' */
    struct span query; /* after the '?' */
    struct span rest;  /* of the path, after the prefix that the route matched */
    bool is_head;
    bool is_http10;
    bool wants_close; /* Connection: close, or HTTP/1.0 without keep-alive */
};

/* Parses the request at the start of `bytes`. *scanned is the caller's note of how far earlier
 * calls looked in vain for the end of the header; it starts at 0 and is 0 again after an outcome
 * other than REQUEST_PARTIAL. *taken is how many bytes a request used up, when it was complete.
 * A body is not understood: a request that announces one is malformed. (RFC 9112 section 2, 3) */
enum request_outcome request_parse(struct request *request, struct span bytes, size_t *scanned, size_t *taken);

#endif
