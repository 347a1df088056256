/* libcurl.c: what libcurl is told once, before the first transfer. */
#include "worker/fetch/libcurl.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "worker/fetch/memory.h"

static void init_libcurl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* In a process of our own nothing of libcurl's was allocated before, so it may have another allocator. */
static void init_libcurl_alone(void)
{
#ifdef SHOAL_SANITIZED
    init_libcurl(); /* the sanitizers must see every block */
#else
    memory_begin();
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_allocate, memory_free, memory_resize, memory_copy_text,
                         memory_allocate_zeroed);
#endif
}

/* 8.1.1 clears what a handle remembers of its last answer's headers. Before that a handle serves one URL, or its last header is
 * held, which takes an allocator of ours. */
#define LIBCURL_FORGETS 0x080101u

/* A host program that had begun libcurl before keeps its allocator, and so do its forked workers. */
static bool allocator_is_ours(void)
{
    CURL *probe = curl_easy_init();
    curl_easy_cleanup(probe);
    return memory_last() != NULL;
}

void libcurl_decide_reuse(struct transfer_context *context)
{
    bool forgets = curl_version_info(CURLVERSION_NOW)->version_num >= LIBCURL_FORGETS;
    context->holds_headers = !forgets && context->config->is_process && allocator_is_ours();
    context->handles_last = forgets || context->holds_headers;
}

static enum status append(struct curl_slist **list, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct curl_slist *more = curl_slist_append(*list, lines[i]);
        if (!more)
            return STATUS_OUT_OF_MEMORY;
        *list = more;
    }
    return STATUS_OK;
}

/* Whether the user's own lines hold this header: theirs wins. */
static bool config_names(const struct fetch_config *config, const char *line)
{
    size_t bytes = strcspn(line, ":") + 1;
    for (size_t i = 0; i < config->header_count; i++) {
        if (strncasecmp(config->headers[i], line, bytes) == 0)
            return true;
    }
    return false;
}

/* libcurl formats its own User-Agent twice for every request, byte by byte; a line of ours once. */
static enum status append_standard(struct curl_slist **list, const struct fetch_config *config)
{
    char agent[512];
    snprintf(agent, sizeof agent, "User-Agent: %s", config->user_agent);
    const char *const lines[] = {agent, "Accept-Encoding: " CODINGS_ASKED};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < 2; i++) {
        if (!config_names(config, lines[i]))
            status = append(list, &lines[i], 1);
    }
    return status;
}

void libcurl_begin(bool is_process)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, is_process ? init_libcurl_alone : init_libcurl);
}

enum status libcurl_make_lists(struct transfer_context *context)
{
    const struct fetch_config *config = context->config;
    enum status status = append_standard(&context->lines, config);
    if (status == STATUS_OK)
        status = append(&context->lines, config->headers, config->header_count);
    if (status == STATUS_OK)
        status = append(&context->resolve, config->resolve, config->resolve_count);
    return status;
}

static curl_socket_t open_none(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)context;
    (void)purpose;
    (void)address;
    return CURL_SOCKET_BAD;
}

/* libcurl reads the list when a transfer begins, into the cache of its multi handle, where it stays. So one begins that cannot connect. */
static bool begin_in_vain(CURLM *multi, CURL *easy)
{
    int running = 1;
    int left;
    CURLMsg *message = NULL;
    if (curl_multi_add_handle(multi, easy) != CURLM_OK)
        return false;
    for (int tries = 0; running && tries < 100; tries++) {
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            break;
    }
    message = curl_multi_info_read(multi, &left);
    bool is_known = message && message->msg == CURLMSG_DONE && message->data.result == CURLE_COULDNT_CONNECT;
    curl_multi_remove_handle(multi, easy);
    return is_known;
}

bool libcurl_tell_addresses(const struct transfer_context *context, CURLM *multi)
{
    CURL *easy = curl_easy_init();
    bool is_known = easy && curl_easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1/") == CURLE_OK &&
                    curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
                    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1l) == CURLE_OK &&
                    curl_easy_setopt(easy, CURLOPT_RESOLVE, context->resolve) == CURLE_OK &&
                    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_none) == CURLE_OK &&
                    begin_in_vain(multi, easy);
    curl_easy_cleanup(easy);
    return is_known;
}
