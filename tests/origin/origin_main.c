/* The server as a program, for demonstrations and for trying things by hand. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/origin/counts.h"
#include "tests/origin/pages.h"
#include "tests/origin/server.h"
#include "tests/origin/wiki.h"

struct options {
    const char *address;
    int port;
    uint32_t wiki_delay_ms;
    bool die_with_parent;
    bool pages;
    bool list;
};

static volatile sig_atomic_t stop_asked;

static void on_stop_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

static const char USAGE[] =
    "usage: origin [--address A] [--port N] [--delay 150ms] [--die-with-parent] [--pages] [--list]\n"
    "Serves test pages over HTTP/1.1 until SIGTERM or SIGINT.\n"
    "  --address A        IPv4 or IPv6 literal to listen on (127.0.0.1, and then ::1 too)\n"
    "  --port N           0, the default, lets the kernel pick\n"
    "  --delay TIME       how long each /wiki/ page is held back: 150ms, 2s, 0 (150ms)\n"
    "  --die-with-parent  end when the starting process ends\n"
    "  --pages            then print the URLs of the wiki pages, and no more\n"
    "  --list             print the pages and what each does\n";

/* "150ms", "0.15s", "2s", "0": milliseconds up to an hour. */
static bool parse_time_ms(const char *text, uint32_t *time_ms)
{
    char *end;
    double value = strtod(text, &end);
    if (strcmp(end, "s") == 0) {
        value *= 1000;
    } else if (strcmp(end, "ms") != 0 && *end != '\0') {
        return false;
    }
    if (end == text || !(value >= 0 && value <= 3600e3)) {
        return false;
    }
    *time_ms = (uint32_t)(value + 0.5);
    return true;
}

static bool parse_port(const char *text, int *port)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 0 || value > 65535) {
        return false;
    }
    *port = (int)value;
    return true;
}

/* Returns 0 to go on, else the exit code plus one. */
static int parse_options(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {
        {"address", required_argument, NULL, 'a'}, {"port", required_argument, NULL, 'p'},
        {"delay", required_argument, NULL, 'd'},   {"die-with-parent", no_argument, NULL, 'w'},
        {"pages", no_argument, NULL, 'u'},         {"list", no_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
    };
    int option;
    bool good = true;
    while (good && (option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'a':
            options->address = optarg;
            break;
        case 'p':
            good = parse_port(optarg, &options->port);
            break;
        case 'd':
            good = parse_time_ms(optarg, &options->wiki_delay_ms);
            break;
        case 'w':
            options->die_with_parent = true;
            break;
        case 'u':
            options->pages = true;
            break;
        case 'l':
            options->list = true;
            break;
        case 'h':
            fputs(USAGE, stdout);
            return EXIT_SUCCESS + 1;
        default:
            good = false;
            break;
        }
    }
    if (!good || optind < argc) {
        fputs(USAGE, stderr);
        return 2 + 1;
    }
    return 0;
}

/* Blocks both signals but for the time in which the server sleeps. */
static void catch_stop_signals(sigset_t *wait_mask)
{
    struct sigaction action = {.sa_handler = on_stop_signal};
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGTERM);
    sigaddset(&both, SIGINT);
    sigprocmask(SIG_BLOCK, &both, wait_mask);
    sigdelset(wait_mask, SIGTERM);
    sigdelset(wait_mask, SIGINT);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

/* Says where it serves, and then closes standard output where a reader waits for the end of the list. */
static void announce(const struct options *options, int port)
{
    bool is_ipv6 = strchr(options->address, ':') != NULL;
    char base[128];
    snprintf(base, sizeof base, "http://%s%s%s:%d/", is_ipv6 ? "[" : "", options->address, is_ipv6 ? "]" : "", port);
    printf("origin: %s\n", base);
    for (size_t i = 0; options->pages && i < WIKI_PAGE_COUNT; i++) {
        printf("%swiki/%s\n", base, wiki_pages[i].name);
    }
    fflush(stdout);
    if (options->pages) {
        fclose(stdout);
    }
}

static int serve(const struct options *options)
{
    struct server_listeners listeners;
    struct origin_counts_shm counts = {0};
    struct server server;
    sigset_t wait_mask;
    int result = EXIT_FAILURE;
    if (server_listen(&listeners, options->address, options->port) != 0) {
        fprintf(stderr, "origin: cannot listen on %s port %d: %s\n", options->address, options->port, strerror(errno));
        return EXIT_FAILURE;
    }
    int port = listeners.port;
    struct pages *pages = pages_open(options->wiki_delay_ms, &counts);
    catch_stop_signals(&wait_mask);
    if (server_open(&server, &listeners, &counts, pages) == 0 && pages != NULL) {
        announce(options, port);
        server_run(&server, &stop_asked, &wait_mask);
        result = EXIT_SUCCESS;
    } else {
        fprintf(stderr, "origin: cannot serve: %s\n", strerror(errno));
    }
    server_close(&server);
    pages_close(pages);
    return result;
}

int main(int argc, char **argv)
{
    pid_t parent = getppid();
    struct options options = {.address = "127.0.0.1", .wiki_delay_ms = WIKI_DELAY_MS};
    int parsed = parse_options(&options, argc, argv);
    if (parsed != 0) {
        return parsed - 1;
    }
    if (options.list) {
        pages_print(stdout);
        return EXIT_SUCCESS;
    }
    if (options.die_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) { /* it ended before we asked to be told */
            return EXIT_SUCCESS;
        }
    }
    server_raise_descriptor_limit();
    return serve(&options);
}
