/* Most of what is shown is plain ASCII: plain_run() finds how much of it comes next, eight bytes at
 * a time, and it is copied at once. Only what is left is looked at byte by byte. */
#include "coordinator/text/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/url.h"

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

enum escape_style { STYLE_TEXT, STYLE_JSON };

static const char HEX[] = "0123456789abcdef";

static uint64_t has_zero_byte(uint64_t word)
{
    return (word - ONES) & ~word & HIGHS;
}

/* Not zero if any of the eight bytes is a control, 0x7f, no ASCII, or, in JSON, a quote or a
 * backslash. */
static uint64_t has_special_byte(uint64_t word, enum escape_style style)
{
    uint64_t special = (word & HIGHS) | ((word - ONES * 0x20) & ~word & HIGHS) | has_zero_byte(word ^ (ONES * 0x7f));
    if (style == STYLE_JSON)
        special |= has_zero_byte(word ^ (ONES * '"')) | has_zero_byte(word ^ (ONES * '\\'));
    return special;
}

static bool is_plain(unsigned char byte, enum escape_style style)
{
    return byte >= 0x20 && byte < 0x7f && (style == STYLE_TEXT || (byte != '"' && byte != '\\'));
}

static size_t plain_run(const char *text, size_t bytes, enum escape_style style)
{
    size_t run = 0;
    while (bytes - run >= 8) {
        uint64_t word;
        memcpy(&word, text + run, sizeof word);
        if (has_special_byte(word, style) != 0)
            break;
        run += 8;
    }
    while (run < bytes && is_plain((unsigned char)text[run], style))
        run++;
    return run;
}

/* The length of the code point at text and its value; 0 where the bytes are no UTF-8 (RFC 3629: no
 * overlong form, no surrogate, nothing above U+10FFFF). */
static size_t decode_utf8(const unsigned char *text, size_t bytes, uint32_t *code)
{
    static const uint32_t SMALLEST[] = {0, 0, 0x80, 0x800, 0x10000};
    if (text[0] < 0x80) {
        *code = text[0];
        return 1;
    }
    size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4 || bytes < length)
        return 0;
    *code = text[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (text[i] & 0x3f);
    }
    bool is_surrogate = *code >= 0xd800 && *code <= 0xdfff;
    return *code < SMALLEST[length] || *code > 0x10ffff || is_surrogate ? 0 : length;
}

/* What must not be shown as it is, of the code points that are no plain ASCII; escape.h lists them.
 */
static bool is_hidden(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x61c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x206f) || code == 0xfeff ||
           (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe007f);
}

static void put_text_byte(struct writer *writer, unsigned char byte)
{
    char text[4] = {'\\', 'x', HEX[byte >> 4], HEX[byte & 15]};
    writer_put(writer, text, sizeof text);
}

static void put_text_code(struct writer *writer, uint32_t code)
{
    writer_put(writer, "\\u{", 3);
    unsigned digits = code > 0xfffff ? 6 : code > 0xffff ? 5 : code > 0xfff ? 4 : code > 0xff ? 3 : 2;
    while (digits-- > 0)
        writer_put(writer, &HEX[code >> (4 * digits) & 15], 1);
    writer_put(writer, "}", 1);
}

static void put_json_unit(struct writer *writer, uint32_t unit)
{
    char text[6] = {'\\', 'u', HEX[unit >> 12 & 15], HEX[unit >> 8 & 15], HEX[unit >> 4 & 15], HEX[unit & 15]};
    writer_put(writer, text, sizeof text);
}

static void put_json_code(struct writer *writer, uint32_t code)
{
    static const char SHORT[][2] = {
        ['"'] = "\"", ['\\'] = "\\", ['\b'] = "b", ['\f'] = "f", ['\n'] = "n", ['\r'] = "r", ['\t'] = "t"};
    if (code < sizeof SHORT / sizeof SHORT[0] && SHORT[code][0] != '\0') {
        char text[2] = {'\\', SHORT[code][0]};
        writer_put(writer, text, sizeof text);
    } else if (code <= 0xffff) {
        put_json_unit(writer, code);
    } else {
        put_json_unit(writer, 0xd800 + ((code - 0x10000) >> 10));
        put_json_unit(writer, 0xdc00 + ((code - 0x10000) & 0x3ff));
    }
}

/* Puts what stands at text, which is not plain; returns its length. */
static size_t put_special(struct writer *writer, const char *text, size_t bytes, enum escape_style style)
{
    uint32_t code;
    size_t length = decode_utf8((const unsigned char *)text, bytes, &code);
    bool shown = length > 1 && !is_hidden(code);
    if (shown) {
        writer_put(writer, text, length);
    } else if (style == STYLE_JSON) {
        put_json_code(writer, length == 0 ? (unsigned char)text[0] : code);
    } else if (length <= 1) {
        put_text_byte(writer, (unsigned char)text[0]);
    } else {
        put_text_code(writer, code);
    }
    return length == 0 ? 1 : length;
}

static void escape(struct writer *writer, const char *text, size_t bytes, enum escape_style style)
{
    for (size_t at = 0; at < bytes;) {
        size_t run = plain_run(text + at, bytes - at, style);
        if (run > 0)
            writer_put(writer, text + at, run);
        at += run;
        if (at < bytes)
            at += put_special(writer, text + at, bytes - at, style);
    }
}

void escape_text(struct writer *writer, const char *text, size_t bytes)
{
    escape(writer, text, bytes, STYLE_TEXT);
}

void escape_text_string(struct writer *writer, const char *string)
{
    escape(writer, string, strlen(string), STYLE_TEXT);
}

void escape_json(struct writer *writer, const char *text, size_t bytes)
{
    escape(writer, text, bytes, STYLE_JSON);
}

static void escape_url(struct writer *writer, const char *url, size_t bytes, enum escape_style style)
{
    if (bytes == 0 || memchr(url, '@', bytes) == NULL) {
        escape(writer, url, bytes, style);
        return;
    }
    char small[1024];
    char *shown = bytes < sizeof small ? small : malloc(bytes + 1);
    if (shown == NULL)
        return; /* better nothing than a password */
    escape(writer, shown, url_without_userinfo(url, bytes, shown), style);
    if (shown != small)
        free(shown);
}

void escape_url_text(struct writer *writer, const char *url, size_t bytes)
{
    escape_url(writer, url, bytes, STYLE_TEXT);
}

void escape_url_json(struct writer *writer, const char *url, size_t bytes)
{
    escape_url(writer, url, bytes, STYLE_JSON);
}

char *escape_text_into(char *text, size_t room, const char *source, size_t bytes)
{
    struct writer escaped;
    size_t length = 0;
    writer_open_memory(&escaped);
    /* What does not fit need not be escaped: an escaped byte is never shorter than the byte. */
    escape_text(&escaped, source, bytes < room ? bytes : room);
    const char *whole = writer_text(&escaped, &length);
    if (length < room) {
        memcpy(text, whole, length + 1);
    } else {
        size_t cut = room - 4;
        while (cut > 0 && ((unsigned char)whole[cut] & 0xc0) == 0x80)
            cut--; /* not inside a code point */
        memcpy(text, whole, cut);
        memcpy(text + cut, "...", 4);
    }
    writer_close(&escaped);
    return text;
}
