/* html_tag.c: tags: names, attributes, and what a complete tag changes for what follows it.
 *
 * Attributes come as `name="value"` nearly always: before_name_step() takes a row of those in one loop, and leaves the machine in the
 * state where the rest, or the rest of the window, begins. */
#include "worker/html/html_state.h"

/* ---- elements ---- */

enum content { CONTENT_MARKUP, CONTENT_RCDATA, CONTENT_RAWTEXT, CONTENT_SCRIPT, CONTENT_PLAINTEXT };

static enum content content_of(const struct html_tag *tag)
{
    switch (tag->key) {
    case HTML_KEY('t', 'i', 't', 'l', 'e'):
    case HTML_KEY('t', 'e', 'x', 't', 'a', 'r', 'e', 'a'):
        return CONTENT_RCDATA;
    case HTML_KEY('s', 't', 'y', 'l', 'e'):
    case HTML_KEY('x', 'm', 'p'):
    case HTML_KEY('i', 'f', 'r', 'a', 'm', 'e'):
    case HTML_KEY('n', 'o', 'e', 'm', 'b', 'e', 'd'):
    case HTML_KEY('n', 'o', 'f', 'r', 'a', 'm', 'e', 's'):
        return CONTENT_RAWTEXT;
    case HTML_KEY('s', 'c', 'r', 'i', 'p', 't'):
        return CONTENT_SCRIPT;
    case HTML_LONG_KEY('p', 'l', 'a', 'i', 'n', 't', 'e', 'x'):
        return CONTENT_PLAINTEXT;
    default:
        return CONTENT_MARKUP;
    }
}

/* ---- svg and math ---- */

static bool is_foreign_root(uint64_t key)
{
    return key == HTML_KEY('s', 'v', 'g') || key == HTML_KEY('m', 'a', 't', 'h');
}

/* Elements of svg and math whose content is HTML again. */
static bool is_integration_point(uint64_t key)
{
    switch (key) {
    case HTML_LONG_KEY('f', 'o', 'r', 'e', 'i', 'g', 'n', 'o'):
    case HTML_KEY('d', 'e', 's', 'c'):
    case HTML_KEY('t', 'i', 't', 'l', 'e'):
    case HTML_KEY('m', 'i'):
    case HTML_KEY('m', 'o'):
    case HTML_KEY('m', 'n'):
    case HTML_KEY('m', 's'):
    case HTML_KEY('m', 't', 'e', 'x', 't'):
        return true;
    default:
        return false;
    }
}

/* Start tags that end svg and math wherever they stand (13.2.6.5). */
static bool breaks_out(uint64_t key)
{
    static const uint64_t NAMES[] = {
        HTML_KEY('b'),
        HTML_KEY('b', 'i', 'g'),
        HTML_LONG_KEY('b', 'l', 'o', 'c', 'k', 'q', 'u', 'o'),
        HTML_KEY('b', 'o', 'd', 'y'),
        HTML_KEY('b', 'r'),
        HTML_KEY('c', 'e', 'n', 't', 'e', 'r'),
        HTML_KEY('c', 'o', 'd', 'e'),
        HTML_KEY('d', 'd'),
        HTML_KEY('d', 'i', 'v'),
        HTML_KEY('d', 'l'),
        HTML_KEY('d', 't'),
        HTML_KEY('e', 'm'),
        HTML_KEY('e', 'm', 'b', 'e', 'd'),
        HTML_KEY('h', '1'),
        HTML_KEY('h', '2'),
        HTML_KEY('h', '3'),
        HTML_KEY('h', '4'),
        HTML_KEY('h', '5'),
        HTML_KEY('h', '6'),
        HTML_KEY('h', 'e', 'a', 'd'),
        HTML_KEY('h', 'r'),
        HTML_KEY('i'),
        HTML_KEY('i', 'm', 'g'),
        HTML_KEY('l', 'i'),
        HTML_KEY('l', 'i', 's', 't', 'i', 'n', 'g'),
        HTML_KEY('m', 'e', 'n', 'u'),
        HTML_KEY('m', 'e', 't', 'a'),
        HTML_KEY('n', 'o', 'b', 'r'),
        HTML_KEY('o', 'l'),
        HTML_KEY('p'),
        HTML_KEY('p', 'r', 'e'),
        HTML_KEY('r', 'u', 'b', 'y'),
        HTML_KEY('s'),
        HTML_KEY('s', 'm', 'a', 'l', 'l'),
        HTML_KEY('s', 'p', 'a', 'n'),
        HTML_KEY('s', 't', 'r', 'o', 'n', 'g'),
        HTML_KEY('s', 't', 'r', 'i', 'k', 'e'),
        HTML_KEY('s', 'u', 'b'),
        HTML_KEY('s', 'u', 'p'),
        HTML_KEY('t', 'a', 'b', 'l', 'e'),
        HTML_KEY('t', 't'),
        HTML_KEY('u'),
        HTML_KEY('u', 'l'),
        HTML_KEY('v', 'a', 'r'),
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (NAMES[i] == key)
            return true;
    }
    return false;
}

