/* option_values.h: readers for the values of options that several commands share. Each answers
 * false with why filled: what is allowed, as it is put behind the option's name and value. Nothing
 * here blocks, but for a look at a file. */
#ifndef SHOAL_OPTION_VALUES_H
#define SHOAL_OPTION_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest duration that an option takes. */
#define OPTION_DURATION_MS_MAX (500ll * 3600 * 1000)

bool option_value_count(const char *value, uint32_t min, uint32_t max, uint32_t *count, char *why, size_t why_bytes);

/* From min_ms to OPTION_DURATION_MS_MAX. */
bool option_value_duration(const char *value, int64_t min_ms, int64_t *ms, char *why, size_t why_bytes);

bool option_value_size(const char *value, uint64_t min, uint64_t max, uint64_t *bytes, char *why, size_t why_bytes);

/* One of names; *index is which. */
bool option_value_choice(const char *value, const char *const *names, size_t count, size_t *index, char *why,
                         size_t why_bytes);

/* "all", "none", or some of names with commas between them; *parts has bit i for names[i]. */
bool option_value_parts(const char *value, const char *const *names, size_t count, uint32_t *parts, char *why,
                        size_t why_bytes);

bool option_value_not_empty(const char *value, const char **taken, char *why, size_t why_bytes);

/* A request header "Name: value" (RFC 9110 section 5): a token, a colon, no control character but
 * TAB. */
bool option_value_header(const char *value, char *why, size_t why_bytes);

/* Text that may stand in a header: no control character. */
bool option_value_header_text(const char *value, char *why, size_t why_bytes);

/* "host:port:address[,address]...", as in curl; IPv6 addresses with or without brackets; a '+'
 * before it is allowed. */
bool option_value_resolve(const char *value, char *why, size_t why_bytes);

/* A file that can be read. */
bool option_value_readable(const char *value, char *why, size_t why_bytes);

/* Appends to an array that is allocated with it and given back by free(). */
bool option_value_append(const char *const **array, size_t *count, const char *value, char *why, size_t why_bytes);

#endif
