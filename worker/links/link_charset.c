/* link_charset.c: references in pages of windows-1252, which ISO-8859-1 and ASCII are too by the web's rules. */
#include "worker/links/link_charset.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "worker/html/html_reference.h"

/* What 0x80 to 0x9f stand for; all others are their own code point. */
static const uint16_t HIGH[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

bool link_charset_is_windows_1252(const char *name)
{
    static const char *const NAMES[] = {
        "windows-1252",   "iso-8859-1",      "iso8859-1",  "latin1",     "us-ascii",
        "ascii",          "cp1252",          "iso_8859-1", "iso88591",   "l1",
        "cp819",          "ibm819",          "x-cp1252",   "iso-ir-100", "csisolatin1",
        "ansi_x3.4-1968", "iso_8859-1:1987",
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (strcmp(NAMES[i], name) == 0)
            return true;
    }
    return false;
}

bool link_charset_is_wide(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((unsigned char)bytes[i] >= 0x80)
            return true;
    }
    return false;
}

size_t link_charset_decode(const char *from, size_t count, char *to)
{
    size_t written = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)from[i];
        if (byte < 0x80)
            to[written++] = from[i];
        else
            written += html_put_utf8(byte < 0xa0 ? HIGH[byte - 0x80] : byte, to + written);
    }
    return written;
}

/* The byte of a code point from 0x80 on; 0: there is none. */
static unsigned char byte_of(uint32_t code)
{
    if (code >= 0xa0 && code <= 0xff)
        return (unsigned char)code;
    for (unsigned char i = 0; i < 32; i++) {
        if (HIGH[i] == code)
            return (unsigned char)(0x80 + i);
    }
    return 0;
}

/* The character at `at`, whose first byte is from 0x80 on; *bytes: its length. A byte that begins none is U+FFFD. */
static uint32_t character_at(const char *at, size_t left, size_t *bytes)
{
    unsigned char lead = (unsigned char)*at;
    size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc2 ? 1 : 0;
    uint32_t code = lead & (0x3fu >> more);
    *bytes = 1;
    if (!more || more >= left)
        return 0xfffd;
    for (size_t i = 1; i <= more; i++) {
        if (((unsigned char)at[i] & 0xc0) != 0x80)
            return 0xfffd;
        code = code << 6 | ((unsigned char)at[i] & 0x3f);
    }
    *bytes = more + 1;
    return code;
}

size_t link_charset_escape_query(const char *from, size_t count, char *to, size_t room)
{
    size_t written = 0;
    bool in_query = false;
    for (size_t at = 0, bytes = 1; at < count && room - written > 20; at += bytes) {
        bytes = 1;
        in_query = in_query || from[at] == '?';
        if (from[at] == '#')
            break; /* no part of what is fetched */
        if (!in_query || (unsigned char)from[at] < 0x80) {
            to[written++] = from[at];
            continue;
        }
        uint32_t code = character_at(from + at, count - at, &bytes);
        unsigned char byte = byte_of(code);
        int escape = byte ? snprintf(to + written, room - written, "%%%02X", byte)
                          : snprintf(to + written, room - written, "%%26%%23%u%%3B", (unsigned)code);
        written += (size_t)escape;
    }
    return written;
}
