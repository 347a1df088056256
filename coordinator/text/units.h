/* units.h: numbers as people write and read them: durations, sizes, counts. Nothing here blocks or
 * allocates. */
#ifndef SHOAL_UNITS_H
#define SHOAL_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the text of any of the functions below, its NUL included. */
#define UNITS_TEXT_BYTES 32

/* The longest duration that is taken: a deadline that far ahead still fits the clock. About 146
 * years. */
#define UNITS_DURATION_MS_MAX (INT64_MAX / 2000000)

/* The parsers are strict: digits, at most one decimal point where decimals make sense, one unit,
 * and nothing else: no sign, no blank, no exponent. False, *value untouched, for anything else or
 * for what does not fit. */

/* "250ms", "10s", "2m", "1h", "1.5s"; without a unit: seconds. What lies between two milliseconds
 * is rounded up, so that only zero is zero. */
bool units_parse_duration(const char *text, int64_t *ms);

/* "64K", "16M", "1G" in powers of 1024, upper or lower case, "1.5M"; without a unit: bytes. */
bool units_parse_size(const char *text, uint64_t *bytes);

/* A whole number from min to max. */
bool units_parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *count);

/* "0 B", "999 B", "12.3 KiB", "1.0 GiB". text has UNITS_TEXT_BYTES; returns text. */
char *units_format_bytes(char *text, uint64_t bytes);

/* "0.16 s", "12.3 s", "4:05" (minutes), "1:02:03" (hours). text has UNITS_TEXT_BYTES; returns text.
 */
char *units_format_duration(char *text, int64_t ns);

/* A duration as an option would take it back: "250ms", "10s", "2m". text has UNITS_TEXT_BYTES;
 * returns text. */
char *units_format_option_duration(char *text, int64_t ms);

/* A size as an option would take it back: "64K", "16M", "100". text has UNITS_TEXT_BYTES; returns
 * text. */
char *units_format_option_size(char *text, uint64_t bytes);

/* The decimal digits of value, without NUL. at has room for 20; returns the end. */
char *units_put_u64(char *at, uint64_t value);

/* Microseconds as seconds with six decimals, "0.162345", without NUL. at has room for 27; returns
 * the end. us >= 0. */
char *units_put_seconds(char *at, int64_t us);

#endif
