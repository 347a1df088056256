/* html_state.h: the tokenizer's inside, shared by html_tokenizer.c, html_tag.c, html_raw.c and html_markup.c alone.
 *
 * A window is a run of bytes [base, end): a piece of the input, or the buffer with what is held of a token and what follows it.
 * Every step gets a window and where to go on in it, and returns how far it came: to the end, or less far with another state, or
 * not at all with `waits` set, when the bytes that decide are still to come. */
#ifndef SHOAL_HTML_STATE_H
#define SHOAL_HTML_STATE_H

#include "worker/html/html_scan.h"
#include "worker/html/html_token.h"

/* States of the standard that only differ in what they call an error are one. */
enum html_state {
    STATE_DATA,
    STATE_TAG_OPEN, /* at '<' */
    STATE_TAG_NAME,
    STATE_BEFORE_NAME, /* also behind a quoted value */
    STATE_NAME,
    STATE_AFTER_NAME,
    STATE_BEFORE_VALUE,
    STATE_VALUE_DOUBLE,
    STATE_VALUE_SINGLE,
    STATE_VALUE_BARE,
    STATE_SELF_CLOSING,
    STATE_COMMENT,
    STATE_BOGUS, /* a comment up to '>' */
    STATE_DOCTYPE,
    STATE_CDATA,
    STATE_RAW, /* RCDATA and RAWTEXT: text_kind tells them apart */
    STATE_SCRIPT,
    STATE_SCRIPT_ESCAPED,
    STATE_SCRIPT_DOUBLE,
    STATE_PLAINTEXT,
};

/* Where in a comment: so many of the last bytes are no content if it ends here. */
enum comment_step { COMMENT_START, COMMENT_START_DASH, COMMENT_BODY, COMMENT_DASH, COMMENT_DASHES, COMMENT_BANG };

#define RAW_NAME_BYTES 16

struct html_tokenizer {
    const struct html_sink *sink;
    void *context;
    uint64_t asked[2];   /* by is_end: names that wants_tag() is asked about */
    uint64_t filters[2]; /* those, and the names that change how content is read: not passed unseen */
    enum html_state state;
    bool is_final;
    bool waits;       /* at `token` are too few bytes to decide */
    bool holds;       /* the bytes from `token` on are needed until it ends */
    bool is_too_long; /* the token is stepped over: nothing of it is kept */
    bool wants_text;
    bool in_text; /* the last thing emitted was text that may go on */
    size_t token; /* where the token begins in the window */
    const char *window;
    uint64_t window_at, fed; /* where the window begins in the page, and the piece that is being fed */

    struct html_tag tag;
    bool wants_tag;
    int attribute; /* id of the one being read; -1: unwanted */
    uint32_t part; /* where its name or its value began, counted from the token */

    enum comment_step comment_step;
    enum html_comment_kind comment_kind;
    uint32_t content; /* where a comment's content begins, counted from the token */

    enum html_text_kind text_kind; /* of STATE_RAW */
    char raw_name[RAW_NAME_BYTES]; /* whose end tag ends the raw text */
    size_t raw_name_bytes;
    unsigned dashes; /* in an escaped script: '-' before here, 2 at most */

    uint64_t foreign; /* a bit a level, the innermost lowest: 1 svg or math, 0 HTML inside it */
    unsigned
        foreign_depth; /* 0: HTML; beyond FOREIGN_DEPTH_MAX all is foreign: so no content is taken for text that is markup */

    char *held;
    size_t held_bytes, held_room;
    size_t at; /* where to go on, counted from the first byte that was kept */
    uint64_t dropped;
};

#define FOREIGN_DEPTH_MAX 64u

static inline bool html_is_in_foreign(const struct html_tokenizer *t)
{
    return t->foreign_depth > FOREIGN_DEPTH_MAX || (t->foreign_depth && (t->foreign & 1));
}

