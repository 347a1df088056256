/* link_charset.h: references in pages of windows-1252, which ISO-8859-1 and ASCII are too by the web's rules: the path of a URL is in
 * UTF-8 whatever the page is in, the query is in the page's charset (URL standard, 4.4, "query state"). Other charsets have no tables
 * here: their bytes are escaped as they are, which is right in queries alone. */
#ifndef SHOAL_LINK_CHARSET_H
#define SHOAL_LINK_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the name, in small letters, is one of windows-1252 (Encoding standard, 4.2). */
bool link_charset_is_windows_1252(const char *name);

/* Whether there is a byte from 0x80 on. */
bool link_charset_is_wide(const char *bytes, size_t count);

/* Turns windows-1252 into UTF-8: at most 3 bytes for each, which `to` has room for. Returns how many. */
size_t link_charset_decode(const char *from, size_t count, char *to);

/* Writes a reference in UTF-8 to `to` as it is, but for characters in its query: those are escapes of their windows-1252 byte, or of
 * "&#NUMBER;" where there is none. What does not fit into room is cut. Returns how many bytes. */
size_t link_charset_escape_query(const char *from, size_t count, char *to, size_t room);

#endif
