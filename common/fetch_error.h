/* fetch_error.h: how the fetch of one URL ended. A closed set: the same names in the command line's output,
 * in JSONL and here. */
#ifndef SHOAL_FETCH_ERROR_H
#define SHOAL_FETCH_ERROR_H

#include <stdbool.h>

enum fetch_error {
    FETCH_OK = 0,
    FETCH_INVALID_URL,
    FETCH_RESOLVE,
    FETCH_CONNECT,
    FETCH_TIMEOUT_CONNECT,
    FETCH_TIMEOUT_READ,
    FETCH_TIMEOUT_TOTAL,
    FETCH_TLS,
    FETCH_RESET,
    FETCH_PROTOCOL,
    FETCH_DECODE,
    FETCH_TOO_LARGE,
    FETCH_TOO_MANY_REDIRECTS,
    FETCH_HTTP_STATUS,
    FETCH_BLOCKED_PRIVATE,
    FETCH_BLOCKED_ROBOTS,
    FETCH_WORKER_CRASHED,
    FETCH_OUT_OF_MEMORY,
    FETCH_CANCELLED,
    FETCH_ERROR_COUNT
};

/* The error's name as it is printed (`timeout-connect`); "ok" for FETCH_OK. Never NULL; any thread. */
const char *fetch_error_name(enum fetch_error error);

/* Whether trying again later may help: no answer came, or the answer was 408, 429, 500 or 502 to 504.
 * http_status: the answer's status, 0 where there was none. */
bool fetch_error_is_retryable(enum fetch_error error, unsigned http_status);

#endif
