/* Runs a program again and again, and each time one of its calls fails: tests/torture/wrap.c. All calls of each
 * function in turn where TORTURE_NTH=all is set; else of those with few calls, and one or two of the others, by a seed that is printed (TORTURE_SEED). */
#ifndef SHOAL_TESTS_TORTURE_WALK_H
#define SHOAL_TESTS_TORTURE_WALK_H

#include "tests/support/command.h"

#define WALK_WHY_BYTES 1024

struct walk {
    struct cli *cli; /* with its program set; a scenario's own environment goes to the third and fourth place */
    const char *const *arguments; /* ended by NULL */
    /* Whether the run that has just ended did what it must; else says why not. What holds of every run was looked at before. */
    bool (*is_right)(struct cli *cli, char why[WALK_WHY_BYTES]);
    /* Before every run; NULL: nothing. */
    void (*prepare)(struct cli *cli);
};

/* Fails the test and names every call whose failure is not borne. */
void walk_all(const struct walk *walk);

#endif