static void leave_level(struct html_tokenizer *t)
{
    if (t->foreign_depth-- <= FOREIGN_DEPTH_MAX)
        t->foreign >>= 1;
}

static void enter_level(struct html_tokenizer *t, bool is_foreign)
{
    if (t->foreign_depth++ < FOREIGN_DEPTH_MAX)
        t->foreign = t->foreign << 1 | is_foreign;
}

/* Keeps the stack of levels up with a complete tag. */
static void follow_foreign(struct html_tokenizer *t, const struct html_tag *tag)
{
    bool is_root = is_foreign_root(tag->key);
    if (tag->is_end) {
        bool ends_foreign = is_root || tag->key == HTML_KEY('p') || tag->key == HTML_KEY('b', 'r');
        if (html_is_in_foreign(t) ? ends_foreign : t->foreign_depth && is_integration_point(tag->key))
            leave_level(t);
        return;
    }
    if (html_is_in_foreign(t) && breaks_out(tag->key)) {
        while (html_is_in_foreign(t))
            leave_level(t);
        return;
    }
    if (is_root && !tag->is_self_closing)
        enter_level(t, true);
    else if (html_is_in_foreign(t) && is_integration_point(tag->key) && !tag->is_self_closing)
        enter_level(t, false);
}

/* ---- the end of a tag ---- */

static void enter_content(struct html_tokenizer *t, const struct html_tag *tag, bool was_foreign)
{
    static const char *const NAMES[] = {"title",   "textarea", "style",  "xmp",      "iframe",
                                        "noembed", "noframes", "script", "plaintext"};
    enum content content = content_of(tag);
    if (tag->is_end || was_foreign || content == CONTENT_MARKUP)
        return;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        size_t bytes = strlen(NAMES[i]);
        if (html_key(NAMES[i], bytes, bytes + 1) != tag->key)
            continue;
        if (content == CONTENT_SCRIPT)
            html_raw_enter(t, STATE_SCRIPT, HTML_TEXT_RAW, NAMES[i]);
        else if (content == CONTENT_PLAINTEXT)
            html_raw_enter(t, STATE_PLAINTEXT, HTML_TEXT_RAW, "");
        else
            html_raw_enter(t, STATE_RAW, content == CONTENT_RCDATA ? HTML_TEXT_RCDATA : HTML_TEXT_RAW, NAMES[i]);
    }
}

