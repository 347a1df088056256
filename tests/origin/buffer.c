/* buffer.c: bytes waiting to be parsed or sent. */
#include "tests/origin/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES_MIN = 2048 };

size_t buffer_count(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

bool buffer_reserve(struct buffer *buffer, size_t room)
{
    size_t count = buffer_count(buffer);
    if (buffer->capacity - buffer->end >= room) {
        return true;
    }
    if (buffer->start > 0 && buffer->capacity - count >= room) {
        memmove(buffer->bytes, buffer->bytes + buffer->start, count);
        buffer->start = 0;
        buffer->end = count;
        return true;
    }
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : BUFFER_BYTES_MIN;
    while (capacity < buffer->end + room) {
        capacity *= 2;
    }
    char *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const char *bytes, size_t count)
{
    if (count > 0 && buffer_reserve(buffer, count)) {
        memcpy(buffer->bytes + buffer->end, bytes, count);
        buffer->end += count;
    }
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (count < 0 || (size_t)count >= sizeof(line)) {
        buffer->failed = true;
        return;
    }
    buffer_append(buffer, line, (size_t)count);
}

void buffer_consume(struct buffer *buffer, size_t count, size_t keep_bytes)
{
    buffer->start += count;
    if (buffer->start < buffer->end) {
        return;
    }
    buffer->start = 0;
    buffer->end = 0;
    if (buffer->capacity > keep_bytes) {
        buffer_close(buffer);
    }
}

void buffer_close(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){.failed = buffer->failed};
}
