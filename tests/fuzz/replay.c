/* The main of a fuzz target without libFuzzer: runs the target with every seed, then with changes of them
 * that are the same each time:
 *
 *     replay_<what> [-n CHANGES] [-s NUMBER] FILE|DIRECTORY ...
 *
 * An input that crashes is written to the file replay-crash. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define SEEDS_MAX 512
#define INPUT_BYTES_MAX ((size_t)128 << 10)
#define SECONDS_MAX 100 /* a target that never ends is found, too */

struct seed {
    uint8_t *bytes;
    size_t count;
};

static struct seed seeds[SEEDS_MAX];
static size_t seed_count;
static uint64_t random_state = 0x9e3779b97f4a7c15u;

/* Read by the handler of a crash. */
static const uint8_t *volatile input_at;
static volatile size_t input_bytes;

static void on_crash(int number)
{
    int fd = open("replay-crash", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0 && input_at && write(fd, input_at, input_bytes) >= 0)
        close(fd);
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
    raise(number);
}

static void watch_crashes(void)
{
    static const int SIGNALS[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_NODEFER};
    for (size_t i = 0; i < sizeof SIGNALS / sizeof SIGNALS[0]; i++)
        sigaction(SIGNALS[i], &action, NULL);
    alarm(SECONDS_MAX);
}

static uint32_t random_below(size_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return bound ? (uint32_t)((random_state >> 16) % bound) : 0;
}

static void fail(const char *path)
{
    fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    exit(2);
}

static void read_seed(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file || seed_count == SEEDS_MAX)
        fail(path);
    uint8_t *bytes = malloc(INPUT_BYTES_MAX);
    if (!bytes)
        fail(path);
    seeds[seed_count].count = fread(bytes, 1, INPUT_BYTES_MAX, file);
    seeds[seed_count++].bytes = bytes;
    fclose(file);
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void read_seeds(const char *path)
{
    struct stat status;
    struct dirent **entries;
    if (stat(path, &status) != 0)
        fail(path);
    if (!S_ISDIR(status.st_mode)) {
        read_seed(path);
        return;
    }
    int count = scandir(path, &entries, is_shown, alphasort);
    if (count < 0)
        fail(path);
    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        read_seed(name);
        free(entries[i]);
    }
    free(entries);
}

/* From a copy of exactly its size, as libFuzzer does it: a read beyond is seen. */
static void run(const uint8_t *bytes, size_t count)
{
    uint8_t *copy = malloc(count + (count == 0));
    if (!copy)
        fail("memory");
    memcpy(copy, bytes, count);
    input_at = copy;
    input_bytes = count;
    LLVMFuzzerTestOneInput(copy, count);
    input_at = NULL;
    free(copy);
}

/* One change of bytes[0 .. count), which has room for twice INPUT_BYTES_MAX; returns the new count. */
static size_t change(uint8_t *bytes, size_t count)
{
    static const uint8_t NOTABLE[] = {0, 1, 9, 10, 13, 32, 34, 37, 46, 47, 58, 64, 92, 127, 128, 192, 254, 255};
    size_t at = random_below(count);
    size_t piece = 1 + random_below(8);
    switch (random_below(6)) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << random_below(8));
        return count + (count == 0);
    case 1:
        bytes[at] = NOTABLE[random_below(sizeof NOTABLE)];
        return count + (count == 0);
    case 2: /* a piece goes */
        if (piece > count - at)
            piece = count - at;
        memmove(bytes + at, bytes + at + piece, count - at - piece);
        return count - piece;
    case 3: /* a piece comes */
        memmove(bytes + at + piece, bytes + at, count - at);
        for (size_t i = 0; i < piece; i++)
            bytes[at + i] = (uint8_t)random_below(256);
        return count + piece;
    case 4: /* a piece stands twice */
        if (piece > count - at)
            piece = count - at;
        memmove(bytes + at + piece, bytes + at, count - at);
        return count + piece;
    default: { /* the end is another seed's */
        const struct seed *other = &seeds[random_below(seed_count)];
        size_t from = random_below(other->count);
        size_t taken = other->count - from;
        memcpy(bytes + at, other->bytes + from, taken);
        return at + taken;
    }
    }
}

static void run_changed(uint8_t *bytes)
{
    const struct seed *seed = &seeds[random_below(seed_count)];
    size_t count = seed->count;
    memcpy(bytes, seed->bytes, count);
    for (uint32_t i = 0; i <= random_below(4) && count < INPUT_BYTES_MAX; i++)
        count = change(bytes, count);
    run(bytes, count);
}

int main(int argc, char **argv)
{
    unsigned long changes = 0;
    for (int option; (option = getopt(argc, argv, "n:s:")) != -1;) {
        if (option == 'n')
            changes = strtoul(optarg, NULL, 10);
        else if (option == 's')
            random_state += strtoul(optarg, NULL, 10) << 20;
        else
            return 2;
    }
    for (int i = optind; i < argc; i++)
        read_seeds(argv[i]);
    if (!seed_count) {
        fprintf(stderr, "replay: no seeds\n");
        return 2;
    }
    watch_crashes();
    for (size_t i = 0; i < seed_count; i++)
        run(seeds[i].bytes, seeds[i].count);
    uint8_t *bytes = malloc(2 * INPUT_BYTES_MAX + 64);
    if (!bytes)
        fail("memory");
    for (unsigned long i = 0; i < changes; i++)
        run_changed(bytes);
    free(bytes);
    for (size_t i = 0; i < seed_count; i++)
        free(seeds[i].bytes);
    printf("%zu seeds, %lu changes of them\n", seed_count, changes);
    return 0;
}
