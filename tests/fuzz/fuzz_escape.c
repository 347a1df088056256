/* coordinator/text/escape.c: what is shown drives no terminal and stays on its line; JSON read back is the same text,
 * with a code point of the same number for each byte that is no UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "coordinator/text/escape.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json.h"

/* As escape.h lists them. */
static bool may_be_shown(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } HIDDEN[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200e, 0x200f}, {0x2028, 0x2029},
        {0x202a, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };
    for (size_t i = 0; i < sizeof HIDDEN / sizeof HIDDEN[0]; i++) {
        if (code >= HIDDEN[i].first && code <= HIDDEN[i].last)
            return false;
    }
    return true;
}

static void expect_shown(const char *text, size_t bytes)
{
    fuzz_expect(fuzz_is_harmless(text, bytes));
    for (size_t at = 0; at < bytes;) {
        uint32_t code = 0;
        at += fuzz_utf8((const uint8_t *)text + at, bytes - at, &code);
        fuzz_expect(may_be_shown(code));
    }
}

/* The code points that the text stands for. */
static size_t read_codes(const uint8_t *text, size_t bytes, uint32_t *codes)
{
    size_t count = 0;
    for (size_t at = 0; at < bytes; count++) {
        size_t length = fuzz_utf8(text + at, bytes - at, &codes[count]);
        if (!length)
            codes[count] = text[at];
        at += length ? length : 1;
    }
    return count;
}

static void expect_json(struct writer *writer, const char *text, size_t bytes)
{
    uint32_t *codes = calloc(bytes + 1, sizeof *codes);
    size_t count;
    size_t json_bytes;
    writer_reset(writer);
    writer_put(writer, "\"", 1);
    escape_json(writer, text, bytes);
    writer_put(writer, "\"", 1);
    const char *json = writer_text(writer, &json_bytes);
    uint32_t *read = calloc(json_bytes, sizeof *read);
    fuzz_expect(codes && read);
    expect_shown(json, json_bytes);
    fuzz_expect(json_is_value(json, json_bytes) && json_read_string(json, json_bytes, read, &count));
    fuzz_expect(count == read_codes((const uint8_t *)text, bytes, codes));
    fuzz_expect(memcmp(codes, read, count * sizeof *codes) == 0);
    free(read);
    free(codes);
}

static void expect_text(struct writer *writer, const char *text, size_t bytes)
{
    size_t shown_bytes;
    writer_reset(writer);
    escape_text(writer, text, bytes);
    const char *shown = writer_text(writer, &shown_bytes);
    expect_shown(shown, shown_bytes);
    fuzz_expect(shown_bytes >= bytes);
    writer_reset(writer);
    escape_url_text(writer, text, bytes);
    shown = writer_text(writer, &shown_bytes);
    expect_shown(shown, shown_bytes);
    writer_reset(writer);
    writer_put(writer, "\"", 1);
    escape_url_json(writer, text, bytes);
    writer_put(writer, "\"", 1);
    shown = writer_text(writer, &shown_bytes);
    fuzz_expect(json_is_value(shown, shown_bytes));
}

static void expect_cut(const char *text, size_t bytes, size_t room)
{
    char *cut = malloc(room);
    fuzz_expect(cut != NULL);
    escape_text_into(cut, room, text, bytes);
    fuzz_expect(memchr(cut, '\0', room) != NULL);
    expect_shown(cut, strlen(cut));
    free(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes bytes = {data, size};
    struct writer writer;
    size_t room = 8 + fuzz_u8(&bytes);
    char *text = fuzz_text(bytes.at, bytes.left);
    fuzz_expect(writer_open_memory(&writer) == STATUS_OK);
    expect_json(&writer, text, bytes.left);
    expect_text(&writer, text, bytes.left);
    expect_cut(text, bytes.left, room);
    writer_close(&writer);
    free(text);
    return 0;
}
