/* html_tokenizer.h: takes a page apart into tags, text and comments while it arrives, as the tokenization stage of the HTML standard
 * does (13.2.5), without a tree.
 *
 * DESIGN. The sink says what it wants: names of elements, by a filter of 64 bits and then by a question; text, as long as it wants
 * any; comments. What nobody wants is only stepped over, and nothing is copied or decoded: tokens are spans of the input where they
 * lie in one piece of it. Where one does not, its bytes are held in a buffer until it ends. The state of the machine outlives every
 * piece, no byte is looked at again (but for a few after '<' that decide what it begins), so the time is linear in the input and
 * however the input is cut, the tokens are the same.
 *
 * Which element's content is no markup is decided by start tags alone: title, textarea, style, xmp, iframe, noembed, noframes, script,
 * plaintext. Scripting is off: noscript is markup. Inside svg and math those elements are as any others and CDATA sections exist: a
 * stack of one bit a level follows svg, math, the elements that hold HTML again, and the tags that break out of both. What only the
 * tree builder can know (tags that it ignores, elements that it closes by itself) is not followed. */
#ifndef SHOAL_HTML_TOKENIZER_H
#define SHOAL_HTML_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "worker/html/html_reference.h"

#define HTML_TOKEN_BYTES_MAX (1u << 20) /* a tag or a wanted comment that is longer is dropped and counted */
#define HTML_ATTRIBUTES_MAX 32

struct html_tokenizer;

/* Raw bytes: html_decode() says what they mean. Valid until the call they came with returns. */
struct html_span {
    const char *at;
    size_t bytes;
};

struct html_tag {
    uint64_t key; /* of the name: html_scan.h */
    struct html_span name;
    bool is_end;
    bool is_self_closing;
    uint32_t attribute_set; /* bit id: the tag has that attribute. The first of two with one id counts */
    struct {
        uint32_t offset, bytes;
    } values[HTML_ATTRIBUTES_MAX];
    const char *base;
};

/* The raw value of an attribute that the tag has. */
static inline struct html_span html_value(const struct html_tag *tag, int id)
{
    return (struct html_span){tag->base + tag->values[id].offset, tag->values[id].bytes};
}

enum html_comment_kind { HTML_COMMENT, HTML_DOCTYPE };

/* Who gets the tokens. Callbacks may set the tokenizer's wishes but must not feed it. */
struct html_sink {
    uint64_t filter;       /* HTML_KEY_BIT() of every name whose start tag wants_tag() may want; ~0: ask for all */
    uint64_t end_filter;   /* likewise of end tags */
    uint64_t text_filter;  /* of both, in addition, while text is wanted */
    bool wants_comments;   /* and doctypes, as raw bytes up to their '>' */
    bool ignores_elements; /* a start tag never changes how what follows is read: for tests of the states alone */
    /* Whether this tag shall come, with its attributes. For an end tag too. */
    bool (*wants_tag)(void *context, uint64_t key, struct html_span name, bool is_end);
    /* Under which id an attribute of the tag that was just asked for is wanted; -1: not at all. */
    int (*attribute_id)(void *context, uint64_t key, struct html_span name);
    /* A tag is complete. One that the end of the input cuts off never comes. */
    void (*tag)(void *context, const struct html_tag *tag);
    /* A piece of text. begins: a token or nothing lay before it; else it goes on where the last piece ended, even within a reference. */
    void (*text)(void *context, enum html_text_kind kind, struct html_span piece, bool begins);
    void (*comment)(void *context, enum html_comment_kind kind, struct html_span content);
};

/* Where to begin, for tests of the states; pages begin in data. */
enum html_start {
    HTML_START_DATA,
    HTML_START_RCDATA,
    HTML_START_RAWTEXT,
    HTML_START_SCRIPT,
    HTML_START_PLAINTEXT,
    HTML_START_CDATA,
    HTML_START_COUNT
};

/* sink and context are borrowed. NULL when memory is short. */
struct html_tokenizer *html_tokenizer_open(const struct html_sink *sink, void *context);
void html_tokenizer_close(struct html_tokenizer *tokenizer); /* accepts NULL */

/* Forgets all: a new page. The buffer stays. */
void html_tokenizer_reset(struct html_tokenizer *tokenizer);

/* After a reset: begins elsewhere. last_start_tag: the name that ends raw text, up to 15 small letters. */
void html_tokenizer_begin_in(struct html_tokenizer *tokenizer, enum html_start start, const char *last_start_tag);

/* Within a callback: where a byte of what came with it lies, counted from the first byte of the page that was fed. */
uint64_t html_tokenizer_at(const struct html_tokenizer *tokenizer, const char *byte);

/* Whether text is wanted from here on. */
void html_tokenizer_want_text(struct html_tokenizer *tokenizer, bool wants_text);

/* The next bytes of the page, any number. Never blocks. OUT_OF_MEMORY: a token could not be held; it is dropped and counted, and the
 * page goes on. */
enum status html_tokenizer_feed(struct html_tokenizer *tokenizer, const char *bytes, size_t count);

/* The page is complete: what the end cuts off is emitted or dropped as the standard says. reset() is due before the next feed. */
void html_tokenizer_end(struct html_tokenizer *tokenizer);

/* Tags and wanted comments that were longer than HTML_TOKEN_BYTES_MAX, or that there was no memory for. */
uint64_t html_tokenizer_dropped(const struct html_tokenizer *tokenizer);

#endif
