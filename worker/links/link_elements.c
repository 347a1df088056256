/* link_elements.c: what each element says: links, and facts of the page. */
#include <string.h>

#include "worker/links/link_charset.h"
#include "worker/links/links_state.h"

/* ---- values ---- */

static bool has(const struct html_tag *tag, enum attribute attribute)
{
    return tag->attribute_set >> attribute & 1;
}

/* The attribute's value; empty where there is none. One at a time: where it must be decoded it lies in links->value. */
static struct html_span value_of(struct links *links, const struct html_tag *tag, enum attribute attribute)
{
    if (!has(tag, attribute))
        return (struct html_span){"", 0};
    struct html_span raw = html_value(tag, (int)attribute);
    bool is_wide = links->is_windows_1252 && link_charset_is_wide(raw.at, raw.bytes);
    links->is_raw = !raw.bytes || (!is_wide && !memchr(raw.at, '&', raw.bytes) && !memchr(raw.at, '\0', raw.bytes));
    if (links->is_raw)
        return raw; /* carriage returns are blanks to all who read values */
    if (is_wide) {
        size_t count = raw.bytes < VALUE_BYTES_MAX ? raw.bytes : VALUE_BYTES_MAX;
        raw = (struct html_span){links->wide, link_charset_decode(raw.at, count, links->wide)};
    }
    bool is_cut;
    size_t bytes = html_decode(raw.at, raw.bytes, HTML_TEXT_ATTRIBUTE, links->value, sizeof links->value, &is_cut);
    return (struct html_span){links->value, bytes};
}

static bool value_is(struct links *links, const struct html_tag *tag, enum attribute attribute, const char *lower)
{
    struct html_span value = value_of(links, tag, attribute);
    return html_name_is(value.at, value.bytes, lower);
}

/* ---- what comes of a link ---- */

/* What a decoded reference is. Fills *link but for its kind, rel, text and place; false: nothing to hand on, and counted. */
static bool resolve(struct links *links, struct html_span reference, struct link *link)
{
    if (links->counts.found == LINKS_PER_PAGE_MAX) {
        links->counts.dropped++;
        return false;
    }
    if (links->is_windows_1252 && link_charset_is_wide(reference.at, reference.bytes)) {
        size_t bytes = link_charset_escape_query(reference.at, reference.bytes, links->wide, sizeof links->wide);
        reference = (struct html_span){links->wide, bytes};
    }
    if (url_resolve(links->resolver, reference.at, reference.bytes, &link->url) != URL_RESOLVED) {
        links->counts.unusable++;
        return false;
    }
    links->counts.found++;
    link->text = (struct url_text){"", 0};
    return true;
}

static void deliver(struct links *links, const struct link *link)
{
    if (links->sink->link)
        links->sink->link(links->context, link);
}

void link_elements_end_link(struct links *links)
{
    if (!links->in_link)
        return;
    links->in_link = false;
    link_text_end(&links->text);
    links->open.text = (struct url_text){links->open_text, links->text.bytes};
    deliver(links, &links->open);
}

void link_elements_end_style(struct links *links)
{
    links->in_style = false;
    links->sink->style(links->context, "", 0, UINT64_MAX, true);
}

/* ---- places ---- */

/* Says where `part` of the attribute's value stands, which lies in the tag as it came. */
static void place_part(const struct links *links, const struct html_tag *tag, enum attribute attribute,
                       struct html_span part, struct link *link)
{
    char before = html_value(tag, (int)attribute).at[-1];
    link->quoting = before == '"' ? QUOTING_DOUBLE : before == '\'' ? QUOTING_SINGLE : QUOTING_NONE;
    link->raw_bytes = (uint32_t)part.bytes;
    link->at = html_tokenizer_at(links->tokenizer, part.at) + links->decoder.mark_bytes;
    bool has_room = part.bytes || link->quoting != QUOTING_NONE; /* not so `<a href>` */
    if (!has_room || !links->facts.has_positions)
        link->at = UINT64_MAX;
}

