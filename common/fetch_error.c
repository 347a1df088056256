/* fetch_error.c: how the fetch of one URL ended. */
#include "common/fetch_error.h"

#include <assert.h>

static const char *const NAMES[] = {
    [FETCH_OK] = "ok",
    [FETCH_INVALID_URL] = "invalid-url",
    [FETCH_RESOLVE] = "resolve",
    [FETCH_CONNECT] = "connect",
    [FETCH_TIMEOUT_CONNECT] = "timeout-connect",
    [FETCH_TIMEOUT_READ] = "timeout-read",
    [FETCH_TIMEOUT_TOTAL] = "timeout-total",
    [FETCH_TLS] = "tls",
    [FETCH_RESET] = "reset",
    [FETCH_PROTOCOL] = "protocol",
    [FETCH_DECODE] = "decode",
    [FETCH_TOO_LARGE] = "too-large",
    [FETCH_TOO_MANY_REDIRECTS] = "too-many-redirects",
    [FETCH_HTTP_STATUS] = "http-status",
    [FETCH_BLOCKED_PRIVATE] = "blocked-private",
    [FETCH_BLOCKED_ROBOTS] = "blocked-robots",
    [FETCH_WORKER_CRASHED] = "worker-crashed",
    [FETCH_OUT_OF_MEMORY] = "out-of-memory",
    [FETCH_CANCELLED] = "cancelled",
};
static_assert(sizeof NAMES / sizeof NAMES[0] == FETCH_ERROR_COUNT, "every error has a name");

const char *fetch_error_name(enum fetch_error error)
{
    return (unsigned)error < FETCH_ERROR_COUNT ? NAMES[error] : "unknown-error";
}

bool fetch_error_is_retryable(enum fetch_error error, unsigned http_status)
{
    switch (error) {
    case FETCH_RESOLVE:
    case FETCH_CONNECT:
    case FETCH_TIMEOUT_CONNECT:
    case FETCH_TIMEOUT_READ:
    case FETCH_TIMEOUT_TOTAL:
    case FETCH_RESET:
        return true;
    case FETCH_HTTP_STATUS:
        return http_status == 408 || http_status == 429 || http_status == 500 ||
               (http_status >= 502 && http_status <= 504);
    default:
        return false;
    }
}
