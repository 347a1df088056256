/* A network of the test's own, with nothing but a loopback device: which also has a public address, so that the
 * way from a public to a private one can be gone without a packet leaving the machine; and a name server that lies. */
#ifndef SHOAL_TESTS_NETWORK_H
#define SHOAL_TESTS_NETWORK_H

#include <stdbool.h>

#define PUBLIC_ADDRESS "9.9.9.9"

/* Moves this process, which must have one thread, into such a network; false where that is not permitted, and a line on stderr
 * says so. */
bool network_enter(void);

/* Names are asked for at 127.0.0.1 from here on, where a child of this process answers; it ends with this thread. Behind
 * network_enter(); false where a mount namespace is not permitted. Any name below:
 *     ADDRESS.is.example     that IPv4 address, written with '-': 127-0-0-1.is.example
 *     KEY.rebind.example     PUBLIC_ADDRESS once, and 127.0.0.1 from then on
 *     mapped.example         ::ffff:127.0.0.1        nat64.example   64:ff9b::127.0.0.1
 *     loop6.example          ::1                     local6.example  fe80::1
 *     many.example           28 addresses, 127.0.1.1 and up, as many as fit
 *     hang.example           no answer               junk.example    bytes that are no answer
 *     alias.example          a CNAME to 127-0-0-1.is.example, with its address
 * All others do not exist. */
bool network_resolve(void);

#endif
