/* html_reference.c: what the raw bytes of text and attribute values say. */
#include "worker/html/html_reference.h"

#include <stdint.h>
#include <string.h>

#include "worker/html/html_reference_table.inc"

#define NAME_COUNT (sizeof OFFSETS / sizeof OFFSETS[0])
#define POINT_MAX 0x10ffffu
#define CHARACTER_BYTES_MAX 6 /* of what one reference stands for: two characters of three bytes */
static const char REPLACEMENT[] = "\357\277\275";

/* What one step took of the raw bytes, and what it gives. */
struct step {
    size_t taken; /* 0: the '&' stands for itself */
    size_t given;
    char text[CHARACTER_BYTES_MAX];
};

/* What windows-1252 has where Unicode has controls, 0x80 to 0x9f; 0: the control itself. */
static const uint16_t WINDOWS_1252[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static bool is_alphanumeric(char byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

static int digit_of(char byte, unsigned radix)
{
    int value = 99;
    if (byte >= '0' && byte <= '9')
        value = byte - '0';
    else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
        value = (byte | 0x20) - 'a' + 10;
    return value < (int)radix ? value : -1;
}

size_t html_put_utf8(uint32_t point, char *to)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned char LEAD[] = {0, 0xc0, 0xe0, 0xf0};
    to[0] = (char)(LEAD[more] | (point >> (6 * more)));
    for (size_t i = 1; i <= more; i++)
        to[i] = (char)(0x80 | ((point >> (6 * (more - i))) & 0x3f));
    return more + 1;
}

/* "&#38;", "&#x26;"; the semicolon may be missing. */
static void decode_number(const char *from, size_t bytes, struct step *step)
{
    size_t at = 2;
    unsigned radix = 10;
    if (at < bytes && (from[at] | 0x20) == 'x') {
        radix = 16;
        at++;
    }
    size_t digits = at;
    uint32_t point = 0;
    for (int digit; at < bytes && (digit = digit_of(from[at], radix)) >= 0; at++)
        point = point > POINT_MAX ? point : point * radix + (uint32_t)digit;
    if (at == digits)
        return;
    if (at < bytes && from[at] == ';')
        at++;
    if (point >= 0x80 && point < 0xa0 && WINDOWS_1252[point - 0x80])
        point = WINDOWS_1252[point - 0x80];
    if (point == 0 || point > POINT_MAX || (point >= 0xd800 && point < 0xe000))
        point = 0xfffd;
    step->taken = at;
    step->given = html_put_utf8(point, step->text);
}

/* The first name of [low, high), all equal up to `depth`, whose byte there is not below `byte`. */
static size_t first_not_below(size_t low, size_t high, size_t depth, unsigned byte)
{
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((unsigned char)BLOB[OFFSETS[middle] + depth] < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The longest name that the bytes behind '&' begin with; NAME_COUNT: none. */
static size_t longest_name(const char *from, size_t bytes, size_t *name_bytes)
{
    size_t low = 0;
    size_t high = NAME_COUNT;
    size_t best = NAME_COUNT;
    for (size_t depth = 0; depth < bytes; depth++) {
        unsigned char byte = (unsigned char)from[depth];
        if (!is_alphanumeric(from[depth]) && byte != ';')
            break;
        low = first_not_below(low, high, depth, byte);
        high = first_not_below(low, high, depth, byte + 1u);
        if (low == high)
            break;
        if (BLOB[OFFSETS[low] + depth + 1] == '\0') { /* sorted: the shortest is the first */
            best = low;
            *name_bytes = depth + 1;
        }
    }
    return best;
}

static void decode_name(const char *from, size_t bytes, bool in_attribute, struct step *step)
{
    size_t name_bytes = 0;
    size_t name = longest_name(from + 1, bytes - 1, &name_bytes);
    if (name == NAME_COUNT)
        return;
    size_t behind = 1 + name_bytes;
    bool is_open = from[behind - 1] != ';';
    if (in_attribute && is_open && behind < bytes && (from[behind] == '=' || is_alphanumeric(from[behind])))
        return; /* "?a=1&copy=2" */
    const char *text = BLOB + OFFSETS[name] + name_bytes + 1;
    step->taken = behind;
    step->given = strlen(text);
    memcpy(step->text, text, step->given);
}

/* from[0] is '&', NUL or CR. */
static struct step decode_one(const char *from, size_t bytes, enum html_text_kind kind)
{
    struct step step = {.taken = 0};
    if (*from == '\r') {
        step.taken = bytes > 1 && from[1] == '\n' ? 2 : 1;
        step.given = 1;
        step.text[0] = '\n';
    } else if (*from == '\0') {
        bool stays = kind == HTML_TEXT_DATA || kind == HTML_TEXT_CDATA;
        step.taken = 1;
        step.given = stays ? 1 : 3;
        memcpy(step.text, stays ? "" : REPLACEMENT, step.given);
    } else if (kind != HTML_TEXT_RAW && kind != HTML_TEXT_CDATA && bytes > 1) {
        if (from[1] == '#')
            decode_number(from, bytes, &step);
        else
            decode_name(from, bytes, kind == HTML_TEXT_ATTRIBUTE, &step);
    }
    if (!step.taken) {
        step.taken = step.given = 1;
        step.text[0] = *from;
    }
    return step;
}

size_t html_decode(const char *from, size_t bytes, enum html_text_kind kind, char *to, size_t room, bool *is_cut)
{
    size_t at = 0;
    size_t given = 0;
    *is_cut = false;
    while (at < bytes) {
        struct step step = {.taken = 1, .given = 1, .text = {from[at]}};
        if (from[at] == '&' || from[at] == '\0' || from[at] == '\r')
            step = decode_one(from + at, bytes - at, kind);
        if (step.given > room - given) {
            *is_cut = true;
            break;
        }
        memcpy(to + given, step.text, step.given);
        given += step.given;
        at += step.taken;
    }
    return given;
}
