/* slot.h: moves a slot from state to state. Each move is one atomic step; who may make it stands beside it. */
#ifndef SHOAL_SLOT_H
#define SHOAL_SLOT_H

#include <stdbool.h>

#include "common/shared.h"
#include "common/state.h"

/* FREE to READY. Coordinator, by its own table of what is free: if the word says otherwise, somebody scribbled on it. The
 * request must be complete. */
void slot_make_ready(const struct shared *shared, uint32_t slot);

/* READY to FREE, before any worker has claimed it. Coordinator. False when a worker was faster. */
bool slot_cancel(const struct shared *shared, uint32_t slot);

/* CLAIMED to DONE. The worker whose claim gave `word`; the result must be complete. False when the slot was taken away:
 * then drop it, nothing of it is ours any more. */
bool slot_publish(const struct shared *shared, uint32_t slot, uint64_t word);

/* DONE to FREE with the next generation, whatever the word says by now. Coordinator, when it needs nothing of the slot any
 * more, by its own table of what is whose. */
void slot_free(const struct shared *shared, uint32_t slot);

/* CLAIMED by `owner` to FREE with the next generation. Coordinator, only after waitpid() returned that owner: never from
 * a live worker. False when the slot is not that owner's. */
bool slot_take_back(const struct shared *shared, uint32_t slot, struct owner owner);

uint64_t slot_word(const struct shared *shared, uint32_t slot);

/* Copies a DONE slot's result into private memory and checks every length and offset against the extent's reserved pages, so
 * that nobody's later write matters. False when it does not hold together. The strings of `copy` are NUL-terminated, the offset of
 * what has no bytes is 0. Coordinator. */
bool slot_copy_result(const struct shared *shared, uint32_t slot, struct result_shm *copy);

#endif
