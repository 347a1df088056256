/* link_values.c: small languages inside attribute values. */
#include "worker/links/link_values.h"

#include <string.h>
#include <strings.h>

#include "worker/html/html_scan.h"
#include "worker/links/link_charset.h"

/* ---- words ---- */

static bool is_separator(char byte, bool by_comma)
{
    return html_is_space(byte) || (by_comma && byte == ',');
}

/* The next word of *text, which moves behind it. */
static bool next_word(struct html_span *text, bool by_comma, struct html_span *word)
{
    while (text->bytes && is_separator(*text->at, by_comma)) {
        text->at++;
        text->bytes--;
    }
    *word = (struct html_span){text->at, 0};
    while (word->bytes < text->bytes && !is_separator(text->at[word->bytes], by_comma))
        word->bytes++;
    text->at += word->bytes;
    text->bytes -= word->bytes;
    return word->bytes > 0;
}

static bool is_word(struct html_span word, const char *lower)
{
    return html_name_is(word.at, word.bytes, lower);
}

bool link_kind_of_rel(struct html_span rel, enum link_kind *kind)
{
    static const struct {
        const char *word;
        int kind; /* LINK_KIND_COUNT: nothing to fetch */
    } WORDS[] = {
        {"stylesheet", LINK_ASSET},
        {"icon", LINK_ASSET},
        {"apple-touch-icon", LINK_ASSET},
        {"preload", LINK_ASSET},
        {"modulepreload", LINK_ASSET},
        {"manifest", LINK_ASSET},
        {"mask-icon", LINK_ASSET},
        {"canonical", LINK_CANONICAL},
        {"next", LINK_NEXT},
        {"prev", LINK_NEXT},
        {"alternate", LINK_ALTERNATE},
        {"dns-prefetch", LINK_KIND_COUNT},
        {"preconnect", LINK_KIND_COUNT},
        {"pingback", LINK_KIND_COUNT},
    };
    size_t best = sizeof WORDS / sizeof WORDS[0]; /* "alternate stylesheet": the first in the table counts */
    bool has_word = false;
    for (struct html_span word; next_word(&rel, false, &word); has_word = true) {
        for (size_t i = 0; i < best; i++) {
            if (is_word(word, WORDS[i].word))
                best = i;
        }
    }
    bool is_known = best < sizeof WORDS / sizeof WORDS[0];
    if (!has_word || (is_known && WORDS[best].kind == LINK_KIND_COUNT))
        return false;
    *kind = is_known ? (enum link_kind)WORDS[best].kind : LINK_RELATED;
    return true;
}

unsigned link_rel_of(struct html_span rel)
{
    unsigned flags = 0;
    for (struct html_span word; next_word(&rel, false, &word);) {
        if (is_word(word, "nofollow"))
            flags |= LINK_NOFOLLOW;
        else if (is_word(word, "ugc"))
            flags |= LINK_UGC;
        else if (is_word(word, "sponsored"))
            flags |= LINK_SPONSORED;
    }
    return flags;
}

unsigned link_robots_of(struct html_span content)
{
    unsigned flags = 0;
    for (struct html_span word; next_word(&content, true, &word);) {
        if (is_word(word, "noindex") || is_word(word, "none"))
            flags |= PAGE_NOINDEX;
        if (is_word(word, "nofollow") || is_word(word, "none"))
            flags |= PAGE_NOFOLLOW;
    }
    return flags;
}

/* ---- meta refresh ---- */

static const char *skip_spaces(const char *at, const char *end)
{
    while (at < end && html_is_space(*at))
        at++;
    return at;
}

/* Behind "url =" if it is there. */
static const char *skip_url_word(const char *at, const char *end)
{
    if (end - at < 3 || strncasecmp(at, "url", 3) != 0)
        return at;
    const char *sign = skip_spaces(at + 3, end);
    return sign < end && *sign == '=' ? skip_spaces(sign + 1, end) : at;
}

