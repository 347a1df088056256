/* headers.c: watches an answer's header lines as they arrive. */
#include "worker/fetch/headers.h"

#include <assert.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define RETRY_AFTER_S_MAX (1000ll * 365 * 24 * 3600)

static const char *const TEXTS[] = {
    [HEADERS_OK] = "",
    [HEADERS_TOO_LARGE] = "the headers are larger than allowed",
    [HEADERS_TOO_MANY] = "more header lines than allowed",
    [HEADERS_TWO_LENGTHS] = "two different Content-Length headers",
    [HEADERS_TWO_LOCATIONS] = "two different Location headers",
    [HEADERS_CONTROL_BYTE] = "a control byte in a header",
    [HEADERS_STATUS_LINE] = "a second status line among the headers",
    [HEADERS_TRANSFER_CODING] = "a Transfer-Encoding that is not simply chunked",
    [HEADERS_BAD_LENGTH] = "a Content-Length that is no number",
    [HEADERS_LONG_LOCATION] = "a Location that is longer than a URL may be",
    [HEADERS_FOLDED] = "a header that matters is folded over two lines",
};
static_assert(sizeof TEXTS / sizeof TEXTS[0] == HEADERS_VERDICT_COUNT, "every verdict has a text");

const char *headers_verdict_text(enum headers_verdict verdict)
{
    return (unsigned)verdict < HEADERS_VERDICT_COUNT ? TEXTS[verdict] : "";
}

static void begin_answer(struct headers *headers)
{
    headers->content_length = -1;
    headers->retry_after_s = -1;
    headers->location_digest = LOCATION_DIGEST_NONE;
    headers->is_encoded = headers->is_significant = false;
    headers->coding_count = 0;
    headers->coding_problem = NULL;
    headers->is_complete = false;
    headers->has_transfer_coding = false;
    headers->is_old = headers->is_framed = headers->is_bare = headers->ends_in_crlf = false;
}

void headers_reset(struct headers *headers)
{
    begin_answer(headers);
    headers->bytes = 0;
    headers->count = 0;
    headers->is_open = false;
    headers->is_interim = false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The value of a line `name: value`, without blanks around it; false when the line is another header. */
static bool value_of(const char *line, size_t bytes, const char *name, const char **value, size_t *value_bytes)
{
    size_t name_bytes = strlen(name);
    if (bytes <= name_bytes || line[name_bytes] != ':' || strncasecmp(line, name, name_bytes) != 0)
        return false;
    const char *from = line + name_bytes + 1;
    const char *to = line + bytes;
    while (from < to && is_blank(*from))
        from++;
    while (to > from && (is_blank(to[-1]) || to[-1] == '\r' || to[-1] == '\n'))
        to--;
    *value = from;
    *value_bytes = (size_t)(to - from);
    return true;
}

/* One number of a Content-Length, which is digits alone; -1: it is so large that it says nothing. False: it is none. */
static bool read_length(const char *value, size_t bytes, int64_t *length)
{
    *length = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (value[i] < '0' || value[i] > '9')
            return false;
        if (*length >= 0)
            *length = *length > (INT64_MAX - 9) / 10 ? -1 : *length * 10 + (value[i] - '0');
    }
    return bytes > 0;
}

/* The next element of a list with commas, without blanks around it; false at the end. */
static bool next_element(const char **at, const char *end, const char **element, size_t *bytes)
{
    if (*at > end)
        return false;
    const char *comma = memchr(*at, ',', (size_t)(end - *at));
    const char *from = *at;
    const char *to = comma ? comma : end;
    *at = to + 1;
    while (from < to && is_blank(*from))
        from++;
    while (to > from && is_blank(to[-1]))
        to--;
    *element = from;
    *bytes = (size_t)(to - from);
    return true;
}

/* RFC 9112, 6.3: equal values may repeat, in one line as a list or in several; different ones are unrecoverable, and so is what is
 * no number. libcurl reads up to the first byte that is no digit, and takes a sign. */
