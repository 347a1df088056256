/* html_raw.c: content that is no markup, up to the end tag of its element; scripts, whose "<!--" hides even that. */
#include "worker/html/html_state.h"

/* What the bytes at a '<' are. */
enum look { LOOK_NO, LOOK_YES, LOOK_WAIT };

/* Whether [at, end) begins with the name, in any case, and a byte that ends it. */
static enum look look_for_name(const struct html_tokenizer *t, const char *at, const char *end, const char *name,
                               size_t bytes)
{
    size_t left = (size_t)(end - at);
    for (size_t i = 0; i < bytes; i++) {
        if (i == left)
            return t->is_final ? LOOK_NO : LOOK_WAIT;
        if (at[i] != name[i] && !(html_is_letter(at[i]) && (at[i] | 0x20) == name[i]))
            return LOOK_NO;
    }
    if (left == bytes)
        return t->is_final ? LOOK_NO : LOOK_WAIT;
    return html_is_space(at[bytes]) || at[bytes] == '/' || at[bytes] == '>' ? LOOK_YES : LOOK_NO;
}

/* Whether [at, end) begins with the text, byte by byte. */
static enum look look_for(const struct html_tokenizer *t, const char *at, const char *end, const char *text)
{
    for (; *text; at++, text++) {
        if (at == end)
            return t->is_final ? LOOK_NO : LOOK_WAIT;
        if (*at != *text)
            return LOOK_NO;
    }
    return LOOK_YES;
}

/* The end tag of the element that we are in, at a '<'. */
static enum look look_for_end_tag(const struct html_tokenizer *t, const char *at, const char *end)
{
    if (!t->raw_name_bytes)
        return LOOK_NO; /* no start tag came before */
    enum look look = look_for(t, at + 1, end, "/");
    return look == LOOK_YES ? look_for_name(t, at + 2, end, t->raw_name, t->raw_name_bytes) : look;
}

static const char *take_end_tag(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    html_begin_token(t, base, at);
    return html_tag_begin(t, base, at + 2, end, true);
}

/* at is a '<' in a script that may turn into an end tag or an escape. */
static const char *script_less_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    enum look escape = look_for(t, at + 1, end, "!--");
    if (escape == LOOK_WAIT)
        return html_wait_at(t, base, at);
    const char *behind = at + 1;
    if (escape == LOOK_YES) {
        t->state = STATE_SCRIPT_ESCAPED;
        t->dashes = 2; /* "<!-->" is over already */
        behind = at + 4;
    }
    html_emit_text(t, HTML_TEXT_RAW, at, behind);
    return behind;
}

/* STATE_RAW and STATE_SCRIPT. */
static const char *raw_text_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    const char *less = html_find(at, end, '<');
    html_emit_text(t, t->text_kind, at, less);
    if (less == end)
        return end;
    enum look look = look_for_end_tag(t, less, end);
    if (look == LOOK_WAIT)
        return html_wait_at(t, base, less);
    if (look == LOOK_YES)
        return take_end_tag(t, base, less, end);
    if (t->state == STATE_SCRIPT)
        return script_less_step(t, base, less, end);
    html_emit_text(t, t->text_kind, less, less + 1);
    return less + 1;
}

/* at is a '<' behind a script's "<!--". Escaped, "<script" begins what only "</script" ends, which then ends nothing else. */
static const char *escaped_less_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    static const char SCRIPT[] = "script";
    bool is_double = t->state == STATE_SCRIPT_DOUBLE;
    enum look look = is_double ? LOOK_NO : look_for_end_tag(t, at, end);
    if (look == LOOK_YES)
        return take_end_tag(t, base, at, end);
    if (look == LOOK_NO) {
        const char *name = at + 1;
        look = is_double ? look_for(t, name++, end, "/") : LOOK_YES;
        if (look == LOOK_YES)
            look = look_for_name(t, name, end, SCRIPT, sizeof SCRIPT - 1);
    }
    if (look == LOOK_WAIT)
        return html_wait_at(t, base, at);
    if (look == LOOK_YES)
        t->state = is_double ? STATE_SCRIPT_ESCAPED : STATE_SCRIPT_DOUBLE;
    t->dashes = 0;
    html_emit_text(t, HTML_TEXT_RAW, at, at + 1);
    return at + 1;
}

/* STATE_SCRIPT_ESCAPED and STATE_SCRIPT_DOUBLE. */
static const char *escaped_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    const char *from = at;
    for (; at < end && *at != '<'; at++) {
        if (*at == '-') {
            t->dashes = t->dashes < 2 ? t->dashes + 1 : 2;
        } else if (*at == '>' && t->dashes == 2) {
            t->state = STATE_SCRIPT;
            at++;
            break;
        } else {
            t->dashes = 0;
        }
    }
    html_emit_text(t, HTML_TEXT_RAW, from, at);
    if (at == end || t->state == STATE_SCRIPT)
        return at;
    return escaped_less_step(t, base, at, end);
}

const char *html_raw_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    switch (t->state) {
    case STATE_PLAINTEXT:
        html_emit_text(t, HTML_TEXT_RAW, at, end);
        return end;
    case STATE_SCRIPT_ESCAPED:
    case STATE_SCRIPT_DOUBLE:
        return escaped_step(t, base, at, end);
    default:
        return raw_text_step(t, base, at, end);
    }
}
