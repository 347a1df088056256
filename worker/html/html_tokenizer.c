/* html_tokenizer.c: takes a page apart into tags, text and comments while it arrives, as the tokenization stage of the HTML standard does (13.2.5), without a tree. */
#include "worker/html/html_tokenizer.h"

#include <assert.h>
#include <stdlib.h>

#include "worker/html/html_state.h"

/* So much more than is held already goes to the buffer at once: most tokens end within it. */
#define HELD_STEP_BYTES 512

/* at is a '<' in data: tag, comment, or text after all. */
static const char *tag_open_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    size_t left = (size_t)(end - at);
    t->state = STATE_TAG_OPEN;
    if (left < 2 || (at[1] == '/' && left < 3)) {
        if (!t->is_final)
            return html_wait_at(t, base, at);
        t->state = STATE_DATA;
        html_emit_text(t, HTML_TEXT_DATA, at, end);
        return end;
    }
    bool is_end = at[1] == '/';
    const char *name = at + 1 + is_end;
    if (html_is_letter(*name)) {
        html_begin_token(t, base, at);
        return html_tag_begin(t, base, name, end, is_end);
    }
    if (is_end && *name == '>') {
        t->state = STATE_DATA;
        t->in_text = false;
        return name + 1;
    }
    if (is_end || at[1] == '?') {
        html_begin_token(t, base, at);
        html_markup_begin_bogus(t, is_end ? 2 : 1);
        return at + (is_end ? 2 : 1);
    }
    if (at[1] == '!')
        return html_markup_begin(t, base, at, end);
    t->state = STATE_DATA;
    html_emit_text(t, HTML_TEXT_DATA, at, at + 1);
    return at + 1;
}

/* Behind the '>' of the tag whose attributes go on at `at`; NULL where the window ends before, or where they are not all as `name` or
 * `name="value"`: the machine may look at those. Without '=' there is no value, and without a value the first '>' is the end. */
static const char *pass_attributes(const char *at, const char *end)
{
    for (;;) {
        const char *sign = html_find_either(at, end, '=', '>');
        if (end - sign < 2)
            return NULL;
        if (*sign == '>')
            return sign + 1;
        char quote = sign[1];
        if (sign == at || html_ends_name(sign[-1]) || (quote != '"' && quote != '\''))
            return NULL;
        at = html_find(sign + 2, end, quote);
        if (at == end)
            return NULL;
        at++;
    }
}

/* The same where the tag's first HTML_BLOCK bytes are enough, as they nearly always are: its signs are found at once. */
static inline const char *pass_near_attributes(const char *name, const char *end)
{
    uint64_t closes = html_block_hits(name, '>', '>');
    if (!closes)
        return pass_attributes(name, end);
    uint64_t below = (closes & -closes) - 1; /* up to the first '>' */
    uint64_t quotes = html_block_hits(name, '"', '\'') & below;
    uint64_t equals = html_block_hits(name, '=', '=') & below;
    while (quotes) {
        unsigned open = (unsigned)__builtin_ctzll(quotes);
        uint64_t before = ((uint64_t)1 << open) - 1;
        if ((equals & before) != (before + 1) >> 1 || html_ends_name(name[open - 2]))
            return NULL; /* a quote in a name or in a bare value */
        do
            quotes &= quotes - 1;
        while (quotes && name[__builtin_ctzll(quotes)] != name[open]);
        if (!quotes)
            return pass_attributes(name, end); /* that '>' is in a value */
        equals &= ~((quotes & -quotes) - 1);
        quotes &= quotes - 1;
    }
    return name + __builtin_ctzll(closes) + 1;
}

/* Most tags are wanted by nobody and end in this window: the first byte behind such a one, whose '<' is at `at`. NULL: look closer.
 * HTML_PASS_BYTES are readable. */
static inline const char *pass_near_tag(const struct html_tokenizer *t, const char *at, const char *end)
{
    bool is_end = at[1] == '/';
    const char *name = at + 1 + is_end;
    unsigned name_bytes = html_near_name_end(name);
    if (!html_is_letter(*name) || name_bytes == HTML_NEAR || name[name_bytes] == '=')
        return NULL;
    if (HTML_KEY_BIT(html_key(name, name_bytes, HTML_NEAR)) & t->filters[is_end])
        return NULL;
    if (name[name_bytes] == '>')
        return name + name_bytes + 1;
    return pass_near_attributes(name, end);
}

