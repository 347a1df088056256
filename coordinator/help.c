/* help.c: what the program says about itself. */
#include "coordinator/help.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/limits.h"
#include "common/version.h"
#include "coordinator/compare/compare_options.h"
#include "coordinator/crawl/crawl_options.h"
#include "coordinator/options/fetch_options.h"
#include "coordinator/text/escape.h"
#include "coordinator/text/units.h"
#include "worker/worker.h"

#define COLUMNS_MAX 79
#define TEXT_COLUMN 27 /* where the second column of the options begins */

static const char OVERVIEW[] = "shoal fetches long lists of web pages: many processes, one shared memory.\n"
                               "\n"
                               "usage: shoal fetch   [options] [URL ...]  fetch a list: arguments, or -i FILE\n"
                               "       shoal crawl   [options] URL ...    whole sites: fetch, follow the links\n"
                               "       shoal compare [options] [URL ...]  the same list through each design\n"
                               "       shoal help [command]               explain; also COMMAND --help\n"
                               "       shoal --version [-v]               version, libcurl; -v: limits too\n"
                               "\n"
                               "Examples:\n"
                               "  shoal fetch https://example.org/\n"
                               "  shoal fetch -i urls.txt --format jsonl -o results.jsonl\n"
                               "  generate-urls | shoal fetch -i - -O pages --per-host 4\n"
                               "  shoal crawl https://example.org/ --max-pages 1000 -O mirror --convert-links\n"
                               "  shoal compare -i urls.txt --sweep --plot urls.svg\n"
                               "\n"
                               "The manual page is shoal(1).\n";

static const char FETCH_BEFORE[] = "usage: shoal fetch [options] [URL ...]\n"
                                   "\n"
                                   "Fetches the URLs given as arguments, or those in a file (-i FILE, one a line;\n"
                                   "blank lines and lines that begin with # are skipped). Each ends in exactly one\n"
                                   "line: \"Read <bytes> from <url>\" on standard output, or\n"
                                   "\"Failed <url>: <error>: <detail>\" on standard error.\n"
                                   "\n"
                                   "Options:\n";

static const char FETCH_AFTER[] = "\n"
                                  "TIME is a number with ms, s, m or h (10s, 250ms; without a unit: seconds).\n"
                                  "SIZE is a number with K, M or G (16M; without a unit: bytes).\n"
                                  "\n"
                                  "Exit status: 0 all fetched, 1 at least one failed, 2 usage, 3 the run could not\n"
                                  "start or go on, 4 a bug of shoal, 130 or 143 interrupted by SIGINT or SIGTERM.\n";

static const char CRAWL_BEFORE[] = "usage: shoal crawl [options] URL ...\n"
                                   "\n"
                                   "Fetches the URLs given, the seeds, and what their pages link to, and so on: by\n"
                                   "default on the seeds' hosts only, as their robots.txt allows, four transfers and\n"
                                   "one start each 250 ms to a host. Each page ends in one line, as with shoal\n"
                                   "fetch; what was seen and not fetched is counted at the end, each with a reason.\n"
                                   "\n"
                                   "Options:\n";

static const char CRAWL_AFTER[] = "\n"
                                  "TIME is a number with ms, s, m or h; SIZE one with K, M or G.\n"
                                  "\n"
                                  "Exit status: 0 all fetched (what was skipped is no failure), 1 at least one\n"
                                  "failed, 2 usage, 3 the run could not start or go on, 4 a bug of shoal, 130 or\n"
                                  "143 interrupted by SIGINT or SIGTERM.\n";

static const char COMPARE_BEFORE[] = "usage: shoal compare [options] [URL ...]\n"
                                     "\n"
                                     "Fetches the same list with each design in turn, several rounds, each run in a\n"
                                     "process of its own, and shows what each takes: one URL at a time (serial),\n"
                                     "threads or processes with one transfer each, an event loop, and workers with an\n"
                                     "event loop each. Without a URL it fetches the 15 pages of its own test server,\n"
                                     "150 ms each.\n"
                                     "\n"
                                     "Options:\n";

static const char COMPARE_AFTER[] = "\n"
                                    "TIME is a number with ms, s, m or h; SIZE one with K, M or G.\n"
                                    "\n"
                                    "Exit status: 0 all fetched by all, 1 a URL failed or a run died, 2 usage, 3 a\n"
                                    "design could not run at all, or nothing could be shown, 4 a bug of shoal, 130\n"
                                    "or 143 interrupted: what there was is shown.\n";

