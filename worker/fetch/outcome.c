/* outcome.c: what a finished transfer of libcurl's means in our terms. */
#include "worker/fetch/outcome.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "worker/fetch/memory.h"

enum fetch_error outcome_of_code(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return FETCH_OK;
    case CURLE_URL_MALFORMAT:
        return FETCH_INVALID_URL;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return FETCH_RESOLVE;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
    case CURLE_INTERFACE_FAILED:
        return FETCH_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return FETCH_TIMEOUT_TOTAL;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
        return FETCH_TLS;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return FETCH_RESET;
    case CURLE_BAD_CONTENT_ENCODING:
        return FETCH_DECODE;
    case CURLE_FILESIZE_EXCEEDED:
        return FETCH_TOO_LARGE;
    case CURLE_TOO_MANY_REDIRECTS:
        return FETCH_TOO_MANY_REDIRECTS;
    case CURLE_OUT_OF_MEMORY:
        return FETCH_OUT_OF_MEMORY;
    default:
        return FETCH_PROTOCOL;
    }
}

static int64_t time_of(const struct transfer *transfer, CURLINFO info)
{
    curl_off_t us = 0;
    curl_easy_getinfo(transfer->easy, info, &us);
    return us > 0 ? (int64_t)us : -1;
}

/* Which of the three clocks ran out: libcurl has one code for all. */
static enum fetch_error timeout_kind(const struct transfer *transfer)
{
    const struct fetch_limits *limits = &transfer->context->config->limits;
    int64_t ran_ms = (clock_now_ns() - transfer->began_ns - transfer->paused_ns) / NS_PER_MS;
    if (ran_ms >= limits->total_timeout_ms)
        return FETCH_TIMEOUT_TOTAL;
    if (strstr(transfer->message, "too slow"))
        return FETCH_TIMEOUT_READ;
    if (strncmp(transfer->message, "Operation timed out", 19) == 0)
        return FETCH_TIMEOUT_TOTAL;
    return FETCH_TIMEOUT_CONNECT; /* resolving, connecting, shaking hands, also behind a redirect */
}

#define HEADER_TOO_LARGE ((CURLcode)100) /* CURLE_TOO_LARGE, since libcurl 8.6 */

static enum fetch_error refine(const struct transfer *transfer, CURLcode code, uint32_t redirects)
{
    enum fetch_error error = outcome_of_code(code);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return timeout_kind(transfer);
    /* libcurl reports a broken chunk, and what breaks HTTP/2, as a broken receive. */
    if (code == CURLE_RECV_ERROR && (strstr(transfer->message, "chunk") || strstr(transfer->message, "nghttp2")))
        return FETCH_PROTOCOL;
    /* ... and a transfer coding that it does not know as an unknown content coding. */
    if (code == CURLE_BAD_CONTENT_ENCODING &&
        (transfer->headers.has_transfer_coding || strstr(transfer->message, "Transfer-Encoding")))
        return FETCH_PROTOCOL;
    /* The server ended a stream of HTTP/2, as it might have closed a connection; or libcurl did, since it was broken. */
    if (code == CURLE_HTTP2_STREAM && !strstr(transfer->message, "PROTOCOL_ERROR"))
        return FETCH_RESET;
    /* So it says that the server went away (GOAWAY) before it looked at the request. */
    if (code == CURLE_HTTP2 && !transfer->message[0] && (!transfer->headers.is_open || transfer->headers.is_interim))
        return FETCH_RESET;
    if (code == HEADER_TOO_LARGE && !transfer->headers.is_complete)
        return FETCH_TOO_LARGE;
    if (code == CURLE_OUT_OF_MEMORY && transfer->headers.bytes && !transfer->headers.is_complete)
        return memory_was_refused() ? FETCH_PROTOCOL : FETCH_TOO_LARGE;
    /* The first URL was checked before; a bad one later came from a Location. */
    if (error == FETCH_INVALID_URL && (redirects || transfer->headers.location_digest != LOCATION_DIGEST_NONE))
        return FETCH_PROTOCOL;
    return error;
}