#define HTML_PASS_BYTES (2 + HTML_BLOCK)

static const char *pass_tag(const struct html_tokenizer *t, const char *at, const char *end)
{
    return end - at < HTML_PASS_BYTES || t->foreign_depth ? NULL : pass_near_tag(t, at, end);
}

/* Passes text and tags that nobody wants, as far as both are plain. Returns the '<' that needs a closer look, or where fewer than
 * two blocks are left.
 *
 * Where the next '<' is does not depend on where this tag ends, but for the rare '<' inside a value: so all of a block are found at
 * once, and the processor works on several tags at a time instead of waiting for the end of each. */
static const char *pass_unwanted(struct html_tokenizer *t, const char *at, const char *end)
{
    const char *block = at;
    if (t->foreign_depth)
        return at;
    while (end - block >= HTML_BLOCK + HTML_PASS_BYTES) {
        for (uint64_t hits = html_block_hits(block, '<', '<'); hits; hits &= hits - 1) {
            const char *less = block + __builtin_ctzll(hits);
            if (less < at)
                continue;
            at = pass_near_tag(t, less, end);
            if (!at)
                return less;
            t->in_text = false;
        }
        block = at - block > 2 * HTML_BLOCK ? at : block + HTML_BLOCK;
    }
    return block > at ? block : at;
}

static const char *data_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    while (at < end && t->state == STATE_DATA) {
        if (!t->wants_text)
            at = pass_unwanted(t, at, end);
        const char *less = html_find(at, end, '<');
        if (less > at)
            html_emit_text(t, HTML_TEXT_DATA, at, less);
        if (less == end)
            return end;
        const char *behind = t->wants_text ? pass_tag(t, less, end) : NULL; /* else it was tried already */
        if (behind)
            t->in_text = false;
        at = behind ? behind : tag_open_step(t, base, less, end);
    }
    return at;
}

/* Goes through the window from at on. Returns the first byte that is still needed; t->at counts from there. */
static const char *run(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    t->waits = false;
    t->window = base;
    while (at < end && !t->waits) {
        switch (t->state) {
        case STATE_DATA:
            at = data_step(t, base, at, end);
            break;
        case STATE_TAG_OPEN:
            at = tag_open_step(t, base, at, end);
            break;
        case STATE_COMMENT:
        case STATE_BOGUS:
        case STATE_DOCTYPE:
        case STATE_CDATA:
            at = html_markup_step(t, base, at, end);
            break;
        case STATE_RAW:
        case STATE_SCRIPT:
        case STATE_SCRIPT_ESCAPED:
        case STATE_SCRIPT_DOUBLE:
        case STATE_PLAINTEXT:
            at = html_raw_step(t, base, at, end);
            break;
        default:
            at = html_tag_step(t, base, at, end);
        }
    }
    const char *kept = end;
    if (t->waits)
        kept = at;
    else if (t->holds && !t->is_too_long)
        kept = base + t->token;
    if (!t->waits && (size_t)(end - kept) > HTML_TOKEN_BYTES_MAX) {
        t->is_too_long = true;
        kept = end;
    }
    t->at = (size_t)(at - kept);
    t->token = 0;
    return kept;
}

/* ---- holding a token that goes on in the next piece ---- */

static bool hold(struct html_tokenizer *t, const char *bytes, size_t count)
{
    size_t needed = t->held_bytes + count;
    if (needed > t->held_room) {
        size_t room = needed * 2;
        char *more = realloc(t->held, room);
        if (!more)
            return false;
        t->held = more;
        t->held_room = room;
    }
    if (count)
        memcpy(t->held + t->held_bytes, bytes, count);
    t->held_bytes = needed;
    return true;
}

/* The token goes on without its bytes. What waited for a decision is text then. */
static void let_go(struct html_tokenizer *t)
{
    t->held_bytes = 0;
    t->at = 0;
    t->is_too_long = true;
    if (t->state == STATE_TAG_OPEN)
        t->state = STATE_DATA;
}

