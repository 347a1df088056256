/* css_state.h: what css.c and css_text.c share: a sheet that is being read. */
#ifndef SHOAL_CSS_STATE_H
#define SHOAL_CSS_STATE_H

#include <stdbool.h>

#include "worker/links/css.h"

#define CSS_REPLACEMENT 0xfffdu
#define CSS_NAME_BYTES 16u /* no name that matters is longer */

/* Where the next byte stands. */
enum css_state {
    STATE_PLAIN,
    STATE_SLASH, /* behind a '/' that may begin a comment */
    STATE_COMMENT,
    STATE_COMMENT_STAR,
    STATE_AT,   /* behind '@' */
    STATE_HASH, /* behind '#' */
    STATE_NAME,
    STATE_STRING,
    STATE_URL_BEGIN, /* behind "url(" and blanks */
    STATE_URL,
    STATE_URL_BLANK, /* behind an unquoted value and a blank */
    STATE_BAD_URL,
    STATE_ESCAPE,     /* behind a backslash in a name, a string or a URL: `within` */
    STATE_HEX,        /* in the digits of an escape */
    STATE_SWALLOW_LF, /* behind a CR that was white space behind an escape, or escaped in a string */
    STATE_BAD_ESCAPE, /* behind a backslash in a bad URL */
};

/* What a name is: one that may be "url", a keyword's, or one that nobody asks for. */
enum css_name { NAME_IDENT, NAME_AT, NAME_OTHER };

/* What the tokens so far make of the next one. */
enum css_expects {
    EXPECTS_NOTHING,
    EXPECTS_IMPORT,   /* behind @import and blanks or comments */
    EXPECTS_NO_FETCH, /* within @namespace and @document, until ';', '{' or '}' */
};

struct css {
    css_taker *take;
    void *context;
    enum css_state state, within;
    enum css_name name;
    enum css_expects expects;
    bool is_import; /* the value belongs to @import */
    bool is_told;   /* the value in hand is wanted */
    bool is_long;
    bool is_dash; /* the name began with '-', as it stands there */
    char quote;
    unsigned hex_digits;
    uint32_t hex;
    uint64_t at;    /* of the next byte */
    uint64_t value; /* of the value's first byte */
    uint64_t value_end;
    uint32_t too_long;
    size_t name_bytes; /* more than CSS_NAME_BYTES: none that matters */
    size_t text_bytes;
    char name_text[CSS_NAME_BYTES]; /* in small letters */
    char text[URL_BYTES_MAX + 1];
};

/* ---- bytes ---- */

static inline bool css_is_newline(char byte)
{
    return byte == '\n' || byte == '\r' || byte == '\f';
}

static inline bool css_is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || css_is_newline(byte);
}

static inline bool css_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* NUL stands for U+FFFD (3.3). */
static inline bool css_begins_name(char byte)
{
    return (unsigned char)((byte | 0x20) - 'a') < 26 || byte == '_' || (unsigned char)byte >= 0x80 || !byte;
}

static inline bool css_is_in_name(char byte)
{
    return css_begins_name(byte) || css_is_digit(byte) || byte == '-';
}

static inline bool css_is_unprintable(char byte)
{
    unsigned char code = (unsigned char)byte;
    return (code < 0x20 && code && !css_is_blank(byte)) || code == 0x7f;
}

static inline int css_hex_of(char byte)
{
    if (css_is_digit(byte))
        return byte - '0';
    unsigned letter = (unsigned char)((byte | 0x20) - 'a');
    return letter < 6 ? (int)letter + 10 : -1;
}

/* ---- what is put together: css_text.c ---- */

/* Adds a byte to the name or the value, whichever the tokens are within. */
void css_add(struct css *css, char byte);
void css_add_code_point(struct css *css, uint32_t code);

/* A value begins at the byte that is taken now. */
void css_begin_value(struct css *css, enum css_state state);
/* And ends in front of this one: it is told if it is wanted. */
void css_end_value(struct css *css, uint64_t end);

#endif
