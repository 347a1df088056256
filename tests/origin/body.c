/* body.c: what follows the header of an answer, handed out piece by piece. */
#include "tests/origin/body.h"

#include <stdlib.h>
#include <string.h>

struct body body_repeat(struct span block, uint64_t total_bytes)
{
    return (struct body){.block = block, .blocks_bytes = total_bytes};
}

uint64_t body_bytes(const struct body *body)
{
    return body->first.count + body->blocks_bytes + body->last.count;
}

static struct span take(struct span *from, size_t bytes_max)
{
    struct span piece = {from->bytes, from->count < bytes_max ? from->count : bytes_max};
    *from = span_after(*from, piece.count);
    return piece;
}

struct span body_next(struct body *body, size_t bytes_max)
{
    if (body->first.count > 0) {
        return take(&body->first, bytes_max);
    }
    if (body->blocks_bytes == 0) {
        return body->last.count > 0 ? take(&body->last, bytes_max) : (struct span){NULL, 0};
    }
    struct span piece = span_after(body->block, body->block_offset);
    if (piece.count > bytes_max) {
        piece.count = bytes_max;
    }
    if (body->blocks_bytes != BODY_ENDLESS) {
        if (piece.count > body->blocks_bytes) {
            piece.count = (size_t)body->blocks_bytes;
        }
        body->blocks_bytes -= piece.count;
    }
    body->block_offset = (body->block_offset + piece.count) % body->block.count;
    return piece;
}

void body_close(struct body *body)
{
    free(body->owned);
    *body = (struct body){0};
}

static uint32_t random_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void make_word(char *word, size_t letters, uint32_t *state)
{
    static const char consonants[] = "bcdfghklmnprstvw";
    static const char vowels[] = "aeio";
    for (size_t i = 0; i < letters; i++) {
        uint32_t number = random_next(state) >> 8;
        word[i] = (char)(i % 2 == 0 ? consonants[number % 16] : vowels[number % 4]);
    }
}

char *filler_make(void)
{
    enum { WORD_COUNT = 1024, LETTERS_MIN = 3, LETTERS_MAX = 10, LINE_BYTES = 72 };
    char words[WORD_COUNT][LETTERS_MAX];
    size_t letters[WORD_COUNT];
    uint32_t state = 2463534242U;
    for (size_t i = 0; i < WORD_COUNT; i++) {
        letters[i] = LETTERS_MIN + random_next(&state) % (LETTERS_MAX - LETTERS_MIN + 1);
        make_word(words[i], letters[i], &state);
    }
    char *filler = malloc(FILLER_BYTES);
    size_t line = 0;
    for (size_t i = 0; filler != NULL && i < FILLER_BYTES;) {
        size_t which = random_next(&state) % WORD_COUNT;
        size_t count = letters[which] < FILLER_BYTES - i ? letters[which] : FILLER_BYTES - i;
        memcpy(filler + i, words[which], count);
        i += count;
        line += count + 1;
        if (i < FILLER_BYTES) {
            filler[i++] = line > LINE_BYTES ? '\n' : ' ';
            line = line > LINE_BYTES ? 0 : line;
        }
    }
    return filler;
}