bool link_refresh_url(struct html_span content, struct html_span *url)
{
    const char *end = content.at + content.bytes;
    const char *at = skip_spaces(content.at, end);
    const char *digits = at;
    while (at < end && ((*at >= '0' && *at <= '9') || *at == '.'))
        at++;
    if (at == digits || at == end || !(html_is_space(*at) || *at == ';' || *at == ','))
        return false;
    at = skip_spaces(at, end);
    if (at < end && (*at == ';' || *at == ','))
        at = skip_spaces(at + 1, end);
    at = skip_url_word(at, end);
    if (at < end && (*at == '"' || *at == '\'')) {
        const char *quote = html_find(at + 1, end, *at);
        at++;
        end = quote;
    }
    *url = (struct html_span){at, (size_t)(end - at)};
    return url->bytes > 0;
}

/* ---- srcset ---- */

bool link_next_candidate(struct html_span *srcset, struct html_span *url)
{
    const char *at = srcset->at;
    const char *end = at + srcset->bytes;
    while (at < end && is_separator(*at, true))
        at++;
    const char *from = at;
    while (at < end && !html_is_space(*at))
        at++;
    const char *to = at;
    while (to > from && to[-1] == ',')
        to--;
    *url = (struct html_span){from, (size_t)(to - from)};
    if (to == at) { /* descriptors, up to a comma outside of brackets */
        for (bool in_brackets = false; at < end && (in_brackets || *at != ','); at++)
            in_brackets = *at == '(' || (in_brackets && *at != ')');
    }
    *srcset = (struct html_span){at, (size_t)(end - at)};
    return url->bytes > 0;
}

/* ---- text ---- */

void link_text_begin(struct link_text *text, char *to, size_t room)
{
    text->text = to;
    text->room = room;
    text->bytes = text->raw_bytes = 0;
    text->has_blank = text->is_full = text->is_windows_1252 = false;
    to[0] = '\0';
}

static void end_run(struct link_text *text)
{
    char wide[3 * sizeof text->raw];
    char decoded[2 * sizeof wide]; /* where a character takes more than its reference: two bytes become three at most */
    struct html_span raw = {text->raw, text->raw_bytes};
    if (text->is_windows_1252 && link_charset_is_wide(raw.at, raw.bytes))
        raw = (struct html_span){wide, link_charset_decode(raw.at, raw.bytes, wide)};
    bool is_cut;
    size_t bytes = html_decode(raw.at, raw.bytes, text->kind, decoded, sizeof decoded, &is_cut);
    text->raw_bytes = 0;
    for (size_t i = 0; i < bytes && !text->is_full; i++) {
        if (html_is_space(decoded[i])) {
            text->has_blank = text->bytes > 0;
            continue;
        }
        text->is_full = text->bytes + text->has_blank >= text->room;
        if (text->is_full)
            break;
        if (text->has_blank)
            text->text[text->bytes++] = ' ';
        text->has_blank = false;
        text->text[text->bytes++] = decoded[i];
    }
}

void link_text_add(struct link_text *text, enum html_text_kind kind, struct html_span piece, bool begins)
{
    if (begins && text->raw_bytes)
        end_run(text);
    text->kind = kind;
    size_t room = sizeof text->raw - text->raw_bytes;
    size_t count = piece.bytes < room ? piece.bytes : room;
    memcpy(text->raw + text->raw_bytes, piece.at, count);
    text->raw_bytes += count;
}

void link_text_break(struct link_text *text)
{
    if (text->raw_bytes)
        end_run(text);
    text->has_blank = text->bytes > 0;
}

/* A character of UTF-8 that was cut goes away whole. */
static void cut_character(struct link_text *text)
{
    size_t lead = text->bytes;
    while (lead && text->bytes - lead < 3 && ((unsigned char)text->text[lead - 1] & 0xc0) == 0x80)
        lead--;
    unsigned char byte = lead ? (unsigned char)text->text[lead - 1] : 0;
    size_t wants = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    if (wants > text->bytes - lead + 1)
        text->bytes = lead - 1;
    if (text->bytes && text->text[text->bytes - 1] == ' ')
        text->bytes--;
}

void link_text_end(struct link_text *text)
{
    end_run(text);
    if (text->is_full)
        cut_character(text);
    text->text[text->bytes] = '\0';
}
