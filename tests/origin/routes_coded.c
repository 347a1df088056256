/* Pages with a Content-Encoding. */
#include "tests/origin/routes.h"

#include <brotli/encode.h>
#include <stdlib.h>
#include <string.h>

enum { CHAIN_MAX = 32, BROTLI_BYTES_MAX = 64 * 1024 * 1024 };

static struct coding *pages_coding(struct pages *pages)
{
    if (pages->coding == NULL) {
        pages->coding = coding_open(pages_filler(pages));
    }
    return pages->coding;
}

static void answer_coded(struct pages *pages, struct span rest, struct answer *answer, enum coding_format format,
                         enum coding_content content)
{
    uint64_t decoded_bytes = 0;
    struct body body;
    if (!span_take_number(&rest, ROUTE_BODY_BYTES_MAX, &decoded_bytes)) {
        route_bad_arguments(answer);
        return;
    }
    struct coding *coding = pages_coding(pages);
    if (coding == NULL || !coding_make(coding, format, content, decoded_bytes, &body)) {
        answer_text(answer, 507, "no memory\n");
        return;
    }
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/plain");
    answer_header(answer, "Content-Encoding", format == CODING_GZIP ? "gzip" : "deflate");
    answer_finish(answer, body);
}

void route_gzip(struct pages *pages, const struct request *request, struct answer *answer)
{
    answer_coded(pages, request->rest, answer, CODING_GZIP, CODING_TEXT);
}

void route_bomb_gzip(struct pages *pages, const struct request *request, struct answer *answer)
{
    answer_coded(pages, request->rest, answer, CODING_GZIP, CODING_ZEROS);
}

void route_bomb_deflate(struct pages *pages, const struct request *request, struct answer *answer)
{
    answer_coded(pages, request->rest, answer, CODING_ZLIB, CODING_ZEROS);
}

static void answer_packed(struct answer *answer, const char *encodings, char *packed, size_t bytes)
{
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/plain");
    answer_header(answer, "Content-Encoding", encodings);
    answer_finish(answer, (struct body){.first = {packed, bytes}, .owned = packed});
}

/* The filler over and over, or zeros, as br: all of it in memory, so not too much. */
static void answer_brotli(struct pages *pages, struct span rest, struct answer *answer, enum coding_content content)
{
    uint64_t bytes = 0;
    if (!span_take_number(&rest, BROTLI_BYTES_MAX, &bytes)) {
        route_bad_arguments(answer);
        return;
    }
    size_t room = BrotliEncoderMaxCompressedSize((size_t)bytes) + 64;
    uint8_t *plain = calloc(1, (size_t)bytes + 1);
    uint8_t *packed = malloc(room);
    for (uint64_t at = 0; plain != NULL && content == CODING_TEXT && at < bytes; at += FILLER_BYTES) {
        uint64_t piece = bytes - at < FILLER_BYTES ? bytes - at : FILLER_BYTES;
        memcpy(plain + at, pages->filler, (size_t)piece);
    }
    if (plain == NULL || packed == NULL ||
        !BrotliEncoderCompress(1, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, (size_t)bytes, plain, &room, packed)) {
        free(plain);
        free(packed);
        answer_text(answer, 507, "no memory\n");
        return;
    }
    free(plain);
    answer_packed(answer, "br", (char *)packed, room);
}

void route_brotli(struct pages *pages, const struct request *request, struct answer *answer)
{
    answer_brotli(pages, request->rest, answer, CODING_TEXT);
}

void route_bomb_brotli(struct pages *pages, const struct request *request, struct answer *answer)
{
    answer_brotli(pages, request->rest, answer, CODING_ZEROS);
}

void route_gzip_broken(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)request;
    enum { PLAIN_BYTES = 20000 };
    char *packed = NULL;
    size_t bytes = 0;
    if (!coding_gzip_chain((struct span){pages->filler, PLAIN_BYTES}, 1, &packed, &bytes)) {
        answer_text(answer, 507, "no memory\n");
        return;
    }
    memset(packed + bytes / 2, 0xff, bytes / 4);
    answer_packed(answer, "gzip", packed, bytes);
}

void route_gzip_chain(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    struct span rest = request->rest;
    char encodings[CHAIN_MAX * sizeof("gzip, ")] = "gzip";
    char *packed = NULL;
    size_t bytes = 0;
    uint64_t times = 0;
    if (!span_take_number(&rest, CHAIN_MAX, &times) || times == 0) {
        route_bad_arguments(answer);
        return;
    }
    if (!coding_gzip_chain(span_of("ok\n"), (unsigned)times, &packed, &bytes)) {
        answer_text(answer, 507, "no memory\n");
        return;
    }
    for (uint64_t i = 1; i < times; i++) {
        strcat(encodings, ", gzip");
    }
    answer_packed(answer, encodings, packed, bytes);
}
