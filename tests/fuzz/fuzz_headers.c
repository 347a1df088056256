/* The header lines of an answer, worker/fetch/headers.c: limits that hold, whatever comes, and facts that are what a
 * reading by hand gives. The lines are the input's, each with its '\n'. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/fuzz/fuzz.h"
#include "worker/fetch/headers.h"

static const struct fetch_limits LIMITS = {.header_bytes_max = 2048, .header_count_max = 24};

/* Whether the line is the header, whatever its value. */
static bool is_header(const char *line, size_t bytes, const char *name)
{
    size_t name_bytes = strlen(name);
    return bytes > name_bytes && line[name_bytes] == ':' && strncasecmp(line, name, name_bytes) == 0;
}

static void expect_verdict(const struct headers *before, const struct headers *headers, enum headers_verdict verdict,
                           const char *line, size_t bytes)
{
    size_t inside = bytes;
    while (inside && (line[inside - 1] == '\n' || line[inside - 1] == '\r'))
        inside--;
    bool has_control = memchr(line, '\0', inside) || memchr(line, '\r', inside);
    fuzz_expect((unsigned)verdict < HEADERS_VERDICT_COUNT);
    fuzz_expect((verdict == HEADERS_OK) == (headers_verdict_text(verdict)[0] == '\0'));
    fuzz_expect(headers->bytes <= LIMITS.header_bytes_max);
    fuzz_expect(headers->content_length >= -1 && headers->retry_after_s >= -1);
    if (verdict == HEADERS_TOO_LARGE) {
        fuzz_expect(bytes > LIMITS.header_bytes_max - before->bytes);
        return;
    }
    bool may_be_cut = is_header(line, bytes, "Location") && bytes >= 2 && line[bytes - 2] != '\r'; /* LF alone */
    fuzz_expect(!has_control || verdict == HEADERS_CONTROL_BYTE);
    fuzz_expect(verdict != HEADERS_CONTROL_BYTE || has_control || may_be_cut);
    if (verdict != HEADERS_OK)
        return;
    fuzz_expect(headers->count <= LIMITS.header_count_max);
    bool begins = bytes >= 5 && memcmp(line, "HTTP/", 5) == 0;
    fuzz_expect(!begins || (headers->is_open && !before->is_open));
    if (begins || before->is_complete) /* what follows is a trailer, or the next answer */
        return;
    /* A second value is never taken in place of the first. */
    if (before->content_length >= 0)
        fuzz_expect(headers->content_length == before->content_length);
    if (before->location_digest != LOCATION_DIGEST_NONE)
        fuzz_expect(headers->location_digest == before->location_digest);
    if (is_header(line, bytes, "Location"))
        fuzz_expect(headers->location_digest != LOCATION_DIGEST_NONE);
    if (is_header(line, bytes, "Transfer-Encoding") && before->has_transfer_coding)
        fuzz_expect(headers->has_transfer_coding);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes bytes = {data, size};
    struct headers headers;
    headers_reset(&headers);
    while (bytes.left) {
        const uint8_t *newline = memchr(bytes.at, '\n', bytes.left);
        size_t line_bytes = newline ? (size_t)(newline - bytes.at) + 1 : bytes.left;
        /* Not ended by NUL, as libcurl hands it on. */
        char *line = malloc(line_bytes);
        fuzz_expect(line != NULL);
        memcpy(line, bytes.at, line_bytes);
        bytes.at += line_bytes;
        bytes.left -= line_bytes;
        struct headers before = headers;
        enum headers_verdict verdict = headers_line(&headers, &LIMITS, line, line_bytes);
        expect_verdict(&before, &headers, verdict, line, line_bytes);
        free(line);
        if (verdict != HEADERS_OK)
            break; /* the transfer ends with it */
    }
    return 0;
}
