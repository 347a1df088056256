/* crawling.c: A crawl from outside, and a look at what it told. */
#include "tests/support/crawling.h"

#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 64
#define URL_BYTES 8192
#define LINE_BYTES 65536

void crawling_begin(struct crawling *crawling)
{
    cli_begin(&crawling->cli);
}

void crawling_end(struct crawling *crawling)
{
    cli_end(&crawling->cli);
    web_stop(&crawling->web);
}

static const char *whole(const struct crawling *crawling, const char *url, char *text)
{
    int bytes = snprintf(text, URL_BYTES, "%s%s", url[0] == '/' ? crawling->web.url : "", url);
    ck_assert_int_lt(bytes, URL_BYTES);
    return text;
}

int crawling_run(struct crawling *crawling, const char *seed, const char *const *arguments)
{
    char url[URL_BYTES];
    const char *all[ARGUMENTS_MAX] = {"crawl", whole(crawling, seed, url), "--delay", "0", "--per-host", "0"};
    size_t count = 6;
    for (; *arguments != NULL; arguments++) {
        ck_assert_uint_lt(count, ARGUMENTS_MAX - 1);
        all[count++] = *arguments;
    }
    return cli_run(&crawling->cli, all);
}

const char *crawling_name(struct crawling *crawling, const char *name, unsigned address)
{
    static char entries[8][128];
    static unsigned next;
    char text[24];
    char *entry = entries[next++ % 8];
    snprintf(entry, sizeof entries[0], "%s:%d:%s", name, crawling->web.port, web_address(address, text));
    return entry;
}

/* The line from `from` on that begins so; NULL: none. */
static const char *find_line(const char *text, const char *from, const char *beginning)
{
    const char *at = strstr(from, beginning);
    while (at != NULL && at != text && at[-1] != '\n')
        at = strstr(at + 1, beginning);
    return at;
}

const char *crawling_line(struct crawling *crawling, const char *url)
{
    char text[URL_BYTES];
    char key[URL_BYTES + 16];
    static char line[LINE_BYTES];
    snprintf(key, sizeof key, "{\"url\":\"%s\",", whole(crawling, url, text));
    const char *at = find_line(crawling->cli.out.text, crawling->cli.out.text, key);
    if (at == NULL)
        return NULL;
    ck_assert_msg(find_line(crawling->cli.out.text, at + 1, key) == NULL, "%s is told twice", url);
    size_t bytes = strcspn(at, "\n");
    ck_assert_uint_lt(bytes, sizeof line);
    memcpy(line, at, bytes);
    line[bytes] = '\0';
    return line;
}

static const char *need_line(struct crawling *crawling, const char *url)
{
    const char *line = crawling_line(crawling, url);
    ck_assert_msg(line != NULL, "%s is not told in:\n%.3000s\n%.2000s", url, crawling->cli.out.text,
                  crawling->cli.err.text);
    return line;
}

void crawling_expect(struct crawling *crawling, const char *url, const char *part)
{
    const char *line = need_line(crawling, url);
    ck_assert_msg(strstr(line, part) != NULL, "no %s in %s\n%.1000s", part, line, crawling->cli.err.text);
}

void crawling_expect_not(struct crawling *crawling, const char *url, const char *part)
{
    const char *line = need_line(crawling, url);
    ck_assert_msg(strstr(line, part) == NULL, "%s in %s", part, line);
}

/* How often the URL was asked for, whatever its address. */
static unsigned asked(struct crawling *crawling, const char *url)
{
    char text[URL_BYTES];
    char host[256];
    const char *at = strstr(whole(crawling, url, text), "://") + 3;
    snprintf(host, sizeof host, "%.*s", (int)strcspn(at, ":/"), at);
    return web_asked(&crawling->web, host, at + strcspn(at, "/"));
}

void crawling_expect_fetched(struct crawling *crawling, const char *url)
{
    crawling_expect(crawling, url, "\"skipped\":false");
    crawling_expect(crawling, url, "\"error\":null");
    crawling_expect(crawling, url, "\"status\":200");
    ck_assert_msg(asked(crawling, url) == 1, "%s is asked for %u times", url, asked(crawling, url));
}

void crawling_expect_skipped(struct crawling *crawling, const char *url, const char *reason, const char *rule)
{
    char part[64];
    snprintf(part, sizeof part, "\"reason\":\"%s\"", reason);
    crawling_expect(crawling, url, "\"skipped\":true");
    crawling_expect(crawling, url, part);
    crawling_expect(crawling, url, rule);
    ck_assert_msg(asked(crawling, url) == 0, "%s is asked for", url);
}

void crawling_expect_unknown(struct crawling *crawling, const char *url)
{
    const char *line = crawling_line(crawling, url);
    ck_assert_msg(line == NULL, "it is told: %s", line);
    ck_assert_msg(asked(crawling, url) == 0, "%s is asked for", url);
}

void crawling_expect_said(struct crawling *crawling, const char *part)
{
    ck_assert_msg(strstr(crawling->cli.err.text, part) != NULL, "\"%s\" is not said in:\n%.3000s", part,
                  crawling->cli.err.text);
}

/* A byte of a control character: C0, DEL, C1, or one that turns the direction of text. */
static bool is_control(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    bool is_c1 = byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] < 0xa0;
    bool is_mark = byte[0] == 0xe2 && byte[1] == 0x80 && (byte[2] == 0x8e || byte[2] == 0x8f);
    bool is_embedding = byte[0] == 0xe2 && byte[1] == 0x80 && byte[2] >= 0xaa && byte[2] <= 0xae;
    bool is_isolate = byte[0] == 0xe2 && byte[1] == 0x81 && byte[2] >= 0xa6 && byte[2] <= 0xa9;
    return (byte[0] < 0x20 && byte[0] != '\n') || byte[0] == 0x7f || byte[0] >= 0xf8 || is_c1 || is_mark ||
           is_embedding || is_isolate;
}

static void expect_clean(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        ck_assert_msg(!is_control(at), "byte %02x in %.2000s", (unsigned char)*at, text);
}

void crawling_expect_clean(struct crawling *crawling)
{
    expect_clean(crawling->cli.out.text);
    expect_clean(crawling->cli.err.text);
}

size_t crawling_count(struct crawling *crawling, const char *part)
{
    return count_text(crawling->cli.out.text, part);
}
