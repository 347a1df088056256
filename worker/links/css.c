/* css.c: the URLs in a style sheet, found while it arrives. */
#include "worker/links/css.h"

#include <stdlib.h>
#include <string.h>

#include "worker/links/css_state.h"

struct css *css_open(css_taker *take, void *context)
{
    struct css *css = calloc(1, sizeof *css);
    if (!css)
        return NULL;
    css->take = take;
    css->context = context;
    return css;
}

void css_close(struct css *css)
{
    free(css);
}

void css_begin(struct css *css)
{
    css->state = STATE_PLAIN;
    css->expects = EXPECTS_NOTHING;
    css->at = 0;
    css->too_long = 0;
}

uint32_t css_too_long(const struct css *css)
{
    return css->too_long;
}

/* ---- tokens ---- */

/* A token that is neither blank nor comment: what was expected of it has been asked. */
static void saw_token(struct css *css)
{
    if (css->expects != EXPECTS_NO_FETCH)
        css->expects = EXPECTS_NOTHING;
}

static void begin_name(struct css *css, enum css_name name)
{
    css->state = css->within = STATE_NAME;
    css->name = name;
    css->name_bytes = 0;
}

static bool is_called(const struct css *css, const char *name)
{
    size_t bytes = strlen(name);
    return css->name_bytes == bytes && memcmp(css->name_text, name, bytes) == 0;
}

/* The name is complete, and `next` stands behind it. True: next is taken with it. */
static bool end_name(struct css *css, char next)
{
    css->state = STATE_PLAIN;
    if (css->name == NAME_IDENT && next == '(' && is_called(css, "url")) {
        css->is_import = css->expects == EXPECTS_IMPORT;
        css->is_told = css->expects != EXPECTS_NO_FETCH;
        saw_token(css);
        css->state = STATE_URL_BEGIN;
        return true;
    }
    saw_token(css);
    if (css->name != NAME_AT || (css->is_dash && css->name_bytes == 1)) /* "@-" is no keyword */
        return false;
    css->expects = EXPECTS_NOTHING;
    if (is_called(css, "import"))
        css->expects = EXPECTS_IMPORT;
    else if (is_called(css, "namespace") || is_called(css, "document") || is_called(css, "-moz-document"))
        css->expects = EXPECTS_NO_FETCH;
    return false;
}

static void begin_string(struct css *css, char quote)
{
    css->quote = quote;
    css->at++;
    css_begin_value(css, STATE_STRING);
    css->at--;
}

static void take_plain(struct css *css, char byte)
{
    if (css_is_blank(byte))
        return;
    if (byte == '/') {
        css->state = STATE_SLASH;
    } else if (byte == '"' || byte == '\'') {
        css->is_import = css->is_told = css->expects == EXPECTS_IMPORT;
        saw_token(css);
        begin_string(css, byte);
    } else if (byte == '@') {
        css->state = STATE_AT;
    } else if (byte == '#') {
        css->state = STATE_HASH;
    } else if (css_is_in_name(byte)) {
        begin_name(css, (byte | 0x20) == 'u' ? NAME_IDENT : NAME_OTHER); /* none but "url" matters */
        css_add(css, byte);
    } else if (byte == '\\') {
        begin_name(css, NAME_IDENT);
        css->state = STATE_ESCAPE;
    } else {
        saw_token(css);
        if (byte == ';' || byte == '{' || byte == '}')
            css->expects = EXPECTS_NOTHING;
    }
}

/* Behind '@' or '#'. False: the byte is still to be taken. */
static bool take_prefixed(struct css *css, char byte)
{
    enum css_name name = css->state == STATE_AT ? NAME_AT : NAME_OTHER;
    if (css_is_in_name(byte) && !(name == NAME_AT && css_is_digit(byte))) {
        begin_name(css, name);
        css->is_dash = byte == '-';
        css_add(css, byte);
        return true;
    }
    if (byte == '\\') {
        begin_name(css, name);
        css->is_dash = false;
        css->state = STATE_ESCAPE;
        return true;
    }
    saw_token(css);
    css->state = STATE_PLAIN;
    return false;
}

static bool take_name(struct css *css, char byte)
{
    if (css->name == NAME_AT && css->is_dash && css->name_bytes == 1 && css_is_digit(byte))
        css->name = NAME_OTHER; /* "@-5" is none either */
    if (css_is_in_name(byte))
        css_add(css, byte);
    else if (byte == '\\')
        css->state = STATE_ESCAPE;
    else
        return end_name(css, byte);
    return true;
}

static bool take_string(struct css *css, char byte)
{
    if (byte == css->quote) {
        css->state = STATE_PLAIN;
        css_end_value(css, css->at);
    } else if (css_is_newline(byte)) { /* a bad string */
        css->state = STATE_PLAIN;
    } else if (byte == '\\') {
        css->state = STATE_ESCAPE;
    } else {
        css_add(css, byte);
    }
    return true;
}

static bool take_url_begin(struct css *css, char byte)
{
    if (css_is_blank(byte))
        return true;
    if (byte == '"' || byte == '\'') {
        begin_string(css, byte);
        return true;
    }
    css_begin_value(css, STATE_URL);
    return false;
}

static bool take_url(struct css *css, char byte)
{
    if (byte == ')') {
        css->state = STATE_PLAIN;
        css_end_value(css, css->at);
    } else if (css_is_blank(byte)) {
        css->value_end = css->at;
        css->state = STATE_URL_BLANK;
    } else if (byte == '"' || byte == '\'' || byte == '(' || css_is_unprintable(byte)) {
        css->state = STATE_BAD_URL;
    } else if (byte == '\\') {
        css->state = STATE_ESCAPE;
    } else {
        css_add(css, byte);
    }
    return true;
}