/* at is behind the '>'. */
static const char *end_tag(struct html_tokenizer *t, const char *base, const char *at)
{
    struct html_tag *tag = &t->tag;
    bool was_foreign = html_is_in_foreign(t);
    t->state = STATE_DATA;
    t->holds = false;
    if ((t->foreign_depth || (HTML_KEY_BIT(tag->key) & HTML_OWN_FILTER)) && !t->sink->ignores_elements) {
        follow_foreign(t, tag);
        enter_content(t, tag, was_foreign);
    }
    if (t->wants_tag && html_token_fits(t, base, at)) {
        tag->base = base + t->token;
        tag->name.at = tag->base + 1 + tag->is_end;
        t->sink->tag(t->context, tag);
    }
    return at;
}

/* ---- names and attributes ---- */

/* The key stands for one of the two names of ours that are longer than eight bytes; others that begin alike are none. */
static uint64_t exact_key(const char *name, size_t bytes, size_t readable)
{
    uint64_t key = html_key(name, bytes, readable);
    if (bytes > 8 && ((key == HTML_LONG_KEY('p', 'l', 'a', 'i', 'n', 't', 'e', 'x') && bytes != 9) ||
                      (key == HTML_LONG_KEY('b', 'l', 'o', 'c', 'k', 'q', 'u', 'o') && bytes != 10)))
        return ~0ull;
    return key;
}

/* The name of the tag is name..at. */
static void name_tag(struct html_tokenizer *t, const char *base, const char *name, const char *at, const char *end)
{
    t->state = STATE_BEFORE_NAME;
    t->attribute = -1;
    t->wants_tag = false;
    t->tag.is_self_closing = false;
    if (!html_token_fits(t, base, at)) { /* the name alone is too long */
        t->is_too_long = true;
        t->tag.key = 0;
        return;
    }
    size_t bytes = (size_t)(at - name);
    t->tag.key = exact_key(name, bytes, (size_t)(end - name));
    if (HTML_KEY_BIT(t->tag.key) & t->asked[t->tag.is_end]) {
        t->tag.name = (struct html_span){name, bytes};
        t->tag.attribute_set = 0;
        t->wants_tag = t->sink->wants_tag(t->context, t->tag.key, t->tag.name, t->tag.is_end);
    }
    t->holds = t->wants_tag;
}

/* The name of an attribute is name..at. */
static void name_attribute(struct html_tokenizer *t, const char *base, const char *name, const char *at,
                           const char *end)
{
    t->attribute = -1;
    if (!t->wants_tag || t->is_too_long)
        return;
    struct html_span span = {name, (size_t)(at - name)};
    int id = t->sink->attribute_id(t->context, html_key(span.at, span.bytes, (size_t)(end - name)), span);
    if (id < 0 || (t->tag.attribute_set >> id & 1))
        return;
    t->attribute = id;
    t->tag.attribute_set |= 1u << id;
    t->tag.values[id].offset = (uint32_t)((size_t)(at - base) - t->token);
    t->tag.values[id].bytes = 0;
}

static void keep_value(struct html_tokenizer *t, const char *base, const char *from, const char *to)
{
    if (t->attribute < 0 || t->is_too_long)
        return;
    t->tag.values[t->attribute].offset = (uint32_t)((size_t)(from - base) - t->token);
    t->tag.values[t->attribute].bytes = (uint32_t)(to - from);
}

static uint32_t part_at(const struct html_tokenizer *t, const char *base, const char *at)
{
    return (uint32_t)((size_t)(at - base) - t->token);
}

static const char *part_begin(const struct html_tokenizer *t, const char *base)
{
    return base + t->token + t->part;
}

/* Behind an attribute's value, or the name of the tag. */
static const char *before_name_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    for (;;) {
        while (at < end && html_is_space(*at))
            at++;
        if (at == end)
            return end;
        if (*at == '>')
            return end_tag(t, base, at + 1);
        if (*at == '/') {
            t->state = STATE_SELF_CLOSING;
            return at + 1;
        }
        const char *name = at;
        at = html_name_end(at + 1, end); /* '=' may begin a name */
        if (at == end) {
            t->part = part_at(t, base, name);
            t->state = STATE_NAME;
            return end;
        }
        if (t->wants_tag)
            name_attribute(t, base, name, at, end);
        if (*at != '=' || end - at < 2 || (at[1] != '"' && at[1] != '\'')) {
            t->state = STATE_AFTER_NAME;
            return at;
        }
        const char *value = at + 2;
        const char *quote = html_find(value, end, at[1]);
        if (quote == end) {
            t->part = part_at(t, base, value);
            t->state = at[1] == '"' ? STATE_VALUE_DOUBLE : STATE_VALUE_SINGLE;
            return end;
        }
        keep_value(t, base, value, quote);
        at = quote + 1;
        t->state = STATE_BEFORE_NAME;
    }
}

