/* design.h: the ways to run one list that are compared: who works, how many of them, how many transfers in flight. */
#ifndef SHOAL_COMPARE_DESIGN_H
#define SHOAL_COMPARE_DESIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/executor/executor.h"

#define DESIGNS_MAX 64
#define DESIGN_NAME_BYTES 40

/* Of all workers together: in_flight >= workers. */
struct design {
    char name[DESIGN_NAME_BYTES]; /* as options, JSON and CSV call it: "processes-event-loop", "processes:4x128" */
    const char *title;            /* as the table calls it: "processes × event loop"; static */
    enum executor_engine engine;
    uint32_t workers;
    uint32_t in_flight;
};

/* What "N workers" and "an event loop" mean in this comparison. */
struct design_sizes {
    uint32_t workers;   /* CPUs, unless the user says otherwise */
    uint32_t in_flight; /* of the designs with an event loop */
};

/* Fills in the designs that are compared when the user names none, each once: serial; threads, 5 and N; processes; one
 * event loop; threads and processes with event loops. designs has room for DESIGNS_MAX. Returns how many. */
size_t designs_default(struct design *designs, const struct design_sizes *sizes);

/* The same for a list of names with commas between them; also ENGINE:WxC, as "processes:4x128". Twice the same counts once.
 * False, and why says what is allowed, if one is none. */
bool designs_parse(const char *list, const struct design_sizes *sizes, struct design *designs, size_t *count, char *why,
                   size_t why_bytes);

/* One setting of the user's or of a sweep, named ENGINE:WxC. */
struct design design_setting(enum executor_engine engine, uint32_t workers, uint32_t in_flight);

/* "processes", as --engine takes it. */
const char *design_engine_name(enum executor_engine engine);

/* The names that designs_parse() takes, with commas between them. */
const char *designs_names(void);

#endif
