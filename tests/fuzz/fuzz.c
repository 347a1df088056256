/* fuzz.c: what the fuzz targets share. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"

_Noreturn void fuzz_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s does not hold\n", file, line, condition);
    abort();
}

/* In place of the product's: the fuzzer does not see a process that ends by _exit(). */
_Noreturn void check_failed(const char *condition, const char *file, int line)
{
    fuzz_failed(condition, file, line);
}

char *fuzz_text(const uint8_t *data, size_t bytes)
{
    char *text = malloc(bytes + 1);
    fuzz_expect(text != NULL);
    if (bytes)
        memcpy(text, data, bytes);
    text[bytes] = '\0';
    return text;
}

uint8_t fuzz_u8(struct fuzz_bytes *bytes)
{
    if (!bytes->left)
        return 0;
    bytes->left--;
    return *bytes->at++;
}

uint64_t fuzz_u64(struct fuzz_bytes *bytes, unsigned width_bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < width_bytes; i++)
        value |= (uint64_t)fuzz_u8(bytes) << (8 * i);
    return value;
}

char *fuzz_until(struct fuzz_bytes *bytes, uint8_t separator, size_t *count)
{
    const uint8_t *end = bytes->left ? memchr(bytes->at, separator, bytes->left) : NULL;
    *count = end ? (size_t)(end - bytes->at) : bytes->left;
    char *text = fuzz_text(bytes->at, *count);
    size_t taken = *count + (end != NULL);
    bytes->at = taken ? bytes->at + taken : bytes->at;
    bytes->left -= taken;
    return text;
}

size_t fuzz_utf8(const uint8_t *text, size_t bytes, uint32_t *code)
{
    /* The grammar as it stands in the RFC: the first byte says how many follow, and within what the second must lie. */
    static const struct {
        uint8_t first_min, first_max, second_min, second_max, length;
    } FORMS[] = {
        {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    static const uint8_t FIRST_BITS[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        size_t length = FORMS[i].length;
        if (text[0] < FORMS[i].first_min || text[0] > FORMS[i].first_max || length > bytes)
            continue;
        *code = text[0] & FIRST_BITS[length];
        for (size_t at = 1; at < length; at++) {
            uint8_t min = at == 1 ? FORMS[i].second_min : 0x80;
            uint8_t max = at == 1 ? FORMS[i].second_max : 0xbf;
            if (text[at] < min || text[at] > max)
                return 0;
            *code = *code << 6 | (text[at] & 0x3fu);
        }
        return length;
    }
    return 0;
}

bool fuzz_is_harmless(const char *text, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        uint32_t code = 0;
        size_t length = fuzz_utf8((const uint8_t *)text + at, bytes - at, &code);
        if (!length || code < 0x20 || (code >= 0x7f && code <= 0x9f))
            return false;
        at += length;
    }
    return true;
}
