/* html_charset.c: a page's bytes as the tokenizer can read them. */
#include "worker/html/html_charset.h"

#include <string.h>
#include <strings.h>

#include "worker/html/html_reference.h"
#include "worker/html/html_scan.h"

/* Of UTF-16, turned into at most this much UTF-8 at a time. */
#define ROOM 1536

/* What the labels of the Encoding standard (4.2) begin with. */
static bool is_label(const char *name)
{
    static const char *const BEGINNINGS[] = {
        "utf",    "windows", "iso",     "us-ascii", "ascii", "latin",  "l1",      "l2",      "l3",
        "l4",     "l5",      "l6",      "l9",       "cp",    "koi",    "shift",   "sjis",    "euc",
        "gb",     "big5",    "x-",      "mac",      "ibm",   "ansi",   "unicode", "cs",      "ks",
        "hz",     "tis",     "dos-874", "ms932",    "ms_k",  "cn-",    "korean",  "chinese", "greek",
        "hebrew", "arab",    "asmo",    "ecma-",    "elot_", "sun_eu", "cyril",   "logical", "visual",
    };
    for (size_t i = 0; i < sizeof BEGINNINGS / sizeof BEGINNINGS[0]; i++) {
        if (strncmp(name, BEGINNINGS[i], strlen(BEGINNINGS[i])) == 0)
            return true;
    }
    return false;
}

void html_charset_set_name(char name[CHARSET_NAME_BYTES], const char *from, size_t bytes)
{
    static const char SIGNS[] = "-_.:";
    for (; bytes && html_is_space(*from); from++)
        bytes--;
    while (bytes && html_is_space(from[bytes - 1]))
        bytes--;
    size_t count = bytes < CHARSET_NAME_BYTES - 1 ? bytes : CHARSET_NAME_BYTES - 1;
    for (size_t i = 0; i < count; i++) {
        bool is_digit = from[i] >= '0' && from[i] <= '9';
        bool is_name = html_is_letter(from[i]) || is_digit || (from[i] && strchr(SIGNS, from[i]));
        name[i] = (char)(!is_name ? '\0' : html_is_letter(from[i]) ? from[i] | 0x20 : from[i]);
        if (!is_name)
            count = 0;
    }
    name[count] = '\0';
    if (!is_label(name))
        name[0] = '\0';
}

void html_charset_of_type(const char *type, size_t bytes, char name[CHARSET_NAME_BYTES])
{
    static const char WORD[] = "charset";
    const char *end = type + bytes;
    name[0] = '\0';
    for (const char *at = type; (size_t)(end - at) > sizeof WORD - 1; at++) {
        if (strncasecmp(at, WORD, sizeof WORD - 1) != 0)
            continue;
        const char *value = at + sizeof WORD - 1;
        while (value < end && html_is_space(*value))
            value++;
        if (value == end || *value++ != '=')
            continue;
        while (value < end && html_is_space(*value))
            value++;
        if (value < end && (*value == '"' || *value == '\'')) {
            const char *quote = memchr(value + 1, *value, (size_t)(end - value - 1));
            if (quote)
                html_charset_set_name(name, value + 1, (size_t)(quote - value - 1));
            return;
        }
        size_t count = 0;
        while (value + count < end && !html_is_space(value[count]) && !strchr(";\"'", value[count]))
            count++;
        html_charset_set_name(name, value, count);
        return;
    }
}

void html_charset_mend_meta(char name[CHARSET_NAME_BYTES])
{
    static const char UTF_16[] = "utf-16";
    if (strncmp(name, UTF_16, sizeof UTF_16 - 1) == 0)
        html_charset_set_name(name, "utf-8", 5);
    else if (strcmp(name, "x-user-defined") == 0)
        html_charset_set_name(name, "windows-1252", 12);
}

void html_charset_begin(struct html_charset *charset, const char *content_type)
{
    *charset = (struct html_charset){.form = CHARSET_BYTES};
    html_charset_of_type(content_type, strlen(content_type), charset->name);
    if (strcmp(charset->name, "utf-16be") == 0)
        charset->form = CHARSET_UTF_16BE;
    else if (strcmp(charset->name, "utf-16le") == 0 || strcmp(charset->name, "utf-16") == 0)
        charset->form = CHARSET_UTF_16LE;
}

