/* main.c: shoal fetches the web with many processes that share one memory. One command each is in
 * *_command.c. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "coordinator/base/exit_status.h"
#include "coordinator/compare/compare_command.h"
#include "coordinator/crawl/crawl_command.h"
#include "coordinator/fetch/fetch_command.h"
#include "coordinator/help.h"
#include "coordinator/text/escape.h"

static int run_help(int argc, char **argv)
{
    return (int)help_command(argc, argv);
}

static int run_version(int argc, char **argv)
{
    bool verbose = argc > 1 && (strcmp(argv[1], "--verbose") == 0 || strcmp(argv[1], "-v") == 0);
    return (int)help_version(verbose);
}

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the name; returns enum exit_status */
} COMMANDS[] = {
    {"fetch", fetch_command}, {"crawl", crawl_command},   {"compare", compare_command},
    {"help", run_help},       {"version", run_version},   {"--help", run_help},
    {"-h", run_help},         {"--version", run_version}, {"-V", run_version},
};

/* Whoever started us may have closed 0, 1 or 2. What we open would take their numbers then, and
 * output would go there: they become /dev/null, opened the wrong way round, so that using them
 * still fails. */
static void hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            int opened = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
            if (opened != fd && opened >= 0) {
                close(opened);
            }
        }
    }
}

int main(int argc, char **argv)
{
    hold_standard_descriptors();
    /* Names of hosts may be in UTF-8, whatever the user's locale. Nothing else of the locale is
     * taken. */
    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc < 2) {
        fprintf(stderr, "shoal: no command; \"shoal help\" lists them\n");
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (strcmp(argv[1], COMMANDS[i].name) == 0) {
            int exit = COMMANDS[i].run(argc - 1, argv + 1);
            return exit == EXIT_HELP ? (int)help_command(2, (char *[]){(char *)"help", (char *)COMMANDS[i].name})
                                     : exit;
        }
    }
    char shown[64];
    escape_text_into(shown, sizeof shown, argv[1], strlen(argv[1]));
    fprintf(stderr, "shoal: there is no command \"%s\"; \"shoal help\" lists them\n", shown);
    return EXIT_USAGE;
}
