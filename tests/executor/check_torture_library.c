/* A program that uses the library, tests/torture/use.c, while a call of the library's fails, one after the other:
 * each engine. It looks itself that each future is done once. `make torture` tries every call. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/torture/walk.h"

static struct cli cli;

static void set_up(void)
{
    cli_begin_with_delay(&cli, 5);
    cli.program = "torture/use";
}

static void tear_down(void)
{
    cli_end(&cli);
}

static bool is_right(struct cli *ended, char why[WALK_WHY_BYTES])
{
    if (ended->exit_status <= 1)
        return true;
    snprintf(why, WALK_WHY_BYTES, "exit status %d: %.500s", ended->exit_status, ended->err.text);
    return false;
}

START_TEST(engines)
{
    static const char *const PATHS[] = {"/bytes/1000", "/bytes/900000", "/redirect/1", "/gzip/300000",
                                        "/delay/20/page/1"};
    char urls[5][128];
    for (int i = 0; i < 5; i++)
        snprintf(urls[i], sizeof urls[i], "%s%s", cli.url, PATHS[i]);
    const char *const arguments[] = {ENGINE_NAMES[_i], urls[0], urls[1], urls[2], urls[3], urls[4], NULL};
    const struct walk walk = {.cli = &cli, .arguments = arguments, .is_right = is_right};
    walk_all(&walk);
}
END_TEST

int main(void)
{
    if (!processes_are_tested("torture_library"))
        return EXIT_SUCCESS;
    Suite *suite = suite_create("torture library");
    TCase *tests = tcase_create("torture");
    tcase_set_timeout(tests, 1700);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, engines, 0, EXECUTOR_ENGINE_COUNT);
    suite_add_tcase(suite, tests);
    return cli_suite_main(suite);
}
