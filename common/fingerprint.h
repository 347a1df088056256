/* fingerprint.h: 64 bits that stand for a text, so that a set of ten million URLs fits into memory. Two different texts share
 * theirs with a probability of 2^-64; among n of them any two do with n^2 / 2^65: 3 in a million at ten million. The seed is drawn
 * once a run, so nobody can look for two that do. XXH3 of the xxHash library. */
#ifndef SHOAL_FINGERPRINT_H
#define SHOAL_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

/* Never 0, which tables take for an empty place. */
uint64_t fingerprint_of(const void *bytes, size_t count, uint64_t seed);

/* A seed from the system's random numbers. */
uint64_t fingerprint_seed(void);

#endif
