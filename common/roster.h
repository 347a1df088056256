/* roster.h: what a worker says of itself, and who sleeps.
 *
 * DESIGN. Nobody polls. A worker that holds nothing sleeps in its ring's semaphore and is marked idle; one that has
 * transfers and room for more sleeps in its poll set and is marked as having room. The coordinator pushes work, then looks
 * at the marks and wakes as many as there is work for. Mark, then look again, then sleep on one side; push, then look at the
 * marks on the other, with a full fence in between on both: so either the worker sees the work or the coordinator sees the
 * mark. A mark left by the dead costs one needless wake-up until the reaper clears it. */
#ifndef SHOAL_ROSTER_H
#define SHOAL_ROSTER_H

#include <stdbool.h>

#include "common/shared.h"

/* How often a worker turns its loop at least, asleep or not, unless the hang time is short: what the hang check counts
 * on. */
#define HEARTBEAT_MS 1000
#define HEARTBEAT_MS_MIN 10

/* The worker's side. roster_begin() once at its start. */
void roster_begin(const struct shared *shared, uint32_t worker);
void roster_beat(const struct shared *shared, uint32_t worker);
/* Names the slot whose data is being worked on, SLOT_NONE between: a crash now is charged to it. Returns what it was. */
uint32_t roster_set_current(const struct shared *shared, uint32_t worker, uint32_t slot);
void roster_mark_idle(const struct shared *shared, uint32_t worker);
void roster_unmark_idle(const struct shared *shared, uint32_t worker);
void roster_mark_room(const struct shared *shared, uint32_t worker);
void roster_unmark_room(const struct shared *shared, uint32_t worker);

/* The coordinator's side. Count of workers that are marked idle. */
uint32_t roster_idle_count(const struct shared *shared);
/* Takes the mark of one worker with room, the next behind `after`; SLOT_NONE when there is none. Ring its bell. */
uint32_t roster_take_room(const struct shared *shared, uint32_t after);
/* Clears all that a dead worker left. After it was reaped, before its next life. */
void roster_clear(const struct shared *shared, uint32_t worker, uint32_t next_incarnation);

#endif
