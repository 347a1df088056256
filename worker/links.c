/* Runs in: worker */
#include "worker/links.h"

#include <stdlib.h>
#include <string.h>

#include "common/url_resolve.h"
#include "worker/html_scan.h"
#include "worker/html_tokenizer.h"
#include "worker/link_values.h"

/* Values are read up to this much; a srcset or a description may be long, a URL may not. */
#define VALUE_BYTES_MAX 16384u

enum attribute {
    ATTRIBUTE_HREF,
    ATTRIBUTE_SRC,
    ATTRIBUTE_SRCSET,
    ATTRIBUTE_REL,
    ATTRIBUTE_CONTENT,
    ATTRIBUTE_NAME,
    ATTRIBUTE_HTTP_EQUIV,
    ATTRIBUTE_CHARSET,
    ATTRIBUTE_ACTION,
    ATTRIBUTE_METHOD,
    ATTRIBUTE_LANG,
};

struct links {
    const struct links_sink *sink;
    void *context;
    struct html_tokenizer *tokenizer;
    struct url_resolver *resolver;
    struct html_charset decoder;
    enum status status; /* of this feed */
    bool has_base, has_title, has_lang;
    bool in_title; /* its text is being collected */
    bool in_link;
    struct links_counts counts;
    struct page_facts facts;
    struct link_text title;
    struct link_text text;
    struct link open; /* the a whose text is being collected */
    char open_url[URL_BYTES_MAX + 1];
    char open_text[LINK_TEXT_BYTES_MAX + 1];
    char value[VALUE_BYTES_MAX]; /* a decoded value */
};

/* ---- what comes of a link ---- */

static void deliver(struct links *links, const struct link *link)
{
    if (links->sink->link)
        links->sink->link(links->context, link);
}

static void wish_text(struct links *links)
{
    html_tokenizer_want_text(links->tokenizer, links->in_title || links->in_link);
}

static void end_open_link(struct links *links)
{
    if (!links->in_link)
        return;
    links->in_link = false;
    link_text_end(&links->text);
    links->open.text = (struct url_text){links->open_text, links->text.bytes};
    deliver(links, &links->open);
}

/* The a goes on until its text has ended. */
static void open_link(struct links *links, const struct link *link)
{
    links->open = *link;
    memcpy(links->open_url, link->url.at, link->url.bytes + 1);
    links->open.url.at = links->open_url;
    links->in_link = true;
    link_text_begin(&links->text, links->open_text, LINK_TEXT_BYTES_MAX);
}

/* A decoded reference. Returns whether *link is one, counted, with its URL. */
static bool resolve(struct links *links, struct html_span reference, struct link *link)
{
    if (links->counts.found == LINKS_PER_PAGE_MAX) {
        links->counts.dropped++;
        return false;
    }
    if (url_resolve(links->resolver, reference.at, reference.bytes, &link->url) != URL_RESOLVED) {
        links->counts.unusable++;
        return false;
    }
    links->counts.found++;
    return true;
}

static void take_reference(struct links *links, enum link_kind kind, struct html_span reference)
{
    struct link link = {.kind = kind, .text = {"", 0}};
    if (resolve(links, reference, &link))
        deliver(links, &link);
}

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
    if (!raw.bytes || (!memchr(raw.at, '&', raw.bytes) && !memchr(raw.at, '\0', raw.bytes)))
        return raw; /* carriage returns are blanks to all who read values */
    bool is_cut;
    size_t bytes = html_decode(raw.at, raw.bytes, HTML_TEXT_ATTRIBUTE, links->value, sizeof links->value, &is_cut);
    return (struct html_span){links->value, bytes};
}

static bool value_is(struct links *links, const struct html_tag *tag, enum attribute attribute, const char *lower)
{
    struct html_span value = value_of(links, tag, attribute);
    return html_name_is(value.at, value.bytes, lower);
}

static void copy_url(char to[URL_BYTES_MAX + 1], const struct url_text *url)
{
    memcpy(to, url->at, url->bytes);
    to[url->bytes] = '\0';
}