/* Puts words until the columns are full, then goes on in the next line, indented. */
static void put_wrapped(struct writer *writer, const char *text, size_t column, size_t indent)
{
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column + word > COLUMNS_MAX && column > indent) {
            writer_end_line(writer);
            for (column = 0; column < indent; column++)
                writer_put(writer, " ", 1);
        }
        writer_put(writer, text, word);
        column += word;
        text += word;
        if (*text == ' ') {
            text++;
            if (column + 1 + strcspn(text, " ") <= COLUMNS_MAX)
                writer_put(writer, " ", 1);
            column++;
        }
    }
    writer_end_line(writer);
}

/*  -c, --concurrency N        Transfers in flight ... */
static void put_option(struct writer *writer, const struct option_spec *spec)
{
    char head[64];
    char letter[] = {'-', spec->letter, ',', '\0'};
    int bytes = snprintf(head, sizeof head, "  %s --%s%s%s", spec->letter != 0 ? letter : "   ", spec->name,
                         spec->argument != NULL ? " " : "", spec->argument != NULL ? spec->argument : "");
    size_t column = bytes > 0 && (size_t)bytes < sizeof head ? (size_t)bytes : 0;
    writer_put(writer, head, column);
    if (column + 2 > TEXT_COLUMN) {
        writer_end_line(writer);
        column = 0;
    }
    for (; column < TEXT_COLUMN; column++)
        writer_put(writer, " ", 1);
    put_wrapped(writer, spec->help, TEXT_COLUMN, TEXT_COLUMN);
}

/* Puts lines, each ended by '\n'. */
static void put_lines(struct writer *writer, const char *text)
{
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        writer_put(writer, text, (size_t)(end - text));
        writer_end_line(writer);
    }
}

void help_put_overview(struct writer *writer)
{
    put_lines(writer, OVERVIEW);
}

static void put_table(struct writer *writer, const struct option_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->specs[i].help != NULL)
            put_option(writer, &table->specs[i]);
    }
}

void help_put_fetch(struct writer *writer)
{
    put_lines(writer, FETCH_BEFORE);
    put_table(writer, fetch_option_table());
    put_lines(writer, FETCH_AFTER);
}

void help_put_crawl(struct writer *writer)
{
    struct option_spec specs[CRAWL_SPECS_MAX];
    struct option_table table = crawl_option_table(specs);
    put_lines(writer, CRAWL_BEFORE);
    put_table(writer, &table);
    put_lines(writer, CRAWL_AFTER);
}

void help_put_compare(struct writer *writer)
{
    struct option_spec specs[COMPARE_SPECS_MAX];
    struct option_table table = compare_option_table(specs);
    put_lines(writer, COMPARE_BEFORE);
    put_table(writer, &table);
    put_lines(writer, COMPARE_AFTER);
}

/* ---- version ---- */

static void put_features(struct writer *writer, const curl_version_info_data *info)
{
    static const struct {
        int bit;
        const char *name;
    } FEATURES[] = {
        {CURL_VERSION_ASYNCHDNS, "AsynchDNS"},
        {CURL_VERSION_BROTLI, "brotli"},
        {CURL_VERSION_HTTP2, "HTTP2"},
        {CURL_VERSION_HTTP3, "HTTP3"},
        {CURL_VERSION_IDN, "IDN"},
        {CURL_VERSION_IPV6, "IPv6"},
        {CURL_VERSION_LIBZ, "libz"},
        {CURL_VERSION_PSL, "PSL"},
        {CURL_VERSION_SSL, "SSL"},
        {CURL_VERSION_THREADSAFE, "threadsafe"},
        {CURL_VERSION_ZSTD, "zstd"},
    };
    char text[256] = "libcurl features:";
    size_t bytes = strlen(text);
    for (size_t i = 0; i < sizeof FEATURES / sizeof FEATURES[0]; i++)
        if ((info->features & FEATURES[i].bit) != 0)
            bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, " %s", FEATURES[i].name);
    put_wrapped(writer, text, 0, 4);
}