/* Text from..to is known to be text. */
static inline void html_emit_text(struct html_tokenizer *t, enum html_text_kind kind, const char *from, const char *to)
{
    if (from == to)
        return;
    if (t->wants_text)
        t->sink->text(t->context, kind, (struct html_span){from, (size_t)(to - from)}, !t->in_text);
    t->in_text = true;
}

/* The token that begins at `token` ends before `to`: whether it may be handed on; counts it if not. */
static inline bool html_token_fits(struct html_tokenizer *t, const char *base, const char *to)
{
    bool fits = !t->is_too_long && (size_t)(to - base) - t->token <= HTML_TOKEN_BYTES_MAX;
    if (!fits)
        t->dropped++;
    return fits;
}

/* The bytes at `at` are too few to decide. */
static inline const char *html_wait_at(struct html_tokenizer *t, const char *base, const char *at)
{
    t->token = (size_t)(at - base);
    t->waits = true;
    return at;
}

/* A token begins. */
static inline void html_begin_token(struct html_tokenizer *t, const char *base, const char *at)
{
    t->token = (size_t)(at - base);
    t->is_too_long = false;
    t->holds = true;
    t->in_text = false;
}

/* The content of the element whose start tag just ended begins. name: of the end tag that ends raw text. */
static inline void html_raw_enter(struct html_tokenizer *t, enum html_state state, enum html_text_kind kind,
                                  const char *name)
{
    t->state = state;
    t->text_kind = kind;
    t->dashes = 0;
    t->raw_name_bytes = strnlen(name, sizeof t->raw_name);
    memcpy(t->raw_name, name, t->raw_name_bytes);
}

/* html_tag.c: states from STATE_TAG_NAME to STATE_SELF_CLOSING. */
const char *html_tag_step(struct html_tokenizer *t, const char *base, const char *at, const char *end);
/* A tag whose '<' is at `token`, with its name at `at`: as far as it goes. */
const char *html_tag_begin(struct html_tokenizer *t, const char *base, const char *at, const char *end, bool is_end);
/* Names whose start tags change how what follows is read. */
#define HTML_OWN_BIT(...) HTML_KEY_BIT(HTML_KEY(__VA_ARGS__))
#define HTML_OWN_FILTER \
    (HTML_OWN_BIT('t', 'i', 't', 'l', 'e') | HTML_OWN_BIT('t', 'e', 'x', 't', 'a', 'r', 'e', 'a') | \
     HTML_OWN_BIT('s', 't', 'y', 'l', 'e') | HTML_OWN_BIT('x', 'm', 'p') | \
     HTML_OWN_BIT('i', 'f', 'r', 'a', 'm', 'e') | HTML_OWN_BIT('n', 'o', 'e', 'm', 'b', 'e', 'd') | \
     HTML_OWN_BIT('n', 'o', 'f', 'r', 'a', 'm', 'e', 's') | HTML_OWN_BIT('s', 'c', 'r', 'i', 'p', 't') | \
     HTML_OWN_BIT('s', 'v', 'g') | HTML_OWN_BIT('m', 'a', 't', 'h') | \
     HTML_KEY_BIT(HTML_LONG_KEY('p', 'l', 'a', 'i', 'n', 't', 'e', 'x')))

/* html_raw.c: STATE_RAW, STATE_SCRIPT..., STATE_PLAINTEXT. */
const char *html_raw_step(struct html_tokenizer *t, const char *base, const char *at, const char *end);

/* html_markup.c: what begins with "<!", "<?" and "</" without a name. */
const char *html_markup_begin(struct html_tokenizer *t, const char *base, const char *at, const char *end);
void html_markup_begin_bogus(struct html_tokenizer *t, size_t content);
const char *html_markup_step(struct html_tokenizer *t, const char *base, const char *at, const char *end);
/* The input ends within a comment or a doctype, which comes all the same. */
void html_markup_end(struct html_tokenizer *t, const char *base, const char *end);

#endif
