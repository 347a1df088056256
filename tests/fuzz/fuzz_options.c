/* A whole command line: coordinator/options/fetch_options.c and what stands behind it. The lines of the input are the
 * arguments. What is wrong is said in one line on standard error; what is taken is within the bounds that the help names. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coordinator/options/fetch_options.h"
#include "tests/fuzz/fuzz.h"

#define ARGUMENTS_MAX 24
#define SHOWN_BYTES 65536

/* What was written to standard output or error meanwhile. */
struct capture {
    int fd;    /* a file in memory, in the stream's place */
    int saved; /* the stream */
};

static struct capture capture_begin(int fd)
{
    fflush(NULL);
    struct capture capture = {memfd_create("shown", MFD_CLOEXEC), fcntl(fd, F_DUPFD_CLOEXEC, 10)};
    fuzz_expect(capture.fd >= 0 && capture.saved >= 0 && dup2(capture.fd, fd) == fd);
    return capture;
}

static size_t capture_end(struct capture *capture, int fd, char *text)
{
    fflush(NULL);
    dup2(capture->saved, fd);
    close(capture->saved);
    ssize_t bytes = pread(capture->fd, text, SHOWN_BYTES, 0);
    close(capture->fd);
    fuzz_expect(bytes >= 0);
    return (size_t)bytes;
}

static void expect_bounds(const struct fetch_options *options)
{
    const struct executor_options *executor = &options->executor;
    const struct fetch_limits *limits = &executor->limits;
    fuzz_expect((unsigned)executor->engine < EXECUTOR_ENGINE_COUNT && (unsigned)options->format < FORMAT_COUNT);
    fuzz_expect((unsigned)options->progress < PROGRESS_COUNT && (unsigned)executor->http <= EXECUTOR_HTTP_2);
    fuzz_expect(executor->workers <= WORKERS_MAX);
    fuzz_expect(executor->concurrency >= 1 && executor->concurrency <= CONCURRENCY_MAX);
    fuzz_expect(limits->connect_timeout_ms > 0 && limits->total_timeout_ms > 0 && limits->stall_time_ms > 0);
    fuzz_expect(limits->body_bytes_max >= 1 && limits->body_bytes_max <= BODY_BYTES_LIMIT);
    fuzz_expect(limits->body_ratio_max > 0 && executor->hang_time_ms >= 0 && executor->memory_bytes_max > 0);
    fuzz_expect((options->input_path == NULL) == (options->url_count > 0));
    for (size_t i = 0; i < executor->header_count; i++)
        fuzz_expect(strpbrk(executor->headers[i], "\r\n") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char shown[2][SHOWN_BYTES];
    struct fuzz_bytes bytes = {data, size};
    char *argv[ARGUMENTS_MAX + 2] = {fuzz_text((const uint8_t *)"fetch", 5)};
    char *given[ARGUMENTS_MAX + 1];
    int argc = 1;
    while (bytes.left && argc <= ARGUMENTS_MAX) {
        size_t count;
        argv[argc++] = fuzz_until(&bytes, '\n', &count);
    }
    memcpy(given, argv, (size_t)argc * sizeof given[0]); /* parsing puts them in another order */
    struct fetch_options options;
    struct capture out = capture_begin(STDOUT_FILENO);
    struct capture err = capture_begin(STDERR_FILENO);
    enum options_outcome outcome = fetch_options_parse(&options, argc, argv);
    size_t err_bytes = capture_end(&err, STDERR_FILENO, shown[1]);
    size_t out_bytes = capture_end(&out, STDOUT_FILENO, shown[0]);
    fuzz_expect((unsigned)outcome <= OPTIONS_WRONG);
    fuzz_expect(out_bytes == 0);
    fuzz_expect((err_bytes > 0) == (outcome == OPTIONS_WRONG));
    if (outcome == OPTIONS_WRONG) {
        fuzz_expect(shown[1][err_bytes - 1] == '\n' && memchr(shown[1], '\n', err_bytes) == shown[1] + err_bytes - 1);
        fuzz_expect(fuzz_is_harmless(shown[1], err_bytes - 1));
    }
    if (outcome == OPTIONS_RUN)
        expect_bounds(&options);
    fetch_options_free(&options);
    while (argc > 0)
        free(given[--argc]);
    return 0;
}
