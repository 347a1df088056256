/* The URLs of a style sheet, worker/links/css.c: those that a second reading finds, which has the whole sheet and goes token
 * by token as CSS Syntax Level 3 writes it down (4.3), however the sheet is cut. The first byte says into which pieces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "worker/links/css.h"

struct list {
    char *text;
    size_t bytes;
    FILE *out;
    uint64_t too_long;
};

static void open_list(struct list *list)
{
    *list = (struct list){0};
    list->out = open_memstream(&list->text, &list->bytes);
    fuzz_expect(list->out != NULL);
}

static void put(struct list *list, int kind, int quoting, uint64_t at, uint64_t raw_bytes, const char *text,
                size_t bytes)
{
    if (!bytes)
        return;
    if (bytes > URL_BYTES_MAX) {
        list->too_long++;
        return;
    }
    fprintf(list->out, "%d %d %llu %llu ", kind, quoting, (unsigned long long)at, (unsigned long long)raw_bytes);
    fwrite(text, 1, bytes, list->out);
    fputc('\n', list->out);
}

static void take(void *context, const struct css_value *value)
{
    fuzz_expect(value->text.bytes >= 1 && value->text.bytes <= URL_BYTES_MAX);
    put(context, (int)value->kind, (int)value->quoting, value->at, value->raw_bytes, value->text.at, value->text.bytes);
}

/* ---- the second reading ---- */

/* at: the next byte; text: what a name, string or URL says. */
struct sheet {
    const char *bytes;
    size_t count, at;
    char *text;
    size_t text_bytes;
};

enum token { TOKEN_END, TOKEN_BLANK, TOKEN_STRING, TOKEN_BAD, TOKEN_URL, TOKEN_FUNCTION, TOKEN_AT, TOKEN_OTHER };

/* -1: the end. */
static int peek(const struct sheet *sheet, size_t ahead)
{
    return ahead < sheet->count - sheet->at ? (unsigned char)sheet->bytes[sheet->at + ahead] : -1;
}

static bool newline(int c)
{
    return c == '\n' || c == '\r' || c == '\f';
}

static bool blank(int c)
{
    return newline(c) || c == ' ' || c == '\t';
}

static bool digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool name_start(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80 || c == 0;
}

static bool name_code(int c)
{
    return name_start(c) || digit(c) || c == '-';
}

static bool valid_escape(const struct sheet *sheet, size_t ahead)
{
    return peek(sheet, ahead) == '\\' && !newline(peek(sheet, ahead + 1));
}

static bool starts_ident(const struct sheet *sheet, size_t ahead)
{
    int c = peek(sheet, ahead);
    if (c == '-')
        return name_start(peek(sheet, ahead + 1)) || peek(sheet, ahead + 1) == '-' || valid_escape(sheet, ahead + 1);
    return name_start(c) || valid_escape(sheet, ahead);
}

static bool starts_number(const struct sheet *sheet)
{
    size_t at = peek(sheet, 0) == '+' || peek(sheet, 0) == '-';
    return digit(peek(sheet, at)) || (peek(sheet, at) == '.' && digit(peek(sheet, at + 1)));
}

static void say(struct sheet *sheet, uint32_t code)
{
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        code = 0xfffd;
    unsigned char out[4] = {(unsigned char)code};
    size_t bytes = 1;
    if (code >= 0x10000) {
        out[0] = (unsigned char)(0xf0 | code >> 18);
        out[1] = (unsigned char)(0x80 | (code >> 12 & 0x3f));
        out[2] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
        out[3] = (unsigned char)(0x80 | (code & 0x3f));
        bytes = 4;
    } else if (code >= 0x800) {
        out[0] = (unsigned char)(0xe0 | code >> 12);
        out[1] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (unsigned char)(0x80 | (code & 0x3f));
        bytes = 3;
    } else if (code >= 0x80) {
        out[0] = (unsigned char)(0xc0 | code >> 6);
        out[1] = (unsigned char)(0x80 | (code & 0x3f));
        bytes = 2;
    }
    memcpy(sheet->text + sheet->text_bytes, out, bytes);
    sheet->text_bytes += bytes;
}

static void say_byte(struct sheet *sheet)
{
    int c = peek(sheet, 0);
    sheet->at++;
    if (c == 0)
        say(sheet, 0);
    else
        sheet->text[sheet->text_bytes++] = (char)c;
}