/* ---- UTF-16 ---- */

/* One unit, at most six bytes; halves without their others become U+FFFD. */
static size_t put_unit(struct html_charset *charset, uint32_t unit, char *to)
{
    size_t given = 0;
    bool is_low = unit >= 0xdc00 && unit < 0xe000;
    if (charset->high && is_low) {
        given = html_put_utf8(0x10000 + ((charset->high - 0xd800) << 10) + (unit - 0xdc00), to);
        charset->high = 0;
        return given;
    }
    if (charset->high)
        given = html_put_utf8(0xfffd, to);
    charset->high = unit >= 0xd800 && unit < 0xdc00 ? unit : 0;
    if (!charset->high)
        given += html_put_utf8(is_low ? 0xfffd : unit, to + given);
    return given;
}

static void feed_utf_16(struct html_charset *charset, const char *bytes, size_t count, html_charset_out *out,
                        void *context)
{
    char room[ROOM];
    size_t given = 0;
    bool is_big = charset->form == CHARSET_UTF_16BE;
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (!charset->held_count) {
            charset->held[charset->held_count++] = byte;
            continue;
        }
        charset->held_count = 0;
        uint32_t unit = is_big ? (uint32_t)charset->held[0] << 8 | byte : (uint32_t)byte << 8 | charset->held[0];
        given += put_unit(charset, unit, room + given);
        if (given > ROOM - 6) {
            out(context, room, given);
            given = 0;
        }
    }
    if (given)
        out(context, room, given);
}

static void feed_decided(struct html_charset *charset, const char *bytes, size_t count, html_charset_out *out,
                         void *context)
{
    if (charset->form != CHARSET_BYTES)
        feed_utf_16(charset, bytes, count, out, context);
    else if (count)
        out(context, bytes, count);
}

/* ---- the byte order mark ---- */

static const struct {
    const char *bytes, *name;
    unsigned count;
    enum html_charset_form form;
} MARKS[] = {
    {"\357\273\277", "utf-8", 3, CHARSET_BYTES},
    {"\376\377", "utf-16be", 2, CHARSET_UTF_16BE},
    {"\377\376", "utf-16le", 2, CHARSET_UTF_16LE},
};

/* Looks at what is held. Returns how many bytes of it are a mark; decides unless more may make one. */
static unsigned look_for_mark(struct html_charset *charset, bool is_final)
{
    bool is_open = false;
    for (size_t i = 0; i < sizeof MARKS / sizeof MARKS[0]; i++) {
        unsigned common = charset->held_count < MARKS[i].count ? charset->held_count : MARKS[i].count;
        if (memcmp(charset->held, MARKS[i].bytes, common) != 0)
            continue;
        if (common < MARKS[i].count) {
            is_open = true;
            continue;
        }
        charset->form = MARKS[i].form;
        html_charset_set_name(charset->name, MARKS[i].name, strlen(MARKS[i].name));
        charset->is_decided = true;
        charset->mark_bytes = MARKS[i].count;
        return MARKS[i].count;
    }
    charset->is_decided = !is_open || is_final;
    return 0;
}

/* The held bytes are decided upon: what is no mark goes on. */
static void feed_held(struct html_charset *charset, unsigned mark, html_charset_out *out, void *context)
{
    unsigned char held[sizeof charset->held];
    unsigned count = charset->held_count;
    memcpy(held, charset->held, sizeof held);
    charset->held_count = 0;
    feed_decided(charset, (const char *)held + mark, count - mark, out, context);
}

void html_charset_feed(struct html_charset *charset, const char *bytes, size_t count, html_charset_out *out,
                       void *context)
{
    while (!charset->is_decided && count) {
        charset->held[charset->held_count++] = (unsigned char)*bytes++;
        count--;
        unsigned mark = look_for_mark(charset, false);
        if (charset->is_decided)
            feed_held(charset, mark, out, context);
    }
    if (charset->is_decided)
        feed_decided(charset, bytes, count, out, context);
}

void html_charset_end(struct html_charset *charset, html_charset_out *out, void *context)
{
    if (!charset->is_decided)
        feed_held(charset, look_for_mark(charset, true), out, context);
    if (charset->form != CHARSET_BYTES && (charset->held_count || charset->high))
        out(context, "\357\277\275", 3);
}
