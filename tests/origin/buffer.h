/* Bytes waiting to be parsed or sent. */
#ifndef ORIGIN_BUFFER_H
#define ORIGIN_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/*     bytes            start          end            capacity
 *       |  taken already | to be taken  | room          |      All zero is an empty buffer. */
struct buffer {
    char *bytes;
    size_t start;
    size_t end;
    size_t capacity;
    bool failed; /* memory ran out once: what was appended since may be missing */
};

size_t buffer_count(const struct buffer *buffer);

/* Makes room for `room` bytes after end, moving what is left to the front or growing. */
bool buffer_reserve(struct buffer *buffer, size_t room);
void buffer_append(struct buffer *buffer, const char *bytes, size_t count);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes `count` bytes from the start. Memory beyond `keep_bytes` is given back when empty. */
void buffer_consume(struct buffer *buffer, size_t count, size_t keep_bytes);
void buffer_close(struct buffer *buffer);

#endif
