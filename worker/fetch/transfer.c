/* transfer.c: one transfer of libcurl's, from a claimed slot to a filled result. */
#include "worker/fetch/transfer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/extent.h"
#include "common/fault.h"
#include "worker/fetch/body.h"
#include "worker/fetch/memory.h"
#include "worker/fetch/outcome.h"
#include "worker/fetch/request_settings.h"

/* One receive call takes up to this much. libcurl frees the buffer after every transfer, and from 64 KiB on glibc's heap would
 * consolidate itself each time. */
#define RECEIVE_BYTES (32l << 10)
#define DIGEST_BYTES 32

/* ---- headers ---- */

static bool keep_header(struct transfer *transfer, const char *line, size_t bytes)
{
    const struct shared *shared = transfer->context->shared;
    if (bytes >= 5 && memcmp(line, "HTTP/", 5) == 0)
        transfer->headers_bytes = 0; /* the last answer's are kept */
    uint64_t end = transfer->headers_offset + transfer->headers_bytes;
    if (extent_reserve(shared, transfer->claim.slot, end + bytes) != STATUS_OK)
        return false;
    memcpy(extent_at(shared, transfer->claim.slot) + end, line, bytes);
    transfer->headers_bytes += bytes;
    transfer->extent_used = end + bytes;
    return true;
}

/* A line that libcurl has stored: its store is what it allocated last. */
static void follow_header(struct transfer *transfer, const char *line, size_t bytes)
{
    bool is_blank = bytes && (line[0] == '\r' || line[0] == '\n');
    bool is_status = bytes >= 5 && memcmp(line, "HTTP/", 5) == 0 && !transfer->headers.is_open;
    if (!transfer->context->holds_headers || is_blank || is_status)
        return;
    memory_release(transfer->held_header);
    transfer->held_header = NULL;
    transfer->last_header = memory_last();
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    const struct fetch_config *config = transfer->context->config;
    size_t bytes = size * count;
    uint32_t before = worker_set_current(transfer->context->worker, transfer->claim.slot);
    size_t taken = bytes;
    follow_header(transfer, line, bytes);
    /* A trailer comes behind the body, which lies where the headers end. */
    bool is_trailer = transfer->headers.is_complete && (bytes < 5 || memcmp(line, "HTTP/", 5) != 0);
    enum headers_verdict verdict = headers_line(&transfer->headers, &config->limits, line, bytes);
    if (verdict == HEADERS_TOO_LARGE || verdict == HEADERS_TOO_MANY)
        taken = transfer_refuse(transfer, FETCH_TOO_LARGE, headers_verdict_text(verdict));
    else if (verdict != HEADERS_OK)
        taken = transfer_refuse(transfer, FETCH_PROTOCOL, headers_verdict_text(verdict));
    else if (config->keep_headers && !is_trailer && !keep_header(transfer, line, bytes))
        taken = transfer_refuse(transfer, FETCH_OUT_OF_MEMORY, "no shared memory left for the headers");
    else if (transfer->links && !is_trailer && !body_links_header(transfer->links, line, bytes))
        taken = transfer_refuse(transfer, FETCH_OUT_OF_MEMORY, "no memory for the headers");
    else if (!is_trailer && request_settings_say_enough(transfer))
        taken = transfer_refuse(transfer, FETCH_CANCELLED, "it is no page of HTML");
    else if (headers_say_nothing_of_length(&transfer->headers))
        tls_end_watch(&transfer->tls_end, transfer->easy);
    worker_set_current(transfer->context->worker, before);
    return taken;
}

void transfer_resume(struct transfer *transfer)
{
    const struct shared *shared = transfer->context->shared;
    if (!transfer->is_paused || !extent_may_grow(shared, transfer->claim.slot, EXTENT_WARM_BYTES))
        return;
    body_end_pause(transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS,
                     (long)(transfer->context->config->limits.total_timeout_ms + transfer->paused_ns / NS_PER_MS));
    curl_easy_pause(transfer->easy, CURLPAUSE_CONT); /* may call body_take() at once, which may pause again */
}

/* ---- set-up ---- */