static bool take_url_blank(struct css *css, char byte)
{
    if (css_is_blank(byte))
        return true;
    css->state = byte == ')' ? STATE_PLAIN : STATE_BAD_URL;
    if (byte == ')')
        css_end_value(css, css->value_end);
    return byte == ')'; /* else it may be a backslash */
}

static bool take_bad_url(struct css *css, char byte)
{
    if (byte == ')')
        css->state = STATE_PLAIN;
    else if (byte == '\\')
        css->state = STATE_BAD_ESCAPE;
    return true;
}

/* ---- escapes (4.3.7) ---- */

/* A backslash in front of a line's end escapes nothing (4.3.8), but in a string it takes the line's end away. */
static bool take_escaped_newline(struct css *css, char byte)
{
    if (css->within == STATE_STRING) {
        css->state = byte == '\r' ? STATE_SWALLOW_LF : STATE_STRING;
        return true;
    }
    if (css->within == STATE_URL) {
        css->state = STATE_BAD_URL;
        return true;
    }
    if (css->name_bytes)
        end_name(css, '\\');
    css->state = STATE_PLAIN;
    saw_token(css);
    return false;
}

static bool take_escape(struct css *css, char byte)
{
    if (css_is_newline(byte))
        return take_escaped_newline(css, byte);
    int digit = css_hex_of(byte);
    css->state = css->within;
    if (digit < 0) {
        css_add(css, byte);
        return true;
    }
    css->state = STATE_HEX;
    css->hex = (uint32_t)digit;
    css->hex_digits = 1;
    return true;
}

static bool take_hex(struct css *css, char byte)
{
    int digit = css->hex_digits < 6 ? css_hex_of(byte) : -1;
    if (digit >= 0) {
        css->hex = css->hex << 4 | (uint32_t)digit;
        css->hex_digits++;
        return true;
    }
    css_add_code_point(css, css->hex);
    css->state = byte == '\r' ? STATE_SWALLOW_LF : css->within;
    return css_is_blank(byte); /* one blank belongs to it */
}

/* ---- the machine ---- */

static bool take_comment(struct css *css, char byte)
{
    if (css->state == STATE_SLASH) {
        css->state = byte == '*' ? STATE_COMMENT : STATE_PLAIN;
        if (byte != '*')
            saw_token(css);
        return byte == '*';
    }
    if (css->state == STATE_COMMENT_STAR && byte == '/')
        css->state = STATE_PLAIN;
    else
        css->state = byte == '*' ? STATE_COMMENT_STAR : STATE_COMMENT;
    return true;
}

/* False: the byte is to be taken again, in another state. At most three times for one byte. */
static bool take_byte(struct css *css, char byte)
{
    switch (css->state) {
    case STATE_SLASH:
    case STATE_COMMENT:
    case STATE_COMMENT_STAR:
        return take_comment(css, byte);
    case STATE_AT:
    case STATE_HASH:
        return take_prefixed(css, byte);
    case STATE_NAME:
        return take_name(css, byte);
    case STATE_STRING:
        return take_string(css, byte);
    case STATE_URL_BEGIN:
        return take_url_begin(css, byte);
    case STATE_URL:
        return take_url(css, byte);
    case STATE_URL_BLANK:
        return take_url_blank(css, byte);
    case STATE_BAD_URL:
        return take_bad_url(css, byte);
    case STATE_BAD_ESCAPE: /* of a line's end or of anything else: only ')' matters */
        css->state = STATE_BAD_URL;
        return true;
    case STATE_ESCAPE:
        return take_escape(css, byte);
    case STATE_HEX:
        return take_hex(css, byte);
    case STATE_SWALLOW_LF:
        css->state = css->within;
        return byte == '\n';
    default:
        take_plain(css, byte);
        return true;
    }
}

/* How many bytes from here on change nothing. */
static size_t dull_bytes(const struct css *css, const char *at, size_t count)
{
    size_t dull = 0;
    if (css->state == STATE_COMMENT) {
        const char *star = memchr(at, '*', count);
        dull = star ? (size_t)(star - at) : count;
    } else if (css->state == STATE_PLAIN) {
        while (dull < count && css_is_blank(at[dull]))
            dull++;
    } else if (css->state == STATE_STRING && !css->is_told) {
        while (dull < count && at[dull] != css->quote && at[dull] != '\\' && !css_is_newline(at[dull]))
            dull++;
    } else if (css->state == STATE_NAME && (css->name == NAME_OTHER || css->name_bytes > CSS_NAME_BYTES)) {
        while (dull < count && css_is_in_name(at[dull]))
            dull++;
    }
    return dull;
}

void css_feed(struct css *css, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t dull = dull_bytes(css, bytes + i, count - i);
        i += dull;
        css->at += dull;
        if (i == count)
            break;
        while (!take_byte(css, bytes[i]))
            ;
        i++;
        css->at++;
    }
}

void css_end(struct css *css)
{
    bool is_value = css->within == STATE_STRING || css->within == STATE_URL;
    uint64_t end = css->at;
    switch (css->state) {
    case STATE_ESCAPE: /* a backslash at the end: nothing in a string, else U+FFFD */
        if (css->within == STATE_URL)
            css_add_code_point(css, CSS_REPLACEMENT);
        break;
    case STATE_HEX:
        css_add_code_point(css, css->hex);
        break;
    case STATE_STRING:
    case STATE_URL:
    case STATE_SWALLOW_LF:
        break;
    case STATE_URL_BLANK:
        end = css->value_end;
        break;
    default:
        is_value = false;
        break;
    }
    if (is_value)
        css_end_value(css, end);
    css->state = STATE_PLAIN;
}
