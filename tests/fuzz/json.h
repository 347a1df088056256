/* A strict reader of JSON (RFC 8259), as strict as no library is: no blank that need not be there, no
 * byte that is no UTF-8, no lone surrogate, nothing behind the end. */
#ifndef SHOAL_TESTS_FUZZ_JSON_H
#define SHOAL_TESTS_FUZZ_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether text[0 .. bytes) is one value. */
bool json_is_value(const char *text, size_t bytes);

/* Reads the string, quotes included, that text[0 .. bytes) is; codes has room for `bytes` code points, *count receives how
 * many there are. False: it is none. */
bool json_read_string(const char *text, size_t bytes, uint32_t *codes, size_t *count);

#endif
