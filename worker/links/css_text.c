/* css_text.c: the texts of CSS: escapes and strings. */
#include <string.h>

#include "worker/links/css_state.h"

#define CODE_POINT_MAX 0x10ffffu

static void add_byte(struct css *css, char byte)
{
    if (css->within == STATE_NAME) {
        bool is_capital = byte >= 'A' && byte <= 'Z';
        if (css->name_bytes < CSS_NAME_BYTES)
            css->name_text[css->name_bytes] = (char)(is_capital ? byte | 0x20 : byte);
        css->name_bytes += css->name_bytes <= CSS_NAME_BYTES;
    } else if (css->text_bytes < URL_BYTES_MAX) {
        css->text[css->text_bytes++] = byte;
    } else {
        css->is_long = true;
    }
}

void css_add_code_point(struct css *css, uint32_t code)
{
    if (code == 0 || code > CODE_POINT_MAX || (code >= 0xd800 && code < 0xe000))
        code = CSS_REPLACEMENT;
    if (code < 0x80) {
        add_byte(css, (char)code);
        return;
    }
    int follow = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned LEADS[] = {0, 0xc0, 0xe0, 0xf0};
    add_byte(css, (char)(LEADS[follow] | code >> 6 * follow));
    while (follow--)
        add_byte(css, (char)(0x80 | (code >> 6 * follow & 0x3f)));
}

void css_add(struct css *css, char byte)
{
    if (byte)
        add_byte(css, byte);
    else
        css_add_code_point(css, CSS_REPLACEMENT);
}

void css_begin_value(struct css *css, enum css_state state)
{
    css->state = css->within = state;
    css->value = css->at;
    css->text_bytes = 0;
    css->is_long = false;
}

void css_end_value(struct css *css, uint64_t end)
{
    if (!css->is_told || !css->text_bytes)
        return;
    if (css->is_long) {
        css->too_long++;
        return;
    }
    css->text[css->text_bytes] = '\0';
    enum link_quoting quoting = QUOTING_CSS;
    if (css->within == STATE_STRING)
        quoting = css->quote == '"' ? QUOTING_DOUBLE : QUOTING_SINGLE;
    struct css_value value = {
        .kind = css->is_import ? CSS_IMPORT : CSS_URL,
        .quoting = quoting,
        .at = css->value,
        .raw_bytes = end - css->value,
        .text = {css->text, css->text_bytes},
    };
    css->take(css->context, &value);
}
