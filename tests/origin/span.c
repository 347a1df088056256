/* span.c: A piece of somebody else's bytes, and what is read out of a request target. */
#include "tests/origin/span.h"

#include <string.h>
#include <strings.h>

struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

bool span_equals(struct span span, const char *text)
{
    size_t count = strlen(text);
    return span.count == count && memcmp(span.bytes, text, count) == 0;
}

bool span_equals_any_case(struct span span, const char *text)
{
    size_t count = strlen(text);
    return span.count == count && strncasecmp(span.bytes, text, count) == 0;
}

bool span_starts_with(struct span span, const char *prefix)
{
    size_t count = strlen(prefix);
    return span.count >= count && memcmp(span.bytes, prefix, count) == 0;
}

static struct span span_trim(struct span span)
{
    while (span.count > 0 && (span.bytes[0] == ' ' || span.bytes[0] == '\t')) {
        span = span_after(span, 1);
    }
    while (span.count > 0 && (span.bytes[span.count - 1] == ' ' || span.bytes[span.count - 1] == '\t')) {
        span.count--;
    }
    return span;
}

bool span_lists(struct span list, const char *token)
{
    while (list.count > 0) {
        const char *comma = memchr(list.bytes, ',', list.count);
        size_t count = comma != NULL ? (size_t)(comma - list.bytes) : list.count;
        if (span_equals_any_case(span_trim((struct span){list.bytes, count}), token)) {
            return true;
        }
        list = span_after(list, count + 1);
    }
    return false;
}

struct span span_after(struct span span, size_t count)
{
    if (count > span.count) {
        count = span.count;
    }
    return (struct span){span.bytes + count, span.count - count};
}

struct span span_take_segment(struct span *rest)
{
    const char *slash = rest->count > 0 ? memchr(rest->bytes, '/', rest->count) : NULL;
    size_t count = slash != NULL ? (size_t)(slash - rest->bytes) : rest->count;
    struct span segment = {rest->bytes, count};
    *rest = span_after(*rest, count + 1);
    return segment;
}

bool span_take_number(struct span *rest, uint64_t max, uint64_t *number)
{
    struct span segment = span_take_segment(rest);
    uint64_t value = 0;
    if (segment.count == 0 || segment.count > 19) {
        return false;
    }
    for (size_t i = 0; i < segment.count; i++) {
        if (segment.bytes[i] < '0' || segment.bytes[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(segment.bytes[i] - '0');
    }
    *number = value;
    return value <= max;
}

bool span_find_parameter(struct span query, const char *name, struct span *value)
{
    size_t name_bytes = strlen(name);
    while (query.count > 0) {
        const char *ampersand = memchr(query.bytes, '&', query.count);
        size_t count = ampersand != NULL ? (size_t)(ampersand - query.bytes) : query.count;
        struct span pair = {query.bytes, count};
        if (span_starts_with(pair, name) && count > name_bytes && pair.bytes[name_bytes] == '=') {
            *value = span_after(pair, name_bytes + 1);
            return true;
        }
        query = span_after(query, count + 1);
    }
    return false;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

size_t span_decode(struct span span, char *out, size_t room)
{
    size_t written = 0;
    for (size_t i = 0; i < span.count && written < room; i++) {
        char byte = span.bytes[i];
        if (byte == '%' && i + 2 < span.count) {
            int high = hex_value(span.bytes[i + 1]);
            int low = hex_value(span.bytes[i + 2]);
            if (high >= 0 && low >= 0) {
                byte = (char)(high * 16 + low);
                i += 2;
            }
        }
        out[written++] = byte;
    }
    return written;
}