/* The same of all of it, however it is written. */
static void place_value(const struct links *links, const struct html_tag *tag, enum attribute attribute,
                        struct link *link)
{
    place_part(links, tag, attribute, html_value(tag, (int)attribute), link);
}

/* A part of the value that was asked for last, which may have been decoded: then it stands nowhere. */
static void take_part(struct links *links, const struct html_tag *tag, enum attribute attribute, struct html_span part,
                      enum link_kind kind)
{
    struct link link = {.kind = kind, .at = UINT64_MAX};
    if (!resolve(links, part, &link))
        return;
    if (links->is_raw)
        place_part(links, tag, attribute, part, &link);
    deliver(links, &link);
}

/* ---- elements ---- */

/* An attribute that is a URL as a whole; an empty one is none. */
static void take_url(struct links *links, const struct html_tag *tag, enum attribute attribute, enum link_kind kind)
{
    struct link link = {.kind = kind};
    struct html_span value = value_of(links, tag, attribute);
    if (!value.bytes || !resolve(links, value, &link))
        return;
    place_value(links, tag, attribute, &link);
    deliver(links, &link);
}

/* The a goes on until its text has ended. */
static void open_link(struct links *links, const struct link *link)
{
    links->open = *link;
    memcpy(links->open_url, link->url.at, link->url.bytes + 1);
    links->open.url.at = links->open_url;
    links->in_link = true;
    link_text_begin(&links->text, links->open_text, LINK_TEXT_BYTES_MAX);
    links->text.is_windows_1252 = links->is_windows_1252;
}

/* In svg an a may have its reference under the older name. */
static void take_anchor(struct links *links, const struct html_tag *tag)
{
    link_elements_end_link(links);
    enum attribute attribute = has(tag, ATTRIBUTE_HREF) ? ATTRIBUTE_HREF : ATTRIBUTE_XLINK_HREF;
    if (!has(tag, attribute))
        return;
    struct link link = {.kind = LINK_PAGE, .text = {"", 0}};
    if (has(tag, ATTRIBUTE_REL))
        link.rel = link_rel_of(value_of(links, tag, ATTRIBUTE_REL));
    if (!resolve(links, value_of(links, tag, attribute), &link))
        return;
    place_value(links, tag, attribute, &link);
    if (links->sink->wants_text && tag->key == HTML_KEY('a'))
        open_link(links, &link);
    else
        deliver(links, &link);
}

static void copy_url(char to[URL_BYTES_MAX + 1], const struct url_text *url)
{
    memcpy(to, url->at, url->bytes);
    to[url->bytes] = '\0';
}

static void take_link_element(struct links *links, const struct html_tag *tag)
{
    struct html_span rel = value_of(links, tag, ATTRIBUTE_REL);
    struct link link = {.kind = LINK_RELATED};
    if (!has(tag, ATTRIBUTE_HREF) || !link_kind_of_rel(rel, &link.kind))
        return;
    link.rel = link_rel_of(rel);
    if (!resolve(links, value_of(links, tag, ATTRIBUTE_HREF), &link))
        return;
    place_value(links, tag, ATTRIBUTE_HREF, &link);
    if (link.kind == LINK_CANONICAL && !links->facts.canonical[0])
        copy_url(links->facts.canonical, &link.url);
    deliver(links, &link);
}

static void take_candidates(struct links *links, const struct html_tag *tag)
{
    if (!has(tag, ATTRIBUTE_SRCSET))
        return;
    if (html_value(tag, ATTRIBUTE_SRCSET).bytes > VALUE_BYTES_MAX) { /* its last URL might be cut */
        links->counts.unusable++;
        return;
    }
    struct html_span srcset = value_of(links, tag, ATTRIBUTE_SRCSET);
    for (struct html_span url; link_next_candidate(&srcset, &url);)
        take_part(links, tag, ATTRIBUTE_SRCSET, url, LINK_ASSET);
}

