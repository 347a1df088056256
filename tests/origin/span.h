/* A piece of somebody else's bytes, and what is read out of a request target. */
#ifndef ORIGIN_SPAN_H
#define ORIGIN_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Not owned, not terminated. */
struct span {
    const char *bytes;
    size_t count;
};

struct span span_of(const char *text);
bool span_equals(struct span span, const char *text);
bool span_equals_any_case(struct span span, const char *text);
bool span_starts_with(struct span span, const char *prefix);

/* True when the comma-separated list holds that token, in any case. */
bool span_lists(struct span list, const char *token);

/* The span without its first `count` bytes (at most all). */
struct span span_after(struct span span, size_t count);

/* Takes the piece up to the next '/' or the end out of *rest, and the '/' with it. */
struct span span_take_segment(struct span *rest);

/* Takes a segment that must be a decimal number of at most `max`. False leaves *rest anywhere. */
bool span_take_number(struct span *rest, uint64_t max, uint64_t *number);

/* The raw (still percent-encoded) value of `name` in a query string; false when it is not there. */
bool span_find_parameter(struct span query, const char *name, struct span *value);

/* Undoes percent-encoding into out, at most `room` bytes. A '%' without two hex digits stays.
 * Returns the bytes written; the result may hold any byte, NUL too. */
size_t span_decode(struct span span, char *out, size_t room);

#endif
