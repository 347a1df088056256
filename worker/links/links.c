/* links.c: the links of a page and what it says of itself, found while it arrives. */
#include "worker/links/links.h"

#include <stdlib.h>
#include <string.h>

#include "worker/links/link_charset.h"
#include "worker/links/links_state.h"

/* ---- the tokenizer's questions ---- */

#define BIT(...) HTML_KEY_BIT(HTML_KEY(__VA_ARGS__))

/* Elements that stand in a line of their own, or in a cell. */
static bool is_block(uint64_t key)
{
    switch (key) {
    case HTML_KEY('b', 'r'):
    case HTML_KEY('p'):
    case HTML_KEY('d', 'i', 'v'):
    case HTML_KEY('l', 'i'):
    case HTML_KEY('u', 'l'):
    case HTML_KEY('o', 'l'):
    case HTML_KEY('d', 'l'):
    case HTML_KEY('d', 't'):
    case HTML_KEY('d', 'd'):
    case HTML_KEY('t', 'r'):
    case HTML_KEY('t', 'd'):
    case HTML_KEY('t', 'h'):
    case HTML_KEY('h', 'r'):
    case HTML_KEY('h', '1'):
    case HTML_KEY('h', '2'):
    case HTML_KEY('h', '3'):
    case HTML_KEY('h', '4'):
    case HTML_KEY('h', '5'):
    case HTML_KEY('h', '6'):
    case HTML_KEY('p', 'r', 'e'):
    case HTML_KEY('t', 'a', 'b', 'l', 'e'):
    case HTML_KEY('s', 'e', 'c', 't', 'i', 'o', 'n'):
    case HTML_KEY('a', 'r', 't', 'i', 'c', 'l', 'e'):
    case HTML_KEY('h', 'e', 'a', 'd', 'e', 'r'):
    case HTML_KEY('f', 'o', 'o', 't', 'e', 'r'):
    case HTML_KEY('f', 'i', 'g', 'u', 'r', 'e'):
        return true;
    default:
        return false;
    }
}

#define BLOCK_FILTER \
    (BIT('b', 'r') | BIT('p') | BIT('d', 'i', 'v') | BIT('l', 'i') | BIT('u', 'l') | BIT('o', 'l') | BIT('d', 'l') | \
     BIT('d', 't') | BIT('d', 'd') | BIT('t', 'r') | BIT('t', 'd') | BIT('t', 'h') | BIT('h', 'r') | BIT('h', '1') | \
     BIT('h', '2') | BIT('h', '3') | BIT('h', '4') | BIT('h', '5') | BIT('h', '6') | BIT('p', 'r', 'e') | \
     BIT('t', 'a', 'b', 'l', 'e') | BIT('s', 'e', 'c', 't', 'i', 'o', 'n') | BIT('a', 'r', 't', 'i', 'c', 'l', 'e') | \
     BIT('h', 'e', 'a', 'd', 'e', 'r') | BIT('f', 'o', 'o', 't', 'e', 'r') | BIT('f', 'i', 'g', 'u', 'r', 'e'))

static bool wants_start_tag(const struct links *links, uint64_t key)
{
    switch (key) {
    case HTML_KEY('t', 'i', 't', 'l', 'e'):
        return !links->has_title;
    case HTML_KEY('s', 't', 'y', 'l', 'e'):
        return links->sink->style;
    case HTML_KEY('a'):
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
    case HTML_KEY('s', 'o', 'u', 'r', 'c', 'e'):
    case HTML_KEY('v', 'i', 'd', 'e', 'o'):
    case HTML_KEY('a', 'u', 'd', 'i', 'o'):
    case HTML_KEY('t', 'r', 'a', 'c', 'k'):
    case HTML_KEY('e', 'm', 'b', 'e', 'd'):
    case HTML_KEY('o', 'b', 'j', 'e', 'c', 't'):
    case HTML_KEY('i', 'n', 'p', 'u', 't'):
    case HTML_KEY('b', 'o', 'd', 'y'):
    case HTML_KEY('i', 'm', 'a', 'g', 'e'):
    case HTML_KEY('u', 's', 'e'):
        return true;
    default:
        return false;
    }
}

