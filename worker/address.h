/* Runs in: worker
 *
 * address.h: which addresses a crawler has no business with. Judged by the address that is connected to, never by how the
 * URL spelled it. */
#ifndef SHOAL_ADDRESS_H
#define SHOAL_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether the address is anything but public unicast: loopback, private, link-local, shared, multicast, reserved, documentation
 * ... (IANA's special-purpose registries, RFC 6890), also inside IPv4-mapped, NAT64, 6to4 and Teredo addresses. Unknown
 * families count as private. */
bool address_is_private(const struct sockaddr *address);

#endif
