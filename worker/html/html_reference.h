/* html_reference.h: what the raw bytes of text and attribute values say: character references, line ends and NULs as in the HTML
 * standard (13.2.3.5, 13.2.5.72 to 80). The tokenizer hands on raw spans, so only what somebody wants is ever decoded. */
#ifndef SHOAL_HTML_REFERENCE_H
#define SHOAL_HTML_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the bytes stood: what they mean depends on it. */
enum html_text_kind {
    HTML_TEXT_DATA,      /* between tags: references, NULs stay */
    HTML_TEXT_RCDATA,    /* in title and textarea: references, NULs become U+FFFD */
    HTML_TEXT_RAW,       /* in style, script, ...: no references, NULs become U+FFFD */
    HTML_TEXT_CDATA,     /* in a CDATA section: no references, NULs stay */
    HTML_TEXT_ATTRIBUTE, /* references, where "&copy=" is none; NULs become U+FFFD */
    HTML_TEXT_KIND_COUNT
};

/* Decodes from[0 .. bytes) to `to`, UTF-8 where a reference names a character; all other bytes are as they were. Stops where the next
 * character would not fit into room, and says so in *is_cut. Returns how many bytes were written. Linear in bytes. */
size_t html_decode(const char *from, size_t bytes, enum html_text_kind kind, char *to, size_t room, bool *is_cut);

/* Writes a code point as UTF-8, one to four bytes; returns how many. */
size_t html_put_utf8(uint32_t point, char *to);

#endif