/* ---- elements ---- */

static void take_anchor(struct links *links, const struct html_tag *tag)
{
    end_open_link(links);
    if (!has(tag, ATTRIBUTE_HREF))
        return;
    struct link link = {.kind = LINK_PAGE, .text = {"", 0}};
    if (has(tag, ATTRIBUTE_REL))
        link.rel = link_rel_of(value_of(links, tag, ATTRIBUTE_REL));
    if (!resolve(links, value_of(links, tag, ATTRIBUTE_HREF), &link))
        return;
    if (links->sink->wants_text && tag->key == HTML_KEY('a'))
        open_link(links, &link);
    else
        deliver(links, &link);
}

static void take_link_element(struct links *links, const struct html_tag *tag)
{
    struct html_span rel = value_of(links, tag, ATTRIBUTE_REL);
    struct link link = {.text = {"", 0}};
    if (!has(tag, ATTRIBUTE_HREF) || !link_kind_of_rel(rel, &link.kind))
        return;
    link.rel = link_rel_of(rel);
    if (!resolve(links, value_of(links, tag, ATTRIBUTE_HREF), &link))
        return;
    if (link.kind == LINK_CANONICAL && !links->facts.canonical[0])
        copy_url(links->facts.canonical, &link.url);
    deliver(links, &link);
}

static void take_source(struct links *links, const struct html_tag *tag, enum link_kind kind)
{
    struct html_span source = value_of(links, tag, ATTRIBUTE_SRC);
    if (source.bytes)
        take_reference(links, kind, source);
    if (tag->key != HTML_KEY('i', 'm', 'g') || !has(tag, ATTRIBUTE_SRCSET))
        return;
    if (html_value(tag, ATTRIBUTE_SRCSET).bytes > VALUE_BYTES_MAX) { /* its last URL might be cut */
        links->counts.unusable++;
        return;
    }
    struct html_span srcset = value_of(links, tag, ATTRIBUTE_SRCSET);
    for (struct html_span url; link_next_candidate(&srcset, &url);)
        take_reference(links, kind, url);
}

static void take_form(struct links *links, const struct html_tag *tag)
{
    struct html_span action = value_of(links, tag, ATTRIBUTE_ACTION);
    if (!action.bytes)
        return;
    struct html_span method =
        has(tag, ATTRIBUTE_METHOD) ? html_value(tag, ATTRIBUTE_METHOD) : (struct html_span){"", 0};
    if (!html_name_is(method.at, method.bytes, "post") && !html_name_is(method.at, method.bytes, "dialog"))
        take_reference(links, LINK_FORM, action);
}

static void take_meta(struct links *links, const struct html_tag *tag)
{
    if (has(tag, ATTRIBUTE_CHARSET) && !links->facts.charset[0]) {
        struct html_span name = value_of(links, tag, ATTRIBUTE_CHARSET);
        html_charset_set_name(links->facts.charset, name.at, name.bytes);
    }
    if (!has(tag, ATTRIBUTE_CONTENT))
        return;
    if (value_is(links, tag, ATTRIBUTE_HTTP_EQUIV, "refresh")) {
        struct html_span url;
        if (link_refresh_url(value_of(links, tag, ATTRIBUTE_CONTENT), &url))
            take_reference(links, LINK_REFRESH, url);
    } else if (value_is(links, tag, ATTRIBUTE_HTTP_EQUIV, "content-type") && !links->facts.charset[0]) {
        struct html_span content = value_of(links, tag, ATTRIBUTE_CONTENT);
        html_charset_of_type(content.at, content.bytes, links->facts.charset);
    } else if (value_is(links, tag, ATTRIBUTE_NAME, "robots")) {
        links->facts.robots |= link_robots_of(value_of(links, tag, ATTRIBUTE_CONTENT));
    }
}