/* image and use of svg: what begins with '#' is in the page itself. */
static void take_drawing(struct links *links, const struct html_tag *tag)
{
    enum attribute attribute = has(tag, ATTRIBUTE_HREF) ? ATTRIBUTE_HREF : ATTRIBUTE_XLINK_HREF;
    struct html_span value = value_of(links, tag, attribute);
    if (value.bytes && *value.at != '#')
        take_url(links, tag, attribute, LINK_ASSET);
    if (tag->key == HTML_KEY('i', 'm', 'a', 'g', 'e')) /* outside of svg it is an img */
        take_url(links, tag, ATTRIBUTE_SRC, LINK_ASSET);
}

static void take_form(struct links *links, const struct html_tag *tag)
{
    struct html_span method =
        has(tag, ATTRIBUTE_METHOD) ? html_value(tag, ATTRIBUTE_METHOD) : (struct html_span){"", 0};
    if (!html_name_is(method.at, method.bytes, "post") && !html_name_is(method.at, method.bytes, "dialog"))
        take_url(links, tag, ATTRIBUTE_ACTION, LINK_FORM);
}

/* Whether a meta with this value may still say the page's charset. */
static bool may_say_charset(const struct links *links, const struct html_tag *tag, enum attribute attribute)
{
    struct html_span value = html_value(tag, (int)attribute);
    return !links->facts.charset[0] &&
           html_tokenizer_at(links->tokenizer, value.at + value.bytes) + links->decoder.mark_bytes < CHARSET_META_BYTES;
}

/* The page's charset is known now, or not at all: facts.charset. */
static void know_charset(struct links *links)
{
    html_charset_mend_meta(links->facts.charset);
    links->is_windows_1252 = link_charset_is_windows_1252(links->facts.charset);
}

static void take_meta(struct links *links, const struct html_tag *tag)
{
    char *charset = links->facts.charset;
    if (has(tag, ATTRIBUTE_CHARSET) && may_say_charset(links, tag, ATTRIBUTE_CHARSET)) {
        struct html_span name = value_of(links, tag, ATTRIBUTE_CHARSET);
        html_charset_set_name(charset, name.at, name.bytes);
        know_charset(links);
    }
    if (!has(tag, ATTRIBUTE_CONTENT))
        return;
    if (value_is(links, tag, ATTRIBUTE_HTTP_EQUIV, "refresh")) {
        struct html_span url;
        if (link_refresh_url(value_of(links, tag, ATTRIBUTE_CONTENT), &url))
            take_part(links, tag, ATTRIBUTE_CONTENT, url, LINK_REFRESH);
    } else if (value_is(links, tag, ATTRIBUTE_HTTP_EQUIV, "content-type") &&
               may_say_charset(links, tag, ATTRIBUTE_CONTENT)) {
        struct html_span content = value_of(links, tag, ATTRIBUTE_CONTENT);
        html_charset_of_type(content.at, content.bytes, charset);
        know_charset(links);
    } else if (value_is(links, tag, ATTRIBUTE_NAME, "robots")) {
        links->facts.robots |= link_robots_of(value_of(links, tag, ATTRIBUTE_CONTENT));
    }
}

/* The first base element with an href counts. */
static void take_base(struct links *links, const struct html_tag *tag)
{
    struct link link = {.kind = LINK_BASE};
    if (links->has_base || !has(tag, ATTRIBUTE_HREF))
        return;
    links->has_base = true;
    struct html_span href = value_of(links, tag, ATTRIBUTE_HREF);
    if (url_resolve(links->resolver, href.at, href.bytes, &link.url) != URL_RESOLVED)
        return;
    copy_url(links->facts.base, &link.url);
    url_resolver_set_base(links->resolver, links->facts.base, link.url.bytes);
    if (!links->sink->wants_base)
        return;
    link.url.at = links->facts.base;
    place_value(links, tag, ATTRIBUTE_HREF, &link);
    deliver(links, &link);
}

static void take_html(struct links *links, const struct html_tag *tag)
{
    if (links->has_lang || !has(tag, ATTRIBUTE_LANG))
        return;
    links->has_lang = true;
    struct html_span lang = value_of(links, tag, ATTRIBUTE_LANG);
    size_t bytes = lang.bytes < sizeof links->facts.lang - 1 ? lang.bytes : sizeof links->facts.lang - 1;
    memcpy(links->facts.lang, lang.at, bytes);
    links->facts.lang[bytes] = '\0';
}