/* Behind the backslash (4.3.7). */
static void consume_escape(struct sheet *sheet)
{
    char hex[7] = "";
    size_t digits = 0;
    int c = peek(sheet, 0);
    if (c < 0) {
        say(sheet, 0);
        return;
    }
    for (; digits < 6 && c > 0 && strchr("0123456789abcdefABCDEF", c); c = peek(sheet, 0)) {
        hex[digits++] = (char)c;
        sheet->at++;
    }
    if (!digits) {
        say_byte(sheet);
        return;
    }
    say(sheet, (uint32_t)strtoul(hex, NULL, 16));
    if (c == '\r' && peek(sheet, 1) == '\n')
        sheet->at++;
    sheet->at += blank(c);
}

static void consume_name(struct sheet *sheet)
{
    sheet->text_bytes = 0;
    for (;;) {
        if (name_code(peek(sheet, 0))) {
            say_byte(sheet);
        } else if (valid_escape(sheet, 0)) {
            sheet->at++;
            consume_escape(sheet);
        } else {
            return;
        }
    }
}

static bool called(const struct sheet *sheet, const char *name)
{
    if (sheet->text_bytes != strlen(name))
        return false;
    for (size_t i = 0; i < sheet->text_bytes; i++) {
        char c = sheet->text[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != name[i])
            return false;
    }
    return true;
}

/* Behind the quote. *from and *to: what stands between the quotes. */
static enum token consume_string(struct sheet *sheet, int quote, size_t *from, size_t *to)
{
    sheet->text_bytes = 0;
    *from = sheet->at;
    for (;;) {
        int c = peek(sheet, 0);
        *to = sheet->at;
        if (c < 0)
            return TOKEN_STRING;
        if (newline(c))
            return TOKEN_BAD;
        if (c == quote) {
            sheet->at++;
            return TOKEN_STRING;
        }
        if (c != '\\') {
            say_byte(sheet);
            continue;
        }
        sheet->at++;
        c = peek(sheet, 0);
        if (newline(c))
            sheet->at += c == '\r' && peek(sheet, 1) == '\n' ? 2 : 1;
        else if (c >= 0)
            consume_escape(sheet);
        *to = sheet->at;
    }
}

static enum token consume_bad_url(struct sheet *sheet)
{
    for (;;) {
        int c = peek(sheet, 0);
        if (c < 0)
            return TOKEN_BAD;
        if (valid_escape(sheet, 0)) {
            sheet->at++;
            size_t text_bytes = sheet->text_bytes;
            consume_escape(sheet);
            sheet->text_bytes = text_bytes;
            continue;
        }
        sheet->at++;
        if (c == ')')
            return TOKEN_BAD;
    }
}

/* Behind "url(" (4.3.6). */
static enum token consume_url(struct sheet *sheet, size_t *from, size_t *to)
{
    sheet->text_bytes = 0;
    while (blank(peek(sheet, 0)))
        sheet->at++;
    *from = sheet->at;
    for (;;) {
        int c = peek(sheet, 0);
        *to = sheet->at;
        if (c < 0)
            return TOKEN_URL;
        if (c == ')') {
            sheet->at++;
            return TOKEN_URL;
        }
        if (blank(c)) {
            while (blank(peek(sheet, 0)))
                sheet->at++;
            if (peek(sheet, 0) >= 0 && peek(sheet, 0) != ')')
                return consume_bad_url(sheet);
            sheet->at += peek(sheet, 0) == ')';
            return TOKEN_URL;
        }
        bool is_unprintable = (c > 0 && c <= 8) || c == 0xb || (c >= 0xe && c <= 0x1f) || c == 0x7f;
        if (c == '"' || c == '\'' || c == '(' || is_unprintable)
            return consume_bad_url(sheet);
        if (c != '\\') {
            say_byte(sheet);
        } else if (valid_escape(sheet, 0)) {
            sheet->at++;
            consume_escape(sheet);
        } else {
            return consume_bad_url(sheet);
        }
        *to = sheet->at;
    }
}

static enum token consume_ident_like(struct sheet *sheet, size_t *from, size_t *to)
{
    consume_name(sheet);
    if (peek(sheet, 0) != '(')
        return TOKEN_OTHER;
    sheet->at++;
    if (!called(sheet, "url"))
        return TOKEN_OTHER;
    size_t ahead = 0;
    while (blank(peek(sheet, ahead)))
        ahead++;
    if (peek(sheet, ahead) == '"' || peek(sheet, ahead) == '\'') {
        sheet->at += ahead;
        return TOKEN_FUNCTION;
    }
    return consume_url(sheet, from, to);
}

static void consume_digits(struct sheet *sheet)
{
    while (digit(peek(sheet, 0)))
        sheet->at++;
}

