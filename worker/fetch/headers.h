/* headers.h: watches an answer's header lines as they arrive: limits, contradictions, and the few facts we keep. Needed
 * whatever libcurl does by itself: older versions follow the first of two Locations and take the first of two lengths. */
#ifndef SHOAL_HEADERS_H
#define SHOAL_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/limits.h"
#include "worker/decoder.h"

#define LOCATION_DIGEST_NONE 0

enum headers_verdict {
    HEADERS_OK,
    HEADERS_TOO_LARGE,
    HEADERS_TOO_MANY,
    HEADERS_TWO_LENGTHS,
    HEADERS_TWO_LOCATIONS,
    HEADERS_CONTROL_BYTE,
    HEADERS_TRANSFER_CODING,
    HEADERS_STATUS_LINE,
    HEADERS_BAD_LENGTH,
    HEADERS_LONG_LOCATION,
    HEADERS_FOLDED,
    HEADERS_VERDICT_COUNT
};

/* What one answer's headers said so far; redirects and 1xx begin a new one, the sums go on. */
struct headers {
    int64_t content_length;   /* -1: none */
    int64_t retry_after_s;    /* -1: none */
    uint64_t location_digest; /* of the Location's value; LOCATION_DIGEST_NONE: none */
    uint32_t bytes;           /* of this answer, its 1xx included */
    uint32_t count;
    bool is_open;     /* behind a status line, before the blank line */
    bool is_interim;  /* 1xx: the next answer belongs to the same request */
    bool is_complete; /* the blank line behind them came */
    bool has_transfer_coding;
    bool is_old;                  /* HTTP/1.0 */
    bool is_framed;               /* HTTP/2 and later: what carries it tells where the body ends */
    bool is_bare;                 /* 204 or 304: no body */
    bool is_encoded;              /* a Content-Encoding other than identity: the length is not the body's */
    bool ends_in_crlf;            /* its status line does */
    bool is_significant;          /* the line before is one that we act upon */
    uint8_t codings[CODINGS_MAX]; /* enum coding, in the order in which they were applied */
    uint32_t coding_count;
    const char *coding_problem; /* why the body cannot be decoded; NULL: it can */
};

void headers_reset(struct headers *headers);

/* One line as libcurl hands it on, its line end included. `line` need not be NUL-terminated. Never blocks. */
enum headers_verdict headers_line(struct headers *headers, const struct fetch_limits *limits, const char *line,
                                  size_t bytes);

/* Whether the header is complete and its body ends where the connection does (RFC 9112, 6.3). */
bool headers_say_nothing_of_length(const struct headers *headers);

/* One line for people. Never NULL. */
const char *headers_verdict_text(enum headers_verdict verdict);

/* Seconds that a Retry-After value asks for: delta-seconds or an HTTP date (RFC 9110, 10.2.3), never negative; -1 for
 * anything else. now_s: the wall clock. */
int64_t retry_after_parse(const char *value, size_t bytes, int64_t now_s);

#endif
