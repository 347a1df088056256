/* decoder.c: content codings (RFC 9110, 8.4.1) undone, under limits of our own. */
#include "worker/decoder.h"

#include <brotli/decode.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define STAGE_BYTES 16384u          /* between two stages */
#define RECEIVED_BYTES_EXTRA 65536u /* what no coding makes small data larger by */
#define HEAD_BYTES 2                /* of deflate: they tell its two forms apart */

struct span {
    const uint8_t *at;
    size_t bytes;
};

struct stage {
    enum coding coding;
    bool is_open; /* z has been initialized */
    bool is_at_end;
    struct span in;
    uint64_t given_bytes; /* so far */
    z_stream z;
    BrotliDecoderState *brotli;
    uint8_t head[HEAD_BYTES];
    size_t head_bytes;
    uint8_t *buffer; /* STAGE_BYTES for what it gives the next; NULL for the last */
};

struct decoder {
    const struct fetch_limits *limits;
    struct stage stages[CODINGS_MAX];
    size_t count;
    uint64_t fed_bytes;
    enum fetch_error error;
    const char *why;
};

enum coding coding_of_name(const char *name, size_t bytes)
{
    static const struct {
        const char *name;
        enum coding coding;
    } NAMES[] = {
        {"", CODING_NONE},       {"identity", CODING_NONE},   {"none", CODING_NONE}, {"gzip", CODING_GZIP},
        {"x-gzip", CODING_GZIP}, {"deflate", CODING_DEFLATE}, {"br", CODING_BROTLI},
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (strlen(NAMES[i].name) == bytes && strncasecmp(NAMES[i].name, name, bytes) == 0)
            return NAMES[i].coding;
    }
    return CODING_UNKNOWN;
}

/* ---- a stage ---- */

static int window_bits_of(const struct stage *stage)
{
    if (stage->coding == CODING_GZIP)
        return MAX_WBITS + 16;
    /* RFC 9110, 8.4.1.2: deflate is the zlib format; some servers send it bare. A bare block that begins like a zlib header would
     * be a stored one with padding that is not zero, which nobody writes. */
    bool has_zlib_header = (stage->head[0] & 0x0f) == Z_DEFLATED && stage->head[0] >> 4 <= MAX_WBITS - 8 &&
                           (stage->head[0] * 256 + stage->head[1]) % 31 == 0;
    return has_zlib_header ? MAX_WBITS : -MAX_WBITS;
}

static bool open_zlib(struct stage *stage)
{
    int code = stage->is_open ? inflateReset2(&stage->z, window_bits_of(stage))
                              : inflateInit2(&stage->z, window_bits_of(stage));
    stage->is_open = stage->is_open || code == Z_OK;
    return code == Z_OK;
}

static bool begin_stage(struct stage *stage, enum coding coding, bool is_last)
{
    stage->coding = coding;
    stage->is_at_end = false;
    stage->in = (struct span){NULL, 0};
    stage->given_bytes = 0;
    stage->head_bytes = 0;
    if (!is_last && !stage->buffer && !(stage->buffer = malloc(STAGE_BYTES)))
        return false;
    BrotliDecoderDestroyInstance(stage->brotli);
    stage->brotli = NULL;
    if (coding == CODING_BROTLI)
        return (stage->brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL)) != NULL;
    return coding == CODING_DEFLATE || open_zlib(stage);
}

static void close_stage(struct stage *stage)
{
    if (stage->is_open)
        inflateEnd(&stage->z);
    BrotliDecoderDestroyInstance(stage->brotli);
    free(stage->buffer);
}

static size_t fail(struct decoder *decoder, enum fetch_error error, const char *why)
{
    decoder->error = error;
    decoder->why = why;
    return 0;
}

/* Inflates from `in`; returns how much it gave. */
static size_t run_zlib(struct decoder *decoder, struct stage *stage, struct span *in, uint8_t *out, size_t room)
{
    stage->z.next_in = (Bytef *)(uintptr_t)in->at;
    stage->z.avail_in = in->bytes < UINT32_MAX ? (uInt)in->bytes : UINT32_MAX;
    stage->z.next_out = out;
    stage->z.avail_out = (uInt)room;
    size_t before = stage->z.avail_in;
    int code = inflate(&stage->z, Z_NO_FLUSH);
    size_t taken = before - stage->z.avail_in;
    *in = (struct span){in->at + taken, in->bytes - taken};
    stage->is_at_end = code == Z_STREAM_END;
    size_t given = room - stage->z.avail_out;
    stage->z.next_in = NULL;
    stage->z.next_out = NULL;
    if (code == Z_MEM_ERROR)
        fail(decoder, FETCH_OUT_OF_MEMORY, "no memory to decode the body");
    else if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        fail(decoder, FETCH_DECODE, "the compressed body is damaged");
    return given;
}

static size_t run_brotli(struct decoder *decoder, struct stage *stage, uint8_t *out, size_t room)
{
    size_t left = room;
    BrotliDecoderResult result =
        BrotliDecoderDecompressStream(stage->brotli, &stage->in.bytes, &stage->in.at, &left, &out, NULL);
    stage->is_at_end = result == BROTLI_DECODER_RESULT_SUCCESS;
    if (result == BROTLI_DECODER_RESULT_ERROR)
        fail(decoder, FETCH_DECODE, "the compressed body is damaged");
    return room - left;
}

