/* Retry-After and its dates, and the outcome of a transfer whatever libcurl said: worker/fetch/headers.c,
 * worker/fetch/outcome.c. Bytes 0 to 11 are the state of the transfer; the rest is the value, and libcurl's message. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "common/fetch_error.h"
#include "tests/fuzz/fuzz.h"
#include "worker/fetch/outcome.h"

#define RETRY_AFTER_S_MAX (1000ll * 365 * 24 * 3600)
#define NOW_S 1700000000ll

static void expect_retry_after(const uint8_t *data, size_t size)
{
    char *value = malloc(size + (size == 0)); /* not ended by NUL */
    fuzz_expect(value != NULL);
    if (size)
        memcpy(value, data, size);
    int64_t seconds = retry_after_parse(value, size, NOW_S);
    fuzz_expect(seconds >= -1);
    /* The sum of the digits as they stand there, where there is nothing else. */
    unsigned __int128 by_hand = 0;
    size_t at = 0;
    for (; at < size && value[at] >= '0' && value[at] <= '9'; at++) {
        if (by_hand < RETRY_AFTER_S_MAX)
            by_hand = by_hand * 10 + (unsigned)(value[at] - '0');
    }
    if (size && at == size)
        fuzz_expect(seconds == (by_hand < RETRY_AFTER_S_MAX ? (int64_t)by_hand : RETRY_AFTER_S_MAX));
    else if (at || !size)
        fuzz_expect(seconds == -1);
    else
        fuzz_expect(retry_after_parse(value, size, NOW_S + 100) <= seconds);
    free(value);
}

static void expect_text(const char *text, size_t room)
{
    fuzz_expect(memchr(text, '\0', room) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static CURL *easy;
    static const struct fetch_config CONFIG = {.limits = {.total_timeout_ms = 100000}};
    struct fuzz_bytes bytes = {data, size};
    struct transfer_context context = {.config = &CONFIG};
    struct transfer transfer = {.context = &context};
    struct result_shm result = {0};
    if (!easy)
        easy = curl_easy_init();
    fuzz_expect(easy != NULL);
    transfer.easy = easy;
    CURLcode code = (CURLcode)(fuzz_u8(&bytes) % (CURL_LAST + 2));
    transfer.error = (enum fetch_error)(fuzz_u8(&bytes) % FETCH_ERROR_COUNT);
    transfer.why = "why";
    uint8_t flags = fuzz_u8(&bytes);
    transfer.headers.is_complete = flags & 1;
    transfer.headers.is_encoded = flags & 2;
    transfer.headers.has_transfer_coding = flags & 4;
    transfer.headers.location_digest = flags & 8;
    transfer.headers.bytes = flags & 16;
    transfer.headers.retry_after_s = (int64_t)fuzz_u64(&bytes, 8);
    transfer.began_ns = flags & 32 ? INT64_MAX / 2 : 0;
    expect_retry_after(bytes.at, bytes.left);
    size_t message_bytes = bytes.left < sizeof transfer.message - 1 ? bytes.left : sizeof transfer.message - 1;
    if (message_bytes)
        memcpy(transfer.message, bytes.at, message_bytes);
    memset(result.detail, 'x', sizeof result.detail);
    outcome_of_exchange(&transfer, code, &result);
    outcome_times(&transfer, &result);
    expect_text(result.detail, sizeof result.detail);
    expect_text(result.content_type, sizeof result.content_type);
    expect_text(result.remote_ip, sizeof result.remote_ip);
    fuzz_expect(result.error < FETCH_ERROR_COUNT);
    fuzz_expect((result.error == FETCH_OK) == (code == CURLE_OK && transfer.error == FETCH_OK));
    fuzz_expect((unsigned)outcome_of_code(code) < FETCH_ERROR_COUNT);
    fuzz_expect(result.error == FETCH_OK ? result.detail[0] == '\0' : result.detail[0] != '\0');
    return 0;
}
