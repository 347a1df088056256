/* tell.h: snprintf() for the one line that explains a decision. */
#ifndef SHOAL_TELL_H
#define SHOAL_TELL_H

#include <stddef.h>

/* Cut to text_bytes with its NUL (at least 1); bytes below 0x20 become blanks. Returns the length of what is there. */
__attribute__((format(printf, 3, 4))) size_t tell(char *text, size_t text_bytes, const char *format, ...);

#endif
