/* Runs suites side by side and adds up what Check says of each.
 *
 *     runner [-j JOBS] [-t SECONDS] [-w WRAPPER] SUITE ...
 *
 * One line a suite as it ends; the output of those that failed; what they skipped (a line "skipped: TEST: WHY" takes one
 * test from the passed to the skipped). A suite is a program that prints Check's closing line. One that crashes, ends
 * without that line, or is not done in time, counts as a failure more. Each has a session of its own, and as this program is
 * the reaper of all that lose their parent, what a suite leaves behind is found, named and killed: that is a failure too.
 *
 * The last line is "N passed, N failed[, N skipped]". Exit status 1 if anything failed or no test ran. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILL_AFTER_S 5.0
#define OUTPUT_BYTES_MAX (64L << 10)

struct suite {
    const char *path;
    char name[64];
    FILE *output;
    pid_t pid; /* and its session; 0: not running */
    double started_s, killed_s;
    int checks, failures, skipped;
};

struct totals {
    int checks, failures, skipped;
};

struct options {
    int jobs;
    double seconds;
    const char *wrapper;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    if (number != SIGCHLD) {
        stopped = number;
    }
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* "build/tests/check_ring" is the suite "ring". */
static void name_suite(struct suite *suite)
{
    const char *slash = strrchr(suite->path, '/');
    const char *name = slash != NULL ? slash + 1 : suite->path;
    if (strncmp(name, "check_", 6) == 0) {
        name += 6;
    }
    snprintf(suite->name, sizeof suite->name, "%s", name);
    suite->name[strcspn(suite->name, ".")] = '\0';
}

/* wrapper: the program that runs it, as valgrind; NULL: none. */
static bool start_suite(struct suite *suite, const char *wrapper)
{
    suite->output = tmpfile();
    if (suite->output == NULL) {
        fprintf(stderr, "runner: cannot make a temporary file: %s\n", strerror(errno));
        return false;
    }
    fflush(stdout);
    suite->started_s = now_s();
    pid_t runner = getpid();
    suite->pid = fork();
    if (suite->pid != 0) {
        return suite->pid > 0;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != runner) {
        _exit(127);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGHUP, SIG_DFL); /* which `nohup make test` has ignored */
    setsid();
    dup2(fileno(suite->output), STDOUT_FILENO);
    dup2(fileno(suite->output), STDERR_FILENO);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    if (wrapper != NULL) {
        execlp(wrapper, wrapper, suite->path, (char *)NULL);
    } else {
        execl(suite->path, suite->path, (char *)NULL);
    }
    fprintf(stderr, "cannot run %s: %s\n", suite->path, strerror(errno));
    fflush(stderr);
    _exit(127);
}

/* The session and the state of a process from /proc/PID/stat; false if it is gone. */
static bool process_read(pid_t pid, pid_t *session, char *state, char command[64])
{
    char path[64];
    char line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    char *open_paren = read ? strchr(line, '(') : NULL;
    char *close_paren = read ? strrchr(line, ')') : NULL;
    int sid = 0;
    if (open_paren == NULL || close_paren == NULL || sscanf(close_paren + 1, " %c %*d %*d %d", state, &sid) != 2) {
        return false;
    }
    *close_paren = '\0';
    snprintf(command, 64, "%s", open_paren + 1);
    *session = sid;
    return true;
}

/* Sends a signal to every process of the session but its zombies; returns how many there are. */
static int signal_session(pid_t session, int number, bool say)
{
    int count = 0;
    DIR *proc = opendir("/proc");
    if (proc == NULL) {
        return 0;
    }
    for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        pid_t its_session;
        char state;
        char command[64];
        if (pid > 0 && process_read(pid, &its_session, &state, command) && its_session == session && state != 'Z') {
            count++;
            if (say) {
                printf("    left behind: process %d (%s)\n", pid, command);
            }
            kill(pid, number);
        }
    }
    closedir(proc);
    return count;
}

/* Finds Check's closing lines and what was skipped; prints the latter. */
static bool read_output(struct suite *suite)
{
    char line[1024];
    bool found = false;
    rewind(suite->output);
    while (fgets(line, sizeof line, suite->output) != NULL) {
        const char *counts = strstr(line, "%: Checks: ");
        int checks;
        int failures;
        int errors;
        if (counts != NULL &&
            sscanf(counts, "%%: Checks: %d, Failures: %d, Errors: %d", &checks, &failures, &errors) == 3) {
            suite->checks += checks;
            suite->failures += failures + errors;
            found = true;
        } else if (strncmp(line, "skipped: ", 9) == 0) {
            suite->skipped++;
        }
    }
    return found;
}

static void print_output(struct suite *suite, const char *prefix)
{
    char line[1024];
    fseek(suite->output, 0, SEEK_END);
    long bytes = ftell(suite->output);
    fseek(suite->output, bytes > OUTPUT_BYTES_MAX ? bytes - OUTPUT_BYTES_MAX : 0, SEEK_SET);
    if (prefix == NULL && bytes > OUTPUT_BYTES_MAX) {
        printf("    ... %ld bytes before this ...\n", bytes - OUTPUT_BYTES_MAX);
    }
    while (fgets(line, sizeof line, suite->output) != NULL) {
        if (prefix == NULL || strncmp(line, prefix, strlen(prefix)) == 0) {
            printf("    %s%s", line, strchr(line, '\n') != NULL ? "" : "\n");
        }
    }
}

