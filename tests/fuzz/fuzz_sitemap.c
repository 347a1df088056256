/* The URLs of a sitemap, worker/links/sitemap.c: the same however the list is cut and whether it is packed or not, within
 * their limits, each without blanks around it; of a text, those that a reading by hand finds. The first byte says into which pieces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "tests/fuzz/fuzz.h"
#include "worker/links/sitemap.h"

struct list {
    char *text;
    size_t bytes;
    FILE *out;
    uint32_t count;
};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void take(void *context, enum link_kind kind, struct url_text loc)
{
    struct list *list = context;
    fuzz_expect(kind == LINK_LISTED || kind == LINK_SITEMAP);
    fuzz_expect(loc.bytes >= 1 && loc.bytes <= URL_BYTES_MAX);
    fuzz_expect(!blank(loc.at[0]) && !blank(loc.at[loc.bytes - 1]) && !memchr(loc.at, '\0', loc.bytes));
    fprintf(list->out, "%d ", (int)kind);
    fwrite(loc.at, 1, loc.bytes, list->out);
    fputc('\n', list->out);
    list->count++;
}

/* In pieces of so many bytes, 0: at once. */
static struct sitemap_result read_list(const uint8_t *data, size_t size, size_t piece, struct list *list, char why[200])
{
    struct fetch_limits limits;
    fetch_limits_init(&limits);
    *list = (struct list){0};
    list->out = open_memstream(&list->text, &list->bytes);
    struct sitemap *sitemap = sitemap_open(take, list);
    fuzz_expect(sitemap && list->out);
    sitemap_begin(sitemap, &limits);
    for (size_t at = 0; at < size;) {
        size_t count = piece && piece < size - at ? piece : size - at;
        char *copy = fuzz_text(data + at, count);
        sitemap_feed(sitemap, copy, count);
        free(copy);
        at += count;
    }
    struct sitemap_result result = sitemap_end(sitemap);
    fclose(list->out);
    fuzz_expect(result.found == list->count);
    fuzz_expect((result.verdict == SITEMAP_OK) == !*result.why);
    fuzz_expect(!result.dropped || result.verdict == SITEMAP_TOO_LARGE);
    fuzz_expect(result.verdict != SITEMAP_OUT_OF_MEMORY);
    fuzz_expect(fuzz_is_harmless(result.why, strlen(result.why)));
    snprintf(why, 200, "%s", result.why);
    sitemap_close(sitemap);
    return result;
}

static void expect_same(const struct sitemap_result *one, const struct list *in_one, const uint8_t *data, size_t size,
                        size_t piece, const char *why)
{
    struct list list;
    char other_why[200];
    struct sitemap_result other = read_list(data, size, piece, &list, other_why);
    fuzz_expect(one->verdict == other.verdict && one->found == other.found && one->unusable == other.unusable);
    fuzz_expect(strcmp(why, other_why) == 0);
    fuzz_expect(in_one->bytes == list.bytes && memcmp(in_one->text, list.text, list.bytes) == 0);
    free(list.text);
}

static void pack(const uint8_t *data, size_t size, uint8_t **packed, size_t *packed_bytes)
{
    z_stream z = {0};
    fuzz_expect(deflateInit2(&z, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    size_t room = deflateBound(&z, size);
    *packed = malloc(room);
    fuzz_expect(*packed != NULL);
    z.next_in = (Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)size;
    z.next_out = *packed;
    z.avail_out = (uInt)room;
    fuzz_expect(deflate(&z, Z_FINISH) == Z_STREAM_END);
    *packed_bytes = room - z.avail_out;
    deflateEnd(&z);
}

/* Of a text without NUL: line by line. */
static void expect_lines(const uint8_t *data, size_t size, const struct list *found)
{
    const char *at = (const char *)data;
    const char *end = at + size;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    fuzz_expect(out != NULL);
    while (at < end) {
        const char *to = at;
        while (to < end && *to != '\n' && *to != '\r')
            to++;
        const char *next = to + (to < end);
        while (at < to && blank(*at))
            at++;
        while (to > at && blank(to[-1]))
            to--;
        size_t length = (size_t)(to - at);
        bool is_url =
            (length > 7 && strncasecmp(at, "http://", 7) == 0) || (length > 8 && strncasecmp(at, "https://", 8) == 0);
        if (is_url && length <= URL_BYTES_MAX)
            fprintf(out, "%d %.*s\n", (int)LINK_LISTED, (int)length, at);
        at = next;
    }
    fclose(out);
    fuzz_expect(bytes == found->bytes && memcmp(text, found->text, bytes) == 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes input = {data, size};
    size_t piece = fuzz_u8(&input);
    struct list list;
    char why[200];
    struct sitemap_result result = read_list(input.at, input.left, 0, &list, why);
    expect_same(&result, &list, input.at, input.left, piece ? piece : 1, why);
    bool is_packed = input.left >= 2 && input.at[0] == 0x1f && input.at[1] == 0x8b;
    /* Bombs aside, which 8 KiB hardly are. */
    if (!is_packed) {
        uint8_t *packed;
        size_t packed_bytes;
        pack(input.at, input.left, &packed, &packed_bytes);
        expect_same(&result, &list, packed, packed_bytes, piece, why);
        free(packed);
    }
    if (input.left >= 4 && strncasecmp((const char *)input.at, "http", 4) == 0 && !memchr(input.at, 0, input.left))
        expect_lines(input.at, input.left, &list);
    free(list.text);
    return 0;
}