/* The first base element with an href counts. */
static void take_base(struct links *links, const struct html_tag *tag)
{
    struct url_text url;
    if (links->has_base || !has(tag, ATTRIBUTE_HREF))
        return;
    links->has_base = true;
    struct html_span href = value_of(links, tag, ATTRIBUTE_HREF);
    if (url_resolve(links->resolver, href.at, href.bytes, &url) != URL_RESOLVED)
        return;
    copy_url(links->facts.base, &url);
    url_resolver_set_base(links->resolver, links->facts.base, url.bytes);
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
    } else if (tag->is_end && links->in_title) {
        links->in_title = false;
        link_text_end(&links->title);
    }
}

static void on_start_tag(struct links *links, const struct html_tag *tag)
{
    switch (tag->key) {
    case HTML_KEY('a'):
    case HTML_KEY('a', 'r', 'e', 'a'):
        take_anchor(links, tag);
        break;
    case HTML_KEY('l', 'i', 'n', 'k'):
        take_link_element(links, tag);
        break;
    case HTML_KEY('i', 'm', 'g'):
    case HTML_KEY('s', 'c', 'r', 'i', 'p', 't'):
        take_source(links, tag, LINK_ASSET);
        break;
    case HTML_KEY('i', 'f', 'r', 'a', 'm', 'e'):
    case HTML_KEY('f', 'r', 'a', 'm', 'e'):
        take_source(links, tag, LINK_FRAME);
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
    default:
        take_title(links, tag);
    }
}

/* ---- the tokenizer's questions ---- */

#define BIT(...) HTML_KEY_BIT(HTML_KEY(__VA_ARGS__))

static bool wants_tag(void *context, uint64_t key, struct html_span name, bool is_end)
{
    const struct links *links = context;
    (void)name;
    switch (key) {
    case HTML_KEY('a'):
        return !is_end || links->in_link;
    case HTML_KEY('t', 'i', 't', 'l', 'e'):
        return is_end ? links->in_title : !links->has_title;
    case HTML_KEY('a', 'r', 'e', 'a'):
    case HTML_KEY('l', 'i', 'n', 'k'):
    case HTML_KEY('i', 'm', 'g'):
    case HTML_KEY('s', 'c', 'r', 'i', 'p', 't'):
    case HTML_KEY('i', 'f', 'r', 'a', 'm', 'e'):
    case HTML_KEY('f', 'r', 'a', 'm', 'e'):
    case HTML_KEY('f', 'o', 'r', 'm'):
    case HTML_KEY('m', 'e', 't', 'a'):
    case HTML_KEY('b', 'a', 's', 'e'):
    case HTML_KEY('h', 't', 'm', 'l'):
        return !is_end;
    default:
        return false;
    }
}

static int attribute_id(void *context, uint64_t key, struct html_span name)
{
    (void)context;
    switch (key) {
    case HTML_KEY('h', 'r', 'e', 'f'):
        return ATTRIBUTE_HREF;
    case HTML_KEY('s', 'r', 'c'):
        return ATTRIBUTE_SRC;
    case HTML_KEY('s', 'r', 'c', 's', 'e', 't'):
        return ATTRIBUTE_SRCSET;
    case HTML_KEY('r', 'e', 'l'):
        return ATTRIBUTE_REL;
    case HTML_KEY('c', 'o', 'n', 't', 'e', 'n', 't'):
        return ATTRIBUTE_CONTENT;
    case HTML_KEY('n', 'a', 'm', 'e'):
        return ATTRIBUTE_NAME;
    case HTML_LONG_KEY('h', 't', 't', 'p', '-', 'e', 'q', 'u'):
        return html_name_is(name.at, name.bytes, "http-equiv") ? ATTRIBUTE_HTTP_EQUIV : -1;
    case HTML_KEY('c', 'h', 'a', 'r', 's', 'e', 't'):
        return ATTRIBUTE_CHARSET;
    case HTML_KEY('a', 'c', 't', 'i', 'o', 'n'):
        return ATTRIBUTE_ACTION;
    case HTML_KEY('m', 'e', 't', 'h', 'o', 'd'):
        return ATTRIBUTE_METHOD;
    case HTML_KEY('l', 'a', 'n', 'g'):
        return ATTRIBUTE_LANG;
    default:
        return -1;
    }
}

