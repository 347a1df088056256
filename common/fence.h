/* fence.h: the full fence between "I said so" and "I look once more", on both sides of a wake-up. */
#ifndef SHOAL_FENCE_H
#define SHOAL_FENCE_H

#include <stdatomic.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SHOAL_THREAD_SANITIZER 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define SHOAL_THREAD_SANITIZER 1
#endif

/* Nothing before it is seen after anything behind it, by anybody. ThreadSanitizer knows no fences; the words on both sides are
 * sequentially consistent atomics, which it does know. */
static inline void full_fence(void)
{
#ifndef SHOAL_THREAD_SANITIZER
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

#endif
