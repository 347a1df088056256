/* macros.h: what C leaves out; for both processes. */
#ifndef SHOAL_MACROS_H
#define SHOAL_MACROS_H

#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of that type whose member the pointer, const or not, points to. */
#define container_of(pointer, type, member) ((type *)((uintptr_t)(pointer)-offsetof(type, member)))

#endif
