/* state.h: the state word of a slot, and who may move it.
 *
 *     63            32 31         16 15        4 3   0
 *     +---------------+-------------+-----------+-----+
 *     | generation    | incarnation | worker    | st. |
 *     +---------------+-------------+-----------+-----+
 *
 *     FREE --c: submit--> READY --w: claim--> CLAIMED(w,inc) --same w: publish--> DONE(w,inc) --c: collect--> FREE, gen+1
 *                           |                     |
 *                 c: cancel -> FREE, gen+1        +-- c, only after waitpid returned w: take back -> FREE, gen+1
 *
 * The generation makes every use of a slot another word, so a late compare-and-swap of a former owner fails. */
#ifndef SHOAL_STATE_H
#define SHOAL_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum slot_state { SLOT_FREE, SLOT_READY, SLOT_CLAIMED, SLOT_DONE, SLOT_STATE_COUNT };

/* Who claims: the worker's index and which of its lives this is. */
struct owner {
    uint32_t worker;
    uint32_t incarnation;
};

static inline uint64_t state_make(uint32_t generation, struct owner owner, enum slot_state state)
{
    return (uint64_t)generation << 32 | (uint64_t)(owner.incarnation & 0xffffu) << 16 |
           (uint64_t)(owner.worker & 0xfffu) << 4 | (uint64_t)state;
}

static inline enum slot_state state_of(uint64_t word)
{
    return (enum slot_state)(word & 0xfu);
}

static inline uint32_t state_generation(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static inline struct owner state_owner(uint64_t word)
{
    return (struct owner){.worker = (uint32_t)(word >> 4) & 0xfffu, .incarnation = (uint32_t)(word >> 16) & 0xffffu};
}

static inline bool state_is_owned_by(uint64_t word, struct owner owner)
{
    struct owner has = state_owner(word);
    return has.worker == (owner.worker & 0xfffu) && has.incarnation == (owner.incarnation & 0xffffu);
}

#endif