/* Goes on in the buffer until the token that it holds is over. Returns how many of the bytes that took. */
static size_t go_on_held(struct html_tokenizer *t, const char *bytes, size_t count, enum status *status)
{
    size_t taken = 0;
    while (t->held_bytes && taken < count) {
        size_t before = t->held_bytes;
        size_t more = before + HELD_STEP_BYTES < count - taken ? before + HELD_STEP_BYTES : count - taken;
        if (!hold(t, bytes + taken, more)) {
            let_go(t);
            *status = STATUS_OUT_OF_MEMORY;
            break;
        }
        t->window_at = t->fed + taken + more - t->held_bytes;
        const char *kept = run(t, t->held, t->held + t->at, t->held + t->held_bytes);
        size_t gone = (size_t)(kept - t->held);
        if (gone >= before) { /* what is needed lies in the input: go on there */
            t->held_bytes = 0;
            return taken + gone - before;
        }
        taken += more;
        t->held_bytes -= gone;
        memmove(t->held, kept, t->held_bytes);
    }
    return taken;
}

static enum status feed(struct html_tokenizer *t, const char *bytes, size_t count)
{
    enum status status = STATUS_OK;
    size_t taken = go_on_held(t, bytes, count, &status);
    if (taken == count || t->held_bytes)
        return status;
    const char *end = bytes + count;
    t->window_at = t->fed + taken;
    const char *kept = run(t, bytes + taken, bytes + taken + t->at, end);
    if (kept < end && !hold(t, kept, (size_t)(end - kept))) {
        let_go(t);
        status = STATUS_OUT_OF_MEMORY;
    }
    return status;
}

enum status html_tokenizer_feed(struct html_tokenizer *t, const char *bytes, size_t count)
{
    enum status status = feed(t, bytes, count);
    t->fed += count;
    return status;
}

void html_tokenizer_end(struct html_tokenizer *t)
{
    t->is_final = true;
    t->window_at = t->fed - t->held_bytes;
    const char *base = t->held ? t->held : "";
    const char *end = base + t->held_bytes;
    if (t->at < t->held_bytes)
        base = run(t, base, base + t->at, end);
    html_markup_end(t, base, end);
    t->held_bytes = 0;
}

/* ---- set-up ---- */

static void set_filters(struct html_tokenizer *t)
{
    uint64_t in_text = t->wants_text ? t->sink->text_filter : 0;
    t->asked[false] = t->sink->filter | in_text;
    t->asked[true] = t->sink->end_filter | in_text;
    t->filters[false] = t->asked[false] | HTML_OWN_FILTER;
    t->filters[true] = t->asked[true]; /* outside of svg and math no end tag changes how content is read */
}

void html_tokenizer_reset(struct html_tokenizer *t)
{
    const struct html_sink *sink = t->sink;
    void *context = t->context;
    char *held = t->held;
    size_t room = t->held_room;
    *t = (struct html_tokenizer){.sink = sink, .context = context, .held = held, .held_room = room};
    set_filters(t);
}

struct html_tokenizer *html_tokenizer_open(const struct html_sink *sink, void *context)
{
    struct html_tokenizer *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->sink = sink;
    t->context = context;
    html_tokenizer_reset(t);
    return t;
}

void html_tokenizer_close(struct html_tokenizer *t)
{
    if (t)
        free(t->held);
    free(t);
}

void html_tokenizer_begin_in(struct html_tokenizer *t, enum html_start start, const char *last_start_tag)
{
    static const struct {
        enum html_state state;
        enum html_text_kind kind;
    } STARTS[] = {
        [HTML_START_DATA] = {STATE_DATA, HTML_TEXT_DATA},          [HTML_START_RCDATA] = {STATE_RAW, HTML_TEXT_RCDATA},
        [HTML_START_RAWTEXT] = {STATE_RAW, HTML_TEXT_RAW},         [HTML_START_SCRIPT] = {STATE_SCRIPT, HTML_TEXT_RAW},
        [HTML_START_PLAINTEXT] = {STATE_PLAINTEXT, HTML_TEXT_RAW}, [HTML_START_CDATA] = {STATE_CDATA, HTML_TEXT_CDATA},
    };
    static_assert(sizeof STARTS / sizeof STARTS[0] == HTML_START_COUNT, "every start has a state");
    html_raw_enter(t, STARTS[start].state, STARTS[start].kind, last_start_tag);
}

void html_tokenizer_want_text(struct html_tokenizer *t, bool wants_text)
{
    if (t->wants_text == wants_text)
        return;
    t->wants_text = wants_text;
    set_filters(t);
}

uint64_t html_tokenizer_at(const struct html_tokenizer *t, const char *byte)
{
    return t->window_at + (uint64_t)(byte - t->window);
}

uint64_t html_tokenizer_dropped(const struct html_tokenizer *t)
{
    return t->dropped;
}