static enum headers_verdict take_length(struct headers *headers, const char *value, size_t bytes)
{
    const char *element;
    size_t element_bytes;
    for (const char *at = value, *end = value + bytes; next_element(&at, end, &element, &element_bytes);) {
        int64_t length;
        if (!read_length(element, element_bytes, &length))
            return HEADERS_BAD_LENGTH;
        if (length < 0)
            continue; /* overflow: as unknown */
        if (headers->content_length >= 0 && headers->content_length != length)
            return HEADERS_TWO_LENGTHS;
        headers->content_length = length;
    }
    return HEADERS_OK;
}

static void take_content_coding(struct headers *headers, const char *value, size_t bytes)
{
    const char *name;
    size_t name_bytes;
    for (const char *at = value, *end = value + bytes; next_element(&at, end, &name, &name_bytes);) {
        enum coding coding = coding_of_name(name, name_bytes);
        if (coding == CODING_NONE)
            continue;
        headers->is_encoded = true;
        bool has_brotli = memchr(headers->codings, CODING_BROTLI, headers->coding_count) != NULL;
        if (coding == CODING_UNKNOWN)
            headers->coding_problem = "a content coding that nobody asked for";
        else if (coding == CODING_BROTLI && has_brotli) /* each would hold a window of up to 16 MiB */
            headers->coding_problem = "br is applied twice";
        else if (headers->coding_count == CODINGS_MAX)
            headers->coding_problem = "more than 5 content codings";
        else
            headers->codings[headers->coding_count++] = (uint8_t)coding;
    }
}
static_assert(CODINGS_MAX == 5, "the message names this number");

static enum headers_verdict take_location(struct headers *headers, const char *value, size_t bytes)
{
    if (bytes > URL_BYTES_MAX)
        return HEADERS_LONG_LOCATION;
    uint64_t digest = 14695981039346656037ull; /* FNV-1a */
    for (size_t i = 0; i < bytes; i++)
        digest = (digest ^ (unsigned char)value[i]) * 1099511628211ull;
    if (digest == LOCATION_DIGEST_NONE)
        digest = 1;
    if (headers->location_digest != LOCATION_DIGEST_NONE && headers->location_digest != digest)
        return HEADERS_TWO_LOCATIONS;
    headers->location_digest = digest;
    return HEADERS_OK;
}

/* We ask for no coding but chunked, which may be applied once and not by HTTP/1.0 (RFC 9112, 6.1): anything else leaves in doubt
 * where the body ends. */
static enum headers_verdict take_coding(struct headers *headers, const char *value, size_t bytes)
{
    if (bytes == 8 && strncasecmp(value, "identity", 8) == 0)
        return HEADERS_OK;
    bool is_plain = bytes == 7 && strncasecmp(value, "chunked", 7) == 0 && !headers->has_transfer_coding;
    headers->has_transfer_coding = true;
    return is_plain && !headers->is_old ? HEADERS_OK : HEADERS_TRANSFER_CODING;
}

int64_t retry_after_parse(const char *value, size_t bytes, int64_t now_s)
{
    int64_t seconds = 0;
    size_t at = 0;
    for (; at < bytes && value[at] >= '0' && value[at] <= '9'; at++) {
        seconds = seconds * 10 + (value[at] - '0');
        if (seconds > RETRY_AFTER_S_MAX)
            seconds = RETRY_AFTER_S_MAX;
    }
    if (at > 0 && at == bytes)
        return seconds;
    char text[64];
    if (bytes == 0 || bytes >= sizeof text || at > 0)
        return -1;
    memcpy(text, value, bytes);
    text[bytes] = '\0';
    time_t when = curl_getdate(text, NULL);
    if (when < 0)
        return -1;
    return when > now_s ? when - now_s : 0;
}

/* The line ends in LF alone where others end in CRLF: what follows may have been meant as part of its value. */
static bool has_odd_end(const struct headers *headers, const char *line, size_t bytes)
{
    return headers->ends_in_crlf && bytes >= 2 && line[bytes - 1] == '\n' && line[bytes - 2] != '\r';
}

