/* html_markup.c: comments, what is taken for one, doctypes and CDATA sections. A doctype ends at the first '>' whatever stands in it,
 * and nobody wants its parts: it comes as raw bytes. */
#include <strings.h>

#include "worker/html/html_state.h"

static void begin(struct html_tokenizer *t, enum html_state state, enum html_comment_kind kind, size_t content)
{
    t->state = state;
    t->comment_kind = kind;
    t->comment_step = COMMENT_START;
    t->content = (uint32_t)content;
    t->holds = t->sink->wants_comments;
}

void html_markup_begin_bogus(struct html_tokenizer *t, size_t content)
{
    begin(t, STATE_BOGUS, HTML_COMMENT, content);
}

/* Whether `left` bytes are the beginning of the text, which has more of them. */
static bool may_become(const char *at, size_t left, const char *text, size_t bytes)
{
    return left < bytes && strncasecmp(at, text, left) == 0;
}

/* at is "<!". */
const char *html_markup_begin(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    static const char DOCTYPE[] = "doctype";
    static const char CDATA[] = "[CDATA[";
    const char *name = at + 2;
    size_t left = (size_t)(end - name);
    bool is_foreign = html_is_in_foreign(t);
    bool is_open = may_become(name, left, "--", 2) || may_become(name, left, DOCTYPE, 7) ||
                   (is_foreign && may_become(name, left, CDATA, 7));
    if (is_open && !t->is_final)
        return html_wait_at(t, base, at);
    html_begin_token(t, base, at);
    if (left >= 2 && memcmp(name, "--", 2) == 0) {
        begin(t, STATE_COMMENT, HTML_COMMENT, 4);
        return name + 2;
    }
    if (left >= 7 && strncasecmp(name, DOCTYPE, 7) == 0) {
        begin(t, STATE_DOCTYPE, HTML_DOCTYPE, 9);
        return name + 7;
    }
    if (is_foreign && left >= 7 && memcmp(name, CDATA, 7) == 0) {
        t->state = STATE_CDATA;
        t->holds = false;
        return name + 7;
    }
    html_markup_begin_bogus(t, 2);
    return name;
}

/* The comment's content ends at `to`, the comment itself before `behind`. */
static void finish(struct html_tokenizer *t, const char *base, const char *to, const char *behind)
{
    t->state = STATE_DATA;
    t->holds = false;
    t->in_text = false;
    if (!t->sink->wants_comments || !html_token_fits(t, base, behind))
        return;
    const char *from = base + t->token + t->content;
    t->sink->comment(t->context, t->comment_kind, (struct html_span){from, (size_t)(to - from)});
}

/* Bytes behind the content if it ends here. */
static size_t pending(enum comment_step step)
{
    static const unsigned char BYTES[] = {
        [COMMENT_START] = 0, [COMMENT_START_DASH] = 1, [COMMENT_BODY] = 0,
        [COMMENT_DASH] = 1,  [COMMENT_DASHES] = 2,     [COMMENT_BANG] = 3,
    };
    return BYTES[step];
}

static bool ends_comment(enum comment_step step)
{
    return step != COMMENT_BODY && step != COMMENT_DASH;
}

static enum comment_step next_step(enum comment_step step, char byte)
{
    if (byte == '-') {
        switch (step) {
        case COMMENT_START:
            return COMMENT_START_DASH;
        case COMMENT_BODY:
        case COMMENT_BANG:
            return COMMENT_DASH;
        default:
            return COMMENT_DASHES;
        }
    }
    return byte == '!' && step == COMMENT_DASHES ? COMMENT_BANG : COMMENT_BODY;
}

static const char *comment_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    while (at < end) {
        if (t->comment_step == COMMENT_BODY) {
            at = html_find(at, end, '-');
            if (at == end)
                return end;
        }
        if (*at == '>' && ends_comment(t->comment_step)) {
            finish(t, base, at - pending(t->comment_step), at + 1);
            return at + 1;
        }
        t->comment_step = next_step(t->comment_step, *at);
        at++;
    }
    return end;
}

/* Text up to "]]>". */
static const char *cdata_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    const char *close = html_find(at, end, ']');
    html_emit_text(t, HTML_TEXT_CDATA, at, close);
    size_t left = (size_t)(end - close);
    if (left == 0)
        return end;
    if (!t->is_final && left < 3 && (left == 1 || close[1] == ']'))
        return html_wait_at(t, base, close);
    if (left >= 3 && memcmp(close, "]]>", 3) == 0) {
        t->state = STATE_DATA;
        t->in_text = false; /* references do not reach over it */
        return close + 3;
    }
    html_emit_text(t, HTML_TEXT_CDATA, close, close + 1);
    return close + 1;
}

const char *html_markup_step(struct html_tokenizer *t, const char *base, const char *at, const char *end)
{
    if (t->state == STATE_COMMENT)
        return comment_step(t, base, at, end);
    if (t->state == STATE_CDATA)
        return cdata_step(t, base, at, end);
    at = html_find(at, end, '>');
    if (at == end)
        return end;
    finish(t, base, at, at + 1);
    return at + 1;
}

void html_markup_end(struct html_tokenizer *t, const char *base, const char *end)
{
    if (t->state == STATE_COMMENT)
        finish(t, base, end - (t->is_too_long || !t->holds ? 0 : pending(t->comment_step)), end);
    else if (t->state == STATE_BOGUS || t->state == STATE_DOCTYPE)
        finish(t, base, end, end);
}