static uint16_t version_number(long version)
{
    switch (version) {
    case CURL_HTTP_VERSION_1_0:
        return 10;
    case CURL_HTTP_VERSION_1_1:
        return 11;
    case CURL_HTTP_VERSION_2_0:
        return 20;
    case CURL_HTTP_VERSION_3:
        return 30;
    default:
        return 0;
    }
}

/* Cuts, never overruns. */
static void copy_text(char *to, size_t to_bytes, const char *from)
{
    size_t bytes = from ? strnlen(from, to_bytes - 1) : 0;
    if (bytes)
        memcpy(to, from, bytes);
    to[bytes] = '\0';
}

static void explain(const struct transfer *transfer, CURLcode code, struct result_shm *result)
{
    if (transfer->error != FETCH_OK)
        copy_text(result->detail, sizeof result->detail, transfer->why);
    else if (result->error == FETCH_HTTP_STATUS)
        snprintf(result->detail, sizeof result->detail, "HTTP %u", (unsigned)result->http_status);
    else if (result->error == FETCH_RESET && code == CURLE_OK)
        copy_text(result->detail, sizeof result->detail, "the connection ended within the headers");
    else if (result->error == FETCH_PROTOCOL && code == CURLE_OK)
        copy_text(result->detail, sizeof result->detail, "an interim answer that nobody asked for ended the exchange");
    else if (result->error == FETCH_PROTOCOL && (code == CURLE_OUT_OF_MEMORY || code == CURLE_BAD_FUNCTION_ARGUMENT))
        copy_text(result->detail, sizeof result->detail, "the first header line is folded");
    else if ((code == CURLE_OUT_OF_MEMORY || code == HEADER_TOO_LARGE) && result->error == FETCH_TOO_LARGE)
        copy_text(result->detail, sizeof result->detail, "a header line is longer than libcurl takes");
    else if (result->error != FETCH_OK)
        copy_text(result->detail, sizeof result->detail,
                  transfer->message[0] ? transfer->message : curl_easy_strerror(code));
    else
        result->detail[0] = '\0';
}

void outcome_of_exchange(const struct transfer *transfer, CURLcode code, struct result_shm *result)
{
    long status = 0;
    long version = 0;
    long redirects = 0;
    long os_errno = 0;
    curl_off_t received = 0;
    char *text = NULL;
    CURL *easy = transfer->easy;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    curl_easy_getinfo(easy, CURLINFO_REDIRECT_COUNT, &redirects);
    curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    if (code != CURLE_OK)
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno);
    if (curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &text) == CURLE_OK)
        copy_text(result->content_type, sizeof result->content_type, text);
    text = NULL;
    if (transfer->looked_up[0])
        copy_text(result->remote_ip, sizeof result->remote_ip, transfer->looked_up);
    else if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &text) == CURLE_OK)
        copy_text(result->remote_ip, sizeof result->remote_ip, text);
    result->curl_code = (int32_t)code;
    result->os_errno = (int32_t)os_errno;
    result->http_status = (uint16_t)status;
    result->http_version = status ? version_number(version) : 0;
    result->redirects = (uint16_t)redirects;
    result->wire_bytes = (uint64_t)received;
    result->retry_after_s = transfer->headers.retry_after_s;
    result->insecure = transfer->context->config->insecure;
    enum fetch_error error = transfer->error != FETCH_OK ? transfer->error : refine(transfer, code, result->redirects);
    if (error == FETCH_OK && status && !transfer->headers.is_complete)
        error = FETCH_RESET;
    if (error == FETCH_OK && status > 0 && status < 200) /* 101, or the end came behind a 1xx */
        error = FETCH_PROTOCOL;
    if (error == FETCH_OK && status >= 400)
        error = FETCH_HTTP_STATUS;
    result->error = (uint16_t)error;
    explain(transfer, code, result);
}

void outcome_times(const struct transfer *transfer, struct result_shm *result)
{
    result->dns_us = time_of(transfer, CURLINFO_NAMELOOKUP_TIME_T);
    result->connect_us = time_of(transfer, CURLINFO_CONNECT_TIME_T);
    result->tls_us = time_of(transfer, CURLINFO_APPCONNECT_TIME_T);
    result->first_byte_us = time_of(transfer, CURLINFO_STARTTRANSFER_TIME_T);
    result->total_us = time_of(transfer, CURLINFO_TOTAL_TIME_T);
}
