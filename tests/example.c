/* The classic futures example with nothing but the installed library: submits every URL of the command
 * line, prints each page as it arrives, and says which site failed and why.
 *
 *     cc example.c $(pkg-config --cflags --libs shoal) -o example */
#include <shoal/executor.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Prints what became of one site. True if it was fetched. */
static int show(struct future *future)
{
    const char *site = future_user(future); /* the future's way back to its site */
    const struct fetch_result *result;
    if (future_result(future, 0, &result) == STATUS_OK) {
        printf("Read %llu from %s\n", (unsigned long long)result->body_bytes, site);
        return 1;
    }
    printf("Failed %s: %s: %s\n", site, fetch_error_name(result->error), result->detail);
    return 0;
}

/* Submits every site and shows each as it is done. Returns how many were fetched. */
static int download_all(struct executor *executor, char **sites, int count)
{
    struct future **to_do = calloc((size_t)count, sizeof(*to_do));
    struct completions *completed = NULL;
    struct future *future;
    int submitted = 0;
    int fetched = 0;

    if (to_do == NULL) {
        return 0;
    }
    while (submitted < count) {
        struct request request = {.url = sites[submitted], .user = sites[submitted]};
        if (executor_submit(executor, &request, -1, &to_do[submitted]) != STATUS_OK) {
            break;
        }
        submitted++;
    }
    if (futures_as_completed(to_do, (size_t)submitted, -1, &completed) == STATUS_OK) {
        while (completions_next(completed, &future) == STATUS_OK) {
            fetched += show(future);
        }
        completions_close(completed);
    }
    for (int i = 0; i < submitted; i++) {
        future_release(to_do[i]);
    }
    free(to_do);
    return fetched;
}

int main(int argc, char **argv)
{
    struct executor *executor;
    char why[256];
    int count = argc - 1;
    double started_s = now_s();

    if (count == 0) {
        fprintf(stderr, "usage: example URL ...\n");
        return 2;
    }
    if (executor_open(&executor, NULL, why, sizeof why) != STATUS_OK) {
        fprintf(stderr, "example: %s\n", why);
        return 1;
    }
    int fetched = download_all(executor, argv + 1, count);
    executor_close(executor);
    printf("Download %d sites in %.3f seconds\n", count, now_s() - started_s);
    return fetched == count ? EXIT_SUCCESS : EXIT_FAILURE;
}