/* Sets is_significant where more behind the value would change what we do. */
static enum headers_verdict take_value(struct headers *headers, const char *line, size_t bytes)
{
    const char *value;
    size_t value_bytes;
    headers->is_significant = true;
    switch (line[0] | 0x20) { /* most lines are none of ours */
    case 'c':
        if (value_of(line, bytes, "content-length", &value, &value_bytes))
            return take_length(headers, value, value_bytes);
        if (value_of(line, bytes, "content-encoding", &value, &value_bytes)) {
            take_content_coding(headers, value, value_bytes);
            return HEADERS_OK;
        }
        break;
    case 'l':
        if (value_of(line, bytes, "location", &value, &value_bytes))
            return has_odd_end(headers, line, bytes) ? HEADERS_CONTROL_BYTE
                                                     : take_location(headers, value, value_bytes);
        break;
    case 'r':
        if (value_of(line, bytes, "retry-after", &value, &value_bytes))
            headers->retry_after_s = retry_after_parse(value, value_bytes, (int64_t)time(NULL));
        break;
    case 't':
        if (value_of(line, bytes, "transfer-encoding", &value, &value_bytes))
            return take_coding(headers, value, value_bytes);
        break;
    default:
        break;
    }
    headers->is_significant = false;
    return HEADERS_OK;
}

/* RFC 9110, 5.5: NUL, CR and LF inside a value are dangerous; other controls are taken as data. */
static bool has_control_byte(const char *line, size_t bytes)
{
    while (bytes && (line[bytes - 1] == '\n' || line[bytes - 1] == '\r'))
        bytes--;
    return memchr(line, '\0', bytes) || memchr(line, '\r', bytes);
}

enum headers_verdict headers_line(struct headers *headers, const struct fetch_limits *limits, const char *line,
                                  size_t bytes)
{
    if (!bytes)
        return HEADERS_OK;
    if (bytes > limits->header_bytes_max - headers->bytes)
        return HEADERS_TOO_LARGE;
    headers->bytes += (uint32_t)bytes;
    if (has_control_byte(line, bytes))
        return HEADERS_CONTROL_BYTE;
    if (bytes >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        if (headers->is_open) /* libcurl takes it for a header */
            return HEADERS_STATUS_LINE;
        if (headers->is_complete && !headers->is_interim) /* a redirect was followed: the limits are for one answer */
            headers->bytes = headers->count = 0;
        begin_answer(headers);
        headers->is_open = headers->is_significant = true; /* the first line of headers is not to continue this one */
        const char *blank = memchr(line, ' ', bytes < 10 ? bytes : 10);
        headers->is_interim = blank && blank + 1 < line + bytes && blank[1] == '1';
        headers->ends_in_crlf = line[bytes - 1] == '\n' && line[bytes - 2] == '\r';
        headers->is_framed = bytes >= 6 && memcmp(line, "HTTP/1", 6) != 0;
        headers->is_bare = bytes >= 12 && (memcmp(line + 8, " 204", 4) == 0 || memcmp(line + 8, " 304", 4) == 0);
        headers->is_old = bytes >= 8 && memcmp(line, "HTTP/1.0", 8) == 0;
        return HEADERS_OK;
    }
    if (line[0] == '\r' || line[0] == '\n') {
        headers->is_complete = true;
        headers->is_open = false;
        return HEADERS_OK;
    }
    if (++headers->count > limits->header_count_max)
        return HEADERS_TOO_MANY;
    if (headers->is_complete) /* a trailer, which says nothing about the body before it (RFC 9110, 6.5.1) */
        return HEADERS_OK;
    if (is_blank(line[0])) /* libcurl joins it to the line before, or drops it */
        return headers->is_significant ? HEADERS_FOLDED : HEADERS_OK;
    return take_value(headers, line, bytes);
}

bool headers_say_nothing_of_length(const struct headers *headers)
{
    return headers->is_complete && !headers->is_interim && !headers->is_framed && !headers->is_bare &&
           !headers->has_transfer_coding && headers->content_length < 0;
}