static bool wants_tag(void *context, uint64_t key, struct html_span name, bool is_end)
{
    struct links *links = context;
    (void)name;
    if (links->in_link && is_block(key))
        link_text_break(&links->text);
    if (!is_end)
        return wants_start_tag(links, key);
    switch (key) {
    case HTML_KEY('a'):
        return links->in_link;
    case HTML_KEY('t', 'i', 't', 'l', 'e'):
        return links->in_title;
    case HTML_KEY('s', 't', 'y', 'l', 'e'):
        return links->in_style;
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
    case HTML_KEY('t', 'y', 'p', 'e'):
        return ATTRIBUTE_TYPE;
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
    case HTML_KEY('p', 'o', 's', 't', 'e', 'r'):
        return ATTRIBUTE_POSTER;
    case HTML_KEY('d', 'a', 't', 'a'):
        return ATTRIBUTE_DATA;
    case HTML_LONG_KEY('b', 'a', 'c', 'k', 'g', 'r', 'o', 'u'):
        return html_name_is(name.at, name.bytes, "background") ? ATTRIBUTE_BACKGROUND : -1;
    case HTML_LONG_KEY('x', 'l', 'i', 'n', 'k', ':', 'h', 'r'):
        return html_name_is(name.at, name.bytes, "xlink:href") ? ATTRIBUTE_XLINK_HREF : -1;
    default:
        return -1;
    }
}

static void on_tag(void *context, const struct html_tag *tag)
{
    struct links *links = context;
    link_elements_take(links, tag);
    html_tokenizer_want_text(links->tokenizer, links->in_title || links->in_link || links->in_style);
}

/* A title is RCDATA; in svg it is an element as any other, and no title of the page. */
static void on_text(void *context, enum html_text_kind kind, struct html_span piece, bool begins)
{
    struct links *links = context;
    if (links->in_title && kind == HTML_TEXT_RCDATA)
        link_text_add(&links->title, kind, piece, begins);
    else if (links->in_style && (kind == HTML_TEXT_RAW || kind == HTML_TEXT_CDATA))
        links->sink->style(links->context, piece.at, piece.bytes,
                           links->facts.has_positions
                               ? html_tokenizer_at(links->tokenizer, piece.at) + links->decoder.mark_bytes
                               : UINT64_MAX,
                           false);
    else if (links->in_link && kind != HTML_TEXT_RAW)
        link_text_add(&links->text, kind, piece, begins);
}

static const struct html_sink SINK = {
    .filter = BIT('a') | BIT('a', 'r', 'e', 'a') | BIT('l', 'i', 'n', 'k') | BIT('i', 'm', 'g') |
              BIT('s', 'c', 'r', 'i', 'p', 't') | BIT('i', 'f', 'r', 'a', 'm', 'e') | BIT('f', 'r', 'a', 'm', 'e') |
              BIT('f', 'o', 'r', 'm') | BIT('m', 'e', 't', 'a') | BIT('b', 'a', 's', 'e') | BIT('h', 't', 'm', 'l') |
              BIT('t', 'i', 't', 'l', 'e') | BIT('s', 't', 'y', 'l', 'e') | BIT('s', 'o', 'u', 'r', 'c', 'e') |
              BIT('v', 'i', 'd', 'e', 'o') | BIT('a', 'u', 'd', 'i', 'o') | BIT('t', 'r', 'a', 'c', 'k') |
              BIT('e', 'm', 'b', 'e', 'd') | BIT('o', 'b', 'j', 'e', 'c', 't') | BIT('i', 'n', 'p', 'u', 't') |
              BIT('b', 'o', 'd', 'y') | BIT('i', 'm', 'a', 'g', 'e') | BIT('u', 's', 'e'),
    .end_filter = BIT('t', 'i', 't', 'l', 'e') | BIT('s', 't', 'y', 'l', 'e'),
    .text_filter = BIT('a') | BLOCK_FILTER,
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
    links->has_base = links->has_title = links->has_lang = links->in_title = links->in_link = links->in_style = false;
    links->counts = (struct links_counts){0};
    struct page_facts *facts = &links->facts;
    facts->title[0] = facts->lang[0] = facts->charset[0] = facts->canonical[0] = facts->base[0] = '\0';
    facts->robots = 0;
    links->has_mark = false;
    html_tokenizer_reset(links->tokenizer);
    html_charset_begin(&links->decoder, content_type);
    facts->has_positions = links->decoder.form == CHARSET_BYTES;
    memcpy(facts->charset, links->decoder.name, sizeof facts->charset);
    links->is_windows_1252 = link_charset_is_windows_1252(facts->charset);
    return url_resolver_set_base(links->resolver, url, url_bytes) == FETCH_OK ? STATUS_OK : STATUS_INVALID_ARGUMENT;
}

static void tokenize(void *context, const char *bytes, size_t count)
{
    struct links *links = context;
    if (links->decoder.mark_bytes && !links->has_mark) { /* it counts for more than the header */
        links->has_mark = true;
        memcpy(links->facts.charset, links->decoder.name, sizeof links->facts.charset);
        links->facts.has_positions = links->decoder.form == CHARSET_BYTES;
        links->is_windows_1252 = false;
    }
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
    link_elements_end_link(links);
    if (links->in_style)
        link_elements_end_style(links);
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
