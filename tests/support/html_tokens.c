/* html_tokens.c: what the tokenizer makes of a page, written down as one text, so that two answers can be compared. */
#include "tests/support/html_tokens.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/support.h"

static void put_decoded(FILE *out, const char *raw, size_t bytes, enum html_text_kind kind)
{
    char *room = malloc(3 * bytes + 8);
    bool is_cut = false;
    ck_assert_ptr_nonnull(room);
    size_t given = html_decode(raw, bytes, kind, room, 3 * bytes + 8, &is_cut);
    ck_assert(!is_cut);
    fwrite(room, 1, given, out);
    free(room);
}

void html_tokens_put_name(FILE *out, const char *name, size_t bytes)
{
    char *lower = malloc(bytes + 1);
    ck_assert_ptr_nonnull(lower);
    for (size_t i = 0; i < bytes; i++)
        lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
    put_decoded(out, lower, bytes, HTML_TEXT_RAW);
    free(lower);
}

/* What was written so far; the stream begins anew. */
static size_t take_stream(FILE *out, const size_t *bytes)
{
    fflush(out);
    size_t had = *bytes;
    fseeko(out, 0, SEEK_SET);
    return had;
}

static void end_run(struct html_tokens *tokens)
{
    size_t bytes = take_stream(tokens->run_out, &tokens->run_bytes);
    if (bytes)
        put_decoded(tokens->characters_out, tokens->run, bytes, tokens->run_kind);
}

static void end_characters(struct html_tokens *tokens)
{
    end_run(tokens);
    size_t bytes = take_stream(tokens->characters_out, &tokens->character_bytes);
    if (!bytes)
        return;
    fputs("C ", tokens->out);
    fwrite(tokens->characters, 1, bytes, tokens->out);
    fputc('\n', tokens->out);
}

static void take_text(void *context, enum html_text_kind kind, struct html_span piece, bool begins)
{
    struct html_tokens *tokens = context;
    if (begins)
        end_run(tokens);
    tokens->run_kind = kind;
    fwrite(piece.at, 1, piece.bytes, tokens->run_out);
}

static bool wants_tag(void *context, uint64_t key, struct html_span name, bool is_end)
{
    struct html_tokens *tokens = context;
    (void)key;
    (void)name;
    (void)is_end;
    tokens->name_count = 0;
    return true;
}

/* Any name gets the next id, unless the tag has it already. */
static int attribute_id(void *context, uint64_t key, struct html_span name)
{
    struct html_tokens *tokens = context;
    (void)key;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    html_tokens_put_name(out, name.at, name.bytes);
    fclose(out);
    int id = -1;
    bool is_known = bytes > sizeof tokens->name_texts[0] || tokens->name_count == HTML_ATTRIBUTES_MAX;
    for (int i = 0; i < tokens->name_count; i++)
        is_known = is_known || (tokens->names[i].bytes == bytes && memcmp(tokens->name_texts[i], text, bytes) == 0);
    if (!is_known) {
        id = tokens->name_count++;
        memcpy(tokens->name_texts[id], text, bytes);
        tokens->names[id] = (struct html_span){tokens->name_texts[id], bytes};
    }
    free(text);
    return id;
}

static bool is_before(const struct html_span *a, const struct html_span *b)
{
    size_t common = a->bytes < b->bytes ? a->bytes : b->bytes;
    int order = memcmp(a->at, b->at, common);
    return order < 0 || (order == 0 && a->bytes < b->bytes);
}

static void put_attributes(struct html_tokens *tokens, const struct html_tag *tag)
{
    uint32_t left = tag->attribute_set;
    while (left) {
        int first = -1;
        for (int id = 0; id < tokens->name_count; id++) {
            if ((left >> id & 1) && (first < 0 || is_before(&tokens->names[id], &tokens->names[first])))
                first = id;
        }
        if (first < 0)
            return;
        struct html_span value = html_value(tag, first);
        fputc(1, tokens->out);
        fwrite(tokens->names[first].at, 1, tokens->names[first].bytes, tokens->out);
        fputc(2, tokens->out);
        put_decoded(tokens->out, value.at, value.bytes, HTML_TEXT_ATTRIBUTE);
        left &= ~(1u << first);
    }
}

static void take_tag(void *context, const struct html_tag *tag)
{
    struct html_tokens *tokens = context;
    end_characters(tokens);
    fputs(tag->is_end ? "E " : "S ", tokens->out);
    html_tokens_put_name(tokens->out, tag->name.at, tag->name.bytes);
    if (!tag->is_end) {
        put_attributes(tokens, tag);
        if (tag->is_self_closing)
            fputc(3, tokens->out);
    }
    fputc('\n', tokens->out);
}

static void take_comment(void *context, enum html_comment_kind kind, struct html_span content)
{
    struct html_tokens *tokens = context;
    end_characters(tokens);
    if (kind == HTML_COMMENT) {
        fputs("M ", tokens->out);
        put_decoded(tokens->out, content.at, content.bytes, HTML_TEXT_RAW);
        fputc('\n', tokens->out);
    } else {
        fputs("D\n", tokens->out);
    }
}

void html_tokens_open(struct html_tokens *tokens)
{
    *tokens = (struct html_tokens){0};
    tokens->sink = (struct html_sink){
        .filter = ~0ull,
        .end_filter = ~0ull,
        .wants_comments = true,
        .wants_tag = wants_tag,
        .attribute_id = attribute_id,
        .tag = take_tag,
        .text = take_text,
        .comment = take_comment,
    };
    tokens->out = open_memstream(&tokens->text, &tokens->bytes);
    tokens->characters_out = open_memstream(&tokens->characters, &tokens->character_bytes);
    tokens->run_out = open_memstream(&tokens->run, &tokens->run_bytes);
    tokens->tokenizer = html_tokenizer_open(&tokens->sink, tokens);
    ck_assert(tokens->out && tokens->characters_out && tokens->run_out && tokens->tokenizer);
}

void html_tokens_close(struct html_tokens *tokens)
{
    html_tokenizer_close(tokens->tokenizer);
    fclose(tokens->out);
    fclose(tokens->characters_out);
    fclose(tokens->run_out);
    free(tokens->text);
    free(tokens->characters);
    free(tokens->run);
}

void html_tokens_of(struct html_tokens *tokens, const char *page, size_t bytes, bool elements,
                    enum html_start from_start, const char *last_start_tag, html_cut *cut, void *cut_context)
{
    take_stream(tokens->out, &tokens->bytes);
    tokens->sink.ignores_elements = !elements;
    html_tokenizer_reset(tokens->tokenizer);
    html_tokenizer_want_text(tokens->tokenizer, true);
    if (from_start != HTML_START_DATA)
        html_tokenizer_begin_in(tokens->tokenizer, from_start, last_start_tag ? last_start_tag : "");
    for (size_t at = 0; at < bytes;) {
        size_t count = cut ? cut(cut_context, bytes - at) : bytes;
        char *piece = malloc(count);
        ck_assert_ptr_nonnull(piece);
        memcpy(piece, page + at, count);
        ck_assert_int_eq(html_tokenizer_feed(tokens->tokenizer, piece, count), STATUS_OK);
        free(piece);
        at += count;
    }
    html_tokenizer_end(tokens->tokenizer);
    end_characters(tokens);
    fflush(tokens->out);
    tokens->dropped = html_tokenizer_dropped(tokens->tokenizer);
}
