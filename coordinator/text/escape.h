/* escape.h: bytes of the outside world, made harmless before they are shown. Never blocks.
 *
 * What is escaped everywhere: control characters (below 0x20, TAB, CR and LF too, 0x7f, U+0080 to
 * U+009F), bytes that are not valid UTF-8, and code points that reorder or hide text: bidirectional
 * controls (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+206F), line separators (U+2028,
 * U+2029), U+FEFF, U+FFF9 to U+FFFB and the tag characters (U+E0000 to U+E007F). So one record
 * stays one line, and no text can drive the terminal. */
#ifndef SHOAL_ESCAPE_H
#define SHOAL_ESCAPE_H

#include <stddef.h>

#include "coordinator/text/writer.h"

/* For people: a byte is shown as \x1b, a code point as \u{202e}. A backslash of the text itself
 * stays as it is, so this cannot be undone; programs should read JSON. */
void escape_text(struct writer *writer, const char *text, size_t bytes);
void escape_text_string(struct writer *writer, const char *string);

/* The inside of a JSON string (RFC 8259 section 7), without the quotes; always valid JSON. A byte
 * that is no valid UTF-8 becomes \u00XX, the code point of the same number, so that each stays
 * visible where U+FFFD would lose it. */
void escape_json(struct writer *writer, const char *text, size_t bytes);

/* For a message: escapes into text, which has room bytes, and ends it with NUL; what does not fit
 * is cut and ends in
 * "...". room is at least 8. Returns text. */
char *escape_text_into(char *text, size_t room, const char *source, size_t bytes);

/* The same for URLs, valid or not: user name and password are left out (url_without_userinfo()). */
void escape_url_text(struct writer *writer, const char *url, size_t bytes);
void escape_url_json(struct writer *writer, const char *url, size_t bytes);

#endif