static void take_title(struct links *links, const struct html_tag *tag)
{
    if (!tag->is_end && !links->has_title) {
        links->in_title = links->has_title = true;
        link_text_begin(&links->title, links->facts.title, PAGE_TITLE_BYTES_MAX);
        links->title.is_windows_1252 = links->is_windows_1252;
    } else if (tag->is_end && links->in_title) {
        links->in_title = false;
        link_text_end(&links->title);
    }
}

/* Pictures, sound, film, and whatever else is a part of the page. */
static void take_embedded(struct links *links, const struct html_tag *tag)
{
    switch (tag->key) {
    case HTML_KEY('i', 'n', 'p', 'u', 't'):
        if (value_is(links, tag, ATTRIBUTE_TYPE, "image"))
            take_url(links, tag, ATTRIBUTE_SRC, LINK_ASSET);
        break;
    case HTML_KEY('v', 'i', 'd', 'e', 'o'):
        take_url(links, tag, ATTRIBUTE_POSTER, LINK_ASSET);
        take_url(links, tag, ATTRIBUTE_SRC, LINK_ASSET);
        break;
    case HTML_KEY('o', 'b', 'j', 'e', 'c', 't'):
        take_url(links, tag, ATTRIBUTE_DATA, LINK_ASSET);
        break;
    case HTML_KEY('b', 'o', 'd', 'y'):
        take_url(links, tag, ATTRIBUTE_BACKGROUND, LINK_ASSET);
        break;
    case HTML_KEY('i', 'm', 'a', 'g', 'e'):
    case HTML_KEY('u', 's', 'e'):
        take_drawing(links, tag);
        break;
    case HTML_KEY('i', 'm', 'g'):
    case HTML_KEY('s', 'o', 'u', 'r', 'c', 'e'):
        take_url(links, tag, ATTRIBUTE_SRC, LINK_ASSET);
        take_candidates(links, tag);
        break;
    default: /* script, audio, track, embed */
        take_url(links, tag, ATTRIBUTE_SRC, LINK_ASSET);
    }
}

static void take_start_tag(struct links *links, const struct html_tag *tag)
{
    switch (tag->key) {
    case HTML_KEY('a'):
    case HTML_KEY('a', 'r', 'e', 'a'):
        take_anchor(links, tag);
        break;
    case HTML_KEY('l', 'i', 'n', 'k'):
        take_link_element(links, tag);
        break;
    case HTML_KEY('i', 'f', 'r', 'a', 'm', 'e'):
    case HTML_KEY('f', 'r', 'a', 'm', 'e'):
        take_url(links, tag, ATTRIBUTE_SRC, LINK_FRAME);
        break;
    case HTML_KEY('f', 'o', 'r', 'm'):
        take_form(links, tag);
        break;
    case HTML_KEY('m', 'e', 't', 'a'):
        take_meta(links, tag);
        break;
    case HTML_KEY('b', 'a', 's', 'e'):
        take_base(links, tag);
        break;
    case HTML_KEY('h', 't', 'm', 'l'):
        take_html(links, tag);
        break;
    case HTML_KEY('t', 'i', 't', 'l', 'e'):
        take_title(links, tag);
        break;
    case HTML_KEY('s', 't', 'y', 'l', 'e'):
        links->in_style = true;
        break;
    default:
        take_embedded(links, tag);
    }
}

void link_elements_take(struct links *links, const struct html_tag *tag)
{
    if (links->in_style) /* its end tag, or what svg has within */
        link_elements_end_style(links);
    if (!tag->is_end)
        take_start_tag(links, tag);
    else if (tag->key == HTML_KEY('a'))
        link_elements_end_link(links);
    else if (tag->key == HTML_KEY('t', 'i', 't', 'l', 'e'))
        take_title(links, tag);
}
