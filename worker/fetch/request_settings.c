/* request_settings.c: what one request wants unlike the others (enum job_flag), set on a handle that serves others before and after it. */
#include "worker/fetch/request_settings.h"

#include "worker/fetch/address.h"
#include "worker/links/sniff.h"

/* A connection that a request with JOB_ALLOW_PRIVATE has left idle is not for others. */
static int before_request(void *context, char *address, char *unused, int port, int local_port)
{
    struct transfer *transfer = context;
    (void)unused;
    (void)port;
    (void)local_port;
    if (!transfer->context->has_private || transfer->flags & JOB_ALLOW_PRIVATE || !address_text_is_private(address))
        return CURL_PREREQFUNC_OK;
    transfer_refuse(transfer, FETCH_BLOCKED_PRIVATE, ADDRESS_IS_PRIVATE);
    return CURL_PREREQFUNC_ABORT;
}

enum status request_settings_open(struct transfer *transfer)
{
    if (!transfer->context->config->block_private)
        return STATUS_OK;
    TRANSFER_SET(transfer, CURLOPT_PREREQFUNCTION, before_request);
    TRANSFER_SET(transfer, CURLOPT_PREREQDATA, transfer);
    return STATUS_OK;
}

enum status request_settings_set(struct transfer *transfer, const struct slot_shm *slot)
{
    const struct fetch_config *config = transfer->context->config;
    uint64_t bytes_max = config->limits.body_bytes_max;
    transfer->flags = slot->flags & JOB_FLAGS_ALL;
    transfer->keeps_body = config->keep_body || (config->pages && transfer->flags & JOB_KEEP_BODY);
    transfer->body_bytes_max =
        slot->body_bytes_max && slot->body_bytes_max < bytes_max ? slot->body_bytes_max : bytes_max;
    transfer->is_cut = false;
    transfer->looked_up[0] = '\0';
    uint32_t changed = transfer->flags ^ transfer->flags_set;
    if (changed & JOB_NO_REDIRECT)
        TRANSFER_SET(transfer, CURLOPT_FOLLOWLOCATION,
                     config->limits.redirects_max && !(transfer->flags & JOB_NO_REDIRECT) ? 1l : 0l);
    if (changed & JOB_RESOLVE)
        TRANSFER_SET(transfer, CURLOPT_FRESH_CONNECT,
                     transfer->flags & JOB_RESOLVE ? 1l : 0l); /* or no name is looked up */
    transfer->flags_set = transfer->flags;
    return STATUS_OK;
}

bool request_settings_say_enough(const struct transfer *transfer)
{
    char *type = NULL;
    long status = 0;
    if (!(transfer->flags & JOB_PAGE_ONLY) || !transfer->headers.is_complete || transfer->headers.is_interim)
        return false;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &type);
    return status >= 200 && status < 300 && !sniff_may_be_page(type);
}