static void put_limits(struct writer *writer)
{
    struct fetch_limits limits;
    char text[3][UNITS_TEXT_BYTES];
    char line[160];
    fetch_limits_init(&limits);
    snprintf(line, sizeof line, "limits: workers %u, in flight %u, URL %u B, added headers %u B", WORKERS_MAX,
             CONCURRENCY_MAX, URL_BYTES_MAX, REQUEST_HEADER_BYTES_MAX);
    writer_put_string(writer, line);
    writer_end_line(writer);
    snprintf(line, sizeof line, "  defaults: connect %s, try %s, stall %s under %u B/s, %u redirects",
             units_format_option_duration(text[0], limits.connect_timeout_ms),
             units_format_option_duration(text[1], limits.total_timeout_ms),
             units_format_option_duration(text[2], limits.stall_time_ms), limits.stall_bytes_per_s,
             limits.redirects_max);
    writer_put_string(writer, line);
    writer_end_line(writer);
    snprintf(line, sizeof line, "  body %s decoded, %u:1 past %s; headers %s, %u of them",
             units_format_option_size(text[0], limits.body_bytes_max), limits.body_ratio_max,
             units_format_option_size(text[1], limits.body_ratio_from_bytes),
             units_format_option_size(text[2], limits.header_bytes_max), limits.header_count_max);
    writer_put_string(writer, line);
    writer_end_line(writer);
}

/* 8.4.0 mends CVE-2023-38545, a heap overflow that a URL can cause where a SOCKS5 proxy resolves names (from 7.69.0 on), and
 * CVE-2023-38546, cookies read from a file that an attacker may have put there: the last of libcurl's that a fetcher of
 * foreign URLs had to fear for its memory. */
#define LIBCURL_FLOOR 0x080400u

void help_put_libcurl_floor(struct writer *writer, unsigned number, const char *version)
{
    if (number >= LIBCURL_FLOOR)
        return;
    writer_put_string(writer, "note: libcurl ");
    escape_text_string(writer, version);
    writer_put_string(writer, " is older than 8.4.0");
    writer_end_line(writer);
    put_lines(writer, "  8.4.0 mends CVE-2023-38545 (SOCKS5 proxies), CVE-2023-38546 (cookie files).\n"
                      "  A distribution may have mended them under the older number, as Debian 12 has\n"
                      "  in 7.88.1-10+deb12u4.\n");
}

static void put_sandbox(struct writer *writer)
{
    char text[160];
    worker_sandbox_describe(text, sizeof text);
    writer_put_string(writer, "sandbox: ");
    writer_put_string(writer, text);
    writer_end_line(writer);
}

void help_put_version(struct writer *writer, bool verbose)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    writer_put_string(writer, "shoal " SHOAL_VERSION " (libcurl ");
    writer_put_string(writer, info->version);
    if (info->ssl_version != NULL) {
        writer_put_string(writer, ", ");
        writer_put_string(writer, info->ssl_version);
    }
    writer_put_string(writer, ")");
    writer_end_line(writer);
    if (verbose) {
        put_features(writer, info);
        put_limits(writer);
        put_sandbox(writer);
        help_put_libcurl_floor(writer, info->version_num, info->version);
    }
}

/* ---- on standard output ---- */

static enum exit_status finish(struct writer *writer)
{
    if (writer_close(writer) == STATUS_OK)
        return EXIT_ALL_FETCHED;
    fprintf(stderr, "shoal: %s\n", writer->why);
    return EXIT_CANNOT_RUN;
}

static enum exit_status show(void (*put)(struct writer *writer))
{
    struct writer writer;
    writer_open(&writer, STDOUT_FILENO, "standard output", NULL);
    put(&writer);
    return finish(&writer);
}

enum exit_status help_version(bool verbose)
{
    struct writer writer;
    writer_open(&writer, STDOUT_FILENO, "standard output", NULL);
    help_put_version(&writer, verbose);
    return finish(&writer);
}

enum exit_status help_command(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "fetch") == 0)
        return show(help_put_fetch);
    if (argc > 1 && strcmp(argv[1], "crawl") == 0)
        return show(help_put_crawl);
    if (argc > 1 && strcmp(argv[1], "compare") == 0)
        return show(help_put_compare);
    if (argc > 1 && strcmp(argv[1], "help") != 0) {
        char shown[64];
        escape_text_into(shown, sizeof shown, argv[1], strlen(argv[1]));
        fprintf(stderr, "shoal help: there is no command \"%s\"\n", shown);
        return EXIT_USAGE;
    }
    return show(help_put_overview);
}