static void on_tag(void *context, const struct html_tag *tag)
{
    struct links *links = context;
    if (!tag->is_end)
        on_start_tag(links, tag);
    else if (tag->key == HTML_KEY('a'))
        end_open_link(links);
    else
        take_title(links, tag);
    wish_text(links);
}

/* A title is RCDATA; in svg it is an element as any other, and no title of the page. */
static void on_text(void *context, enum html_text_kind kind, struct html_span piece, bool begins)
{
    struct links *links = context;
    if (links->in_title && kind == HTML_TEXT_RCDATA)
        link_text_add(&links->title, kind, piece, begins);
    else if (links->in_link && kind != HTML_TEXT_RAW)
        link_text_add(&links->text, kind, piece, begins);
}

static const struct html_sink SINK = {
    .filter = BIT('a') | BIT('a', 'r', 'e', 'a') | BIT('l', 'i', 'n', 'k') | BIT('i', 'm', 'g') |
              BIT('s', 'c', 'r', 'i', 'p', 't') | BIT('i', 'f', 'r', 'a', 'm', 'e') | BIT('f', 'r', 'a', 'm', 'e') |
              BIT('f', 'o', 'r', 'm') | BIT('m', 'e', 't', 'a') | BIT('b', 'a', 's', 'e') | BIT('h', 't', 'm', 'l') |
              BIT('t', 'i', 't', 'l', 'e'),
    .wants_tag = wants_tag,
    .attribute_id = attribute_id,
    .tag = on_tag,
    .text = on_text,
};

/* ---- a page ---- */

struct links *links_open(const struct links_sink *sink, void *context)
{
    struct links *links = calloc(1, sizeof *links);
    if (!links)
        return NULL;
    links->sink = sink;
    links->context = context;
    links->tokenizer = html_tokenizer_open(&SINK, links);
    links->resolver = url_resolver_open();
    if (!links->tokenizer || !links->resolver) {
        links_close(links);
        return NULL;
    }
    return links;
}

void links_close(struct links *links)
{
    if (links) {
        html_tokenizer_close(links->tokenizer);
        url_resolver_close(links->resolver);
    }
    free(links);
}

enum status links_begin(struct links *links, const char *url, size_t url_bytes, const char *content_type)
{
    links->has_base = links->has_title = links->has_lang = links->in_title = links->in_link = false;
    links->counts = (struct links_counts){0};
    struct page_facts *facts = &links->facts;
    facts->title[0] = facts->lang[0] = facts->charset[0] = facts->canonical[0] = facts->base[0] = '\0';
    facts->robots = 0;
    html_tokenizer_reset(links->tokenizer);
    html_charset_begin(&links->decoder, content_type);
    memcpy(facts->charset, links->decoder.name, sizeof facts->charset);
    return url_resolver_set_base(links->resolver, url, url_bytes) == FETCH_OK ? STATUS_OK : STATUS_INVALID_ARGUMENT;
}

static void tokenize(void *context, const char *bytes, size_t count)
{
    struct links *links = context;
    if (links->decoder.name[0])
        memcpy(links->facts.charset, links->decoder.name, sizeof links->facts.charset);
    if (html_tokenizer_feed(links->tokenizer, bytes, count) != STATUS_OK)
        links->status = STATUS_OUT_OF_MEMORY;
}

enum status links_feed(struct links *links, const char *bytes, size_t count)
{
    links->status = STATUS_OK;
    links->counts.page_bytes += count;
    html_charset_feed(&links->decoder, bytes, count, tokenize, links);
    return links->status;
}

void links_end(struct links *links)
{
    html_charset_end(&links->decoder, tokenize, links);
    html_tokenizer_end(links->tokenizer);
    end_open_link(links);
    if (links->in_title)
        link_text_end(&links->title);
    links->in_title = false;
    links->counts.tokens_dropped = (uint32_t)html_tokenizer_dropped(links->tokenizer);
}

const struct page_facts *links_facts(const struct links *links)
{
    return &links->facts;
}

struct links_counts links_counts(const struct links *links)
{
    return links->counts;
}
