/* An executor whose workers are puppets: nobody runs, and a test does by hand what a worker would do, die
 * included. For what must be seen step by step. */
#ifndef SHOAL_TESTS_PUPPETS_H
#define SHOAL_TESTS_PUPPETS_H

#include <check.h>
#include <stdbool.h>

#include "common/ring.h"
#include "coordinator/executor/pool.h"

#define PUPPETS 2u
#define QUARANTINE PUPPETS /* the index of the worker there */

/* A coordinator with two puppets, 4 tasks in flight, bodies of 64 KiB and headers kept. Fails the test if there is none. */
struct executor *puppets_open(void);
void puppets_close(struct executor *executor);

/* What the next start of a worker answers, and errno with it; STATUS_OK at first. */
void puppets_refuse_to_start(enum status status, int error);

/* The worker ends, as waitpid() would say it; seen at the next turn. */
void puppets_end(struct executor *executor, uint32_t worker, int wait_status);
/* The last signal that the coordinator sent the worker; 0: none. */
int puppets_signal_sent(uint32_t worker);

/* A turn of the coordinator, with every delay between lives over. */
void puppets_turn(struct executor *executor);

struct future *puppets_submit(struct executor *executor, const char *url);
/* Takes the next task; fails the test if there is none. */
struct claim puppets_claim(struct executor *executor, uint32_t worker);
/* An answer with a body of so many bytes; false if the slot was taken away. */
bool puppets_publish(struct executor *executor, uint32_t worker, const struct claim *claim, uint32_t body_bytes);

#endif