static const char *after_name_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    (void)base;
    while (at < end && html_is_space(*at))
        at++;
    if (at == end)
        return end;
    t->state = *at == '=' ? STATE_BEFORE_VALUE : STATE_BEFORE_NAME; /* which knows '/', '>' and names */
    return *at == '=' ? at + 1 : at;
}

static const char *before_value_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    while (at < end && html_is_space(*at))
        at++;
    if (at == end)
        return end;
    if (*at == '>')
        return end_tag(t, base, at + 1);
    bool is_quoted = *at == '"' || *at == '\'';
    t->state = *at == '"' ? STATE_VALUE_DOUBLE : *at == '\'' ? STATE_VALUE_SINGLE : STATE_VALUE_BARE;
    t->part = part_at(t, base, at + is_quoted);
    return at + is_quoted;
}

static const char *quoted_value_step(struct html_tokenizer *t, const char *base, const char *at, const char *end,
                                     char quote)
{
    at = html_find(at, end, quote);
    if (at == end)
        return end;
    if (t->attribute >= 0 && !t->is_too_long)
        keep_value(t, base, part_begin(t, base), at);
    t->state = STATE_BEFORE_NAME;
    return at + 1;
}

static const char *bare_value_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    while (at < end && !html_is_space(*at) && *at != '>')
        at++;
    if (at == end)
        return end;
    if (t->attribute >= 0 && !t->is_too_long)
        keep_value(t, base, part_begin(t, base), at);
    t->state = STATE_BEFORE_NAME;
    return at;
}

static const char *tag_name_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    at = html_name_end(at, end);
    while (at < end && *at == '=') /* which a tag's name may hold */
        at = html_name_end(at + 1, end);
    if (at == end)
        return end;
    name_tag(t, base, base + t->token + 1 + t->tag.is_end, at, end);
    if (*at == '>')
        return end_tag(t, base, at + 1);
    return before_name_step(t, base, at, end);
}

const char *html_tag_begin(struct html_tokenizer *t, const char *base, const char *at, const char *end, bool is_end)
{
    t->tag.is_end = is_end;
    t->state = STATE_TAG_NAME;
    return tag_name_step(t, base, at, end);
}

const char *html_tag_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    switch (t->state) {
    case STATE_TAG_NAME:
        return tag_name_step(t, base, at, end);
    case STATE_BEFORE_NAME:
        return before_name_step(t, base, at, end);
    case STATE_NAME:
        at = html_name_end(at, end);
        if (at == end)
            return end;
        if (!t->is_too_long)
            name_attribute(t, base, part_begin(t, base), at, end);
        t->state = STATE_AFTER_NAME;
        return at;
    case STATE_AFTER_NAME:
        return after_name_step(t, base, at, end);
    case STATE_BEFORE_VALUE:
        return before_value_step(t, base, at, end);
    case STATE_VALUE_DOUBLE:
        return quoted_value_step(t, base, at, end, '"');
    case STATE_VALUE_SINGLE:
        return quoted_value_step(t, base, at, end, '\'');
    case STATE_VALUE_BARE:
        return bare_value_step(t, base, at, end);
    default: /* STATE_SELF_CLOSING */
        t->tag.is_self_closing = *at == '>';
        t->state = STATE_BEFORE_NAME;
        return at;
    }
}
