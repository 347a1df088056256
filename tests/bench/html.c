/* The speed of reading pages: bench_html [-n ROUNDS] [-1 tokens|links] FILE ...
 *
 * All files are read first. A round takes them apart once, in pieces of 16 KiB as a body arrives; the best round counts, in CPU time. With -1 only
 * that is done, once: for counting instructions (callgrind, perf). */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "worker/html/html_tokenizer.h"
#include "worker/links/links.h"

#define PIECE_BYTES (16u << 10)

struct sample {
    char *bytes;
    size_t count;
};

struct bench {
    struct sample *pages;
    size_t page_count;
    uint64_t bytes;
    uint64_t found;
    struct html_tokenizer *tokenizer;
    struct links *links;
};

static bool wants_no_tag(void *context, uint64_t key, struct html_span name, bool is_end)
{
    (void)context;
    (void)key;
    (void)name;
    (void)is_end;
    return false;
}

/* Wants nothing: what remains is finding where tokens begin and end. */
static const struct html_sink NOTHING = {.filter = 0, .wants_tag = wants_no_tag};

static bool read_file(struct sample *page, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    bool is_read = fseek(file, 0, SEEK_END) == 0;
    long end = ftell(file);
    rewind(file);
    page->count = end > 0 ? (size_t)end : 0;
    page->bytes = malloc(page->count + 1);
    is_read = is_read && page->bytes && fread(page->bytes, 1, page->count, file) == page->count;
    fclose(file);
    return is_read;
}

static void tokenize_page(struct bench *bench, const struct sample *page)
{
    html_tokenizer_reset(bench->tokenizer);
    for (size_t at = 0; at < page->count; at += PIECE_BYTES)
        html_tokenizer_feed(bench->tokenizer, page->bytes + at,
                            page->count - at < PIECE_BYTES ? page->count - at : PIECE_BYTES);
    html_tokenizer_end(bench->tokenizer);
}

static void link_page(struct bench *bench, const struct sample *page)
{
    static const char URL[] = "https://www.example.org/docs/15/index.html";
    links_begin(bench->links, URL, sizeof URL - 1, "text/html; charset=utf-8");
    for (size_t at = 0; at < page->count; at += PIECE_BYTES)
        links_feed(bench->links, page->bytes + at, page->count - at < PIECE_BYTES ? page->count - at : PIECE_BYTES);
    links_end(bench->links);
    bench->found += links_counts(bench->links).found;
}

static void run_round(struct bench *bench, bool with_links)
{
    for (size_t i = 0; i < bench->page_count; i++) {
        if (with_links)
            link_page(bench, &bench->pages[i]);
        else
            tokenize_page(bench, &bench->pages[i]);
    }
}

/* Of this process alone: what others run meanwhile counts less than by the clock on the wall. */
static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void measure(struct bench *bench, const char *name, bool with_links, int rounds)
{
    int64_t best_ns = INT64_MAX;
    for (int i = 0; i < rounds; i++) {
        bench->found = 0;
        int64_t began_ns = cpu_ns();
        run_round(bench, with_links);
        int64_t ns = cpu_ns() - began_ns;
        best_ns = ns < best_ns ? ns : best_ns;
    }
    printf("%s: %.3f GB/s, best of %d (%zu pages, %" PRIu64 " bytes", name, (double)bench->bytes / (double)best_ns,
           rounds, bench->page_count, bench->bytes);
    if (with_links)
        printf(", %" PRIu64 " links, %.0f ns each", bench->found,
               (double)best_ns / (double)(bench->found ? bench->found : 1));
    puts(")");
}

int main(int argc, char **argv)
{
    static const struct links_sink COUNTED = {.link = NULL};
    int rounds = 20;
    const char *only = NULL;
    for (int option; (option = getopt(argc, argv, "n:1:")) != -1;) {
        if (option == 'n')
            rounds = (int)strtol(optarg, NULL, 10);
        else if (option == '1')
            only = optarg;
        else
            return EXIT_FAILURE;
    }
    struct bench bench = {.pages = calloc((size_t)(argc - optind) + 1, sizeof *bench.pages)};
    bench.tokenizer = html_tokenizer_open(&NOTHING, NULL);
    bench.links = links_open(&COUNTED, NULL);
    if (!bench.pages || !bench.tokenizer || !bench.links || optind == argc) {
        fprintf(stderr, "usage: bench_html [-n ROUNDS] [-1 tokens|links] FILE ...\n");
        return EXIT_FAILURE;
    }
    for (int i = optind; i < argc; i++) {
        if (!read_file(&bench.pages[bench.page_count++], argv[i])) {
            fprintf(stderr, "bench_html: cannot read %s\n", argv[i]);
            return EXIT_FAILURE;
        }
        bench.bytes += bench.pages[bench.page_count - 1].count;
    }
    if (only) {
        run_round(&bench, strcmp(only, "links") == 0);
        printf("%" PRIu64 " bytes, %" PRIu64 " links\n", bench.bytes, bench.found);
    } else {
        measure(&bench, "tokens", false, rounds);
        measure(&bench, "links", true, rounds);
    }
    html_tokenizer_close(bench.tokenizer);
    links_close(bench.links);
    for (size_t i = 0; i < bench.page_count; i++)
        free(bench.pages[i].bytes);
    free(bench.pages);
    return EXIT_SUCCESS;
}
