/* html_scan.h: finding bytes in pages, sixteen at a time where the machine can; names as numbers. Nothing here reads a byte at or
 * behind `end`. */
#ifndef SHOAL_HTML_SCAN_H
#define SHOAL_HTML_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A name of up to eight bytes as one number, in lower case: HTML_KEY('h', 'r', 'e', 'f'). Longer names have the key of their first
 * eight bytes, complemented: HTML_LONG_KEY('h', 't', 't', 'p', '-', 'e', 'q', 'u'); who asks for one must compare the rest.
 * Setting the case bit makes other bytes alike, '[' and '{', but no other byte like a small letter, digit or '-'... as long as
 * the key that is asked for is made of those. */
#define HTML_KEY_OF(a, b, c, d, e, f, g, h, ...) \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | (uint64_t)(e) << 32 | \
     (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)
#define HTML_KEY(...) HTML_KEY_OF(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0, 0, 0)
#define HTML_LONG_KEY(...) (~HTML_KEY(__VA_ARGS__))

/* One of 64 bits for a key: a set of names that are worth a closer look is one number. The factor was searched for: none of the fifty
 * names that pages use most, of those without links, shares a bit with a name that has links or changes how content is read. */
#define HTML_KEY_BIT(key) (1ull << ((uint64_t)((uint64_t)(key)*0x0ff5a826cd1e3ce9ull) >> 58))

static inline bool html_is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r' || byte == '\f';
}

static inline bool html_is_letter(char byte)
{
    return (unsigned char)((byte | 0x20) - 'a') < 26;
}

#ifdef __SSE2__
/* A bit for each of 32 bytes: which are the one or the other. Two registers a step: most runs of text, names and values end within
 * the first, and one branch says so. */
static inline uint32_t html_hits(const char *at, char one, char other)
{
    const __m128i first = _mm_loadu_si128((const __m128i *)(const void *)at);
    const __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(at + 16));
    __m128i low = _mm_cmpeq_epi8(first, _mm_set1_epi8(one));
    __m128i high = _mm_cmpeq_epi8(second, _mm_set1_epi8(one));
    if (one != other) {
        low = _mm_or_si128(low, _mm_cmpeq_epi8(first, _mm_set1_epi8(other)));
        high = _mm_or_si128(high, _mm_cmpeq_epi8(second, _mm_set1_epi8(other)));
    }
    return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}
#endif

#define HTML_BLOCK 64

/* A bit for each of HTML_BLOCK bytes: which are the one or the other. */
static inline uint64_t html_block_hits(const char *at, char one, char other)
{
#ifdef __SSE2__
    return html_hits(at, one, other) | (uint64_t)html_hits(at + 32, one, other) << 32;
#else
    uint64_t hits = 0;
    for (int i = 0; i < HTML_BLOCK; i++)
        hits |= (uint64_t)(at[i] == one || at[i] == other) << i;
    return hits;
#endif
}

/* The first of two bytes in [at, end); end: there is none. */
static inline const char *html_find_either(const char *at, const char *end, char one, char other)
{
#ifdef __SSE2__
    while (end - at >= 32) {
        uint32_t hits = html_hits(at, one, other);
        if (hits)
            return at + __builtin_ctz(hits);
        at += 32;
    }
#endif
    while (at < end && *at != one && *at != other)
        at++;
    return at;
}

/* The first `byte` in [at, end); end: there is none. */
static inline const char *html_find(const char *at, const char *end, char byte)
{
#ifdef __SSE2__
    return html_find_either(at, end, byte, byte);
#else
    const char *hit = at < end ? memchr(at, byte, (size_t)(end - at)) : NULL;
    return hit ? hit : end;
#endif
}

static inline bool html_ends_name(char byte)
{
    static const bool ENDS[256] = {[' '] = true,  ['\n'] = true, ['\t'] = true, ['\r'] = true,
                                   ['\f'] = true, ['/'] = true,  ['>'] = true,  ['='] = true};
    return ENDS[(unsigned char)byte];
}

#define HTML_NEAR 16

/* The first blank, '/', '>' or '=' among the HTML_NEAR bytes from at on, counted from there; HTML_NEAR: none, or a control byte before
 * it. All of them are read. */
static inline unsigned html_near_name_end(const char *at)
{
#ifdef __SSE2__
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(' ')), bytes); /* blanks and all other controls */
    __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('/'));
    __m128i signs = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('=')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('>')));
    unsigned hits = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(low, slash), signs));
    unsigned first = (unsigned)__builtin_ctz(hits | 1u << HTML_NEAR);
    return first < HTML_NEAR && html_ends_name(at[first]) ? first : HTML_NEAR;
#else
    unsigned first = 0;
    while (first < HTML_NEAR && !html_ends_name(at[first]))
        first++;
    return first;
#endif
}

/* The first blank, '/', '>' or '=' in [at, end). */
static inline const char *html_name_end(const char *at, const char *end)
{
    unsigned near = end - at >= HTML_NEAR ? html_near_name_end(at) : HTML_NEAR;
    if (near < HTML_NEAR)
        return at + near;
    while (at < end && !html_ends_name(*at))
        at++;
    return at;
}

/* The key of name[0 .. bytes), not empty; `readable`: bytes that may be read from name on, at least those. */
static inline uint64_t html_key(const char *name, size_t bytes, size_t readable)
{
    const uint64_t small = 0x2020202020202020ull;
    uint64_t key = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (readable >= 8)
        memcpy(&key, name, 8);
    else
#endif
        for (size_t i = 0; i < bytes && i < 8; i++)
            key |= (uint64_t)(unsigned char)name[i] << (8 * i);
    (void)readable;
    if (bytes < 8)
        return (key | small) & ((1ull << (8 * bytes)) - 1);
    return bytes > 8 ? ~(key | small) : key | small;
}

/* Whether name[0 .. bytes) is `lower`, which is in small letters, whatever its case. */
static inline bool html_name_is(const char *name, size_t bytes, const char *lower)
{
    size_t i = 0;
    for (; i < bytes && lower[i]; i++) {
        char byte = name[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (char)(byte | 0x20);
        if (byte != lower[i])
            return false;
    }
    return i == bytes && !lower[i];
}

#endif