static void consume_number(struct sheet *sheet)
{
    sheet->at += peek(sheet, 0) == '+' || peek(sheet, 0) == '-';
    consume_digits(sheet);
    if (peek(sheet, 0) == '.' && digit(peek(sheet, 1))) {
        sheet->at++;
        consume_digits(sheet);
    }
    size_t sign = peek(sheet, 1) == '+' || peek(sheet, 1) == '-';
    if ((peek(sheet, 0) == 'e' || peek(sheet, 0) == 'E') && digit(peek(sheet, 1 + sign))) {
        sheet->at += 1 + sign;
        consume_digits(sheet);
    }
    if (starts_ident(sheet, 0))
        consume_name(sheet);
}

/* 4.3.1 */
static enum token consume_token(struct sheet *sheet, size_t *from, size_t *to)
{
    int c = peek(sheet, 0);
    if (c == '/' && peek(sheet, 1) == '*') {
        const char *end = sheet->count - sheet->at >= 4
                              ? memmem(sheet->bytes + sheet->at + 2, sheet->count - sheet->at - 2, "*/", 2)
                              : NULL;
        sheet->at = end ? (size_t)(end - sheet->bytes) + 2 : sheet->count;
        return TOKEN_BLANK;
    }
    if (c < 0)
        return TOKEN_END;
    if (blank(c)) {
        sheet->at++;
        return TOKEN_BLANK;
    }
    if (c == '"' || c == '\'') {
        sheet->at++;
        return consume_string(sheet, c, from, to);
    }
    if ((c == '#' && (name_code(peek(sheet, 1)) || valid_escape(sheet, 1))) || (c == '@' && starts_ident(sheet, 1))) {
        sheet->at++;
        consume_name(sheet);
        return c == '@' ? TOKEN_AT : TOKEN_OTHER;
    }
    if (starts_number(sheet)) {
        consume_number(sheet);
        return TOKEN_OTHER;
    }
    if (starts_ident(sheet, 0))
        return consume_ident_like(sheet, from, to);
    sheet->at++;
    sheet->text[0] = (char)c;
    sheet->text_bytes = 1;
    return TOKEN_OTHER;
}

static int quoting_of(int quote)
{
    return quote == '"' ? QUOTING_DOUBLE : QUOTING_SINGLE;
}

static void read_again(struct sheet *sheet, struct list *list)
{
    bool after_import = false;
    bool is_quiet = false;
    for (;;) {
        size_t from = 0;
        size_t to = 0;
        size_t begin = sheet->at;
        enum token token = consume_token(sheet, &from, &to);
        if (token == TOKEN_END)
            return;
        if (token == TOKEN_BLANK)
            continue;
        int quoting = QUOTING_CSS;
        bool is_value = token == TOKEN_URL ? !is_quiet : token == TOKEN_STRING && after_import;
        if (token == TOKEN_FUNCTION) {
            quoting = quoting_of(peek(sheet, 0));
            sheet->at++;
            is_value = consume_string(sheet, sheet->bytes[sheet->at - 1], &from, &to) == TOKEN_STRING && !is_quiet;
        } else if (token == TOKEN_STRING) {
            quoting = quoting_of(sheet->bytes[begin]);
        }
        if (is_value)
            put(list, after_import ? CSS_IMPORT : CSS_URL, quoting, from, to - from, sheet->text, sheet->text_bytes);
        char byte = sheet->bytes[begin];
        after_import = token == TOKEN_AT && called(sheet, "import");
        if (token == TOKEN_AT)
            is_quiet = called(sheet, "namespace") || called(sheet, "document") || called(sheet, "-moz-document");
        else if (byte == ';' || byte == '{' || byte == '}')
            is_quiet = false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes input = {data, size};
    size_t piece = fuzz_u8(&input);
    char *bytes = fuzz_text(input.at, input.left);
    struct sheet sheet = {.bytes = bytes, .count = input.left, .text = malloc(3 * input.left + 4)};
    fuzz_expect(sheet.text != NULL);
    struct list expected;
    struct list found;
    open_list(&expected);
    open_list(&found);
    read_again(&sheet, &expected);
    struct css *css = css_open(take, &found);
    fuzz_expect(css != NULL);
    css_begin(css);
    for (size_t at = 0; at < input.left;) {
        size_t count = piece && piece < input.left - at ? piece : input.left - at;
        char *copy = fuzz_text((const uint8_t *)bytes + at, count);
        css_feed(css, copy, count);
        free(copy);
        at += count;
    }
    css_end(css);
    fclose(expected.out);
    fclose(found.out);
    fuzz_expect(css_too_long(css) == expected.too_long);
    fuzz_expect(found.bytes == expected.bytes);
    fuzz_expect(memcmp(found.text, expected.text, found.bytes) == 0);
    css_close(css);
    free(found.text);
    free(expected.text);
    free(sheet.text);
    free(bytes);
    return 0;
}
