/* Every FAULT_POINT of the sources, who passes it, and a way to try many deaths side by side.
 * `make lint` compares the table with the sources: tests/lint/faults.sh. */
#ifndef SHOAL_TESTS_FAULTS_H
#define SHOAL_TESTS_FAULTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "coordinator/executor/executor.h"

#define FAULT_WORKER 1u
#define FAULT_COORDINATOR 2u
#define FAULT_IN_DATA 8u /* a worker with a slot's data in its hands: the death, even a kill, is charged to that slot */
#define FAULT_PROGRAM 4u /* the coordinator of `shoal fetch -O` */
#define FAULT_OF_GZIP 16u /* a compressed body passes it */
#define FAULT_OF_PAGE 32u /* a page whose links are taken passes it */

struct fault_row {
    const char *name;
    unsigned who; /* FAULT_*, or-ed */
    int first;    /* FAULT_WORKER: the pass that a first worker surely reaches, in the middle of things */
    int again;    /* FAULT_WORKER: the pass that ends every life, after some work; 0: no work can be done before it */
};

extern const struct fault_row FAULT_ROWS[];
extern const int FAULT_ROW_COUNT;

/* The ways to go; the last one does not end by itself. */
extern const char *const FAULT_ACTIONS[];
#define FAULT_ACTION_COUNT 4
#define FAULT_STOP 3

/* The path of a page that passes the place where its links are counted, of so many bytes where that can be chosen. */
void fault_page(const struct fault_row *row, int bytes, char *path, size_t path_bytes);

/* Checks that the result is that page, whole. */
void expect_fault_page(const struct fault_row *row, const struct fetch_result *result, int bytes);

/* Sets FAULT in the environment. */
void fault_set(const char *name, int nth, const char *action);

/* Runs one(row, action) for each row of these, each in a process of its own that adopts orphans, some side by side. It says
 * what is wrong by a failed check, or ends. Fails the test and names those that failed. */
typedef void fault_case(const struct fault_row *row, const char *action);
void faults_try(unsigned who, const char *action, fault_case *one);

/* Waits until this process has no child left; false when one does not go. Reaps. */
bool children_are_gone(void);

#endif