/* Says how the suite ended and adds it up. */
static void end_suite(struct suite *suite, int wait_status, struct totals *totals)
{
    char how[80] = "";
    bool counted = read_output(suite);
    if (suite->killed_s > 0) {
        snprintf(how, sizeof how, "not done in time, killed");
    } else if (WIFSIGNALED(wait_status)) {
        snprintf(how, sizeof how, "died of signal %d (%s)", WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
    } else if (WEXITSTATUS(wait_status) != 0 && suite->failures == 0) {
        snprintf(how, sizeof how, "exit status %d", WEXITSTATUS(wait_status));
    } else if (!counted) {
        snprintf(how, sizeof how, "ended without its counts");
    }
    int left = signal_session(suite->pid, 0, false);
    if (how[0] == '\0' && left > 0) {
        snprintf(how, sizeof how, "left %d processes behind", left);
    }
    if (how[0] != '\0') {
        suite->checks++;
        suite->failures++;
    }
    if (suite->checks == 0) {
        suite->checks = suite->skipped; /* it skipped all that it has */
    }
    int passed = suite->checks - suite->failures;
    suite->skipped = suite->skipped < passed ? suite->skipped : passed;
    printf("%s %-20s %4d passed", suite->failures > 0 ? "FAIL" : "ok  ", suite->name, passed - suite->skipped);
    printf(suite->failures > 0 ? ", %d failed" : "", suite->failures);
    printf(suite->skipped > 0 ? ", %d skipped" : "", suite->skipped);
    printf("%s%s  %.2f s\n", how[0] != '\0' ? ": " : "", how, now_s() - suite->started_s);
    print_output(suite, suite->failures > 0 ? NULL : "skipped: ");
    signal_session(suite->pid, SIGKILL, true);
    totals->checks += suite->checks;
    totals->failures += suite->failures;
    totals->skipped += suite->skipped;
    fclose(suite->output);
    suite->pid = 0;
}

/* Asks what is late to end, and then makes it. */
static void stop_late(struct suite *suites, int count, double seconds)
{
    for (int i = 0; i < count; i++) {
        struct suite *suite = &suites[i];
        if (suite->pid == 0) {
            continue;
        }
        double now = now_s();
        if (suite->killed_s == 0 && now - suite->started_s > seconds) {
            suite->killed_s = now;
            signal_session(suite->pid, SIGTERM, false);
        } else if (suite->killed_s > 0 && now - suite->killed_s > KILL_AFTER_S) {
            signal_session(suite->pid, SIGKILL, false);
        }
    }
}

/* Reaps what ended, suites and orphans; returns how many suites run still. */
static int reap(struct suite *suites, int count, struct totals *totals)
{
    int status;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        for (int i = 0; i < count; i++) {
            if (suites[i].pid == pid) {
                end_suite(&suites[i], status, totals);
            }
        }
    }
    int running = 0;
    for (int i = 0; i < count; i++) {
        running += suites[i].pid != 0;
    }
    return running;
}

static void run_all(struct suite *suites, int count, const struct options *options, struct totals *totals)
{
    const struct timespec tick = {.tv_sec = 1};
    sigset_t wanted;
    struct sigaction action = {.sa_handler = on_signal};
    int begun = 0;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    for (;;) {
        int running = reap(suites, begun, totals);
        while (running < options->jobs && begun < count && stopped == 0) {
            if (!start_suite(&suites[begun], options->wrapper)) {
                printf("FAIL %s: cannot start: %s\n", suites[begun].name, strerror(errno));
                totals->checks++;
                totals->failures++;
                suites[begun].pid = 0;
                running--;
            }
            begun++;
            running++;
        }
        if (running == 0) {
            return;
        }
        sigtimedwait(&wanted, NULL, &tick);
        stop_late(suites, begun, stopped != 0 ? 0 : options->seconds);
    }
}

int main(int argc, char **argv)
{
    struct options options = {.jobs = 2, .seconds = 120};
    int option;
    while ((option = getopt(argc, argv, "j:t:w:")) != -1) {
        if (option == 'j') {
            options.jobs = (int)strtol(optarg, NULL, 10);
        } else if (option == 't') {
            options.seconds = strtod(optarg, NULL);
        } else if (option == 'w') {
            options.wrapper = optarg;
        } else {
            return 2;
        }
    }
    int count = argc - optind;
    if (options.jobs < 1 || options.seconds <= 0 || count < 1) {
        fprintf(stderr, "usage: run [-j JOBS] [-t SECONDS] [-w WRAPPER] SUITE ...\n");
        return 2;
    }
    struct totals totals = {0};
    double started_s = now_s();
    struct suite *suites = calloc((size_t)count, sizeof *suites);
    if (suites == NULL || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        free(suites);
        fprintf(stderr, "runner: %s\n", strerror(errno));
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 0; i < count; i++) {
        suites[i].path = argv[optind + i];
        name_suite(&suites[i]);
    }
    run_all(suites, count, &options, &totals);
    free(suites);
    printf("%d suites in %.1f s%s\n", count, now_s() - started_s, stopped != 0 ? ", interrupted" : "");
    printf("%d passed, %d failed", totals.checks - totals.failures - totals.skipped, totals.failures);
    printf(totals.skipped > 0 ? ", %d skipped\n" : "\n", totals.skipped);
    if (stopped != 0) {
        return 128 + stopped;
    }
    return totals.failures > 0 || totals.checks == 0 ? 1 : 0;
}
