/* What the tokenizer makes of a page, written down as one text, so that two answers can be compared; how a page is cut
 * into pieces is said by the caller. */
#ifndef SHOAL_TESTS_HTML_TOKENS_H
#define SHOAL_TESTS_HTML_TOKENS_H

#include <stdint.h>
#include <stdio.h>

#include "worker/html/html_tokenizer.h"

/* Tokens, each ended by '\n', decoded:
 *     S name {0x01 name 0x02 value} [0x03]    start tag, attributes sorted by name, 0x03: self-closing
 *     E name      C text      M comment       D    (a doctype)
 * Adjacent text is one token. */
struct html_tokens {
    char *text;
    size_t bytes;
    uint64_t dropped;
    FILE *out;
    struct html_tokenizer *tokenizer;
    struct html_sink sink;
    char *characters; /* text that may go on */
    size_t character_bytes;
    FILE *characters_out;
    char *run; /* raw bytes of one run of text */
    size_t run_bytes;
    FILE *run_out;
    enum html_text_kind run_kind;
    struct html_span names[HTML_ATTRIBUTES_MAX];
    char name_texts[HTML_ATTRIBUTES_MAX][256];
    int name_count;
};

void html_tokens_open(struct html_tokens *tokens);
void html_tokens_close(struct html_tokens *tokens);

/* How many bytes the next piece has, of `left`; at least 1. */
typedef size_t html_cut(void *context, size_t left);

/* Feeds the page in pieces and writes its tokens to tokens->text, which lasts until the next call. Each piece lies in a block of its
 * own that is freed behind it, so whoever looks beyond a piece or keeps a span is caught by the tools. NULL cut: one piece.
 * from_start: a state other than data, and the start tag before; NULL: none. elements: start tags change how content is read. */
void html_tokens_of(struct html_tokens *tokens, const char *page, size_t bytes, bool elements,
                    enum html_start from_start, const char *last_start_tag, html_cut *cut, void *cut_context);

/* Writes a name as it stands in tokens->text: in small letters. */
void html_tokens_put_name(FILE *out, const char *name, size_t bytes);

#endif