/* deflate: which of its forms it is must be known first. */
static size_t run_deflate(struct decoder *decoder, struct stage *stage, uint8_t *out, size_t room)
{
    bool is_new = stage->head_bytes < HEAD_BYTES;
    while (stage->head_bytes < HEAD_BYTES && stage->in.bytes) {
        stage->head[stage->head_bytes++] = *stage->in.at++;
        stage->in.bytes--;
    }
    if (stage->head_bytes < HEAD_BYTES)
        return 0;
    if (!is_new)
        return run_zlib(decoder, stage, &stage->in, out, room);
    if (!open_zlib(stage))
        return fail(decoder, FETCH_OUT_OF_MEMORY, "no memory to decode the body");
    struct span head = {stage->head, HEAD_BYTES};
    /* Two bytes fill no room: they are taken whole. */
    size_t given = run_zlib(decoder, stage, &head, out, room);
    if (decoder->error == FETCH_OK && head.bytes)
        return fail(decoder, FETCH_DECODE, "more data behind the end of the compressed body");
    return given;
}

/* One call of the stage's library with what lies before it. */
static size_t run_stage(struct decoder *decoder, struct stage *stage, uint8_t *out, size_t room)
{
    if (room > UINT32_MAX)
        room = UINT32_MAX;
    if (stage->coding == CODING_BROTLI)
        return run_brotli(decoder, stage, out, room);
    if (stage->coding == CODING_DEFLATE)
        return run_deflate(decoder, stage, out, room);
    return run_zlib(decoder, stage, &stage->in, out, room);
}

/* ---- the limits ---- */

/* Every stage is held to them: what shrinks again behind one has cost as much. */
static bool is_within_limits(struct decoder *decoder, const struct stage *stage)
{
    const struct fetch_limits *limits = decoder->limits;
    uint64_t taken = decoder->fed_bytes - decoder->stages[0].in.bytes;
    bool is_last = stage == &decoder->stages[decoder->count - 1];
    if (stage->given_bytes > limits->body_ratio_from_bytes && stage->given_bytes / limits->body_ratio_max > taken)
        fail(decoder, FETCH_TOO_LARGE, "the body grows suspiciously when decoded: a compression bomb");
    else if (is_last && stage->given_bytes > limits->body_bytes_max)
        fail(decoder, FETCH_TOO_LARGE, "the body is larger than --max-body allows");
    /* What is compressed may be a little larger than what comes out of it. */
    else if ((is_last ? taken : stage->given_bytes) > 2 * limits->body_bytes_max + RECEIVED_BYTES_EXTRA)
        fail(decoder, FETCH_TOO_LARGE, "the compressed body is larger than --max-body allows");
    return decoder->error == FETCH_OK;
}

/* ---- the chain ---- */

/* Lets the stage give up to `room` bytes, and those before it what it needs for that. The depth is bounded by CODINGS_MAX. */
static size_t pull(struct decoder *decoder, size_t index, uint8_t *out, size_t room) // NOLINT(misc-no-recursion)
{
    struct stage *stage = &decoder->stages[index];
    for (;;) {
        if (!stage->in.bytes && index > 0) {
            struct stage *before = &decoder->stages[index - 1];
            stage->in = (struct span){before->buffer, pull(decoder, index - 1, before->buffer, STAGE_BYTES)};
        }
        if (decoder->error != FETCH_OK)
            return 0;
        if (stage->is_at_end && stage->in.bytes)
            return fail(decoder, FETCH_DECODE, "more data behind the end of the compressed body");
        size_t had = stage->in.bytes;
        size_t given = stage->is_at_end ? 0 : run_stage(decoder, stage, out, room);
        stage->given_bytes += given;
        if (decoder->error != FETCH_OK || !is_within_limits(decoder, stage))
            return 0;
        if (given || (!had && !stage->in.bytes))
            return given;
        if (had == stage->in.bytes) /* neither took nor gave anything: it never will */
            return fail(decoder, FETCH_DECODE, "the compressed body is damaged");
    }
}

enum status decoder_begin(struct decoder **out, const uint8_t *codings, size_t count, const struct fetch_limits *limits)
{
    struct decoder *decoder = *out ? *out : calloc(1, sizeof *decoder);
    if (!decoder)
        return STATUS_OUT_OF_MEMORY;
    *out = decoder;
    decoder->limits = limits;
    decoder->count = count;
    decoder->fed_bytes = 0;
    decoder->error = FETCH_OK;
    decoder->why = "";
    for (size_t i = 0; i < count; i++) {
        if (!begin_stage(&decoder->stages[i], codings[count - 1 - i], i + 1 == count))
            return STATUS_OUT_OF_MEMORY;
    }
    return STATUS_OK;
}

void decoder_close(struct decoder *decoder)
{
    for (size_t i = 0; decoder && i < CODINGS_MAX; i++)
        close_stage(&decoder->stages[i]);
    free(decoder);
}

void decoder_feed(struct decoder *decoder, const void *bytes, size_t count)
{
    decoder->stages[0].in = (struct span){bytes, count};
    decoder->fed_bytes += count;
}

size_t decoder_left(const struct decoder *decoder)
{
    return decoder->stages[0].in.bytes;
}

size_t decoder_take(struct decoder *decoder, void *out, size_t room)
{
    return decoder->error == FETCH_OK && room ? pull(decoder, decoder->count - 1, out, room) : 0;
}

enum fetch_error decoder_error(const struct decoder *decoder, const char **why)
{
    *why = decoder->why;
    return decoder->error;
}

bool decoder_is_complete(const struct decoder *decoder)
{
    bool is_complete = decoder->error == FETCH_OK;
    for (size_t i = 0; i < decoder->count; i++)
        is_complete = is_complete && decoder->stages[i].is_at_end && !decoder->stages[i].in.bytes;
    return is_complete;
}
