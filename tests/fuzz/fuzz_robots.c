/* A robots.txt and paths of its site: coordinator/crawl/rules/robots.c, against tests/support/naive_robots.c. The first byte: whether
 * the file is cut; then paths, one a line, up to an empty one; then the file. */
#include <stdlib.h>
#include <string.h>

#include "coordinator/crawl/rules/robots.h"
#include "coordinator/crawl/rules/robots_text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/naive_robots.h"

#define TOKEN "shoal"
#define PATHS_MAX 8

static void expect_verdict(const struct robots *robots, const struct fuzz_bytes *file, bool is_cut, const char *path,
                           size_t path_bytes)
{
    struct robots_verdict verdict = robots_judge(robots, (struct url_text){path, path_bytes});
    const char *text = (const char *)file->at;
    bool is_utf16 = robots_text_is_utf16(text, file->left);
    fuzz_expect(verdict.line <= robots_counts(robots).lines && (verdict.line > 0) == (verdict.rule.bytes > 0));
    fuzz_expect(verdict.line > 0 || verdict.is_allowed);
    const char *colon = verdict.line > 0 ? memchr(verdict.rule.at, ':', verdict.rule.bytes) : NULL;
    fuzz_expect(verdict.line == 0 || (colon != NULL && memchr(verdict.rule.at, '\n', verdict.rule.bytes) == NULL));
    if (is_utf16 || path_bytes == 0 || path_bytes > NAIVE_PATH_BYTES_MAX || memchr(path, '#', path_bytes) != NULL)
        return;
    struct naive_verdict expected = naive_robots_judge(text, file->left, is_cut, TOKEN, path, path_bytes);
    fuzz_expect(verdict.is_allowed == expected.is_allowed && verdict.line == expected.line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes bytes = {data, size};
    bool is_cut = fuzz_u8(&bytes) % 2 == 1;
    char *paths[PATHS_MAX];
    size_t path_bytes[PATHS_MAX];
    size_t count = 0;
    while (count < PATHS_MAX) {
        paths[count] = fuzz_until(&bytes, '\n', &path_bytes[count]);
        count++;
        if (path_bytes[count - 1] == 0)
            break;
    }
    char *text = fuzz_text(bytes.at, bytes.left);
    struct fuzz_bytes file = {(const uint8_t *)text, bytes.left};
    struct robots *robots = robots_parse(text, bytes.left, is_cut, TOKEN "/1.0");
    fuzz_expect(robots != NULL);
    for (size_t i = 0; i < count; i++) {
        if (path_bytes[i] <= URL_BYTES_MAX)
            expect_verdict(robots, &file, is_cut, paths[i], path_bytes[i]);
        free(paths[i]);
    }
    struct robots_counts counts = robots_counts(robots);
    fuzz_expect(counts.rules <= ROBOTS_RULES_MAX && counts.bad_lines <= counts.lines);
    fuzz_expect(robots_crawl_delay_ms(robots) >= -1 && robots_crawl_delay_ms(robots) <= INT32_MAX);
    for (size_t i = 0; i < counts.sitemaps; i++)
        fuzz_expect(robots_sitemap(robots, i)[0] != '\0' && strpbrk(robots_sitemap(robots, i), "\r\n#") == NULL);
    fuzz_expect(robots_sitemap(robots, counts.sitemaps) == NULL);
    robots_close(robots);
    free(text);
    return 0;
}
