/* What the fuzz targets share. A target is one file, fuzz_<what>.c, with LLVMFuzzerTestOneInput(): libFuzzer
 * calls it with bytes of its own (make fuzz), replay.c with the seeds and with changes of them (make test), built by any
 * compiler. A target that finds something wrong calls abort(), as the sanitizers do. */
#ifndef SHOAL_TESTS_FUZZ_H
#define SHOAL_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what does not hold, and aborts. */
#define fuzz_expect(condition) ((condition) ? (void)0 : fuzz_failed(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_failed(const char *condition, const char *file, int line);

/* A copy of its own with a NUL behind: the sanitizers see every byte that is read beyond it. free() it. */
char *fuzz_text(const uint8_t *data, size_t bytes);

/* The input, taken from its beginning; zeros behind its end. */
struct fuzz_bytes {
    const uint8_t *at;
    size_t left;
};
uint8_t fuzz_u8(struct fuzz_bytes *bytes);
uint64_t fuzz_u64(struct fuzz_bytes *bytes, unsigned width_bytes);
/* The bytes up to `separator` or the end, as fuzz_text() gives them; *count is how many. */
char *fuzz_until(struct fuzz_bytes *bytes, uint8_t separator, size_t *count);

/* The length of the UTF-8 sequence at text (RFC 3629, section 4), 0 if there is none; *code is what it stands for. */
size_t fuzz_utf8(const uint8_t *text, size_t bytes, uint32_t *code);

/* Whether a terminal takes the text as text: no C0 control, no DEL, no C1 control, nothing that is no UTF-8. */
bool fuzz_is_harmless(const char *text, size_t bytes);

#endif
