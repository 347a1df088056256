/* option_table.h: one table that says which options a command has; it drives parsing, the help and
 * the test of the man page. What is wrong is said in one line on stderr, which names the option,
 * the value, and what is allowed. */
#ifndef SHOAL_OPTION_TABLE_H
#define SHOAL_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Enough for the line that says what is wrong with a value. */
#define OPTION_WHY_BYTES 256

enum options_outcome {
    OPTIONS_RUN,   /* go on */
    OPTIONS_DONE,  /* the help is asked for: the command shows it */
    OPTIONS_WRONG, /* one line was printed on stderr: exit EXIT_USAGE */
};

struct option_spec {
    const char *name;     /* long name, without the dashes */
    char letter;          /* short name; 0: none */
    const char *argument; /* as the help calls it, "N"; NULL: takes none */
    const char *help;     /* one sentence; the help wraps it; NULL: not shown */
    /* Takes the value (NULL where argument is). False: why says what is allowed, "must be 1 to
     * 1024". Keeps value. */
    bool (*take)(void *options, const char *value, char *why, size_t why_bytes);
    enum options_outcome outcome; /* OPTIONS_RUN to go on; OPTIONS_DONE: parsing ends here */
};

struct option_table {
    const char *command; /* "shoal fetch": begins every line that is printed */
    const struct option_spec *specs;
    size_t count;
    /* Told of each option that was taken, with its value. False: why says what is wrong. NULL: nobody asks. */
    bool (*taken)(void *options, const struct option_spec *spec, const char *value, char *why, size_t why_bytes);
};

/* Reads argv[1...argc), GNU style: options and operands in any order, `--` ends the options, unique
 * prefixes of long names are taken. argv is permuted: *operand_index receives where the operands
 * begin. Uses getopt_long(), hence one thread at a time. */
enum options_outcome option_table_parse(const struct option_table *table, void *options, int argc, char **argv,
                                        int *operand_index);

/* Prints `<command>: <text>` as one line on stderr, escaped. */
void option_table_complain(const struct option_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The option of that long name; NULL if there is none. */
const struct option_spec *option_table_find(const struct option_table *table, const char *name);

#endif
