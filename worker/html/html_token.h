/* html_token.h: what a page is taken apart into, and who gets it. */
#ifndef SHOAL_HTML_TOKEN_H
#define SHOAL_HTML_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/html/html_reference.h"

#define HTML_TOKEN_BYTES_MAX (1u << 20) /* a tag or a wanted comment that is longer is dropped and counted */
#define HTML_ATTRIBUTES_MAX 32

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

#endif
