/* html_charset.h: a page's bytes as the tokenizer can read them. All encodings of the web but UTF-16 have ASCII's bytes where markup is
 * concerned and go through as they are; UTF-16 becomes UTF-8. Which it is, is said by the byte order mark, then by Content-Type, then
 * by a meta element within the first CHARSET_META_BYTES bytes; a page that only says so by itself cannot be UTF-16. ISO-2022-JP is read as ASCII: an escaped run of it may look
 * like markup. */
#ifndef SHOAL_HTML_CHARSET_H
#define SHOAL_HTML_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHARSET_NAME_BYTES 32
#define CHARSET_META_BYTES 1024u /* 13.2.3.2; a later one, for which browsers begin again, is not believed */

enum html_charset_form { CHARSET_BYTES, CHARSET_UTF_16LE, CHARSET_UTF_16BE };

struct html_charset {
    char name[CHARSET_NAME_BYTES]; /* small letters; "": nobody said */
    enum html_charset_form form;
    bool is_decided;       /* the byte order mark came, or none */
    unsigned mark_bytes;   /* of the byte order mark, which does not come out */
    unsigned char held[3]; /* bytes that may be a mark, or half of a unit */
    unsigned held_count;
    uint32_t high; /* the first half of a pair; 0: none */
};

/* Gets what was decoded, in order. */
typedef void html_charset_out(void *context, const char *bytes, size_t count);

/* A new page. content_type: the header's value; "": none. */
void html_charset_begin(struct html_charset *charset, const char *content_type);
void html_charset_feed(struct html_charset *charset, const char *bytes, size_t count, html_charset_out *out,
                       void *context);
/* The page is complete: what is left comes out. */
void html_charset_end(struct html_charset *charset, html_charset_out *out, void *context);

/* Takes the charset's name from "text/html; charset=NAME" or a meta's content, into name, in small letters and cut; "": none. */
void html_charset_of_type(const char *type, size_t bytes, char name[CHARSET_NAME_BYTES]);
/* Copies a name likewise, without the blanks around it. What no label of the Encoding standard begins with is none. */
void html_charset_set_name(char name[CHARSET_NAME_BYTES], const char *from, size_t bytes);
/* What a meta that says so means (13.2.3.2): UTF-16 could not have been read so far, it is UTF-8. */
void html_charset_mend_meta(char name[CHARSET_NAME_BYTES]);

#endif
