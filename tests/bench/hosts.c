/* The server of hosts.py: bench_hosts ADDRESSES HOLD_MS
 *
 * Prints its port and then its addresses, one a line, and serves until its input ends. Then it prints what was asked, in the order in
 * which it came: HOST ADDRESS CAME_NS ANSWERED_NS PATH, by CLOCK_MONOTONIC. The site named hX-N.test has N pages, the first of which
 * leads to all others. */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/web.h"

static unsigned addresses;
static int hold_ms;

static void serve(const struct web_request *request, struct web_answer *answer)
{
    const char *pages = strchr(request->host, '-');
    answer->delay_ms = hold_ms;
    if (strcmp(request->path, "/robots.txt") == 0 || pages == NULL) {
        answer->status = 404;
        return;
    }
    web_print("%s %s", request->host, request->path);
    if (strcmp(request->path, "/0") == 0)
        for (long next = 1; next < strtol(pages + 1, NULL, 10); next++)
            web_print(" <a href=/%ld>next</a>", next);
}

static void print_log(const struct web *web)
{
    uint32_t count = __atomic_load_n(&web->log->count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++) {
        const struct web_entry *entry = &web->log->entries[i];
        printf("%s %u %lld %lld %s\n", entry->host, entry->address, (long long)entry->came_ns,
               (long long)entry->answered_ns, entry->path);
    }
}

/* The tests' server checks what it does as tests do, so it must run within one. */
START_TEST(it_serves_until_its_input_ends)
{
    struct web web = {0};
    char text[24];
    web_start(&web, serve, addresses);
    printf("%d\n", web.port);
    for (unsigned address = 0; address < addresses; address++)
        printf("%s\n", web_address(address, text));
    fflush(stdout);
    while (read(STDIN_FILENO, text, sizeof text) > 0)
        continue;
    print_log(&web);
    web_stop(&web);
}
END_TEST

int main(int argc, char **argv)
{
    long wanted = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    if (wanted < 1 || wanted > WEB_ADDRESSES_MAX) {
        fprintf(stderr, "usage: bench_hosts ADDRESSES HOLD_MS (at most %d addresses)\n", WEB_ADDRESSES_MAX);
        return 2;
    }
    addresses = (unsigned)wanted;
    hold_ms = (int)strtol(argv[2], NULL, 10);
    Suite *suite = suite_create("hosts");
    TCase *server = tcase_create("server");
    tcase_add_test(server, it_serves_until_its_input_ends);
    suite_add_tcase(suite, server);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 3;
}