static enum status set_limits(struct transfer *transfer, const struct fetch_limits *limits)
{
    TRANSFER_SET(transfer, CURLOPT_CONNECTTIMEOUT_MS, (long)limits->connect_timeout_ms);
    TRANSFER_SET(transfer, CURLOPT_TIMEOUT_MS, (long)limits->total_timeout_ms);
    TRANSFER_SET(transfer, CURLOPT_LOW_SPEED_LIMIT, (long)limits->stall_bytes_per_s);
    TRANSFER_SET(transfer, CURLOPT_LOW_SPEED_TIME, (long)((limits->stall_time_ms + 999) / 1000));
    TRANSFER_SET(transfer, CURLOPT_FOLLOWLOCATION, limits->redirects_max ? 1l : 0l);
    TRANSFER_SET(transfer, CURLOPT_MAXREDIRS, (long)limits->redirects_max);
    TRANSFER_SET(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
    TRANSFER_SET(transfer, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    return STATUS_OK;
}

static enum status set_connection(struct transfer *transfer, const struct fetch_config *config)
{
    TRANSFER_SET(transfer, CURLOPT_HTTP_VERSION, config->http_version);
    TRANSFER_SET(transfer, CURLOPT_NOSIGNAL, 1l);
    TRANSFER_SET(transfer, CURLOPT_QUICK_EXIT, 1l); /* a resolver that hangs must not hold us */
    TRANSFER_SET(transfer, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
    TRANSFER_SET(transfer, CURLOPT_DEFAULT_PROTOCOL, "http");
    TRANSFER_SET(transfer, CURLOPT_HTTP09_ALLOWED, 0l);
    TRANSFER_SET(transfer, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    TRANSFER_SET(transfer, CURLOPT_SSL_VERIFYPEER, config->insecure ? 0l : 1l);
    TRANSFER_SET(transfer, CURLOPT_SSL_VERIFYHOST, config->insecure ? 0l : 2l);
    if (config->ca_file)
        TRANSFER_SET(transfer, CURLOPT_CAINFO, config->ca_file);
    if (config->proxy) {
        TRANSFER_SET(transfer, CURLOPT_PROXY, config->proxy);
        TRANSFER_SET(transfer, CURLOPT_NOPROXY, ""); /* else the environment is asked, for every URL */
    }
    if (transfer->context->resolve && !transfer->context->is_resolve_known)
        TRANSFER_SET(transfer, CURLOPT_RESOLVE, transfer->context->resolve);
    TRANSFER_SET(transfer, CURLOPT_OPENSOCKETFUNCTION, transfer->context->open_socket);
    TRANSFER_SET(transfer, CURLOPT_OPENSOCKETDATA, transfer);
    TRANSFER_SET(transfer, CURLOPT_CLOSESOCKETFUNCTION, transfer->context->close_socket);
    TRANSFER_SET(transfer, CURLOPT_CLOSESOCKETDATA, transfer->context->socket_context);
    return STATUS_OK;
}

static enum status set_exchange(struct transfer *transfer)
{
    TRANSFER_SET(transfer, CURLOPT_PRIVATE, transfer);
    TRANSFER_SET(transfer, CURLOPT_ERRORBUFFER, transfer->message);
    TRANSFER_SET(transfer, CURLOPT_HEADERFUNCTION, on_header);
    TRANSFER_SET(transfer, CURLOPT_HEADERDATA, transfer);
    TRANSFER_SET(transfer, CURLOPT_WRITEFUNCTION, body_take);
    TRANSFER_SET(transfer, CURLOPT_WRITEDATA, transfer);
    TRANSFER_SET(transfer, CURLOPT_NOPROGRESS, 1l);
    TRANSFER_SET(transfer, CURLOPT_HTTPHEADER, transfer->context->lines);
    return STATUS_OK;
}

enum status transfer_open(struct transfer *transfer, struct transfer_context *context)
{
    transfer->context = context;
    transfer->easy = curl_easy_init();
    transfer->url = curl_url();
    transfer->origin = malloc(URL_BYTES_MAX + 1);
    if (!transfer->easy || !transfer->url || !transfer->origin)
        return STATUS_OUT_OF_MEMORY;
    transfer->origin_bytes = 0;
    enum status status = set_limits(transfer, &context->config->limits);
    if (status == STATUS_OK)
        status = set_connection(transfer, context->config);
    if (status == STATUS_OK)
        status = set_exchange(transfer);
    if (status == STATUS_OK)
        status = request_settings_open(transfer);
    if (status == STATUS_OK && context->config->digest) {
        transfer->digest = EVP_MD_CTX_new();
        status = transfer->digest ? STATUS_OK : STATUS_OUT_OF_MEMORY;
    }
    if (status == STATUS_OK && !transfer->links && (context->config->links || context->config->pages)) {
        transfer->links = body_links_open(context->config);
        status = transfer->links ? STATUS_OK : STATUS_OUT_OF_MEMORY;
    }
    return status;
}

void transfer_close(struct transfer *transfer)
{
    tls_end_forget(&transfer->tls_end);
    curl_easy_cleanup(transfer->easy);
    memory_release(transfer->held_header);
    curl_url_cleanup(transfer->url);
    free(transfer->origin);
    curl_slist_free_all(transfer->lines);
    EVP_MD_CTX_free(transfer->digest);
    decoder_close(transfer->decoder);
    body_links_close(transfer->links);
    *transfer = (struct transfer){0};
}

void transfer_renew(struct transfer *transfer)
{
    uint32_t lane = transfer->lane;
    struct body_links *links = transfer->links; /* knows nothing of handles */
    transfer->links = NULL;
    transfer_close(transfer);
    transfer->lane = lane;
    transfer->links = links;
}

/* The request's own lines lie behind the URL; the run's lines go before them. */
static enum status set_own_lines(struct transfer *transfer, const char *at, uint32_t bytes)
{
    const char *end = at + bytes;
    for (const struct curl_slist *line = transfer->context->lines; line; line = line->next) {
        struct curl_slist *more = curl_slist_append(transfer->lines, line->data);
        if (!more)
            return STATUS_OUT_OF_MEMORY;
        transfer->lines = more;
    }
    while (at < end) {
        size_t length = strnlen(at, (size_t)(end - at));
        struct curl_slist *more = length < (size_t)(end - at) ? curl_slist_append(transfer->lines, at) : NULL;
        if (!more)
            return STATUS_OUT_OF_MEMORY;
        transfer->lines = more;
        at += length + 1;
    }
    TRANSFER_SET(transfer, CURLOPT_HTTPHEADER, transfer->lines);
    return STATUS_OK;
}

static void drop_own_lines(struct transfer *transfer)
{
    if (!transfer->lines)
        return;
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->context->lines);
    curl_slist_free_all(transfer->lines);
    transfer->lines = NULL;
}

/* The bytes of "scheme://host:port" in front of a path that needs no parser: no query, no escapes, no dot segments. 0: parse. */
static size_t plain_origin_bytes(const char *url, size_t bytes)
{
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;
    if (!path || memchr(url, '@', bytes) || strpbrk(path, "?#%\\") || strstr(path, "/."))
        return 0;
    return (size_t)(path - url);
}

/* A handle taken apart once serves all pages of its host: only the path is set then. libcurl would otherwise parse the text and
 * put it together again for every page. */
static CURLUcode set_url(struct transfer *transfer, const char *url, size_t bytes)
{
    size_t origin_bytes = plain_origin_bytes(url, bytes);
    if (origin_bytes && origin_bytes == transfer->origin_bytes && memcmp(url, transfer->origin, origin_bytes) == 0)
        return curl_url_set(transfer->url, CURLUPART_PATH, url + origin_bytes, 0);
    transfer->origin_bytes = 0;
    CURLUcode code = curl_url_set(transfer->url, CURLUPART_URL, url, 0);
    if (code != CURLUE_OK)
        return code;
    memcpy(transfer->origin, url, origin_bytes);
    transfer->origin_bytes = origin_bytes;
    return CURLUE_OK;
}

enum status transfer_begin(struct transfer *transfer, const struct claim *claim)
{
    const struct shared *shared = transfer->context->shared;
    struct slot_shm *slot = &shared->slots[claim->slot];
    const char *url = (const char *)extent_at(shared, claim->slot);
    if (slot->url_bytes > URL_BYTES_MAX || slot->header_bytes > REQUEST_HEADER_BYTES_MAX || url[slot->url_bytes])
        return STATUS_INVALID_ARGUMENT;
    transfer->claim = *claim;
    transfer->error = FETCH_OK;
    transfer->is_deaf = false;
    transfer->why = "";
    transfer->message[0] = '\0';
    if (transfer->began_again)
        TRANSFER_SET(transfer, CURLOPT_FRESH_CONNECT, 0l);
    transfer->began_again = false;
    enum status status = request_settings_set(transfer, slot);
    if (status != STATUS_OK)
        return status;
    transfer->headers_offset = slot->url_bytes + 1u + slot->header_bytes + URL_BYTES_MAX + 1;
    transfer->extent_used = transfer->headers_offset;
    transfer->headers_bytes = transfer->body_offset = transfer->body_bytes = transfer->body_stored = 0;
    transfer->redelivered_bytes = 0;
    transfer->paused_ns = 0;
    transfer->began_ns = clock_now_ns();
    headers_reset(&transfer->headers);
    atomic_store_explicit(&slot->growing, 0, memory_order_seq_cst);
    if (transfer->digest && EVP_DigestInit_ex(transfer->digest, EVP_sha256(), NULL) != 1)
        return STATUS_OUT_OF_MEMORY;
    if (transfer->links)
        body_links_begin(transfer->links, transfer->flags);
    CURLUcode code = set_url(transfer, url, slot->url_bytes);
    if (code != CURLUE_OK)
        return code == CURLUE_OUT_OF_MEMORY ? STATUS_OUT_OF_MEMORY : STATUS_INVALID_ARGUMENT;
    TRANSFER_SET(transfer, CURLOPT_URL,
                 url); /* or libcurl puts its own together, and a handle used again would tell the old one */
    TRANSFER_SET(transfer, CURLOPT_CURLU, transfer->url);
    /* Wait for a connection that may turn out to be shared, where the handshake tells. In clear text only the first answer
     * would, and all others would have waited for that. */
    bool may_share =
        strncasecmp(url, "https:", 6) == 0 && transfer->context->config->http_version != CURL_HTTP_VERSION_1_1;
    TRANSFER_SET(transfer, CURLOPT_PIPEWAIT, may_share ? 1l : 0l);
    if (slot->header_bytes)
        return set_own_lines(transfer, url + slot->url_bytes + 1, slot->header_bytes);
    return STATUS_OK;
}

bool transfer_begin_again(struct transfer *transfer, CURLcode code)
{
    long new_connections = 1;
    bool is_dead =
        code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_HTTP2;
    if (!is_dead || transfer->began_again || transfer->flags & JOB_RESOLVE || transfer->error != FETCH_OK ||
        transfer->headers.bytes)
        return false;
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &new_connections);
    if (new_connections > 0)
        return false;
    transfer->began_again = true;
    transfer->message[0] = '\0';
    return curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, 1l) == CURLE_OK;
}

/* ---- the end ---- */

void transfer_fail(struct result_shm *result, enum fetch_error error, const char *why)
{
    memset(result, 0, offsetof(struct result_shm, page_offset));
    result->error = (uint16_t)error;
    result->retry_after_s = -1;
    result->queued_us = result->dns_us = result->connect_us = -1;
    result->tls_us = result->first_byte_us = result->total_us = -1;
    result->content_type[0] = result->remote_ip[0] = '\0';
    snprintf(result->detail, sizeof result->detail, "%s", why);
}

/* Where the answer came from in the end, if redirects led elsewhere. A Location without a fragment inherits the one before (RFC
 * 9110, 10.2.2), of which libcurl knows nothing. A URL that grew too long on its way is an error: it could not be told. */
static void store_effective_url(struct transfer *transfer, struct result_shm *result)
{
    const struct shared *shared = transfer->context->shared;
    const struct slot_shm *slot = &shared->slots[transfer->claim.slot];
    const char *url = NULL;
    uint64_t at = slot->url_bytes + 1u + slot->header_bytes;
    curl_easy_getinfo(transfer->easy, CURLINFO_EFFECTIVE_URL, &url);
    size_t bytes = url ? strlen(url) : 0;
    if (!bytes || extent_reserve(shared, transfer->claim.slot, at + URL_BYTES_MAX + 1) != STATUS_OK)
        return;
    char *extent = (char *)extent_at(shared, transfer->claim.slot);
    const char *fragment = strchr(url, '#') ? NULL : memchr(extent, '#', slot->url_bytes);
    size_t fragment_bytes = fragment ? slot->url_bytes - (size_t)(fragment - extent) : 0;
    if (bytes > URL_BYTES_MAX) {
        if (result->error == FETCH_OK) {
            result->error = FETCH_PROTOCOL;
            snprintf(result->detail, sizeof result->detail, "redirected to a URL that is longer than 4096 bytes");
        }
        return;
    }
    if (fragment_bytes > URL_BYTES_MAX - bytes)
        fragment_bytes = 0;
    memcpy(extent + at, url, bytes);
    if (fragment_bytes)
        memcpy(extent + at + bytes, fragment, fragment_bytes);
    extent[at + bytes + fragment_bytes] = '\0';
    result->effective_offset = (uint32_t)at;
    result->effective_bytes = (uint32_t)(bytes + fragment_bytes);
}
static_assert(URL_BYTES_MAX == 4096u, "the message names this number");

/* Behind all else in the extent. Its pages are on the books, but it waits for none: a block is small, and most lie in pages that stay.
 * Where there are none the fetch has failed, as it has when there are none for the body. */
static void store_page(struct transfer *transfer, struct result_shm *result)
{
    const struct shared *shared = transfer->context->shared;
    uint32_t slot = transfer->claim.slot;
    uint64_t body_end = transfer->body_offset + transfer->body_stored;
    uint64_t at = ((body_end > transfer->extent_used ? body_end : transfer->extent_used) + 7) & ~7ull;
    size_t bytes = body_links_page_bytes(transfer->links);
    if (!bytes || result->error == FETCH_CANCELLED)
        return;
    if (extent_reserve(shared, slot, at + bytes) == STATUS_OK) {
        body_links_store_page(transfer->links, extent_at(shared, slot) + at);
        result->has_page = 1;
        result->page_offset = at;
        result->page_bytes = (uint32_t)bytes;
    } else if (result->error == FETCH_OK || result->error == FETCH_HTTP_STATUS) {
        result->error = FETCH_OUT_OF_MEMORY;
        snprintf(result->detail, sizeof result->detail, "no shared memory left for the links: /dev/shm is full");
    }
}

static void store_digest(struct transfer *transfer, struct result_shm *result)
{
    unsigned int bytes = 0;
    result->has_sha256 = transfer->digest && result->error == FETCH_OK &&
                         EVP_DigestFinal_ex(transfer->digest, result->sha256, &bytes) == 1 && bytes == DIGEST_BYTES;
}

void transfer_finish(struct transfer *transfer, CURLcode code)
{
    struct result_shm *result = worker_result(transfer->context->worker, transfer->claim.slot);
    const struct slot_shm *slot = &transfer->context->shared->slots[transfer->claim.slot];
    memset(result, 0, offsetof(struct result_shm, page_offset));
    if (transfer->is_cut || transfer->looked_up[0])
        code = CURLE_OK; /* it ended because we had what we wanted */
    if (code == CURLE_OK)
        transfer->error = FETCH_OK; /* one address of the host was refused, another was not */
    body_finish(transfer, code);
    if (!tls_end_was_proper(&transfer->tls_end) && code == CURLE_OK && transfer->error == FETCH_OK && !transfer->is_cut)
        transfer_refuse(transfer, FETCH_RESET, "the TLS connection was cut off, and nothing says where the body ends");
    tls_end_forget(&transfer->tls_end);
    outcome_of_exchange(transfer, code, result);
    outcome_times(transfer, result);
    result->queued_us = (transfer->began_ns - slot->submitted_ns) / NS_PER_US;
    if (result->redirects)
        store_effective_url(transfer, result);
    result->body_bytes = transfer->body_bytes;
    result->body_offset = transfer->body_offset;
    result->body_stored = transfer->body_stored;
    result->is_cut = transfer->is_cut;
    result->links = transfer->links ? body_links_end(transfer->links, transfer->easy) : 0;
    result->headers_offset = (uint32_t)transfer->headers_offset;
    result->headers_bytes = (uint32_t)transfer->headers_bytes;
    FAULT_POINT("finish.result");
    store_digest(transfer, result);
    if (transfer->context->config->pages) {
        store_page(transfer, result);
        /* if we die here: the page lies in a slot that is taken back; the next attempt writes its own over it. */
        FAULT_POINT("finish.page");
    }
    transfer->was_used = true;
    if (transfer->last_header) {
        memory_release(transfer->held_header);
        memory_hold(transfer->last_header);
        transfer->held_header = transfer->last_header;
        transfer->last_header = NULL;
    }
    drop_own_lines(transfer);
    if (transfer->paused_ns)
        curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, (long)transfer->context->config->limits.total_timeout_ms);
}
