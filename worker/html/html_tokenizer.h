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

#include "common/status.h"
#include "worker/html/html_token.h"

struct html_tokenizer;

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
